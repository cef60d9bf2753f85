"""Settings of an import."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.data.labels.label_table import TableColumns
from core.data.split.splitting import SplitConfig


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """Settings of an import.

    Classes come from a table (``sheet``, or one inside the source with ``sheet_inside`` or where
    folders name no classes), else from folders.
    """

    merge_case: bool = False  # "Cat" and "cat" become one class
    layout: str = ""  # a name in ``import_layouts.LAYOUTS``; "": detected
    unlabelled: bool = False  # folders say nothing, the pictures are labelled later
    multi_label: bool = False  # a picture may show several classes, or none; see ``label_sets``
    refer: bool = False  # leave a folder's pictures where they are instead of copying them
    sheet: Path | None = None
    sheet_inside: bool = False
    columns: TableColumns | None = None  # of the sheet; None: told by their names and cells
    split: SplitConfig = field(default_factory=SplitConfig)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sheet": str(self.sheet) if self.sheet else None}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> ImportConfig:
        """The config that ``record`` tells of; what it lacks is as by default, what else it holds is ignored."""
        known = {item.name: record[item.name] for item in fields(cls) if item.name in record}
        if known.get("sheet"):
            known["sheet"] = Path(known["sheet"])
        if known.get("columns"):
            known["columns"] = TableColumns(**known["columns"])
        if "split" in known:
            known["split"] = SplitConfig(**known["split"])
        return cls(**known)
