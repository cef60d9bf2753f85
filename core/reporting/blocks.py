"""Blocks that a report is made of. Their texts are in the language of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Text, with the most important sentence of its section in large print."""

    text: str
    is_headline: bool = False


@dataclass(frozen=True, kw_only=True)
class Points:
    """List of sentences."""

    items: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Cells as text; columns of numbers are aligned to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    # of the columns
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Drawing with its description for those who cannot see it."""

    svg: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Small picture of the dataset, a JPEG, and the text below it."""

    jpeg: bytes
    text: str


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Pictures side by side."""

    pictures: Sequence[Picture]


Block = Paragraph | Points | Table | Chart | Pictures
