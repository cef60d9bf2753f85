"""Class names in label files that are not UTF-8: the encoding that was taken, and a doubt where it is unsure."""

from __future__ import annotations

from core.data.formats.comparison import classes_of
from core.data.formats.doubts import Doubt, DoubtKind, listed
from core.data.formats.import_format import FormatReading
from core.data.formats.survey import Survey
from core.data.notes import Note, NoteKind
from core.data.sources.encodings import TextEncoding


def doubts_about_encodings(reading: FormatReading, survey: Survey) -> list[Doubt]:
    """Ask about class names that may be others in another encoding; at most one doubt."""
    classes = _classes_at_risk(reading)
    for file, encoding in _encodings(reading, survey):
        if encoding.is_sure or not classes:
            continue
        values: dict[str, str] = {"file": file, "classes": listed(classes)}
        if not encoding.rival:
            return [Doubt(kind=DoubtKind.TEXT_ENCODING_UNKNOWN, values={**values})]
        others = [encoding.in_rival(name) for name in classes]
        if others != classes:
            return [Doubt(kind=DoubtKind.TEXT_ENCODING_UNSURE, values={**values, "others": listed(others)})]
    return []


def notes_on_encodings(reading: FormatReading, survey: Survey) -> list[Note]:
    """State the encoding in which class names were read; at most one note."""
    classes = _classes_at_risk(reading)
    encodings = _encodings(reading, survey) if classes else []
    return [
        Note(
            kind=NoteKind.OLDER_ENCODING,
            values={"file": file, "encoding": encoding.name, "classes": listed(classes)},
        )
        for file, encoding in encodings[:1]
    ]


def _classes_at_risk(reading: FormatReading) -> list[str]:
    """Classes whose letters depend on the encoding."""
    return [name for name in classes_of(reading) if not name.isascii()]


def _encodings(reading: FormatReading, survey: Survey) -> list[tuple[str, TextEncoding]]:
    """Label files that are not UTF-8; a table that was given beside the source is no file of the survey."""
    names = {member.name for member in survey.members}
    return [
        (file, encoding)
        for file, encoding in survey.older_encodings.items()
        if file in reading.label_files or file not in names
    ]
