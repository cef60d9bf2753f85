"""Test pictures that two classifiers have in common, under the same labels and classes.

Runs may have been tested on different versions of a dataset: pictures were relabelled, removed
or added in between. What is left out is counted, so that every comparison can say it.

A relabelled picture counts, and both answers to it are judged by its label in the newer version. The
picture is the same, and the newer label is nearer to the truth. To leave it out would take away the
pictures that somebody looked at because an answer differed from the label: the sample would no longer be
drawn at random, and two pages would show different figures of the same two runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.labels.layout import Split
from core.errors import EvaluationError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.messages import N_, Message
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class TestedPictures:
    """Test pictures of one classifier with its predictions."""

    __test__ = False  # pytest takes it for a test case by its name

    ids: np.ndarray  # str (n,)
    class_names: tuple[str, ...]
    test: TestPredictions
    # of the dataset
    version: int

    @classmethod
    def of(cls, evaluated: EvaluatedRun, split: Split = Split.TEST) -> TestedPictures:
        """Take the test pictures of an evaluated run, or its validation pictures."""
        dataset = evaluated.dataset
        return cls(
            ids=dataset.pictures["id"].to_numpy(str)[evaluated.rows(split)],
            class_names=tuple(dataset.class_names),
            test=evaluated.test if split is Split.TEST else evaluated.validation,
            version=dataset.version,
        )


@dataclass(frozen=True, kw_only=True)
class Matching(Record):
    """Number of pictures that two tests have in common, and of those left out."""

    # compared
    pictures: int
    # of those that belong together
    groups: int
    # left out: only one of the classifiers was tested on them
    only_first: int = 0
    only_second: int = 0
    # compared, with a label that differs between the tests: the newer one counts
    relabelled: int = 0
    # left out: one of the classifiers does not know their class
    unknown_class: int = 0

    @property
    def remarks(self) -> tuple[Message, ...]:
        """Sentences on pictures that are left out or were relabelled."""
        counts = (
            (_ONLY_FIRST, self.only_first),
            (_ONLY_SECOND, self.only_second),
            (_RELABELLED, self.relabelled),
            (_UNKNOWN_CLASS, self.unknown_class),
        )
        return tuple(Message(template, {"count": count}) for template, count in counts if count)


_ONLY_FIRST = N_("Left out, because only the first was tested on them: {count}.")
_ONLY_SECOND = N_("Left out, because only the second was tested on them: {count}.")
_RELABELLED = N_("Relabelled in between, and judged by the newer label for both: {count}.")
_UNKNOWN_CLASS = N_("Left out, because one of the two does not know their class: {count}.")


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Predictions of two classifiers on the same pictures, in the same order."""

    ids: np.ndarray  # str (n,)
    class_names: tuple[str, ...]  # of the second, then those that only the first knows
    first: TestPredictions
    second: TestPredictions
    matching: Matching


def pair(first: TestedPictures, second: TestedPictures) -> Pairing:
    """Match pictures by id; labels and groups are those of the newer dataset version.

    A class that only one classifier knows has probability 0 in the answers of the other.

    Raises:
        EvaluationError: no picture is left to compare.
    """
    if first.test.task is not second.test.task:
        raise EvaluationError(
            N_(
                "One classifier gives one class a picture and the other several labels: they cannot be compared."
            )
        )
    _common, at_first, at_second = np.intersect1d(first.ids, second.ids, return_indices=True)
    order = np.argsort(at_second)
    at_first, at_second = at_first[order], at_second[order]
    names = tuple(dict.fromkeys((*second.class_names, *first.class_names)))
    one, two = _selected(first, at_first, names), _selected(second, at_second, names)
    is_same = np.asarray((one.targets == two.targets).all(axis=1))
    judge = one if first.version > second.version else two
    known = {*first.class_names} & {*second.class_names}
    is_unknown = judge.targets[:, [name not in known for name in names]].any(axis=1)
    kept = np.asarray(~is_unknown)
    if not kept.any():
        raise EvaluationError(
            N_(
                "These runs were not tested on the same pictures with the same classes. Train the older one again."
            )
        )
    truth = _rows(judge, kept)
    return Pairing(
        ids=second.ids[at_second[kept]],
        class_names=names,
        first=_judged_like(_rows(one, kept), truth),
        second=_judged_like(_rows(two, kept), truth),
        matching=Matching(
            pictures=int(kept.sum()),
            groups=int(truth.group_indices.max()) + 1,
            only_first=len(first.ids) - len(at_first),
            only_second=len(second.ids) - len(at_second),
            relabelled=int((~is_same & kept).sum()),
            unknown_class=int(is_unknown.sum()),
        ),
    )


def _selected(pictures: TestedPictures, rows: np.ndarray, names: tuple[str, ...]) -> TestPredictions:
    """Predictions for some pictures, with a column for each of ``names``."""
    chosen, columns = _rows(pictures.test, rows), [names.index(name) for name in pictures.class_names]

    def spread(values: np.ndarray) -> np.ndarray:
        wide = np.zeros((len(values), len(names)), values.dtype)
        wide[:, columns] = values
        return wide

    return TestPredictions(
        task=chosen.task,
        targets=spread(chosen.targets),
        predicted=spread(chosen.predicted),
        probabilities=spread(chosen.probabilities),
        groups=chosen.groups,
    )


def _rows(test: TestPredictions, rows: np.ndarray) -> TestPredictions:
    return TestPredictions(
        task=test.task,
        targets=test.targets[rows],
        predicted=test.predicted[rows],
        probabilities=test.probabilities[rows],
        groups=test.group_indices[rows],
    )


def _judged_like(one: TestPredictions, other: TestPredictions) -> TestPredictions:
    """The same predictions under the labels and groups of the other's."""
    return TestPredictions(
        task=one.task,
        targets=other.targets,
        predicted=one.predicted,
        probabilities=one.probabilities,
        groups=other.groups,
    )
