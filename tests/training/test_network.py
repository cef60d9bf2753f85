"""Training by gradients is repeatable, and what it hands over is what it measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.arrays import decoded_pictures
from core.data.dataset import Dataset, open_dataset
from core.data.importing import import_dataset
from core.data.layout import Split
from core.models.augmentation import AugmentationConfig
from core.models.backbones import get_backbone
from core.models.classifier import build_feature_extractor
from core.models.head import HeadWeights
from core.progress import JobStopped, QuietProgress
from core.training import network
from core.training.config import HeadConfig, Recipe, TrainingConfig
from core.training.linear import EpochScores, FeatureSet
from core.training.network import PictureBatches, fit_from_scratch, fit_hidden_head
from tests.pictures import write_folder
from tests.trained import real_digits

NO_CHANGE = AugmentationConfig()
HIDDEN = TrainingConfig(dataset_version=1, head=HeadConfig(hidden_units=(32,), dropout_rate=0.1), epochs=8)
SCRATCH = TrainingConfig(dataset_version=1, backbone="small_cnn", recipe=Recipe.SCRATCH, epochs=2)


def rings(count: int, seed: int) -> FeatureSet:
    """Points in and around a circle, far from 0 and on unlike scales: no line divides them."""
    draw = np.random.default_rng(seed)
    angles, labels = draw.uniform(0, 2 * np.pi, count), np.arange(count) % 2
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (0.4 + 0.8 * labels)[:, None]
    return FeatureSet.of_labels((points * [1, 50] + [3, 400]).astype(np.float32), labels, 2)


def fit_hidden(
    config: TrainingConfig, on_batch: Callable[[], None] = lambda: None
) -> list[tuple[EpochScores, HeadWeights]]:
    path: list[tuple[EpochScores, HeadWeights]] = []

    def on_epoch(scores: EpochScores, head: HeadWeights, details: dict[str, Any]) -> None:
        path.append((scores, head))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_LEARNING_RATE", 0.02)  # a few epochs must do here
        fit_hidden_head(rings(300, 1), rings(60, 2), 2, config, on_epoch=on_epoch, on_batch=on_batch)
    return path


def measured(head: HeadWeights, features: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy and accuracy, in NumPy."""
    probabilities = head.probabilities(features)
    right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(right).mean()), float((probabilities.argmax(axis=1) == labels).mean())


@pytest.fixture(scope="module")
def hidden_path() -> list[tuple[EpochScores, HeadWeights]]:
    return fit_hidden(HIDDEN)


def test_a_hidden_head_learns_what_no_line_divides(
    hidden_path: list[tuple[EpochScores, HeadWeights]],
) -> None:
    first, last = hidden_path[0][0], hidden_path[-1][0]
    assert last.validation_accuracy > max(0.8, first.validation_accuracy)
    assert last.validation_loss < first.validation_loss
    assert hidden_path[0][1].layers[0][0].shape == (2, 32)


def test_a_hidden_head_in_numpy_scores_as_keras_measured_it(
    hidden_path: list[tuple[EpochScores, HeadWeights]],
) -> None:
    """The standardisation and the weights of that very epoch are handed over."""
    validation = rings(60, 2)
    for scores, head in (hidden_path[0], hidden_path[-1]):
        loss, accuracy = measured(head, validation.features, validation.labels)
        assert loss == pytest.approx(scores.validation_loss, abs=1e-4)
        assert accuracy == pytest.approx(scores.validation_accuracy, abs=1e-6)


def test_the_same_seed_gives_the_same_hidden_head(
    hidden_path: list[tuple[EpochScores, HeadWeights]],
) -> None:
    again = fit_hidden(HIDDEN)
    assert [scores for scores, _ in again] == [scores for scores, _ in hidden_path]
    np.testing.assert_array_equal(again[-1][1].layers[0][0], hidden_path[-1][1].layers[0][0])
    other = fit_hidden(TrainingConfig.from_json(HIDDEN.to_json() | {"seed": 1}))
    assert other[0][0].loss != hidden_path[0][0].loss


def test_a_hidden_head_gets_no_more_epochs_than_asked_for(
    hidden_path: list[tuple[EpochScores, HeadWeights]],
) -> None:
    assert len(hidden_path) == HIDDEN.epochs


def test_a_hidden_head_asks_for_stop_at_every_batch() -> None:
    """An epoch of many pictures can take longer than the three seconds that Stop may."""
    batches = 0

    def on_batch() -> None:
        nonlocal batches
        batches += 1
        if batches == 5:
            raise JobStopped

    with pytest.raises(JobStopped):
        fit_hidden(HIDDEN, on_batch)
    assert batches == 5


def drawn(batches: PictureBatches) -> list[int]:
    """The labels of one epoch; the pictures' numbers, where labels are numbers."""
    return [int(label) for index in range(len(batches)) for label in batches[index][1]]


