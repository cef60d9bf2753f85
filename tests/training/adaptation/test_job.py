"""Adaptation from pictures to a backbone of the project, interrupted and not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.splits import redraw_split
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.split.splitting import SplitConfig
from core.errors import ConfigError, DataError, TrainingError
from core.files import read_json, read_json_lines, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.adapted import adapted_weights
from core.models.architectures.networks import build_network
from core.models.backbones import at_size, backbones_of, get_backbone
from core.models.litert import conversion
from core.models.litert.conversion import feature_engine
from core.models.speeds import speed_key
from core.models.weights.store import WeightsState, weights_state
from core.progress import JobPaused, JobStopped, QuietProgress, Stage
from core.runs.start_project_jobs import start_adaptation
from core.training.adaptation import loop, pictures
from core.training.adaptation.config import AdaptationConfig
from core.training.adaptation.job import adapt, store_backbone
from core.training.adaptation.pictures import require_unseen_tests
from core.training.config import TrainingConfig
from core.training.job import train
from core.workspace import Project
from tests.support.kill_resume import Disk, Killed
from tests.support.pictures import class_folders, write_folder

SIZE, EPOCHS = 64, 2
CONFIG = AdaptationConfig(
    dataset_version=1, picture_size=SIZE, epochs=EPOCHS, copies=1, batch_size=8, unfreeze=0.1, seed=3
)
BATCHES = 3  # of 22 training pictures


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with thirty digits and a whole adaptation to them. Leave it as it is."""
    folder = tmp_path_factory.mktemp("adapted") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(folder))
        patch.setattr(pictures, "LEAST_PICTURES", 10)
        source = write_folder(folder.parent / "s", class_folders({"a": 15, "b": 15}))
        project = import_dataset(source, "Digits").project
        directory = job_of(project, "adaptation-whole")
        finish(directory, adapt(directory, CONFIG.to_json(), Disk(directory)))
    return folder


@pytest.fixture
def project(home: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of it that a test may change; every step is saved, as after a minute."""
    monkeypatch.setattr(pictures, "LEAST_PICTURES", 10)
    monkeypatch.setattr(loop, "_SAVE_WITHIN_EPOCH_SECONDS", 0.0)
    monkeypatch.setattr(loop, "_SAVE_EPOCHS_SECONDS", 0.0)
    shutil.copytree(home, workspace, dirs_exist_ok=True)
    return Project(name="Digits", path=workspace / "projects" / "Digits")


def job_of(project: Project, name: str) -> Path:
    return JobDirectory.create(project.adaptations / name, JobKind.ADAPT, CONFIG.to_json()).path


def finish(directory: Path, result: dict[str, object]) -> str:
    """Do what a worker does after the first step; the key of the backbone."""
    write_json(directory / "result.json", result)
    return str(store_backbone(directory, CONFIG.to_json(), Disk(directory))["backbone"])


def whole_key(project: Project) -> str:
    (found,) = (project.adaptations / "adaptation-whole").glob("*-adapted-*.json")
    return found.stem


def losses(directory: Path) -> list[float]:
    return [line["loss"] for line in read_json_lines(directory / "metrics.jsonl")]


def test_an_adapted_backbone_is_its_parent_with_other_last_blocks(project: Project) -> None:
    """Only the blocks behind the cut are trained, and no statistics of BatchNorm."""
    (adapted,) = backbones_of(project)
    assert adapted.key == whole_key(project)
    assert (adapted.parent, weights_state(adapted)) == ("efficientnet_lite0", WeightsState.ADAPTED)
    assert speed_key(adapted) == "efficientnet_lite0"
    networks = [
        build_network(at_size(one, SIZE), pretrained=True) for one in (get_backbone(adapted.parent), adapted)
    ]
    changed = {
        layer.name
        for layer, other in zip(networks[0].layers, networks[1].layers, strict=True)
        if any(
            not np.array_equal(a, b) for a, b in zip(layer.get_weights(), other.get_weights(), strict=True)
        )
    }
    assert changed == {
        "block15_expand_conv",
        "block15_depthwise_conv",
        "block15_project_conv",
        "head_conv",
    }


def test_its_features_are_its_own(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another name of the engine is another cache of features."""
    monkeypatch.setattr(conversion, "_converted", lambda path, build: path)
    (adapted,) = backbones_of(project)
    assert feature_engine(adapted).stem.startswith(f"{adapted.key}-")
    assert feature_engine(adapted) != feature_engine(get_backbone(adapted.parent))


def test_the_record_says_what_took_part(project: Project) -> None:
    record = read_json(project.adaptations / "adaptation-whole" / f"{whole_key(project)}.json")
    assert (record["pictures"], record["epochs"], record["method"]) == (22, EPOCHS, "VICReg")
    assert len(losses(project.adaptations / "adaptation-whole")) == EPOCHS
    assert not (project.adaptations / "adaptation-whole" / "checkpoints").exists()


@pytest.mark.parametrize("interruption", ["kill", "pause"])
def test_an_interrupted_adaptation_gives_the_same_weights(project: Project, interruption: str) -> None:
    """The hash in the key is that of every weight."""
    directory = job_of(project, "adaptation-again")
    before = Disk(directory)
    adapt_until(before, directory, interruption, loop_steps=BATCHES + 1)
    again = adapt(directory, CONFIG.to_json(), Disk(directory))
    assert finish(directory, dict(again)) == whole_key(project)
    assert losses(directory) == losses(project.adaptations / "adaptation-whole")


def adapt_until(progress: Disk, directory: Path, interruption: str, *, loop_steps: int) -> None:
    """Interrupt after this many steps of the training."""
    advanced = 0

    def advance(done: int, total: int, likely: float | None = None) -> None:
        nonlocal advanced
        if progress.stages[-1] == "adapting":
            advanced += 1

    def stop() -> bool:
        if interruption == "kill" and advanced >= loop_steps:
            raise Killed
        return interruption == "stop" and advanced >= loop_steps

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_REPORT_SECONDS", 0.0)
        patch.setattr(progress, "advance", advance)
        patch.setattr(progress, "should_stop", stop)
        patch.setattr(progress, "should_pause", lambda: interruption == "pause" and advanced >= loop_steps)
        with pytest.raises((Killed, JobPaused)):
            adapt(directory, CONFIG.to_json(), progress)


def test_a_stop_keeps_the_last_whole_epoch(project: Project) -> None:
    directory = job_of(project, "adaptation-stopped")
    progress = Disk(directory)

    def stop() -> bool:
        return bool(progress.metrics)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "should_stop", stop)
        result = adapt(directory, CONFIG.to_json(), progress)
    assert result["adaptation"]["epochs"] == 1
    assert progress.kept[-1] == result
    key = finish(directory, dict(result))
    assert key != whole_key(project)
    assert [one.key for one in backbones_of(project)] == [whole_key(project), key]


