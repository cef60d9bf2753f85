"""Result format record: one row of the table of formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.prediction.batch.batches import Batch


@dataclass(frozen=True, kw_only=True)
class ResultFormat:
    """A kind of file with the answers of a batch."""

    # Option of the command line, and part of addresses.
    code: str
    # English, shown to people.
    label: str
    suffix: str
    media_type: str
    # The file in chunks, made while it is sent or written.
    chunks: Callable[[Batch], Iterator[bytes]]
