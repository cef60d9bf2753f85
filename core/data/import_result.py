"""Record of the result of an import job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.data.formats.summary import Understanding
from core.data.skip_reasons import Skipped
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class ImportResult(Record):
    """Result of an import job."""

    project: str
    # Number of pictures by class.
    classes: Mapping[str, int]
    skipped: tuple[Skipped, ...] = ()
    # The dataset version that the import made.
    version: int
    # None in results of older versions.
    understanding: Understanding | None = None
