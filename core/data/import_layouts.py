"""Import layouts: readers of the classes that a source gives its pictures.

A layout is one row of ``LAYOUTS``. The page and ``python -m core import --layout`` offer every
row. To add one, write its functions in a file of its own and add the row, a test and the
translations of its label and caption.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.data.import_config import ImportConfig
from core.data.labels.label_table import (
    LabelTable,
    assignments_from_table,
    find_label_table,
    read_label_table,
)
from core.data.labels.layout import FileAssignment, is_companion, read_layout
from core.data.labels.multi_label_table import labels_in_cells
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.opening import Listing
from core.errors import ConfigError, DataError
from core.messages import N_


@dataclass(frozen=True, kw_only=True)
class LayoutReading:
    """Assignments of a source's files, and the reasons for files without one."""

    # One for each member of the listing, in its order; None where the layout gives no class.
    assignments: Sequence[FileAssignment | None]
    # The reason for the files without an assignment.
    reason: Reason
    # Files that the layout names and the source lacks.
    refused: Sequence[tuple[str, Reason]] = ()
    # The label table inside the source, which is not reported as left out.
    table_name: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportLayout:
    """Reader of the classes that a source gives its pictures."""

    name: str
    # Shown by the page; both are marked for translation.
    label: str
    caption: str
    # True if the source has this layout. The first match counts where the user chose none.
    detect: Callable[[Listing], bool]
    # Read the listing of a source with this name.
    read: Callable[[Listing, ImportConfig, str], LayoutReading]
    # The page then asks for a table beside the source.
    takes_table: bool = False


def read_import_layout(listing: Listing, config: ImportConfig, source_name: str) -> LayoutReading:
    """Read the classes of a source by the layout that is chosen or detected.

    Raises:
        ConfigError: no layout has the chosen name.
        DataError: the source does not have the chosen layout.
    """
    return _chosen(listing, config).read(listing, config, source_name)


def _chosen(listing: Listing, config: ImportConfig) -> ImportLayout:
    name = config.layout
    if config.unlabelled:
        name = "unlabelled"
    elif config.table is not None:
        name = "table"
    elif config.table_inside:
        name = "table_inside"
    if name:
        if name not in LAYOUTS:
            raise ConfigError(
                N_("There is no import layout called “{name}”. Choose from: {known}."),
                name=name,
                known=", ".join(LAYOUTS),
            )
        return LAYOUTS[name]
    return next((layout for layout in LAYOUTS.values() if layout.detect(listing)), LAYOUTS["folders"])


def _folders_name_classes(listing: Listing) -> bool:
    assignments = read_layout([member for member in listing.members if not is_companion(member)])
    return len({assignment.label for assignment in assignments if assignment}) > 1


def _read_folders(listing: Listing, config: ImportConfig, source_name: str) -> LayoutReading:
    assignments = read_layout(listing.members)
    if config.multi_label:
        assignments = [
            assignment and replace(assignment, label=labels_in_cells([assignment.label])[0])
            for assignment in assignments
        ]
    return LayoutReading(assignments=assignments, reason=Reason(code=SkipReason.NO_CLASS_FOLDER))


def _read_unlabelled(listing: Listing, config: ImportConfig, source_name: str) -> LayoutReading:
    assignments = read_layout(listing.members, unlabelled=True)
    if config.multi_label:
        assignments = [
            assignment and replace(assignment, label=labels_in_cells([assignment.label])[0])
            for assignment in assignments
        ]
    return LayoutReading(assignments=assignments, reason=Reason(code=SkipReason.NO_CLASS_FOLDER))


def _read_given_table(listing: Listing, config: ImportConfig, source_name: str) -> LayoutReading:
    if config.table is None:
        raise ConfigError(N_("A table of labels is missing. Choose a CSV or Excel file."))
    return _read_table(read_label_table(config.table.read_bytes(), config.table.name), listing, config)


def _read_table_inside(listing: Listing, config: ImportConfig, source_name: str) -> LayoutReading:
    member = find_label_table(listing)
    if member is None:
        raise DataError(
            N_(
                "No table with the pictures' file names was found in {source}. "
                "Put one into it (CSV or Excel), or choose it beside it."
            ),
            source=source_name,
        )
    return _read_table(read_label_table(member.read(), member.name), listing, config)


def _read_table(table: LabelTable, listing: Listing, config: ImportConfig) -> LayoutReading:
    result = assignments_from_table(table, listing.members, config.columns, multi_label=config.multi_label)
    return LayoutReading(
        assignments=result.assignments,
        reason=Reason(code=SkipReason.NOT_IN_TABLE, values={"table": table.name}),
        refused=result.refused,
        table_name=table.name,
    )


_ROWS = (
    ImportLayout(
        name="folders",
        label=N_("Their folders"),
        caption=N_("The name of each folder is a class."),
        detect=_folders_name_classes,
        read=_read_folders,
    ),
    ImportLayout(
        name="table",
        label=N_("A table that I add here"),
        caption=N_("CSV or Excel: a row for each picture with its file name and its class."),
        detect=lambda listing: False,
        read=_read_given_table,
        takes_table=True,
    ),
    ImportLayout(
        name="table_inside",
        label=N_("A table among the pictures"),
        caption=N_("CSV or Excel, in the same zip file or folder."),
        detect=lambda listing: find_label_table(listing) is not None,
        read=_read_table_inside,
    ),
    ImportLayout(
        name="unlabelled",
        label=N_("Nothing yet: I label them here"),
        caption=N_("In groups of similar pictures, with suggestions. Folders are ignored."),
        detect=lambda listing: False,
        read=_read_unlabelled,
    ),
)
# By name, in the order in which the page offers them and detection tries them.
LAYOUTS = {layout.name: layout for layout in _ROWS}
