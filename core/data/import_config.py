"""Import settings, and the request of an import job."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.data.containers.config import ContainerConfig
from core.data.labels.boxes import BoxUse, CropConfig
from core.data.labels.label_table import TableColumns
from core.data.split.splitting import SplitConfig
from core.records import JsonObject, Record

# Names of settings up to 03be4e7.
_RENAMED_SETTINGS = {"sheet": "table", "sheet_inside": "table_inside", "layout": "format"}


@dataclass(frozen=True, kw_only=True)
class ImportConfig(Record):
    """Settings of an import.

    Classes come from a label table (``table``, or one inside the source with ``table_inside`` or
    where folders name no classes), otherwise from folders.
    """

    # "Cat" and "cat" become one class.
    merge_case: bool = False
    # A name in ``formats.table.FORMATS``; "": recognised.
    format: str = ""
    # The user has seen how the source is understood, and confirmed it.
    confirmed: bool = False
    # Folders name no classes; the pictures are labelled later.
    unlabelled: bool = False
    # A picture can show several classes, or none; see ``label_sets``. A format may say so itself.
    multi_label: bool = False
    # Leave a folder's pictures where they are instead of copying them.
    refer: bool = False
    # Follow the links of a folder, where they stay in it or lead into an allowed folder.
    follow_links: bool = False
    table: Path | None = None
    table_inside: bool = False
    # Columns of the label table; None: detected from their names and cells.
    columns: TableColumns | None = None
    # Keep its further columns, for slices; see ``labels.further_columns``.
    keep_columns: bool = True
    # Meaning of boxes in the label files.
    boxes: BoxUse = BoxUse.UNDECIDED
    crops: CropConfig = field(default_factory=CropConfig)
    # Values of pictures with more than 8 bits that become black and white; None: found.
    pixel_range: tuple[float, float] | None = None
    # Percentiles of all these values that become black and white; None: the range is found.
    range_percentiles: tuple[float, float] | None = None
    # Channels that are red, green and blue in pictures of many, from 1; 0 is black. None: the first three.
    channels: tuple[int, int, int] | None = None
    # Documents, videos and volumes: what is taken out of them.
    containers: ContainerConfig = field(default_factory=ContainerConfig)
    # Names of classes that the source only numbers, in the order of the numbers.
    class_names: tuple[str, ...] = ()
    # Ask also where all is clear and the user has a choice: the range, names of numbered classes.
    offers_choices: bool = False
    # None: the default in a new project, and in additions that of their project.
    split: SplitConfig | None = None

    @property
    def chosen_format(self) -> str:
        """Name of the format that the user chose, "" where it is to be recognised."""
        if self.unlabelled:
            return "unlabelled"
        return self.format or ("table" if self.table else "table_inside" if self.table_inside else "")

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Rename the settings of older versions."""
        return {_RENAMED_SETTINGS.get(name, name): value for name, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class ImportRequest(Record):
    """Config of an import job."""

    project: str
    # A zip, tar or folder. None for a sample.
    source: Path | None = None
    # A key of ``samples.SAMPLES``.
    sample: str | None = None
    # The pictures join an existing project.
    add: bool = False
    settings: ImportConfig = field(default_factory=ImportConfig)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Up to 03be4e7 the settings stood beside the other keys."""
        if "settings" in values:
            return values
        own: JsonObject = {
            name: values.pop(name) for name in ("project", "source", "sample", "add") if name in values
        }
        return {**own, "settings": values}
