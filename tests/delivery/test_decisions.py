"""Decisions about many pictures follow the rules of single ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.data.labels.task import Task
from core.delivery.decisions import decide
from core.delivery.files import Labels
from core.evaluation.calibration.conformal import PredictionSets

LABELS = Labels(class_names=("cat", "dog", "owl"), input_size=8, backbone="small_cnn", run="run-1")
PROBABILITIES = np.array([[0.6, 0.3, 0.1], [0.2, 0.25, 0.55]], np.float32)
SETS = PredictionSets(
    promise=0.9,
    least_probabilities=(0.25, 0.25, 0.25),
    coverage=0.9,
    coverage_interval=(0.8, 1.0),
    mean_size=1.0,
    single=1.0,
    empty=0.0,
)


def test_without_limits_the_most_probable_class_is_the_answer() -> None:
    found = decide(LABELS, None, PROBABILITIES, None)
    assert found.predicted.argmax(axis=1).tolist() == [0, 2]
    np.testing.assert_allclose(found.confidence, [0.6, 0.55], rtol=1e-6)
    assert not found.is_stranger.any()
    assert not found.is_unsure.any()
    assert found.in_set is None


def test_limits_mark_strangers_and_unsure_answers() -> None:
    """A score at the limit is still one of the classes; a confidence at the least one is sure."""
    labels = replace(LABELS, stranger_limit=2.0, least_confidence=float(np.float32(0.6)))
    found = decide(labels, SETS, PROBABILITIES, np.array([2.0, 2.5], np.float32))
    assert found.is_stranger.tolist() == [False, True]
    assert found.is_unsure.tolist() == [False, True]
    assert found.in_set is not None
    assert found.in_set.tolist() == [[True, True, False], [False, True, True]]


def test_thresholds_decide_as_for_a_single_picture() -> None:
    """dog reaches its threshold in both pictures, so it is answered."""
    found = decide(replace(LABELS, thresholds=(None, 0.2, None)), None, PROBABILITIES, None)
    assert found.predicted.argmax(axis=1).tolist() == [1, 1]
    np.testing.assert_allclose(found.confidence, [0.3, 0.25], rtol=1e-6)


def test_the_confidence_of_several_labels_is_that_of_the_whole_answer() -> None:
    labels = replace(LABELS, task=Task.MULTI_LABEL, thresholds=(0.5, 0.5, 0.5))
    found = decide(labels, None, np.array([[0.9, 0.8, 0.1]], np.float32), None)
    assert found.predicted.tolist() == [[True, True, False]]
    np.testing.assert_allclose(found.confidence, [0.9 * 0.8 * 0.9], rtol=1e-6)


def test_no_pictures_have_no_decisions() -> None:
    found = decide(replace(LABELS, stranger_limit=1.0), SETS, PROBABILITIES[:0], np.empty(0, np.float32))
    assert len(found.predicted) == len(found.confidence) == len(found.is_stranger) == 0
