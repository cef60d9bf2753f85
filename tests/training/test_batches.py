"""A batch follows from seed, epoch and number, and classes can be balanced."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.labels.task import Task
from core.training.batches import TrainingBatches, balancing_weights
from core.training.config import Imbalance
from core.training.networks.inputs import FeatureSource

# Eight pictures of class 0, two of class 1.
TARGETS = np.eye(2, dtype=np.float32)[[0] * 8 + [1] * 2]
FEATURES = np.arange(10, dtype=np.float32)[:, np.newaxis]  # each picture's feature is its number


def batches(
    size: int = 4, imbalance: Imbalance = Imbalance.NONE, seed: int = 5, epochs: int = 1
) -> list[list[int]]:
    plan = TrainingBatches(
        FeatureSource(FEATURES),
        np.arange(10),
        TARGETS,
        batch_size=size,
        imbalance=imbalance,
        task=Task.MULTI_CLASS,
        seed=seed,
    )
    return [
        batch.inputs[:, 0].astype(int).tolist() for epoch in range(epochs) for batch in plan.of_epoch(epoch)
    ]


def test_an_epoch_shows_every_picture_and_fills_its_last_batch() -> None:
    """All batches are of one size, so that no step is compiled twice."""
    found = batches()
    assert [len(batch) for batch in found] == [4, 4, 4]
    shown = [number for batch in found for number in batch]
    assert set(shown[:10]) == set(range(10))
    assert shown[10:] == shown[:2]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    first, second = batches(size=10, epochs=2)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert batches(size=10, seed=6)[0] != first
    assert batches(size=10)[0] == first


def test_an_epoch_can_go_on_from_any_batch() -> None:
    plan = TrainingBatches(
        FeatureSource(FEATURES),
        np.arange(10),
        TARGETS,
        batch_size=3,
        imbalance=Imbalance.NONE,
        task=Task.MULTI_CLASS,
        seed=1,
    )
    whole = [batch.inputs.tolist() for batch in plan.of_epoch(2)]
    assert [batch.inputs.tolist() for batch in plan.of_epoch(2, first=2)] == whole[2:]
    assert list(plan.of_epoch(2, first=len(plan))) == []


def test_fewer_pictures_than_a_batch_make_a_smaller_one() -> None:
    (only,) = batches(size=32)
    assert sorted(only) == list(range(10))


def test_class_weights_let_every_class_count_the_same() -> None:
    """8 and 2 pictures: weights in the ratio 1 to 4, 0.625 and 2.5 for a mean of 1."""
    weights = balancing_weights(TARGETS, Task.MULTI_CLASS)
    assert weights == pytest.approx([0.625] * 8 + [2.5] * 2)
    plan = TrainingBatches(
        FeatureSource(FEATURES),
        np.arange(10),
        TARGETS,
        batch_size=10,
        imbalance=Imbalance.CLASS_WEIGHTS,
        task=Task.MULTI_CLASS,
        seed=1,
    )
    (batch,) = plan.of_epoch(0)
    np.testing.assert_array_equal(batch.weights, weights[batch.inputs[:, 0].astype(int)])


def test_balanced_sampling_shows_small_classes_as_often() -> None:
    """Half of 400 draws, within six standard deviations of ten."""
    drawn = [n for batch in batches(size=10, imbalance=Imbalance.BALANCED_SAMPLING, epochs=40) for n in batch]
    small = sum(number >= 8 for number in drawn)
    assert len(drawn) == 400
    assert 140 < small < 260


def test_a_picture_with_several_labels_counts_as_its_rarest() -> None:
    """Counts 3 and 1; the second picture shows both, the last none, of which there is one."""
    targets = np.array([[1, 0], [1, 1], [1, 0], [0, 0]], np.float32)
    weights = balancing_weights(targets, Task.MULTI_LABEL)
    raw = np.array([1 / 3, 1, 1 / 3, 1])
    assert weights == pytest.approx(raw / raw.mean())


class HalfMixed(FeatureSource):
    """Mixes every picture with another one, half and half."""

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._features[rows], (targets + targets[::-1]) / 2


def test_mixed_pictures_keep_the_weights_of_their_classes() -> None:
    plan = TrainingBatches(
        HalfMixed(FEATURES),
        np.arange(10),
        TARGETS,
        batch_size=10,
        imbalance=Imbalance.CLASS_WEIGHTS,
        task=Task.MULTI_CLASS,
        seed=1,
    )
    (batch,) = plan.of_epoch(0)
    np.testing.assert_allclose(batch.targets.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose((batch.weights[:, np.newaxis] * batch.targets).sum(axis=0), [5, 5], rtol=1e-6)