def test_a_stop_before_the_first_epoch_keeps_nothing(project: Project) -> None:
    """Until then every stage was begun in the order in which time left counts them."""
    progress = Disk(job_of(project, "adaptation-stopped"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "should_stop", lambda: "adapting" in progress.stages)
        with pytest.raises(JobStopped):
            adapt(project.adaptations / "adaptation-stopped", CONFIG.to_json(), progress)
    begun = list(dict.fromkeys(progress.stages))
    assert begun == list(progress.expected)
    assert sorted(begun, key=list(Stage).index) == begun
    assert [one.key for one in backbones_of(project)] == [whole_key(project)]
    assert not (project.adaptations / "adaptation-stopped" / "activations").exists()


def test_test_pictures_that_took_part_are_refused(project: Project) -> None:
    """After another split they may be pictures that the backbone has seen."""
    (adapted,) = backbones_of(project)
    require_unseen_tests(open_dataset(project), adapted)
    again: Dataset = redraw_split(project, SplitConfig(seed=7))
    with pytest.raises(TrainingError, match="took part in the adaptation"):
        require_unseen_tests(again, adapted)
    require_unseen_tests(again, get_backbone("efficientnet_lite0"))


@pytest.mark.parametrize("key", ["small_cnn", "dinov2_vits14", "efficientnet_lite0+efficientnet_lite1"])
def test_only_single_pretrained_convolutional_networks_are_adapted(key: str) -> None:
    with pytest.raises(ConfigError, match="cannot be adapted"):
        AdaptationConfig(dataset_version=1, backbone=key)


def test_nothing_is_adapted_before_test_pictures_are_set_aside(tmp_path: Path) -> None:
    """Else all of a project that is labelled later would have been seen."""
    source = write_folder(tmp_path / "s", class_folders({"a": 60}))
    project = import_dataset(source, "Loose", ImportConfig(unlabelled=True)).project
    with pytest.raises(DataError):
        start_adaptation(project, CONFIG)
    assert not project.adaptations.exists()


def test_a_run_from_an_adapted_backbone_is_refused_its_own_test_pictures(project: Project) -> None:
    """In runs and trials alike, before anything is computed."""
    (adapted,) = backbones_of(project)
    again = redraw_split(project, SplitConfig(seed=7))
    settings = TrainingConfig(dataset_version=again.version, backbone=adapted.key, picture_size=SIZE)
    run = project.runs / "run-1"
    run.mkdir(parents=True)
    with pytest.raises(TrainingError, match="took part in the adaptation"):
        train(run, settings.to_json(), QuietProgress())


def test_weights_that_are_gone_are_no_backbone(project: Project) -> None:
    key = whole_key(project)
    assert adapted_weights(key) is not None
    shutil.rmtree(project.adaptations)
    with pytest.raises(ConfigError, match="There is no backbone"):
        get_backbone(key)
