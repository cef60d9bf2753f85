"""Agreement of a file with the evaluation, on answers that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.labels.task import Task
from core.delivery.answering import Answers
from core.delivery.certificate.agreement import measure_agreement
from core.delivery.certificate.records import Agreement
from core.delivery.certificate.sample import TestedSample
from core.delivery.files import Labels
from core.evaluation.comparison.differences import change_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.thresholds.answers import answered

NAMES = ("cat", "dog")


def sample(
    truth: list[int],
    probabilities: list[list[float]],
    *,
    thresholds: tuple[float | None, ...] | None = None,
    scores: list[float] | None = None,
    limit: float | None = None,
) -> TestedSample:
    """Test pictures of two classes with the probabilities that the evaluation recorded."""
    labels = Labels(
        class_names=NAMES,
        input_size=8,
        backbone="x",
        run="run-1",
        thresholds=thresholds,
        stranger_limit=limit,
    )
    recorded = np.array(probabilities, np.float32)
    return TestedSample(
        labels=labels,
        files=tuple(Path(f"{number}.png") for number in range(len(truth))),
        expected=TestPredictions(
            task=Task.MULTI_CLASS,
            targets=np.eye(2, dtype=bool)[truth],
            predicted=answered(Task.MULTI_CLASS, recorded, thresholds or (None, None)),
            probabilities=recorded,
        ),
        scores=None if scores is None else np.array(scores),
        is_whole=True,
    )


def agreement(
    sample: TestedSample, probabilities: list[list[float]], scores: list[float] | None = None
) -> Agreement:
    answers = Answers(
        np.array(probabilities, np.float32), None if scores is None else np.array(scores, np.float32)
    )
    return measure_agreement(sample, answers, 1e-3)


def test_answers_differences_and_accuracies_are_counted() -> None:
    """Four pictures: the second is lost, the third becomes right, two keep their answers."""
    tested = sample([0, 0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
    found = agreement(tested, [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    assert (found.pictures, found.same, found.ties, found.different) == (4, 2, 0, 2)
    assert found.share == 0.5
    assert found.largest_difference == pytest.approx(0.4)
    # 0, 0.2, 0.4 and 0, twice each
    assert found.mean_difference == pytest.approx(0.15)
    assert (found.accuracy.first, found.accuracy.second) == (0.75, 0.75)


def test_a_class_shows_its_own_loss() -> None:
    """Both dogs were right and one is lost; the cats stay, so the whole hides it."""
    tested = sample([0, 0, 1, 1], [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    cat, dog = agreement(tested, [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]).classes
    assert (cat.name, cat.pictures, cat.evaluated, cat.exported) == ("cat", 2, 1.0, 1.0)
    assert (dog.name, dog.pictures, dog.evaluated, dog.exported) == ("dog", 2, 1.0, 0.5)
    assert dog.difference == -0.5
    assert dog.interval == change_interval(np.array([0.0, -1.0]), np.arange(2))


def test_the_interval_of_the_loss_is_that_of_paired_answers() -> None:
    """Bonett and Price (2012): 0 fixed and 1 broken of 4 are (1/6, 2/6) after adding two."""
    tested = sample([0, 0, 1, 1], [[0.9, 0.1]] * 2 + [[0.1, 0.9]] * 2)
    low, high = agreement(tested, [[0.9, 0.1]] * 2 + [[0.1, 0.9], [0.9, 0.1]]).accuracy.interval or (0, 0)
    half = 1.959964 * np.sqrt((3 / 6 - (1 / 6) ** 2) / 6)
    assert low == pytest.approx(-1 / 6 - half, abs=1e-5)
    assert high == pytest.approx(-1 / 6 + half, abs=1e-5)


def test_another_answer_by_rounding_alone_is_a_tie() -> None:
    tested = sample([0, 1], [[0.5004, 0.4996], [0.1, 0.9]])
    found = agreement(tested, [[0.4998, 0.5002], [0.1, 0.9]])
    assert (found.same, found.ties, found.share) == (1, 1, 1.0)


def test_answers_are_those_by_the_chosen_thresholds() -> None:
    """“cat” from 0.3 on: 0.35 is a cat, and 0.25 is none, although neither is the most probable class."""
    tested = sample([0, 0], [[0.35, 0.65], [0.35, 0.65]], thresholds=(0.3, None))
    found = agreement(tested, [[0.35, 0.65], [0.25, 0.75]])
    assert (found.same, found.different) == (1, 1)
    assert (found.accuracy.first, found.accuracy.second) == (1.0, 0.5)


def test_probabilities_that_are_no_numbers_agree_with_nothing() -> None:
    tested = sample([0, 1], [[0.9, 0.1], [0.1, 0.9]])
    found = agreement(tested, [[float("nan"), float("nan")], [0.1, 0.9]])
    assert (found.same, found.ties, found.largest_difference) == (1, 0, 1.0)
    assert found.accuracy.second == 0.5


def test_a_changed_mark_of_a_stranger_is_counted() -> None:
    tested = sample([0, 1], [[0.9, 0.1], [0.1, 0.9]], scores=[1.0, 3.0], limit=2.0)
    found = agreement(tested, [[0.9, 0.1], [0.1, 0.9]], scores=[2.5, 3.5])
    assert found.score_difference == pytest.approx(1.5)
    assert found.changed_marks == 1


def test_a_class_without_test_pictures_has_no_interval() -> None:
    cat = agreement(sample([1], [[0.1, 0.9]]), [[0.1, 0.9]]).classes[0]
    assert (cat.pictures, cat.interval) == (0, None)


def test_marks_of_wrong_scores_are_told_from_rounding() -> None:
    """Both marks change: one score moved by 1.5, the other by 0.002 across the limit. The third is no number."""
    tested = sample([0] * 3, [[0.9, 0.1]] * 3, scores=[1.0, 1.999, 1.0], limit=2.0)
    found = agreement(tested, [[0.9, 0.1]] * 3, scores=[2.5, 2.001, float("nan")])
    assert (found.changed_marks, found.wrong_marks) == (3, 2)
    assert found.score_difference == pytest.approx(1.5)


def test_a_file_that_answers_with_no_numbers_is_counted() -> None:
    tested = sample([0, 1], [[0.9, 0.1], [0.1, 0.9]])
    assert agreement(tested, [[float("nan"), 0.1], [0.1, 0.9]]).unanswered == 1
