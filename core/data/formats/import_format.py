"""Import format: the record that each way of giving pictures and labels is one of.

A format recognises a source by evidence, and reads it. To add one, write its two functions
in a file of its own and add the row to ``table.py``, a test and the translations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from core.data.formats.doubts import Doubt
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.labels.boxes import Box
from core.data.labels.label_table import TableColumns
from core.data.labels.layout import FileAssignment
from core.data.notes import Note
from core.data.skip_reasons import Reason
from core.data.sources.members import Member
from core.messages import Message


class Confidence(IntEnum):
    """Strength of the evidence for a format."""

    # The names fit, and many other sources look the same.
    POSSIBLE = 1
    # Names and contents fit.
    LIKELY = 2
    # A marker that only this format has.
    CERTAIN = 3


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Reason to take a source for a format."""

    confidence: Confidence
    # A clause about the source, such as “each part has a _classes.csv”.
    sentence: Message


@dataclass(frozen=True, kw_only=True)
class FormatReading:
    """Pictures of a source with what the format says about them."""

    # A member may be a file of the source or a picture inside a data file.
    pictures: Sequence[tuple[Member, FileAssignment]]
    # Files that are not imported, and pictures that a label file names and the source lacks.
    left_out: Sequence[tuple[str, Reason]] = ()
    # Boxes of the pictures that have some, by the picture's name.
    boxes: Mapping[str, Sequence[Box]] = field(default_factory=dict)
    # Facts about the labels that the user should know.
    notes: Sequence[Note] = ()
    # Reasons to ask that only the format knows, such as a column that was guessed.
    doubts: Sequence[Doubt] = ()
    # True if a picture may have several labels, or none of them.
    multi_label: bool = False
    # Files that hold the labels; they are not reported as left out.
    label_files: frozenset[str] = field(default_factory=frozenset)
    # Roles of the columns of a label table, and the names of all its columns.
    columns: TableColumns | None = None
    column_names: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ImportFormat:
    """One way in which a source gives pictures and labels."""

    # Short and stable: ``--format NAME``, job configs and version records hold it.
    name: str
    # Shown by the page; both are marked for translation.
    label: str
    caption: str
    # Evidence for this format, None without any. Reads at most a few label files.
    recognise: Callable[[Survey], Evidence | None]
    # Read the whole source; raises DataError where it contradicts the format.
    read: Callable[[Survey, ImportConfig], FormatReading]
    # The strongest evidence that it can find; a last resort is not looked at beside better evidence.
    strongest: Confidence = Confidence.CERTAIN
    # The page then asks for a table beside the source.
    takes_table: bool = False
    # ``ImportConfig.columns`` names the columns of its table.
    has_columns: bool = False
    # The page offers the row before a source is chosen; the others are recognised.
    is_offered: bool = False
