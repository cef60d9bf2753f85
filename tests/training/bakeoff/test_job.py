"""A bake-off ranks backbones by what the recipe quick would reach, and never sees a test picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.errors import ConfigError, WeightsError
from core.messages import Message
from core.models.backbones import BACKBONES, get_backbone
from core.models.litert.conversion import cached_engine, feature_engine
from core.models.speeds import remember_speed
from core.progress import JobStopped, QuietProgress, Stage
from core.statistics import wilson_interval
from core.training.bakeoff.job import (
    backbones_to_try,
    bake_off,
    expected_bake_off_seconds,
    sampled_pictures,
    usual_contestants,
)
from core.training.bakeoff.results import read_bake_off
from core.training.config import TrainingConfig
from core.training.features.cache import cached_features
from core.training.heads.linear import fit_linear_head
from core.training.job import train
from core.workspace import Project
from tests.support.pictures import two_digits_folder
from tests.support.progress_recorder import Recorder

LITE0 = "efficientnet_lite0"


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch, engine: Path) -> str:
    """EfficientNetB0, for which the small random network stands in: nothing can be downloaded here."""

    def stand_in(backbone: Any) -> Path:
        return engine if backbone.key == "efficientnet_b0" else feature_engine(backbone)

    monkeypatch.setattr("core.training.bakeoff.job.feature_engine", stand_in)
    return "efficientnet_b0"


def run(
    project: Project, *backbones: str, name: str = "bakeoff-1", progress: Any = None
) -> Mapping[str, Any]:
    config = {"version": open_dataset(project).version, "backbones": list(backbones)}
    return bake_off(project.jobs / name, config, progress or QuietProgress())


def test_the_accuracy_is_the_one_that_quick_training_reaches(digits_project: Project) -> None:
    """Otherwise it would rank backbones for a recipe that nobody uses."""
    (entry,) = run(digits_project, LITE0)["bakeoff"]
    best = train(digits_project.runs / "run", TrainingConfig(dataset_version=1).to_json(), QuietProgress())[
        "training"
    ]["best"]
    assert entry["validation_accuracy"] == best["validation_accuracy"]
    assert entry["validation_loss"] == pytest.approx(best["validation_loss"], abs=1e-6)


def test_an_entry_holds_what_was_measured(digits_project: Project) -> None:
    result = run(digits_project, LITE0)
    (entry,) = result["bakeoff"]
    dataset, path = open_dataset(digits_project), cached_engine(get_backbone(LITE0))
    assert path is not None
    count = len(dataset.rows(Split.VALIDATION))
    right = round(entry["validation_accuracy"] * count)
    assert tuple(entry["interval"]) == wilson_interval(right, count)
    assert entry["bytes"] == path.stat().st_size
    assert entry["milliseconds"] > 0
    assert result["choice"] == LITE0
    assert "the only one tried" in str(Message.from_json(result["reason"]))
    assert result["sample"]["training"] == len(dataset.rows(Split.TRAIN))


def test_pictures_that_belong_together_widen_the_interval(
    digits_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a burst of copies would rule slower backbones out."""
    dataset = open_dataset(digits_project)
    groups = np.array([f"g{row // 3}" for row in range(len(dataset.pictures))])
    grouped = replace(dataset, pictures=dataset.pictures.assign(group=groups))
    monkeypatch.setattr("core.training.bakeoff.job.open_dataset", lambda *_arguments: grouped)
    (entry,) = run(digits_project, LITE0)["bakeoff"]
    count = len(dataset.rows(Split.VALIDATION))
    alone = wilson_interval(round(entry["validation_accuracy"] * count), count)
    low, high = entry["interval"]
    assert (low < alone[0], high >= alone[1]) == (True, True)


