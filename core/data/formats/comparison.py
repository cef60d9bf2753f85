"""Comparison of readings: their classes, and if two label the same pictures alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from core.data.formats.import_format import FormatReading, ImportFormat
from core.data.labels.label_sets import label_names
from core.data.notes import Note, NoteKind
from core.messages import Message

_MOST_DIFFERENT = 0.02  # share of pictures that two readings may label differently and still agree


def classes_of(reading: FormatReading) -> Counter[str]:
    """Count the pictures of each class; one with several labels counts for each."""
    return Counter(
        name
        for _, assignment in reading.pictures
        for name in (
            label_names(assignment.label)
            if reading.multi_label
            else [assignment.label]
            if assignment.label
            else []
        )
    )


def differ(one: FormatReading, other: FormatReading) -> bool:
    """True if two readings give other labels to more than a few pictures.

    Classes that are the same pictures under a name of their own, such as numbers, do not differ.
    """
    names = labels_of(one).keys() | labels_of(other).keys()
    return len(_different(one, other)) > _MOST_DIFFERENT * len(names)


def labels_of(reading: FormatReading) -> dict[str, str]:
    return {member.name: assignment.label for member, assignment in reading.pictures}


def disagreement(reading: FormatReading, other: FormatReading, other_format: ImportFormat) -> Note | None:
    """Say to how few pictures another reading gives another label; None where that is asked about, or none.

    A picture that only one reading labels is no contradiction. So few contradictions are usually
    corrections in one of two copies of the labels. They are stated rather than asked about: both
    answers import nearly the same, and a wrong label can be corrected on the Data page.
    """
    if differ(reading, other):
        return None
    labels, others = labels_of(reading), labels_of(other)
    both = [name for name in _different(reading, other) if labels.get(name) and others.get(name)]
    if not both:
        return None
    example = min(both)
    values: dict[str, str | int | float | Message] = {
        "format": Message(other_format.label),
        "count": len(both),
        "example": example,
        "label": labels[example],
        "other": others[example],
    }
    return Note(kind=NoteKind.OTHER_READING, values=values)


def _different(one: FormatReading, other: FormatReading) -> list[str]:
    """Pictures to which two readings give other labels, or of which one says nothing."""
    labels, others = labels_of(one), labels_of(other)
    renamed = _renamed(labels, others)
    labels = {name: renamed.get(label, label) for name, label in labels.items()}
    return [name for name in labels.keys() | others.keys() if labels.get(name) != others.get(name)]


def _renamed(labels: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """New names of classes by old ones, where two readings name the same pictures by unequal names."""
    pairs = {(label, others[name]) for name, label in labels.items() if name in others}
    before, after = {one for one, _ in pairs}, {other for _, other in pairs}
    if len(pairs) != len(before) or len(pairs) != len(after):
        return {}
    changed = {one: other for one, other in pairs if one != other}
    if "" in {*changed, *changed.values()} or changed.keys() & after or set(changed.values()) & before:
        return {}
    return changed
