"""Comparison of readings: their classes, and if two label the same pictures alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from core.data.formats.import_format import FormatReading
from core.data.labels.label_sets import label_names

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
    labels = {member.name: assignment.label for member, assignment in one.pictures}
    others = {member.name: assignment.label for member, assignment in other.pictures}
    names = labels.keys() | others.keys()
    renamed = _renamed(labels, others)
    labels = {name: renamed.get(label, label) for name, label in labels.items()}
    different = sum(labels.get(name) != others.get(name) for name in names)
    return different > _MOST_DIFFERENT * len(names)


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
