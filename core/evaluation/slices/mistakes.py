"""Most frequent mistakes within a slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.labels.label_sets import NONE_OF_THEM
from core.data.labels.task import Task
from core.evaluation.confusion import confused_pairs, confusion_of
from core.evaluation.metrics.predictions import TestPredictions


@dataclass(frozen=True, kw_only=True)
class FrequentMistake:
    """One kind of mistake, as the label and the answer that show it, and its number of pictures."""

    label: str
    answer: str
    pictures: int


def frequent_mistakes(
    test: TestPredictions, members: np.ndarray, class_names: Sequence[str], *, most: int
) -> list[FrequentMistake]:
    """List the mistakes in a slice, the most frequent first; with several labels, each class by itself.

    Args:
        members: bool (n,).
    """
    targets, predicted = test.targets[members], test.predicted[members]
    if test.task is Task.MULTI_CLASS:
        confusion = confusion_of(targets, predicted)
        return [
            FrequentMistake(
                label=class_names[pair.true], answer=class_names[pair.predicted], pictures=pair.count
            )
            for pair in confused_pairs(confusion, most)
        ]
    missed, added = (targets & ~predicted).sum(axis=0), (predicted & ~targets).sum(axis=0)
    found = [
        *(_counts(missed, class_names, lambda name: (name, NONE_OF_THEM))),
        *(_counts(added, class_names, lambda name: (NONE_OF_THEM, name))),
    ]
    return sorted(found, key=lambda mistake: -mistake.pictures)[:most]


def _counts(
    pictures: np.ndarray, class_names: Sequence[str], texts: Callable[[str], tuple[str, str]]
) -> list[FrequentMistake]:
    pairs = [
        (*texts(name), count) for name, count in zip(class_names, pictures.tolist(), strict=True) if count
    ]
    return [FrequentMistake(label=label, answer=answer, pictures=count) for label, answer, count in pairs]
