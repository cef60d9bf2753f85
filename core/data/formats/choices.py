"""Choices of the user about a source that is clear: names of numbered classes, and the range of deep pictures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from core.data.formats.comparison import classes_of
from core.data.formats.doubts import Doubt, DoubtKind, listed
from core.data.formats.import_format import FormatReading
from core.data.formats.numbered_classes import are_numbered, with_names, with_names_beside
from core.data.formats.survey import Survey
from core.data.import_config import ImportConfig
from core.data.notes import Note, NoteKind


def with_class_names(
    reading: FormatReading,
    survey: Survey,
    config: ImportConfig,
    known_classes: Collection[str],
    *,
    is_table: bool,
) -> FormatReading:
    """Name numbered classes, by the user's names or a file beside the data.

    Args:
        known_classes: classes that the project has already; where the numbers are among them, they stay.
        is_table: classes without names are then noted here; other formats say so themselves.
    Raises:
        DataError: the user's names do not fit.
    """
    classes = classes_of(reading)
    if config.class_names and classes:
        return with_names(reading, classes, config.class_names)
    if classes and classes.keys() <= set(known_classes):
        return reading
    named = with_names_beside(reading, classes, survey)
    if named is reading and is_table and are_numbered(classes):
        return replace(reading, notes=(*reading.notes, Note(kind=NoteKind.UNNAMED_CLASSES)))
    return named


def find_choices(
    reading: FormatReading,
    config: ImportConfig,
    known_classes: Collection[str],
    *,
    is_deep: bool,
) -> list[Doubt]:
    """Find the choices that are open.

    Args:
        known_classes: classes that the project has already.
        is_deep: an example picture has more than 8 bits.
    """
    choices, classes = [], classes_of(reading).keys()
    is_unnamed = any(note.kind is NoteKind.UNNAMED_CLASSES for note in reading.notes)
    if is_unnamed and are_numbered(classes) and not classes <= set(known_classes):
        choices.append(Doubt(kind=DoubtKind.CLASSES_ARE_NUMBERS, values={"classes": listed(classes)}))
    if is_deep and config.pixel_range is None and config.range_percentiles is None:
        choices.append(Doubt(kind=DoubtKind.PIXEL_RANGE_FOUND))
    return choices
