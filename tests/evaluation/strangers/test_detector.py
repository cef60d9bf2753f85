"""The stranger score: far pictures score high, whatever the network makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.labels.task import Task
from core.evaluation.strangers import detector as detector_module
from core.evaluation.strangers.detector import (
    Knowns,
    StrangerDetector,
    doubts,
    fit_detector,
    unit_features,
)
from tests.support.digit_features import digit_features, digit_labels

SURE = np.array([0.98, 0.01, 0.01], np.float32)


def knowns(digits: tuple[int, ...] = (3, 5, 8)) -> tuple[np.ndarray, np.ndarray]:
    """Features of these digits, float32 (n, 64), and targets bool (n, 3)."""
    labels = digit_labels()
    rows = np.flatnonzero(np.isin(labels, digits))
    return digit_features()[rows], labels[rows][:, None] == np.array(digits)


def sure(count: int) -> np.ndarray:
    return np.tile(SURE, (count, 1))


@pytest.fixture(scope="module")
def fitted() -> StrangerDetector:
    features, targets = knowns()
    train = Knowns(features=features[:300], targets=targets[:300])
    return fit_detector(train, features[300:400], sure(100), Task.MULTI_CLASS, is_grid=False)


def test_the_distance_is_mahalanobis_to_the_nearest_class_less_half_of_that_to_all() -> None:
    """Against the covariances and distances of scikit-learn, without a reduction."""
    from sklearn.covariance import LedoitWolf

    features, targets = knowns()
    unit, labels = unit_features(features, is_grid=False).astype(np.float64)[:300], targets[:300].argmax(1)
    detector = fit_detector(
        Knowns(features=features[:300], targets=targets[:300]),
        features[300:], sure(len(features) - 300), Task.MULTI_CLASS, is_grid=False,
    )  # fmt: skip
    means = np.stack([unit[labels == index].mean(axis=0) for index in range(3)])
    # Shrinkage is towards a multiple of the identity, which a rotation leaves as it is.
    within = LedoitWolf(assume_centered=True).fit(unit - means[labels])
    whole = LedoitWolf().fit(unit)
    new = unit_features(features[300:350], is_grid=False).astype(np.float64)
    nearest = np.min([within.mahalanobis(new - mean) for mean in means], axis=0)
    expected = nearest - 0.5 * whole.mahalanobis(new)
    np.testing.assert_allclose(detector.distances(features[300:350]), expected, rtol=0.02)


def test_other_digits_score_higher_than_the_known_ones(fitted: StrangerDetector) -> None:
    """Equal probabilities: the features alone tell."""
    from sklearn.metrics import roc_auc_score

    known, strange = knowns()[0][400:], digit_features()[np.isin(digit_labels(), (0, 1, 4))]
    scores = [fitted.scores(part, sure(len(part)), Task.MULTI_CLASS) for part in (known, strange)]
    is_stranger = np.concatenate([np.zeros(len(known)), np.ones(len(strange))])
    assert roc_auc_score(is_stranger, np.concatenate(scores)) > 0.9


def test_noise_is_strange_even_when_the_network_is_sure_of_it(fitted: StrangerDetector) -> None:
    """A network is often surer of noise than of its classes; the score must not follow it."""
    known = fitted.scores(knowns()[0][400:], sure(len(knowns()[0]) - 400), Task.MULTI_CLASS)
    noise = np.random.default_rng(0).random((50, 64)).astype(np.float32)
    certain = np.tile(np.array([1.0, 0.0, 0.0], np.float32), (50, 1))
    assert fitted.scores(noise, certain, Task.MULTI_CLASS).min() > np.quantile(known, 0.95)


def test_doubt_raises_the_score(fitted: StrangerDetector) -> None:
    features, even = knowns()[0][400:410], np.full((10, 3), 1 / 3, np.float32)
    difference = fitted.scores(features, even, Task.MULTI_CLASS) - fitted.scores(
        features, sure(10), Task.MULTI_CLASS
    )
    np.testing.assert_allclose(difference, (np.log(3) + np.log(0.98)) / fitted.doubt_scale, rtol=1e-5)


def test_doubt_of_several_labels_is_that_of_the_most_probable_answer() -> None:
    """Yes 0.9, no 0.8, no 0.6: the answer with the probability 0.432."""
    probabilities = np.array([[0.9, 0.2, 0.4]], np.float32)
    np.testing.assert_allclose(doubts(probabilities, Task.MULTI_LABEL), -np.log([0.432]), rtol=1e-5)
    np.testing.assert_allclose(doubts(probabilities, Task.MULTI_CLASS), -np.log([0.9]), rtol=1e-5)


def test_probabilities_of_zero_give_finite_doubt() -> None:
    assert np.isfinite(doubts(np.array([[0.0, 1.0], [0.0, 0.0]], np.float32), Task.MULTI_LABEL)).all()
    assert np.isfinite(doubts(np.zeros((1, 2), np.float32), Task.MULTI_CLASS)).all()


def test_each_combination_of_labels_has_a_prototype(monkeypatch: pytest.MonkeyPatch) -> None:
    """With several labels; beyond the limit, the most frequent combinations."""
    features, _ = knowns()
    targets = np.array([[True, False], [False, True], [True, True], [False, False]])[
        [0] * 40 + [1] * 30 + [2] * 20 + [3] * 10
    ]
    train = Knowns(features=features[:100], targets=targets)
    arguments = features[100:], np.full((len(features) - 100, 2), 0.9, np.float32), Task.MULTI_LABEL
    assert len(fit_detector(train, *arguments, is_grid=False).prototypes) == 4
    monkeypatch.setattr(detector_module, "MOST_PROTOTYPES", 2)
    assert len(fit_detector(train, *arguments, is_grid=False).prototypes) == 2


def test_the_cells_of_a_grid_are_averaged() -> None:
    cells = np.array([[3, 0, 5, 0, 1, 0, 3, 16]], np.float32)  # means 3 and 4
    np.testing.assert_allclose(unit_features(cells, is_grid=True), [[0.6, 0.8]])


@pytest.mark.parametrize("case", ["equal pictures", "one picture a class", "no validation"])
def test_degenerate_pictures_give_finite_scores(case: str) -> None:
    features, targets = knowns()
    train = Knowns(features=features[:12], targets=targets[:12])
    validation = features[12:30]
    if case == "equal pictures":
        train = Knowns(features=np.tile(features[:1], (12, 1)), targets=targets[:12])
    elif case == "one picture a class":
        train = Knowns(features=features[:12], targets=np.eye(12, dtype=bool))
    else:
        validation = features[:0]
    detector = fit_detector(train, validation, sure(len(validation)), Task.MULTI_CLASS, is_grid=False)
    assert np.isfinite(detector.scores(features, sure(len(features)), Task.MULTI_CLASS)).all()


@pytest.mark.parametrize(("spread", "expected"), [(1.0, True), (1e-7, False)])
def test_scores_of_pictures_that_look_alike_do_not_survive_rounding(spread: float, expected: bool) -> None:
    """After a few steps of training a deep network may give the same features for all, but for float32's rounding."""
    features, targets = knowns()
    alike = (features[:1] + spread * (features - features[:1])).astype(np.float32)
    train = Knowns(features=alike[:300], targets=targets[:300])
    detector = fit_detector(train, alike[300:400], sure(100), Task.MULTI_CLASS, is_grid=False)
    assert detector.survives_rounding(alike[300:]) is expected


def test_a_stored_detector_gives_the_same_scores(fitted: StrangerDetector, tmp_path: Path) -> None:
    fitted.save(tmp_path / "detector.npz")
    loaded = StrangerDetector.load(tmp_path / "detector.npz")
    features = knowns()[0][:20]
    np.testing.assert_array_equal(
        loaded.scores(features, sure(20), Task.MULTI_CLASS),
        fitted.scores(features, sure(20), Task.MULTI_CLASS),
    )