def test_test_pictures_change_nothing(digits_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that depends on them could not be trusted to choose by."""
    looked_at: list[str] = []

    def watched(dataset: Dataset, *arguments: Any, rows: np.ndarray, **options: Any) -> np.ndarray:
        looked_at.extend(dataset.pictures["sha256"].iloc[rows])
        return cached_features(dataset, *arguments, rows=rows, **options)

    monkeypatch.setattr("core.training.bakeoff.job.cached_features", watched)
    run(digits_project, LITE0)
    dataset = open_dataset(digits_project)
    assert len(looked_at) == len(dataset.rows(Split.TRAIN)) + len(dataset.rows(Split.VALIDATION))
    assert not set(looked_at) & set(dataset.pictures["sha256"].iloc[dataset.rows(Split.TEST)])


def test_results_are_there_as_soon_as_each_is_measured(digits_project: Project, second: str) -> None:
    """The chart draws them one after the other."""
    seen: list[int] = []

    class Watching(Recorder):
        def keep(self, result: Mapping[str, object]) -> None:
            found = read_bake_off(digits_project)
            assert found is not None
            seen.append(len(found.entries))

    recorder = Watching()
    run(digits_project, LITE0, second, progress=recorder)
    assert seen == [1, 2]
    assert recorder.stages == [Stage.COMPARING]
    assert recorder.expected[Stage.COMPARING] >= 11.0  # 5.5 s each, where all is cached
    steps = [done for done, _ in recorder.steps_in(Stage.COMPARING)]
    assert steps == sorted(steps)


def test_a_stopped_bake_off_keeps_what_it_has_and_goes_on_from_there(
    digits_project: Project, second: str
) -> None:
    recorder = Recorder(stop=lambda recorder: len(recorder.kept) == 1)
    with pytest.raises(JobStopped):
        run(digits_project, LITE0, second, progress=recorder)
    assert [entry["backbone"] for entry in recorder.kept[-1]["bakeoff"]] == [LITE0]
    before = read_bake_off(digits_project)
    result = run(digits_project, LITE0, second)  # resumed: the same directory
    assert [entry["backbone"] for entry in result["bakeoff"]] == [LITE0, second]
    after = read_bake_off(digits_project)
    assert before is not None
    assert after is not None
    assert after.entries[0] == before.entries[0]


def test_a_later_bake_off_adds_to_the_earlier_one(digits_project: Project, second: str) -> None:
    """Its own answer speaks of its own backbones; the chart shows all that can be compared."""
    run(digits_project, LITE0)
    result = run(digits_project, second, name="bakeoff-2")
    assert [entry["backbone"] for entry in result["bakeoff"]] == [second]
    found = read_bake_off(digits_project)
    assert found is not None
    assert {entry.backbone for entry in found.entries} == {LITE0, second}


def test_one_that_is_damaged_is_left_out_with_the_reason(digits_project: Project) -> None:
    """VGG16 is not here; the rest of the bake-off is worth having all the same."""
    result = run(digits_project, "vgg16", LITE0)
    assert [entry["backbone"] for entry in result["bakeoff"]] == [LITE0]
    assert [one["backbone"] for one in result["left_out"]] == ["vgg16"]


def test_if_none_can_be_tried_the_job_says_why(digits_project: Project) -> None:
    with pytest.raises(WeightsError):
        run(digits_project, "vgg16")


def test_only_what_is_here_is_tried(digits_project: Project) -> None:
    assert LITE0 in backbones_to_try()
    assert "small_cnn" not in backbones_to_try()
    with pytest.raises(WeightsError, match="VGG16 are not on this computer"):
        backbones_to_try(["vgg16"])
    with pytest.raises(ConfigError, match="Small CNN has no pretrained weights"):
        backbones_to_try(["small_cnn"])
    with pytest.raises(ConfigError, match="no backbone called"):
        backbones_to_try(["resnet99"])


def test_the_expected_time_counts_what_is_not_cached_yet(digits_project: Project) -> None:
    """Without an engine: 15 s to convert, 4 for the head, 1.5 to time it, and the pictures at 10 a second."""
    remember_speed(LITE0, 10.0)
    dataset = open_dataset(digits_project)
    count = len(dataset.rows(Split.TRAIN)) + len(dataset.rows(Split.VALIDATION))
    assert expected_bake_off_seconds(dataset, [LITE0]) == pytest.approx(5.5)  # trained before: all cached
    (fresh,) = [one.key for one in BACKBONES.values() if one.key == "vgg16"]
    remember_speed(fresh, 10.0)
    assert expected_bake_off_seconds(dataset, [fresh]) == pytest.approx(20.5 + count / 10)


def made_up(digits_project: Project, sizes: dict[tuple[str, Split], int]) -> Dataset:
    """A dataset of so many pictures in name only."""
    rows = [
        {"sha256": f"{label}{split}{number}", "label": label, "split": split.value}
        for (label, split), count in sizes.items()
        for number in range(count)
    ]
    names = tuple(sorted({label for label, _ in sizes}))
    return replace(open_dataset(digits_project), pictures=pd.DataFrame(rows), class_names=names)


def test_of_many_pictures_a_stratified_part_is_enough(digits_project: Project) -> None:
    """5,000 and 100 to train: 2,000 of them at the same share are 1,961 and 39; test pictures stay out."""
    dataset = made_up(
        digits_project,
        {
            ("cat", Split.TRAIN): 5000,
            ("dog", Split.TRAIN): 100,
            ("cat", Split.VALIDATION): 30,
            ("dog", Split.VALIDATION): 20,
            ("cat", Split.TEST): 40,
        },
    )
    few = sampled_pictures(dataset).alone
    counts = Counter(zip(few.pictures["split"], few.pictures["label"], strict=True))
    assert counts["train", "cat"] == pytest.approx(1961, abs=1)
    assert counts["train", "cat"] + counts["train", "dog"] == 2000
    assert counts["validation", "cat"] == 30
    assert counts["validation", "dog"] == 20
    assert counts["test", "cat"] == 0
    assert (
        sampled_pictures(dataset).alone.digest == few.digest
    )  # the same draw every time: its features are cached


def test_a_rare_class_is_in_the_sample(digits_project: Project) -> None:
    sizes = {("cat", Split.TRAIN): 9000, ("newt", Split.TRAIN): 1, ("cat", Split.VALIDATION): 5}
    assert "newt" in set(sampled_pictures(made_up(digits_project, sizes)).alone.pictures["label"])


def test_pictures_with_several_labels_are_tried_with_a_head_for_each(
    tmp_path: Path, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A softmax would have to choose one label; right is a picture whose labels are all right."""
    source = two_digits_folder(tmp_path / "pairs", 60)
    project = import_dataset(source, "Pairs", ImportConfig(multi_label=True)).project
    tasks: list[Task] = []

    def watched(*arguments: Any, task: Task, **options: Any) -> None:
        tasks.append(task)
        fit_linear_head(*arguments, task=task, **options)

    monkeypatch.setattr("core.training.heads.best.fit_linear_head", watched)
    (entry,) = run(project, second)["bakeoff"]
    assert tasks == [Task.MULTI_LABEL, Task.MULTI_LABEL]
    count = len(open_dataset(project).rows(Split.VALIDATION))
    assert entry["validation_accuracy"] * count == pytest.approx(round(entry["validation_accuracy"] * count))


def test_two_at_once_are_compared_with_each_alone(digits_project: Project) -> None:
    both = f"{LITE0}+efficientnet_lite1"
    result = run(digits_project, LITE0, both)
    alone, together = result["bakeoff"]
    assert together["backbone"] == both
    assert together["bytes"] > alone["bytes"]
    assert together["milliseconds"] > alone["milliseconds"]
    assert usual_contestants()[-1] == f"{LITE0}+efficientnet_lite2"
    assert backbones_to_try([both]) == [both]
    with pytest.raises(WeightsError, match=r"The weights of .*VGG16 are not on this computer"):
        backbones_to_try([f"{LITE0}+vgg16"])
