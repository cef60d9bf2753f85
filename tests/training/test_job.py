"""A run keeps its best epoch, sees no test picture, and can be stopped at any time without losing that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.change import changing
from core.data.labels.layout import Split
from core.data.version_record import Edit, EditKind
from core.errors import DataError
from core.files import read_json
from core.models.augmentation import AugmentationConfig
from core.models.backbones import get_backbone
from core.models.head import GRID_CELLS, HeadWeights, pool_globally
from core.models.litert.conversion import cached_engine
from core.models.litert.engine import Engine
from core.progress import JobStopped, Progress, QuietProgress, Stage
from core.training.artifacts import engine_path, extractor_file, head_file, load_extractor
from core.training.config import (
    HeadConfig,
    Optimizer,
    OptimizerConfig,
    Pooling,
    Recipe,
    Schedule,
    TrainingConfig,
)
from core.training.features.cache import cached_features
from core.training.heads import data, fitting
from core.training.heads.linear import FeatureSet, fit_linear_head
from core.training.job import train
from core.training.scores import confusion_of
from core.workspace import Project
from tests.support.progress_recorder import Recorder
from tests.support.trained import PICTURES

EPOCHS = 24
FEATURES = 1280  # of EfficientNet-Lite0
SCORES = {"loss", "accuracy", "validation_loss", "validation_accuracy", "validation_macro_f1"}


def settings(**values: Any) -> TrainingConfig:
    return TrainingConfig(**{"dataset_version": 1, "epochs": EPOCHS, "seed": 2} | values)


def run_of(
    project: Project, config: TrainingConfig, progress: Progress, name: str = "run-1"
) -> tuple[Path, Any]:
    """Train in this process; the run's directory and what the step returned."""
    directory = project.runs / name
    return directory, train(directory, config.to_json(), progress)


def lite0_features(dataset: Dataset) -> np.ndarray:
    engine = cached_engine(get_backbone("efficientnet_lite0"))
    assert engine is not None
    return cached_features(dataset, engine, QuietProgress())


def validation_loss(head: HeadWeights, features: np.ndarray, dataset: Dataset) -> float:
    rows = dataset.rows(Split.VALIDATION)
    probabilities = head.probabilities(features[rows])
    return float(-np.log(probabilities[np.arange(len(rows)), dataset.label_indices[rows]]).mean())


