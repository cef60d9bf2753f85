"""A run that is killed at any moment ends with the same numbers as one that was not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.pixels.arrays import open_pictures
from core.errors import TrainingError
from core.files import read_json_lines
from core.models.augmentation import AugmentationConfig
from core.progress import JobPaused, QuietProgress
from core.training.artifacts import extractor_file
from core.training.backends.tensorflow import TensorFlowBackend
from core.training.checkpoint import Checkpoints
from core.training.config import (
    HeadConfig,
    Optimizer,
    OptimizerConfig,
    Recipe,
    Schedule,
    TrainingConfig,
)
from core.training.heads.objective import standardisation
from core.training.job import train
from core.training.live import delivered_predictions
from core.training.networks import loop
from core.workspace import Project
from tests.support.kill_resume import (
    Disk,
    Killed,
    assert_same,
    directory_of,
    limit_memory,
    limit_memory_of_predictions,
    outcome,
)
from tests.support.trained import Trained, copy_dataset

EPOCHS = 3
BATCHES = 6  # 42 pictures, 8 at a time: an epoch, and its last batch filled up
SCRATCH = TrainingConfig(
    dataset_version=1,
    backbone="small_cnn",
    recipe=Recipe.SCRATCH,
    augmentation=AugmentationConfig(rotation=0.05, mixup=0.2),
    picture_size=48,
    batch_size=8,
    epochs=EPOCHS,
    seed=3,
)


def save_every_step(patch: pytest.MonkeyPatch) -> None:
    """As after a minute, which no test has."""
    patch.setattr(loop, "_SAVE_WITHIN_EPOCH_SECONDS", 0.0)
    patch.setattr(loop, "_SAVE_EPOCHS_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _every_step_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    save_every_step(monkeypatch)


@pytest.fixture(scope="module")
def whole(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of ``SCRATCH`` from its beginning to its end, in a workspace of its own. Leave it as it is."""
    home = tmp_path_factory.mktemp("whole") / "workspace"
    directory = directory_of(copy_dataset(trained, home), "run-whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(home))
        save_every_step(patch)
        train(directory, SCRATCH.to_json(), Disk(directory))
    return directory


@pytest.fixture
def decoded_project(digits_project: Project) -> Project:
    """The project with its pictures decoded, which could be stopped as well: a run's first request is a batch's."""
    open_pictures(open_dataset(digits_project), SCRATCH.picture_size, QuietProgress())
    return digits_project


def killed_again_and_again(directory: Path, settings: TrainingConfig, *kills: int) -> None:
    """Train, dying so many batches after each beginning, and at last to the end."""
    for kill_after in kills:
        with pytest.raises(Killed):
            train(directory, settings.to_json(), Disk(directory, kill_after=kill_after))
    train(directory, settings.to_json(), Disk(directory))


def test_a_killed_run_ends_as_one_that_was_not(whole: Path, decoded_project: Project) -> None:
    """In the first step, in the middle of an epoch, at its end, where it is judged, in a later one."""
    killed = directory_of(decoded_project, "run-killed")
    killed_again_and_again(killed, SCRATCH, 1, 3, BATCHES - 4, 2, BATCHES)
    assert_same(whole, killed)


@pytest.mark.parametrize("schedule", [Schedule.PLATEAU, Schedule.CONSTANT])
def test_every_part_of_the_state_is_saved(digits_project: Project, schedule: Schedule) -> None:
    """Killed three times, with momentum, plateaus and a patience that runs out."""
    optimizer = OptimizerConfig(kind=Optimizer.SGD, schedule=schedule, learning_rate=0.3)
    settings = replace(SCRATCH, optimizer=optimizer, patience=2, epochs=5)
    whole, killed = directory_of(digits_project, "run-whole"), directory_of(digits_project, "run-killed")
    train(whole, settings.to_json(), Disk(whole))
    killed_again_and_again(killed, settings, 3, 5, 9)
    assert_same(whole, killed)


def test_a_pause_goes_on_from_the_very_batch(whole: Path, decoded_project: Project) -> None:
    paused = directory_of(decoded_project, "run-paused")
    with pytest.raises(JobPaused):
        train(paused, SCRATCH.to_json(), Disk(paused, pause_after=4))
    point = Checkpoints(paused).resume_point()
    assert point is not None
    assert (point.phase, point.phase_epoch, point.step) == ("scratch", 0, 4)
    resumed = Disk(paused)
    result = train(paused, SCRATCH.to_json(), resumed)
    assert_same(whole, paused)
    assert resumed.lives[-1]["epoch"] == result["training"]["best"]["epoch"], "it shows what it delivers"
    answers = delivered_predictions(paused)
    assert answers is not None
    assert answers.to_json()["confusion"] == resumed.lives[-1]["confusion"]


def test_a_finished_run_can_go_on_for_more_epochs(whole: Path, digits_project: Project) -> None:
    """Its curve grows; what was learnt is not learnt again."""
    directory = Path(shutil.copytree(whole, digits_project.runs / "run-1"))
    before = outcome(directory)[0]
    result = train(directory, replace(SCRATCH, epochs=EPOCHS + 2).to_json(), Disk(directory))
    after = outcome(directory)[0]
    assert after[: len(before)] == before
    assert len(after) == EPOCHS + 2 == result["training"]["epochs"]


def test_fine_tuning_that_is_killed_ends_as_if_it_was_not(digits_project: Project) -> None:
    """With the real backbone: heads, cached outputs of the frozen stem, and the last blocks."""
    settings = TrainingConfig(
        dataset_version=1, recipe=Recipe.BALANCED, unfreeze=0.1, batch_size=16, epochs=2, seed=1
    )
    whole, killed = directory_of(digits_project, "run-whole"), directory_of(digits_project, "run-killed")
    asked = Disk(whole)
    train(whole, settings.to_json(), asked)
    heads = sum(record["phase"] != "last_blocks" for record in read_json_lines(whole / "metrics.jsonl"))
    assert heads > 10
    # Among the heads, in the last epoch, and where that is judged.
    killed_again_and_again(killed, settings, heads // 2, asked.batches - 2, 2)
    assert_same(whole, killed)
    assert not (whole / "activations").exists(), "the cache is of no use any more"


def test_too_little_memory_halves_the_batch_and_changes_no_result(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradients of all parts are averaged before a weight changes."""
    head = HeadConfig(hidden_units=(8,), dropout_rate=0.0)
    settings = TrainingConfig(dataset_version=1, head=head, batch_size=8, epochs=3, seed=1)
    whole, poor = directory_of(digits_project, "run-whole"), directory_of(digits_project, "run-poor")
    train(whole, settings.to_json(), Disk(whole))
    limit_memory(monkeypatch, most=2)
    result = train(poor, settings.to_json(), Disk(poor))
    assert [note["values"]["size"] for note in result["training"]["notes"]] == [4, 2]
    expected, reached = outcome(whole)[0], outcome(poor)[0]
    assert [record["phase"] for record in reached] == [
        "global_pooling",
        "grid_pooling",
        "grid_pooling",
        "hidden_layers",
        "hidden_layers",
        "hidden_layers",
    ]
    for record, other in zip(expected, reached, strict=True):
        for name in ("validation_loss", "validation_accuracy", "loss"):
            assert record[name] == pytest.approx(other[name], rel=1e-3, abs=1e-5)


def test_too_little_memory_for_validation_halves_the_batch_too(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = HeadConfig(hidden_units=(8,), dropout_rate=0.0)
    settings = TrainingConfig(dataset_version=1, head=head, batch_size=8, epochs=2, seed=1)
    directory = directory_of(digits_project, "run-poor")
    limit_memory_of_predictions(monkeypatch, most=4)
    summary = train(directory, settings.to_json(), Disk(directory))["training"]
    assert [note["values"]["size"] for note in summary["notes"]] == [4]
    assert summary["epochs"] == 4  # of linear heads, then of the hidden layer


def test_not_enough_memory_for_two_pictures_is_said(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_memory(monkeypatch, most=1)
    directory = directory_of(digits_project, "run-1")
    with pytest.raises(TrainingError, match="Not even two pictures at a time fit into memory"):
        train(directory, SCRATCH.to_json(), Disk(directory))


def test_a_diverging_run_is_ended_and_says_why(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best epoch before is delivered."""
    optimizer = OptimizerConfig(
        kind=Optimizer.SGD, learning_rate=10.0, momentum=0.0, schedule=Schedule.CONSTANT, warmup_fraction=0.0
    )
    settings = replace(SCRATCH, optimizer=optimizer, epochs=4)
    real = TensorFlowBackend.prediction
    answered = 0

    def prediction(self: Any, model: Any) -> Any:
        predict = real(self, model)

        def spoilt(inputs: np.ndarray) -> np.ndarray:
            nonlocal answered
            answered += 1
            logits: np.ndarray = predict(inputs)
            return logits if answered <= 2 else np.full_like(logits, np.nan)  # from the second epoch on

        return spoilt

    monkeypatch.setattr(TensorFlowBackend, "prediction", prediction)
    directory = directory_of(digits_project, "run-1")
    result = train(directory, settings.to_json(), Disk(directory))
    assert result["training"]["best"]["epoch"] == 1
    (note,) = result["training"]["notes"]
    assert note["template"].startswith("Training diverged")
    assert extractor_file(directory).exists()


def test_more_epochs_are_trained_also_where_memory_runs_out_at_once(
    whole: Path, digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run had ended for want of patience, which begins anew; so it does after the return to the checkpoint."""
    directory = Path(shutil.copytree(whole, digits_project.runs / "run-1"))
    file = Checkpoints(directory).state_file
    with np.load(file) as arrays:
        state = dict(arrays)
    point = json.loads(state["place"].tobytes())
    point["curve"]["since_best"] = SCRATCH.patience
    np.savez(file, **state | {"place": np.frombuffer(json.dumps(point).encode(), np.uint8)})
    limit_memory(monkeypatch, most=4)
    result = train(directory, replace(SCRATCH, epochs=EPOCHS + 2).to_json(), Disk(directory))
    assert result["training"]["epochs"] == EPOCHS + 2


def as_an_older_version_wrote_it(run: Path) -> None:
    """Checkpoints did not say how features were standardised."""
    file = Checkpoints(run).state_file
    with np.load(file) as arrays:
        content = dict(arrays)
    values = json.loads(content["place"].tobytes())
    del values["has_deviation_floor"]
    np.savez(file, **content | {"place": np.frombuffer(json.dumps(values).encode(), np.uint8)})


def test_a_hidden_layer_that_an_older_version_began_sees_the_same_features_to_the_end(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after a second interruption. Its weights would not suit features with another scale."""
    head = HeadConfig(hidden_units=(8,), dropout_rate=0.0)
    settings = TrainingConfig(dataset_version=1, head=head, batch_size=8, epochs=4, seed=1)
    older, newer = directory_of(digits_project, "run-older"), directory_of(digits_project, "run-newer")
    whole, asked = directory_of(digits_project, "run-whole"), Disk(directory_of(digits_project, "run-whole"))
    with monkeypatch.context() as patch:
        patch.setattr("core.training.networks.models.standardisation", without_floor)
        train(whole, settings.to_json(), asked)
        for run in (older, newer):
            with pytest.raises(Killed):
                train(run, settings.to_json(), Disk(run, kill_after=asked.batches - 12))
    as_an_older_version_wrote_it(older)
    killed_again_and_again(older, settings, 4)
    assert_same(whole, older)
    train(newer, settings.to_json(), Disk(newer))
    assert outcome(newer)[0] != outcome(whole)[0], "this version's own runs have the floor"


def without_floor(features: np.ndarray, *, has_floor: bool) -> tuple[np.ndarray, np.ndarray]:
    """Standardise as older versions did."""
    return standardisation(features, has_floor=False)
