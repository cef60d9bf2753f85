"""The linear head finds the optimum it claims, and its learning curve tells the truth."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from core.data.labels.task import Task
from core.models.head import HeadWeights
from core.progress import JobStopped
from core.training.heads import linear
from core.training.heads.linear import L2_STRENGTHS, EpochScores, FeatureSet, fit_linear_head

Epoch = tuple[EpochScores, HeadWeights, float]


def blobs(count: int, seed: int, classes: int = 3, width: int = 6, noise: float = 1.2) -> FeatureSet:
    """Overlapping clouds of points, one a class, on scales from 0.1 to 10."""
    centres = np.random.default_rng(0).normal(size=(classes, width))
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    points = centres[labels] + noise * draw.normal(size=(count, width))
    return FeatureSet.of_labels((points * np.logspace(-1, 1, width) + 5).astype(np.float32), labels, classes)


def labelled_twice(count: int, seed: int) -> FeatureSet:
    """Pictures that show one class for sure, and the next one where chance will have it."""
    single = blobs(count, seed)
    second = np.random.default_rng(seed + 100).random(count) < 0.4
    both = single.targets + np.roll(single.targets, 1, axis=1) * second[:, None].astype(np.float32)
    return FeatureSet(features=single.features, targets=both)


def fitted(train: FeatureSet, validation: FeatureSet, epochs: int = 500, **options: Any) -> list[Epoch]:
    path: list[Epoch] = []

    def on_epoch(scores: EpochScores, head: HeadWeights, l2: float) -> None:
        path.append((scores, head, l2))

    fit_linear_head(train, validation, epochs=epochs, on_epoch=on_epoch, **options)
    return path


def standardised(features: np.ndarray) -> np.ndarray:
    """Written down once more: 0.3 of the median deviation stands under the root."""
    exact = features.astype(np.float64)
    variance = exact.var(axis=0)
    return (exact - exact.mean(axis=0)) / np.sqrt(variance + 0.09 * np.median(variance))


def penalised_loss(
    x: np.ndarray, labels: np.ndarray, kernel: np.ndarray, bias: np.ndarray, l2: float
) -> float:
    """Mean cross-entropy plus half the penalty, in float64, written down once more."""
    log_probabilities = log_softmax(x @ kernel + bias, axis=1)
    return float(-log_probabilities[np.arange(len(labels)), labels].mean() + 0.5 * l2 * (kernel**2).sum())


def test_features_are_never_copied_as_a_whole() -> None:
    """50,000 pictures' features are 256 MB; head training may take 1 GB, those included."""
    rows = 20_000
    draw = np.random.default_rng(0)
    data = FeatureSet.of_labels(draw.standard_normal((rows, 256), np.float32), draw.integers(0, 4, rows), 4)
    few = FeatureSet(features=data.features[:50], targets=data.targets[:50])
    tracemalloc.start()
    try:
        fitted(data, few, epochs=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < data.features.nbytes / 2


@pytest.mark.parametrize("strength", [1.0, 0.03, 0.001])
def test_the_optimum_is_that_of_scikit_learn(strength: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both minimise the same function, so neither may get lower than the other."""
    train = blobs(150, seed=4)
    monkeypatch.setattr(linear, "L2_STRENGTHS", (strength,))
    _, head, used = fitted(train, blobs(30, seed=5))[-1]
    assert used == strength
    x = standardised(train.features)
    # scikit-learn sums over pictures where we take the mean.
    other = LogisticRegression(C=1 / (strength * len(x)), tol=1e-10, max_iter=10_000).fit(x, train.labels)
    expected = penalised_loss(x, train.labels, other.coef_.T, other.intercept_, strength)
    kernel, bias = head.layers[0]
    reached = penalised_loss(x, train.labels, kernel.astype(np.float64), bias.astype(np.float64), strength)
    assert reached == pytest.approx(expected, rel=1e-4)
    assert reached > expected - 1e-9
    np.testing.assert_allclose(kernel, other.coef_.T, atol=0.02)


def test_with_weights_the_optimum_is_that_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Class weights: their size as a whole must not change how strong the penalty is."""
    plain = blobs(150, seed=4)
    weights = np.random.default_rng(1).uniform(0.1, 9, 150).astype(np.float32)
    train = FeatureSet(features=plain.features, targets=plain.targets, weights=weights)
    _, head, used = fitted(train, blobs(30, seed=5), l2=0.02)[-1]
    assert used == 0.02
    x = standardised(train.features)
    other = LogisticRegression(C=1 / (0.02 * weights.sum()), tol=1e-10, max_iter=10_000)
    other.fit(x, train.labels, sample_weight=weights)
    np.testing.assert_allclose(head.layers[0][0], other.coef_.T, atol=0.02)
    np.testing.assert_allclose(head.layers[0][1] - head.layers[0][1].mean(), other.intercept_, atol=0.02)


def test_with_several_labels_each_has_the_optimum_of_its_own_classifier() -> None:
    train, validation = labelled_twice(150, seed=4), labelled_twice(30, seed=5)
    path = fitted(train, validation, task=Task.MULTI_LABEL, l2=0.03)
    scores, head, _ = path[-1]
    assert head.activation == "sigmoid"
    x = standardised(train.features)
    for label in range(3):
        other = LogisticRegression(C=1 / (0.03 * len(x)), tol=1e-10, max_iter=10_000)
        other.fit(x, train.targets[:, label])
        np.testing.assert_allclose(head.layers[0][0][:, label], other.coef_[0], atol=0.01)
        np.testing.assert_allclose(head.layers[0][1][label], other.intercept_[0], atol=0.01)
    for data, loss, accuracy in (
        (train, scores.loss, scores.accuracy),
        (validation, scores.validation_loss, scores.validation_accuracy),
    ):
        p = head.probabilities(data.features).astype(np.float64)
        t = data.targets
        assert loss == pytest.approx(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(), abs=1e-5)
        assert accuracy == ((p > 0.5) == (t > 0.5)).all(axis=1).mean()
    says = head.probabilities(validation.features) > 0.5
    expected = f1_score(validation.targets > 0.5, says, average="macro")
    assert scores.validation_macro_f1 == pytest.approx(expected)


def test_smoothed_targets_lower_the_confidence() -> None:
    """Smoothing 0.3 of three classes asks for 0.8; the losses told are those of the truth itself."""
    draw = np.random.default_rng(2)
    centres = np.eye(3, 6) * 40
    labels = np.arange(90) % 3
    data = FeatureSet.of_labels((centres[labels] + draw.normal(size=(90, 6))).astype(np.float32), labels, 3)
    scores, head, _ = fitted(data, data, l2=1e-6, label_smoothing=0.3)[-1]
    right = head.probabilities(data.features)[np.arange(90), labels]
    np.testing.assert_allclose(right, 0.8, atol=0.05)
    assert scores.loss == pytest.approx(-np.log(right).mean(), abs=1e-5)
    assert scores.validation_loss == pytest.approx(scores.loss, abs=1e-5)


def test_a_fixed_strength_is_the_only_one() -> None:
    path = fitted(blobs(150, seed=8), blobs(300, seed=9, noise=0.5), epochs=16, l2=0.05)
    assert {strength for _, _, strength in path} == {0.05}
    assert len(path) <= 16


def test_scores_are_those_of_the_head_they_come_with() -> None:
    """The best epoch's head is saved by its scores; another epoch's head would be delivered for it."""
    train, validation = blobs(60, seed=6), blobs(21, seed=7)
    path = fitted(train, validation)
    assert len(path) > 10
    for scores, head, _ in (path[0], path[len(path) // 2], path[-1]):
        for data, loss, accuracy in (
            (train, scores.loss, scores.accuracy),
            (validation, scores.validation_loss, scores.validation_accuracy),
        ):
            probabilities = head.probabilities(data.features)
            right = probabilities[np.arange(len(data.labels)), data.labels]
            assert loss == pytest.approx(-np.log(right).mean(), abs=1e-5)
            assert accuracy == (probabilities.argmax(axis=1) == data.labels).mean()
        answers = head.probabilities(validation.features).argmax(axis=1)
        expected = f1_score(validation.labels, answers, average="macro")
        assert scores.validation_macro_f1 == pytest.approx(expected)


def test_the_path_leads_from_stiff_to_flexible() -> None:
    """Each fit starts from a stiffer one, so the training loss only falls."""
    path = fitted(blobs(150, seed=8), blobs(300, seed=9, noise=0.5))
    strengths = [strength for _, _, strength in path]
    assert strengths == sorted(strengths, reverse=True)
    assert set(strengths) == set(L2_STRENGTHS)
    at_the_end_of = {strength: scores.loss for scores, _, strength in path}
    losses = [at_the_end_of[strength] for strength in L2_STRENGTHS]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 2


def test_it_ends_once_validation_gains_nothing_any_more() -> None:
    """Labels without meaning are only ever learnt by heart, so two more strengths are tried, then none."""
    draw = np.random.default_rng(10)
    train = FeatureSet.of_labels(draw.normal(size=(60, 40)).astype(np.float32), np.arange(60) % 3, 3)
    validation = FeatureSet.of_labels(draw.normal(size=(60, 40)).astype(np.float32), np.arange(60) % 3, 3)
    path = fitted(train, validation)
    assert list(dict.fromkeys(strength for _, _, strength in path)) == list(L2_STRENGTHS[:3])
    best = min(path, key=lambda epoch: epoch[0].validation_loss)
    assert best[2] == L2_STRENGTHS[0]


@pytest.mark.parametrize("epochs", [1, 2, 7, 8, 20])
def test_it_never_passes_over_the_pictures_more_often_than_asked(epochs: int) -> None:
    assert len(fitted(blobs(150, seed=8), blobs(300, seed=9, noise=0.5), epochs=epochs)) == epochs


def test_few_epochs_are_spread_over_all_strengths() -> None:
    path = fitted(blobs(150, seed=8), blobs(300, seed=9, noise=0.5), epochs=16)
    assert [strength for _, _, strength in path] == [s for s in L2_STRENGTHS for _ in range(2)]


def test_what_on_epoch_raises_ends_the_fit() -> None:
    """This is how Stop works."""
    seen: list[EpochScores] = []

    def on_epoch(scores: EpochScores, head: HeadWeights, l2: float) -> None:
        seen.append(scores)
        if len(seen) == 3:
            raise JobStopped

    with pytest.raises(JobStopped):
        fit_linear_head(blobs(60, 1), blobs(21, 2), epochs=100, on_epoch=on_epoch)
    assert len(seen) == 3


def test_the_same_data_give_the_same_path() -> None:
    once, again = (fitted(blobs(60, seed=6), blobs(21, seed=7)) for _ in range(2))
    assert [scores for scores, _, _ in once] == [scores for scores, _, _ in again]


def test_a_feature_that_never_changes_does_no_harm() -> None:
    """Its deviation is 0, which must not divide; at prediction it may differ after all."""
    train, validation = blobs(60, seed=6), blobs(21, seed=7)
    train.features[:, 2] = validation.features[:, 2] = 7.0
    _, head, _ = fitted(train, validation)[-1]
    assert head.feature_scale[2] == 1.0
    assert not head.layers[0][0][2].any()
    other = validation.features.copy()
    other[:, 2] = 1000.0
    np.testing.assert_array_equal(head.probabilities(other), head.probabilities(validation.features))


def test_uninformative_features_still_give_a_head() -> None:
    """Pictures that all look alike: nothing to descend, but a run needs a head to evaluate."""
    train = FeatureSet.of_labels(np.ones((6, 4), np.float32), np.arange(6) % 3, 3)
    path = fitted(train, train)
    assert len(path) >= 1
    scores, head, _ = path[-1]
    np.testing.assert_allclose(head.probabilities(train.features), 1 / 3, atol=1e-6)
    assert scores.validation_loss == pytest.approx(np.log(3))


def test_the_features_given_are_left_as_they_are() -> None:
    """They are the cache's content, used again by the next head."""
    train, validation = blobs(60, seed=6), blobs(21, seed=7)
    before = train.features.copy(), validation.features.copy()
    fitted(train, validation, epochs=5)
    np.testing.assert_array_equal(train.features, before[0])
    np.testing.assert_array_equal(validation.features, before[1])
