"""Files beside class folders that name the pictures and that nothing has read: lists, databases, old spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.data.formats.doubts import Doubt, DoubtKind
from core.data.formats.import_format import FormatReading
from core.data.formats.survey import Survey, is_picture_name, read_label_file
from core.data.sources.members import Member
from core.errors import DataError

# Files that are looked into, the nearest to the root first, and pictures whose names are looked for in each.
_MOST_FILES, _PICTURES = 20, 40
# Larger files are features or networks.
_MOST_BYTES = 64 << 20
# Of those pictures must be named.
_LEAST_SHARE = 0.5
# Without the suffix of its file, a shorter name occurs in any text.
_LEAST_CHARACTERS = 5
# Compressed, or in a code of their own.
_UNREADABLE_TABLES = (".xls", ".ods", ".parquet", ".feather")
# Sums of files name every picture and say nothing about it.
_SUMS = re.compile(r"md5|sha\d|checksum|crc|filelist|\.log$", re.IGNORECASE)


def doubts_about_unread_files(readings: Sequence[FormatReading], survey: Survey) -> list[Doubt]:
    """Ask about a file that may hold other labels than the folders; at most one doubt.

    Args:
        readings: all readings of the source; the first one has the labels of the folders.
    """
    reading, read = readings[0], frozenset().union(*(reading.label_files for reading in readings))
    if any(doubt.kind is DoubtKind.TABLE_NOT_UNDERSTOOD for doubt in reading.doubts):
        return []
    names = [
        member.parts[-1] for member, _ in reading.pictures[:: max(1, len(reading.pictures) // _PICTURES)]
    ]
    stems = {name.rpartition(".")[0] for name in names}
    beside = _beside_each(names, read, survey)
    if beside is not None:
        return [Doubt(kind=DoubtKind.LABEL_FILE_NOT_READ, values={"file": beside.name})]
    files = sorted(
        (
            member
            for member in survey.beside_pictures
            if member.name not in read
            # One that belongs to one picture.
            and member.parts[-1].split(".", 1)[0] not in stems
            and not _SUMS.search(member.parts[-1])
        ),
        key=lambda member: (len(member.parts), member.name),
    )
    pictures = {member.name for member, _ in reading.pictures}
    for member in files[:_MOST_FILES]:
        if member.name not in pictures and _may_hold_labels(member, names):
            return [Doubt(kind=DoubtKind.LABEL_FILE_NOT_READ, values={"file": member.name})]
    return []


def _beside_each(names: list[str], read: frozenset[str], survey: Survey) -> Member | None:
    """The first of the files that most pictures have beside them; captions have the suffix “.txt”."""
    members = [member for member in survey.ending(".json", ".xml") if member.name not in read]
    of_stems = {member.parts[-1].split(".", 1)[0]: member for member in members}
    found = [of_stems[stem] for name in names if (stem := name.split(".", 1)[0]) in of_stems]
    return found[0] if found and len(found) >= _LEAST_SHARE * len(names) else None


def _may_hold_labels(member: Member, names: list[str]) -> bool:
    if member.parts[-1].lower().endswith(_UNREADABLE_TABLES):
        return True
    try:
        if member.path is not None and member.path.stat().st_size > _MOST_BYTES:
            return False
        content = read_label_file(member)
    except (DataError, OSError):
        return False
    return sum(_is_named(name, content) for name in names) >= max(1, _LEAST_SHARE * len(names))


def _is_named(name: str, content: bytes) -> bool:
    stem = name.rpartition(".")[0] if is_picture_name(name) else name
    texts = [name, stem] if len(stem) >= _LEAST_CHARACTERS else [name]
    return any(text.encode(code) in content for text in texts for code in ("utf-8", "utf-16-le"))
