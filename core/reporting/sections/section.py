"""Record of a report's section."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.reporting.blocks import Block
from core.reporting.source import ReportSource


@dataclass(frozen=True, kw_only=True)
class ReportSection:
    """One subject: its heading and the function that makes its blocks."""

    # in the addresses of the file's table of contents
    code: str
    title: str
    # a section without blocks is left out
    blocks: Callable[[ReportSource], Sequence[Block]]
