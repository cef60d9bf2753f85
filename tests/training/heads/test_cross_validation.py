"""A cross-validated head has learnt from every picture, and is judged only on those that it had not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core.data.labels.task import Task
from core.models.head import HeadWeights, softmax
from core.progress import JobStopped
from core.training.batches import balancing_weights
from core.training.config import (
    CROSS_VALIDATED_PER_CLASS,
    CROSS_VALIDATED_ROWS,
    HeadConfig,
    Loss,
    LossConfig,
    Recipe,
    TrainingConfig,
)
from core.training.heads.cross_validation import (
    FOLDS,
    PENALTIES,
    CrossValidation,
    is_cross_validated,
    stratified_folds,
)
from core.training.heads.data import HeadData
from core.training.heads.linear import EpochScores, FeatureSet
from core.training.heads.objective import standardisation

CLASSES = 3
Epoch = tuple[EpochScores, HeadWeights, float]


def blobs(count: int, seed: int, *, signal: float = 1.0, width: int = 40) -> FeatureSet:
    """Overlapping clouds, one a class; each picture is its own group."""
    draw, labels = np.random.default_rng(seed), np.arange(count) % CLASSES
    centres = signal * np.random.default_rng(9).normal(size=(CLASSES, width))
    features = (centres[labels] + 2 * draw.normal(size=(count, width))).astype(np.float32)
    return replace(FeatureSet.of_labels(features, labels, CLASSES), groups=np.arange(count) + 1000 * seed)


def data_of(train: int = 24, validation: int = 9, *, signal: float = 1.0) -> HeadData:
    return HeadData(
        train=blobs(train, 1, signal=signal), validation=blobs(validation, 2, signal=signal), is_reduced=True
    )


def cross_validated(
    data: HeadData, *, task: Task = Task.MULTI_CLASS, epochs: int = 50
) -> tuple[CrossValidation, list[Epoch]]:
    folds, path = CrossValidation(data, task, lambda: None), list[Epoch]()
    folds.fit(data, epochs=epochs, on_epoch=lambda scores, head, l2: path.append((scores, head, l2)))
    return folds, path


def ridge_scores(train: FeatureSet, features: np.ndarray, penalty: float) -> np.ndarray:
    """Scores by scikit-learn, whose penalty is not a share of the eigenvalues."""
    mean, scale = standardisation(train.features)
    rows = (train.features - mean) / scale
    weights = np.ones(len(rows)) if train.weights is None else train.weights
    centred = (rows - np.average(rows, axis=0, weights=weights)) * np.sqrt(weights)[:, None]
    strength = penalty * np.square(centred).sum() / len(rows)
    model = Ridge(alpha=strength, solver="svd").fit(rows, train.targets, sample_weight=weights)
    scores: np.ndarray = model.predict((features - mean) / scale) - 0.5
    return scores


def folds_of(data: HeadData) -> np.ndarray:
    assert data.pictures.groups is not None
    groups = np.unique(data.pictures.groups, return_inverse=True)[1]
    return stratified_folds(data.pictures.targets, groups, FOLDS)


@pytest.mark.parametrize("task", list(Task))
def test_each_picture_is_scored_by_a_head_that_was_not_trained_on_it(task: Task) -> None:
    data = data_of()
    for scores, _, penalty in cross_validated(data, task=task)[1]:
        assert scores.held_out is not None
        pictures, folds = data.pictures, folds_of(data)
        for fold in range(FOLDS):
            raw = ridge_scores(pictures.at(folds != fold), pictures.features[folds == fold], penalty)
            expected = raw / scores.held_out.temperature
            np.testing.assert_allclose(
                scores.held_out.logits[folds == fold], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max()
            )
        np.testing.assert_array_equal(scores.validation_logits, scores.held_out.logits[24:])


@pytest.mark.parametrize("is_weighed", [False, True])
def test_the_delivered_head_has_learnt_from_all_pictures(is_weighed: bool) -> None:
    data = data_of()
    if is_weighed:  # of equally large classes, but here of the first ten pictures alone
        few = data.train.at(slice(10))
        data = replace(data, train=replace(few, weights=balancing_weights(few.targets, Task.MULTI_CLASS)))
    new = blobs(30, 3).features
    for scores, head, penalty in cross_validated(data)[1]:
        assert scores.held_out is not None
        raw = ridge_scores(data.joined(Task.MULTI_CLASS), new, penalty)
        expected = raw / scores.held_out.temperature
        np.testing.assert_allclose(head.logits(new), expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_scores_are_those_of_all_pictures_left_out() -> None:
    _, path = cross_validated(data_of())
    for scores, _, _ in path:
        assert scores.held_out is not None
        right = scores.held_out.logits.argmax(axis=1) == data_of().pictures.labels
        assert scores.validation_accuracy == pytest.approx(right.mean())
        assert len(scores.validation_losses) == 33


def test_probabilities_are_as_sure_as_they_are_right() -> None:
    """Scores of least squares are no log probabilities, and a strong penalty makes them all alike."""
    _, path = cross_validated(data_of(150, 60))
    for scores, _, _ in path:
        assert scores.held_out is not None
        confidence = softmax(scores.held_out.logits).max(axis=1).mean()
        assert confidence == pytest.approx(scores.validation_accuracy, abs=0.08)


def test_pictures_that_are_all_right_leave_some_doubt() -> None:
    _, path = cross_validated(data_of(signal=10.0))
    best = min((scores for scores, _, _ in path), key=lambda scores: scores.validation_loss)
    assert best.held_out is not None
    assert best.validation_accuracy == 1
    assert 0.9 < softmax(best.held_out.logits).max(axis=1).mean() < 0.9999


def test_without_information_the_accuracy_is_that_of_guessing() -> None:
    """Neither the best of many heads nor a copy in another fold makes it look better."""
    accuracies = []
    for seed in range(8):
        draw = np.random.default_rng(seed)
        train, validation = (
            replace(one, features=draw.normal(size=one.features.shape).astype(np.float32))
            for one in (blobs(24, 1), blobs(9, 2))
        )
        copied = replace(
            train,
            features=np.tile(train.features, (3, 1)),
            targets=np.tile(train.targets, (3, 1)),
            groups=np.tile(train.groups, 3) if train.groups is not None else None,
        )
        data = HeadData(train=copied, validation=validation, is_reduced=True, copies=2)
        folds, _ = cross_validated(data)
        accuracies.append(folds.accuracy().accuracy)
    assert np.mean(accuracies) == pytest.approx(1 / 3, abs=0.09)


def test_the_interval_holds_the_accuracy_on_new_pictures() -> None:
    folds, path = cross_validated(data_of(60, 30))
    best = min(path, key=lambda epoch: epoch[0].validation_loss)[1]
    new = blobs(3000, 4)
    low, high = folds.accuracy().interval
    assert low < (best.logits(new.features).argmax(axis=1) == new.labels).mean() < high


def test_few_epochs_are_spread_over_the_penalties() -> None:
    strengths = [strength for _, _, strength in cross_validated(data_of(), epochs=2)[1]]
    assert len(strengths) == 2
    assert strengths[0] > strengths[1]
    assert PENALTIES[-1] < strengths[1] < strengths[0] < PENALTIES[0]


def test_a_stop_is_answered_between_two_fits() -> None:
    def stop() -> None:
        raise JobStopped

    with pytest.raises(JobStopped):
        CrossValidation(data_of(), Task.MULTI_CLASS, stop).fit(
            data_of(), epochs=9, on_epoch=lambda scores, head, l2: None
        )


def test_features_without_information_have_a_head() -> None:
    data = data_of()
    flat = replace(
        data,
        train=replace(data.train, features=np.ones_like(data.train.features)),
        validation=replace(data.validation, features=np.ones_like(data.validation.features)),
    )
    _, path = cross_validated(flat)
    assert np.isfinite(path[0][0].validation_loss)


def test_groups_stay_together_and_classes_are_spread() -> None:
    labels, groups = np.arange(60) % CLASSES, np.repeat(np.arange(30), 2)
    labels = labels[groups]
    folds = stratified_folds(np.eye(CLASSES)[labels], groups, FOLDS)
    assert set(folds) == set(range(FOLDS))
    for group in range(30):
        assert len(set(folds[groups == group])) == 1
    for label in range(CLASSES):
        assert np.bincount(folds[labels == label], minlength=FOLDS).tolist() == [4] * FOLDS


@pytest.mark.parametrize(
    "changes",
    [
        {"recipe": Recipe.BALANCED},
        {"head": HeadConfig(cross_validate=False)},
        {"head": HeadConfig(hidden_units=(16,))},
        {"head": HeadConfig(l2=0.1)},
        {"loss": LossConfig(kind=Loss.FOCAL)},
    ],
)
def test_only_linear_heads_by_themselves_are_cross_validated(changes: dict[str, object]) -> None:
    settings = TrainingConfig(dataset_version=1)
    assert is_cross_validated(settings, data_of(18, 6))
    assert not is_cross_validated(TrainingConfig(**{"dataset_version": 1, **changes}), data_of(18, 6))  # type: ignore[arg-type]


def test_many_pictures_are_not_cross_validated() -> None:
    settings = TrainingConfig(dataset_version=1)
    most = CROSS_VALIDATED_PER_CLASS * CLASSES
    assert is_cross_validated(settings, data_of(most - 7, 6))
    assert not is_cross_validated(settings, data_of(most - 6, 6))


def test_many_augmented_copies_are_not_cross_validated() -> None:
    """Each row of them takes part in every fit."""
    copies = CROSS_VALIDATED_ROWS // 18 + 1
    data = data_of(18, 6)
    train = replace(
        data.train,
        features=np.tile(data.train.features, (copies, 1)),
        targets=np.tile(data.train.targets, (copies, 1)),
        groups=np.tile(data.train.groups, copies) if data.train.groups is not None else None,
    )
    assert len(train.features) + 6 >= CROSS_VALIDATED_ROWS
    settings = TrainingConfig(dataset_version=1)
    assert not is_cross_validated(settings, replace(data, train=train, copies=copies - 1))


def test_a_class_that_is_one_group_is_not_cross_validated() -> None:
    """Left out, it would be unknown to the head that judges it."""
    data = data_of(18, 6)
    groups = np.where(data.train.labels == 0, 7, np.arange(18) + 100)
    one = replace(data, train=replace(data.train, groups=groups), validation=data.validation.at(slice(1, 3)))
    assert not is_cross_validated(TrainingConfig(dataset_version=1), one)