def without_times(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A learning curve without what the clock says."""
    return [
        {name: value for name, value in record.items() if name not in {"seconds", "pictures_per_second"}}
        for record in metrics
    ]


def after(epochs: int) -> Callable[[Recorder], bool]:
    return lambda recorder: len(recorder.metrics) >= epochs


def test_the_best_epoch_on_validation_is_what_is_saved(digits_project: Project) -> None:
    """Later epochs learn the training pictures by heart."""
    recorder = Recorder()
    directory, result = run_of(digits_project, settings(), recorder)
    best = min(recorder.metrics, key=lambda record: float(record["validation_loss"]))
    assert result["training"]["best"]["epoch"] == best["epoch"]
    dataset = open_dataset(digits_project)
    reached = validation_loss(HeadWeights.load(head_file(directory)), lite0_features(dataset), dataset)
    assert reached == pytest.approx(best["validation_loss"], abs=1e-5)


def test_an_earlier_epoch_can_be_the_best(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last epoch is delivered only if none before it was better."""
    dataset = open_dataset(digits_project)
    features = lite0_features(dataset)
    rows = dataset.rows(Split.VALIDATION)
    # Validation labels turned round: the better it learns, the worse it gets there.
    wrong = dataset.label_indices.copy()
    wrong[rows] = (wrong[rows] + 1) % len(dataset.class_names)
    monkeypatch.setattr(Dataset, "label_indices", wrong)
    recorder = Recorder()
    directory, result = run_of(digits_project, settings(), recorder)
    losses = [record["validation_loss"] for record in recorder.metrics]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1
    assert result["training"]["best"]["epoch"] == best + 1
    head = HeadWeights.load(head_file(directory))
    assert validation_loss(head, features, dataset) == pytest.approx(losses[best], abs=1e-5)


def test_the_learning_curve_says_what_happened_in_every_epoch(digits_project: Project) -> None:
    recorder = Recorder()
    _, result = run_of(digits_project, settings(), recorder)
    curve = recorder.metrics
    assert [record["epoch"] for record in curve] == list(range(1, len(curve) + 1))
    assert result["training"]["epochs"] == len(curve) <= EPOCHS
    assert result["training"]["seed"] == 2
    phases = [record["phase"] for record in curve]
    assert phases == sorted(phases, key=["global_pooling", "grid_pooling"].index)
    assert set(phases) == {"global_pooling", "grid_pooling"}
    for place, record in enumerate(curve):
        assert set(record) == {"phase", "epoch", "epochs", "l2", "best_epoch"} | SCORES
        so_far = [earlier["validation_loss"] for earlier in curve[: place + 1]]
        assert record["best_epoch"] == int(np.argmin(so_far)) + 1
    assert recorder.steps_in(Stage.TRAINING)[-1] == (len(curve), EPOCHS)


def test_the_whole_run_can_be_repeated_to_the_last_digit(digits_project: Project) -> None:
    """The recorded seed is worth nothing otherwise."""
    once, again = Recorder(), Recorder()
    first, _ = run_of(digits_project, settings(head=HeadConfig(hidden_units=(8,)), epochs=8), once, "run-1")
    second, _ = run_of(digits_project, settings(head=HeadConfig(hidden_units=(8,)), epochs=8), again, "run-2")
    assert without_times(once.metrics) == without_times(again.metrics)
    assert {record["phase"] for record in once.metrics} == {"global_pooling", "grid_pooling", "hidden_layers"}
    one, other = (HeadWeights.load(head_file(directory)).layers[0][0] for directory in (first, second))
    np.testing.assert_array_equal(one, other)


def test_test_pictures_are_never_looked_at(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that are no numbers in their place would spoil whatever touches them."""
    honest, blind = Recorder(), Recorder()
    run_of(digits_project, settings(head=HeadConfig(hidden_units=(8,)), epochs=8), honest, "run-1")

    def without_test(dataset: Dataset, *arguments: Any, **options: Any) -> np.ndarray:
        features = cached_features(dataset, *arguments, **options)
        features[dataset.rows(Split.TEST)] = np.nan
        return features

    monkeypatch.setattr(data, "cached_features", without_test)
    run_of(digits_project, settings(head=HeadConfig(hidden_units=(8,)), epochs=8), blind, "run-2")
    assert without_times(blind.metrics) == without_times(honest.metrics)


def test_validation_pictures_only_choose(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained on as well, they would say nothing about new pictures."""
    seen: list[tuple[FeatureSet, FeatureSet]] = []

    def fit(train: FeatureSet, validation: FeatureSet, *arguments: Any, **options: Any) -> None:
        seen.append((train, validation))
        fit_linear_head(train, validation, *arguments, **options)

    monkeypatch.setattr(fitting, "fit_linear_head", fit)
    run_of(digits_project, settings(epochs=2), Recorder())
    dataset = open_dataset(digits_project)
    features, labels = lite0_features(dataset), dataset.label_indices
    train, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
    assert len(seen) == 2
    for (train_set, validation_set), expected in zip(seen, (pool_globally(features), features), strict=True):
        np.testing.assert_array_equal(train_set.features, expected[train])
        np.testing.assert_array_equal(train_set.labels, labels[train])
        np.testing.assert_array_equal(validation_set.features, expected[validation])
        np.testing.assert_array_equal(validation_set.labels, labels[validation])


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_a_run_takes_no_more_epochs_than_asked_for(digits_project: Project, epochs: int) -> None:
    recorder = Recorder()
    directory, result = run_of(digits_project, settings(epochs=epochs), recorder)
    assert len(recorder.metrics) == epochs == result["training"]["epochs"]
    assert HeadWeights.load(head_file(directory)).feature_size == GRID_CELLS * FEATURES


def test_every_delivered_head_takes_grid_features(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head on globally pooled features does too, as where 2 × 2 pooled ones do not fit in memory."""
    monkeypatch.setattr(data, "_MAX_GRID_BYTES", 0)
    recorder = Recorder()
    directory, result = run_of(digits_project, settings(), recorder)
    assert {record["phase"] for record in recorder.metrics} == {"global_pooling"}
    head = HeadWeights.load(head_file(directory))
    assert head.feature_size == GRID_CELLS * FEATURES
    dataset = open_dataset(digits_project)
    reached = validation_loss(head, lite0_features(dataset), dataset)
    assert reached == pytest.approx(result["training"]["best"]["validation_loss"], abs=1e-5)


def test_stop_keeps_the_best_so_far(digits_project: Project) -> None:
    """As if it had finished there: the result has the best epoch, and its head is on disk."""
    recorder = Recorder(stop=after(7))
    directory, result = run_of(digits_project, settings(), recorder)
    assert len(recorder.metrics) == result["training"]["epochs"] == 7
    best = min(recorder.metrics, key=lambda record: float(record["validation_loss"]))
    assert result["training"]["best"]["epoch"] == best["epoch"]
    dataset = open_dataset(digits_project)
    reached = validation_loss(HeadWeights.load(head_file(directory)), lite0_features(dataset), dataset)
    assert reached == pytest.approx(best["validation_loss"], abs=1e-5)


def test_stop_in_the_hidden_layer_keeps_the_linear_head(digits_project: Project) -> None:
    linear = Recorder()
    _, expected = run_of(digits_project, settings(), linear, "run-1")
    recorder = Recorder(stop=after(len(linear.metrics)))
    _, result = run_of(digits_project, settings(head=HeadConfig(hidden_units=(8,))), recorder, "run-2")
    assert result["training"] == expected["training"]


def assert_shows_the_delivered_epoch(recorder: Recorder, directory: Path, dataset: Dataset) -> None:
    """Hold the last ``live.json`` against the head on disk."""
    best = recorder.kept[-1]["training"]["best"]
    head = HeadWeights.load(head_file(directory))
    logits = head.logits(lite0_features(dataset)[dataset.rows(Split.VALIDATION)])
    live = recorder.lives[-1]
    assert live["epoch"] == live["best_epoch"] == best["epoch"]
    targets = dataset.targets[dataset.rows(Split.VALIDATION)]
    assert live["confusion"] == confusion_of(logits, targets)
    assert len(live["examples"]) == 8


def test_a_finished_run_shows_the_epoch_that_it_delivers(digits_project: Project) -> None:
    """It once showed the last epoch: here a head with a hidden layer that is worse than the linear one."""
    recorder = Recorder()
    # With this learning rate the hidden layer stays random; the best epoch is one of a linear head.
    bad = OptimizerConfig(kind=Optimizer.SGD, learning_rate=1e-7)
    config = settings(head=HeadConfig(hidden_units=(8,)), optimizer=bad, epochs=20)
    directory, result = run_of(digits_project, config, recorder)
    assert result["training"]["best"]["epoch"] < result["training"]["epochs"]
    assert result["training"]["best"]["phase"] in {"global_pooling", "grid_pooling"}
    assert_shows_the_delivered_epoch(recorder, directory, open_dataset(digits_project))


def test_a_stopped_run_shows_the_epoch_that_it_delivers(digits_project: Project) -> None:
    recorder = Recorder(stop=after(20))
    directory, result = run_of(digits_project, settings(epochs=60), recorder)
    assert result["training"]["epochs"] == 20
    assert_shows_the_delivered_epoch(recorder, directory, open_dataset(digits_project))


def test_stop_before_the_first_epoch_leaves_nothing(digits_project: Project) -> None:
    recorder = Recorder(stop=lambda recorder: Stage.TRAINING in recorder.stages)
    with pytest.raises(JobStopped):
        run_of(digits_project, settings(), recorder)
    assert recorder.metrics == recorder.kept == []
    assert not (digits_project.runs / "run-1" / "checkpoints").exists()


def test_what_is_kept_is_safe_on_disk_already(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker may end the process right after a ``keep``, and then evaluates what lies there."""
    monkeypatch.setattr(fitting, "_SAVE_EVERY_SECONDS", -1.0)  # so that every best epoch is written
    dataset = open_dataset(digits_project)
    features = lite0_features(dataset)
    directory = digits_project.runs / "run-1"

    class Looking(Recorder):
        def keep(self, result: Mapping[str, object]) -> None:
            super().keep(result)
            reached = validation_loss(HeadWeights.load(head_file(directory)), features, dataset)
            assert reached == pytest.approx(self.kept[-1]["training"]["best"]["validation_loss"], abs=1e-5)

    looking = Looking()
    run_of(digits_project, settings(), looking)
    losses = [kept["training"]["best"]["validation_loss"] for kept in looking.kept]
    assert len(losses) > 2
    assert losses == sorted(losses, reverse=True)


def test_a_head_is_kept_from_the_first_epoch_on_and_in_the_end(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However seldom it is written between."""
    monkeypatch.setattr(fitting, "_SAVE_EVERY_SECONDS", 3600.0)
    monkeypatch.setattr("core.training.heads.fitting.time.monotonic", lambda: 10_000.0)
    recorder = Recorder()
    directory, result = run_of(digits_project, settings(), recorder)
    first, last = recorder.kept
    assert first["training"]["epochs"] == 1
    assert last == result
    dataset = open_dataset(digits_project)
    reached = validation_loss(HeadWeights.load(head_file(directory)), lite0_features(dataset), dataset)
    assert reached == pytest.approx(result["training"]["best"]["validation_loss"], abs=1e-5)


def test_augmented_copies_join_the_training_pictures_alone(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each copy bears the label of its picture; validation stays as it was photographed."""
    dataset = open_dataset(digits_project)
    features, rows = lite0_features(dataset), dataset.rows(Split.TRAIN)
    copies = np.stack([features[rows] + 100, features[rows] + 200])
    monkeypatch.setattr(data, "augmented_features", lambda *arguments, **options: copies)
    seen: list[tuple[FeatureSet, FeatureSet]] = []

    def fit(train: FeatureSet, validation: FeatureSet, *arguments: Any, **options: Any) -> None:
        seen.append((train, validation))
        fit_linear_head(train, validation, *arguments, **options)

    monkeypatch.setattr(fitting, "fit_linear_head", fit)
    augmentation = AugmentationConfig(flip="horizontal")
    pooling = HeadConfig(pooling=Pooling.GRID)
    run_of(digits_project, settings(augmentation=augmentation, head=pooling, epochs=1), Recorder())
    (train_set, validation_set), labels = seen[0], dataset.label_indices
    np.testing.assert_array_equal(
        train_set.features, np.concatenate([features[rows], features[rows] + 100, features[rows] + 200])
    )
    np.testing.assert_array_equal(train_set.labels, np.concatenate([labels[rows]] * 3))
    np.testing.assert_array_equal(validation_set.features, features[dataset.rows(Split.VALIDATION)])


def test_a_stage_is_planned_only_if_it_will_come(digits_project: Project) -> None:
    """Time left is the sum of what is planned: nothing cached may be counted."""
    recorder = Recorder()
    run_of(digits_project, settings(epochs=2), recorder, "run-1")
    assert set(recorder.expected) == {Stage.TRAINING, Stage.EVALUATING, Stage.EXPORTING}
    assert recorder.stages == [Stage.TRAINING]
    augmented = settings(augmentation=AugmentationConfig(flip="horizontal"), augmented_views=3)
    stopped = Recorder(stop=lambda recorder: Stage.AUGMENTING in recorder.stages)
    with pytest.raises(JobStopped):
        run_of(digits_project, augmented, stopped, "run-2")
    assert stopped.expected[Stage.AUGMENTING] > 0


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (Split.TRAIN, "0 classes with enough pictures"),  # of none there is anything to learn from
        (Split.VALIDATION, "lacks pictures to train, to validate or to test with"),
        (Split.TEST, "lacks pictures to train, to validate or to test with"),
    ],
)
def test_a_dataset_without_a_part_is_refused_in_words(
    digits_project: Project, part: Split, sentence: str
) -> None:
    """Such as a folder whose ``val`` was empty: there is nothing to choose by."""
    other = Split.TEST if part is Split.TRAIN else Split.TRAIN
    with changing(digits_project) as change:
        pictures = change.pictures
        pictures["split"] = pictures["split"].replace(part.value, other.value)
        change.write(pictures, Edit(kind=EditKind.SPLIT_REDRAWN))
    with pytest.raises(DataError, match=sentence):
        run_of(digits_project, replace(settings(), dataset_version=2), QuietProgress())


def test_the_trained_run_has_all_pictures_in_their_parts(digits_project: Project) -> None:
    """Hand-counted: 15% of each class, rounded, for each of both parts."""
    dataset = open_dataset(digits_project)
    assert dataset.counts() == PICTURES
    parts = {split: len(dataset.rows(split)) for split in Split}
    assert parts == {Split.TRAIN: 60 - 2 * (4 + 3 + 2), Split.VALIDATION: 9, Split.TEST: 9}


@pytest.fixture(scope="module")
def scratch() -> TrainingConfig:
    return TrainingConfig(
        dataset_version=1, backbone="small_cnn", recipe=Recipe.SCRATCH, picture_size=48, epochs=2, seed=3
    )


def test_a_network_trained_again_is_converted_again(digits_project: Project, scratch: TrainingConfig) -> None:
    """A resumed run once evaluated the network of the attempt before, with the head of this one."""
    directory, result = run_of(digits_project, scratch, Recorder(stop=after(1)))
    assert result["training"]["epochs"] == 1
    before = engine_path(directory, scratch)
    assert engine_path(directory, scratch) == before
    stamp = before.stat().st_mtime_ns
    assert engine_path(directory, scratch).stat().st_mtime_ns == stamp, "converted twice"

    extractor = load_extractor(directory, scratch)
    extractor.set_weights([weight * 1.5 for weight in extractor.get_weights()])
    extractor.save_weights(extractor_file(directory))  # as another attempt would
    now = engine_path(directory, scratch)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        Engine(now).run(pictures), np.asarray(extractor(pictures)), rtol=1e-3, atol=1e-3
    )
    assert now.stem != before.stem, "its features would be taken from the other network's cache"


def test_a_stop_while_training_from_scratch_keeps_the_best_network(
    digits_project: Project, scratch: TrainingConfig
) -> None:
    """Head and extractor on disk belong to the same epoch, the best one."""
    recorder = Recorder()
    directory, result = run_of(digits_project, scratch, recorder)
    assert [record["phase"] for record in recorder.metrics] == ["scratch", "scratch"]
    dataset = open_dataset(digits_project)
    features = cached_features(dataset, engine_path(directory, scratch), QuietProgress())
    reached = validation_loss(HeadWeights.load(head_file(directory)), features, dataset)
    assert reached == pytest.approx(result["training"]["best"]["validation_loss"], abs=1e-4)


def test_the_real_worker_trained_as_this_process_does(digits_project: Project, finished_run: Path) -> None:
    """The claims tested in one process hold for a user's run."""
    config = TrainingConfig.from_json(read_json(finished_run / "config.json")["config"])
    recorder = Recorder()
    _, result = run_of(digits_project, config, recorder, "run-again")
    assert result["training"] == read_json(finished_run / "result.json")["training"]


@pytest.mark.parametrize(
    ("recipe", "own", "expected"),
    [
        (Recipe.QUICK, 0.02, 0.02),
        (Recipe.BALANCED, 1e-5, 1e-3),
    ],
)
def test_the_learning_rate_of_a_network_is_not_that_of_its_head(
    digits_project: Project, recipe: Recipe, own: float, expected: float
) -> None:
    """With 0.00001, which suits a backbone, a head on features of 150 digits had 22% right instead of 91%."""
    recorder = Recorder(stop=lambda told: told.metrics[-1:] != [] and "learning_rate" in told.metrics[-1])
    config = settings(
        recipe=recipe,
        head=HeadConfig(hidden_units=(8,)),
        optimizer=OptimizerConfig(learning_rate=own, schedule=Schedule.CONSTANT, warmup_fraction=0.0),
        augmentation=AugmentationConfig(),
    )
    run_of(digits_project, config, recorder)
    first = next(record for record in recorder.metrics if record["phase"] == "hidden_layers")
    assert first["learning_rate"] == pytest.approx(expected)
