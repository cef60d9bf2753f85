"""Augmented copies: files that Roboflow made from one original are one group, in every format."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from core.data.formats.import_format import FormatReading
from core.data.notes import Note, NoteKind
from core.data.sources.members import Member

# Roboflow: “IMG_1_jpg.rf.1f0c8e….jpg”.
_COPY = re.compile(r"^(?P<original>.+)\.rf\.[0-9A-Za-z]{8,}\.[0-9A-Za-z]+$")
_MARK = ".rf."


def original_of(member: Member) -> str:
    """Name of the picture that a copy was made from; "" for other pictures."""
    match = _COPY.match(member.parts[-1])
    return match["original"] if match else ""


def with_originals(reading: FormatReading) -> FormatReading:
    """Group the copies of each original; groups that the source names are kept."""
    if not any(_MARK in member.parts[-1] for member, _ in reading.pictures):
        return reading
    matches = [_COPY.match(member.parts[-1]) for member, _ in reading.pictures]
    # Pictures of other classes often have the same names; copies have the label of their original.
    originals = [
        (assignment.label, match["original"]) if match else None
        for match, (_, assignment) in zip(matches, reading.pictures, strict=True)
    ]
    counts = Counter(original for original in originals if original)
    labels = Counter(original for _, original in counts)
    copies = sum(counts.values()) - len(counts)
    if not copies:
        return reading
    pictures = [
        (member, replace(assignment, group=original[1] if labels[original[1]] == 1 else "/".join(original)))
        if original and counts[original] > 1 and not assignment.group
        else (member, assignment)
        for (member, assignment), original in zip(reading.pictures, originals, strict=True)
    ]
    note = Note(kind=NoteKind.AUGMENTED_COPIES, values={"count": copies})
    return replace(reading, pictures=pictures, notes=(*reading.notes, note))