def numbered(count: int = 70) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures, each labelled with its own number and of that brightness."""
    numbers = np.arange(count)
    return np.broadcast_to(numbers.astype(np.uint8)[:, None, None, None], (count, 8, 8, 3)), numbers


def test_an_epoch_shows_every_training_picture_once() -> None:
    pictures, labels = numbered()
    rows = np.arange(5, 69)
    batches = PictureBatches(pictures, labels, rows, NO_CHANGE, seed=3)
    assert [len(batches[index][1]) for index in range(len(batches))] == [32, 32]
    assert sorted(drawn(batches)) == rows.tolist()
    shown = np.concatenate([batches[index][0] for index in range(len(batches))])
    assert shown[:, 0, 0, 0].tolist() == drawn(batches), "a label left its picture"


def test_an_epoch_depends_on_the_seed_and_its_number_alone() -> None:
    pictures, labels = numbered()
    one, same, other = (PictureBatches(pictures, labels, labels, NO_CHANGE, seed=seed) for seed in (3, 3, 4))
    first = drawn(one)
    assert first == drawn(one) == drawn(same)
    assert first != drawn(other)
    one.on_epoch_begin()
    same.on_epoch_begin()
    assert first != drawn(one) == drawn(same)


def test_augmented_batches_differ_by_epoch_and_repeat_by_seed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    changed = AugmentationConfig(brightness=0.5)
    one, same = (PictureBatches(noise, np.arange(3), np.arange(3), changed, seed=1) for _ in range(2))
    first = one[0][0]
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, same[0][0])
    one.on_epoch_begin()
    order = np.argsort(one[0][1]), np.argsort(same[0][1])
    assert (one[0][0][order[0]] != first[order[1]]).any()


def test_validation_pictures_come_as_they_are_and_in_order() -> None:
    """Without a seed nothing is shuffled or changed, in any epoch."""
    pictures, labels = numbered()
    batches = PictureBatches(pictures, labels, np.arange(40), AugmentationConfig(brightness=0.5), seed=None)
    for _ in range(2):
        assert drawn(batches) == list(range(40))
        np.testing.assert_array_equal(batches[0][0], pictures[:32])
        batches.on_epoch_begin()


def test_keras_counts_the_epochs_as_we_do() -> None:
    """Called twice, or never, the order of a resumed or repeated run would be another."""
    pictures, labels = numbered(8)
    batches = PictureBatches(pictures, labels, labels, NO_CHANGE, seed=3)
    begun: list[int] = []
    seen: list[list[int]] = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            begun.append(batches._epoch)
            seen.append(drawn(batches))

    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(batches, epochs=3, verbose=0, shuffle=False, callbacks=[Look()])
    assert [later - begun[0] for later in begun] == [0, 1, 2]
    assert len({tuple(order) for order in seen}) == 3


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("network")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(folder / "workspace"))
        source = write_folder(folder / "source", real_digits())
        return open_dataset(import_dataset(source, "small").project)


ScratchEpoch = tuple[EpochScores, Path]


@pytest.fixture(scope="module")
def scratch_path(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[ScratchEpoch]:
    """Two epochs of the small network, each saved."""
    return fit_scratch(digits, tmp_path_factory.mktemp("scratch"))


def fit_scratch(digits: Dataset, folder: Path, config: TrainingConfig = SCRATCH) -> list[ScratchEpoch]:
    path: list[ScratchEpoch] = []

    def on_epoch(scores: EpochScores, save: Callable[[Path, Path], None]) -> None:
        target = folder / str(len(path))
        save(target / "extractor.weights.h5", target / "head.npz")
        path.append((scores, target))

    pictures = decoded_pictures(digits, 96, QuietProgress())
    fit_from_scratch(digits, pictures, config, on_epoch=on_epoch, on_batch=lambda: None)
    return path


def test_a_network_from_scratch_learns(scratch_path: list[ScratchEpoch]) -> None:
    assert len(scratch_path) == 2
    assert scratch_path[1][0].loss < scratch_path[0][0].loss


def test_the_saved_network_scores_as_it_was_measured(
    scratch_path: list[ScratchEpoch], digits: Dataset
) -> None:
    """Each epoch's two files together are that epoch's network, BatchNorm's statistics included."""
    extractor = build_feature_extractor(get_backbone("small_cnn"), pretrained=False)
    rows = digits.rows(Split.VALIDATION)
    pictures = decoded_pictures(digits, 96, QuietProgress())[rows]
    losses = []
    for scores, folder in scratch_path:
        extractor.load_weights(folder / "extractor.weights.h5")
        head = HeadWeights.load(folder / "head.npz")
        loss, accuracy = measured(head, np.asarray(extractor(pictures)), digits.label_indices[rows])
        assert loss == pytest.approx(scores.validation_loss, abs=1e-4)
        assert accuracy == pytest.approx(scores.validation_accuracy, abs=1e-6)
        losses.append(loss)
    assert losses[0] != losses[1]


def test_the_same_seed_gives_the_same_network(
    scratch_path: list[ScratchEpoch], digits: Dataset, tmp_path: Path
) -> None:
    again = fit_scratch(digits, tmp_path)
    assert [scores for scores, _ in again] == [scores for scores, _ in scratch_path]


def test_training_from_scratch_asks_for_stop_at_every_batch(digits: Dataset) -> None:
    batches = 0

    def on_batch() -> None:
        nonlocal batches
        batches += 1
        raise JobStopped

    pictures = decoded_pictures(digits, 96, QuietProgress())
    with pytest.raises(JobStopped):
        fit_from_scratch(digits, pictures, SCRATCH, on_epoch=lambda *_: None, on_batch=on_batch)
    assert batches == 1
