"""Train page: new run, live view, controls."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.files import append_json_line, read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.augmentation import AugmentationConfig
from core.processes import ProcessRecord
from core.records import write_record
from core.runs.compare import run_about
from core.runs.control import wait_for
from core.training.config import HeadConfig, Recipe, TrainingConfig
from core.workspace import (
    Project,
    backbones_folder,
    list_runs,
    open_staging,
    project_settings,
    publish_project,
    remember_setting,
)
from pages.ui.settings import next_config
from tests.support.page_queries import drawn, parts, said

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


@pytest.fixture
def make_active(make_run: MakeRun) -> MakeRun:
    """Let a run be active: its process is this one."""

    def make(project: Project, name: str, state: JobState = JobState.RUNNING) -> JobDirectory:
        job = make_run(project, name, state)
        process = psutil.Process(os.getpid())
        write_json(job.path / "process.json", {"pid": process.pid, "started": process.create_time()})
        return job

    return make


def set_config(job: JobDirectory, **settings: Any) -> None:
    """Give a run these settings."""
    record = read_json(job.path / "config.json")
    write_json(job.path / "config.json", record | {"config": record["config"] | settings})


def learn(job: JobDirectory, losses: list[float], *, phase: str = "last_blocks") -> None:
    """Write a learning curve with this validation loss."""
    for position, loss in enumerate(losses):
        record = {"phase": phase, "epoch": position + 1, "epochs": 50, "best_epoch": 1, "learning_rate": 1e-3}
        record |= {"loss": 1 / (position + 2), "accuracy": 0.95, "patience_left": 4, "time": position}
        record |= {"validation_loss": loss, "validation_accuracy": 0.9}
        append_json_line(job.path / "metrics.jsonl", record)


def button_keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.main.get("button")}


def test_before_the_first_run_there_is_one_primary_button(open_page: OpenPage, project: Project) -> None:
    """The quick recipe is chosen at first."""
    app = open_page("train")
    assert app.button(key="start").label == "Start training"
    assert "36 pictures · EfficientNet\\-Lite0 · Quick · no augmentation" in said(app)
    assert {"choose-balanced", "choose-best", "choose-scratch"} <= button_keys(app)
    assert "choose-quick" not in button_keys(app)


def test_a_chosen_recipe_is_stored_and_shows_the_fields_it_uses(
    open_page: OpenPage, project: Project
) -> None:
    app = open_page("train")
    keys = {widget.key for widget in app.number_input}
    assert "optimizer.learning_rate-quick-0" not in keys
    app.button(key="choose-balanced").click().run()
    assert project_settings(project)["recipe"] == "balanced"
    assert {widget.key for widget in app.number_input} >= {
        "optimizer.learning_rate-balanced-1",
        "unfreeze-balanced-1",
        "batch_size-balanced-1",
    }


def test_a_process_that_waits_for_the_training_is_named(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes memory, so the page says how much; a training of a network could not use it."""
    asked: list[JobKind] = []

    def keep(kind: JobKind, *_: object) -> int:
        asked.append(kind)
        return 800 << 20

    monkeypatch.setattr("core.runs.warming.keep_warm_worker", keep)
    monkeypatch.setenv("DARKROOM_WARM_MINUTES", "10")
    app = open_page("train")
    assert "a process waits for it with 839 MB of memory\\. It ends after 10 min without use" in said(app)
    assert asked == [JobKind.TRAIN]
    app.button(key="choose-balanced").click().run()
    assert "a process waits" not in said(app)
    assert asked == [JobKind.TRAIN]


def test_measured_kernels_are_named_where_a_network_is_trained(open_page: OpenPage, project: Project) -> None:
    write_json(backbones_folder() / "kernels.json", {"own": 1.7, "onednn": 1.0})
    app = open_page("train")
    assert "oneDNN" not in said(app)
    app.button(key="choose-balanced").click().run()
    assert "trained with oneDNN, which was 1\\.7 × as fast" in said(app)


def test_settings_are_stored_for_each_recipe(open_page: OpenPage, project: Project) -> None:
    app = open_page("train")
    app.number_input(key="epochs-quick-0").set_value(33).run()
    assert not app.exception
    assert next_config(project).epochs == 33
    assert next_config(project, recipe=Recipe.BEST).epochs == 30
    app.button(key="reset-settings").click().run()
    assert next_config(project).epochs == 200


@pytest.mark.parametrize(
    ("layers", "complaint"), [("many", "whole numbers"), ("5000", "must lie between 1 and 4096")]
)
def test_an_invalid_setting_is_explained_and_disables_the_start(
    open_page: OpenPage, project: Project, layers: str, complaint: str
) -> None:
    app = open_page("train")
    app.text_input(key="head.hidden_units-quick-0").set_value(layers).run()
    assert complaint in app.error[0].value.replace("\\", "")
    assert app.button(key="start").disabled


def test_another_picture_size_is_stored_and_shown(open_page: OpenPage, project: Project) -> None:
    """An empty field means the backbone's own size, which is its placeholder."""
    app = open_page("train")
    field = app.number_input(key="picture_size-quick-0")
    assert (field.value, field.proto.placeholder) == (None, "224")
    field.set_value(160).run()
    assert next_config(project).picture_size == 160
    assert "EfficientNet\\-Lite0 at 160 pixels · Quick" in said(app)
    again = open_page("train")  # in another session it is in the field and can be cleared
    assert again.number_input(key="picture_size-quick-0").value == 160
    again.number_input(key="picture_size-quick-0").set_value(None).run()
    assert next_config(project).picture_size == 0
    assert "at 160 pixels" not in said(again)


def test_only_a_size_that_the_new_backbone_cannot_take_is_dropped(
    open_page: OpenPage, project: Project
) -> None:
    """The other settings stay, also those stored by older versions under the key ``dials``."""
    settings = {"picture_size": 48, "epochs": 33}
    remember_setting(project, "dials", {"quick": settings})
    remember_setting(project, "backbone", "vgg16")
    assert (next_config(project).picture_size, next_config(project).epochs) == (0, 33)
    assert not open_page("train").exception


def test_a_backbone_without_weights_can_only_be_trained_from_scratch(
    open_page: OpenPage, project: Project
) -> None:
    remember_setting(project, "backbone", "small_cnn")
    remember_setting(project, "recipe", "balanced")
    app = open_page("train")
    assert "no pretrained weights" in said(app)
    assert not {key for key in button_keys(app) if key.startswith("choose-")}
    assert next_config(project).recipe is Recipe.SCRATCH


def test_the_button_starts_a_real_run_with_the_settings_on_the_page(
    open_page: OpenPage, project: Project
) -> None:
    remember_setting(project, "backbone", "small_cnn")
    app = open_page("train")
    app.number_input(key="epochs-scratch-0").set_value(1).run()
    app.button(key="start").click().run()
    (run,) = list_runs(project)
    job = JobDirectory(run)
    assert job.config()["backbone"] == "small_cnn"
    assert job.config()["epochs"] == 1
    job.request_stop()
    assert wait_for(job).has_ended


def test_a_run_can_be_queued_while_another_trains(
    open_page: OpenPage, project: Project, make_active: MakeRun
) -> None:
    make_active(project, "run-1")
    make_active(project, "run-2", JobState.QUEUED)
    app = open_page("train", section="new")
    assert app.button(key="start").label == "Add to the queue"
    assert "one trains at a time" in said(app)
    assert "unqueue-run-2" in button_keys(app)
    assert "unqueue-run-1" not in button_keys(app)


def test_another_project_that_trains_is_named_in_the_queue(
    open_page: OpenPage, project: Project, make_active: MakeRun, workspace: Path
) -> None:
    """“1. … waits”, and nobody seemed to be at work."""
    other = publish_project(open_staging(), "Trees")
    theirs = JobDirectory.create(other.runs / "run-9", JobKind.TRAIN, {})
    mine = make_active(project, "run-1", JobState.QUEUED)
    for number, job in enumerate((theirs, mine)):
        write_record(theirs.path / "process.json", ProcessRecord.of())
        write_record(workspace / "queue" / "cpu" / f"{number:020.6f}-{job.name}.json", ProcessRecord.of())
    write_json(theirs.path / "status.json", {"state": JobState.RUNNING})
    for section in ("new", "run"):
        assert "Project **Trees** :gray[· now]" in said(
            open_page("train", project=project.name, section=section)
        )


def test_a_running_run_shows_progress_and_can_be_paused(
    open_page: OpenPage, project: Project, make_active: MakeRun
) -> None:
    job = make_active(project, "run-1")
    learn(job, [0.5, 0.45, 0.4])
    usage = {
        "cpu_percent": 93.6,
        "memory_bytes": 1_400_000_000,
        "gpu_percent": None,
        "gpu_memory_bytes": None,
    }
    status = {"state": "running", "stage": "fine_tuning", "fraction": 0.4, "seconds_left": None}
    write_json(job.path / "status.json", status | {"usage": usage})
    app = open_page("train")
    assert "patience left: 4 · learning rate 0.001 · CPU 94% · 1.4 GB of memory" in said(app)
    (bar,) = [element.proto for element in app.main.get("progress")]
    assert bar.text == "Fine-tuning the backbone (last blocks) · epoch 3 of at most 50"
    app.button(key="pause-run").click().run()
    assert job.pause_requested()
    assert app.button(key="pause-run").disabled
    assert not app.button(key="stop-run").disabled


def test_the_live_view_shows_curves_confusion_and_predictions(
    open_page: OpenPage, project: Project, make_active: MakeRun
) -> None:
    job = make_active(project, "run-1")
    learn(job, [0.5, 0.45, 0.4])
    dataset = open_dataset(project)
    example = {"id": dataset.pictures["id"].iloc[0], "label": "0", "predicted": "0", "confidence": 0.91}
    example |= {"first_predicted": "2", "first_confidence": 0.4}
    live = {"epoch": 3, "confusion": [[2, 0, 0], [0, 1, 1], [0, 0, 2]], "examples": [example]}
    write_json(job.path / "live.json", live)
    app = open_page("train")
    loss = json.loads(drawn(app, "loss-run-1")["figure"])
    assert [trace["name"] for trace in loss["data"]] == ["training", "validation", "kept"]
    heatmap, shares = json.loads(drawn(app, "confusion-run-1")["figure"])["data"]
    assert shares["text"] == ["100%", "50%", "50%", "100%"]
    nothing, *both = heatmap["text"][1]
    assert nothing is None
    assert all("<br>1 picture<br>" in text for text in both)
    answers = parts(app, "html")[-1].value
    assert "✓ 0" in answers
    assert "(91%)" in answers
    assert "first 2 (40%)" in answers


@pytest.mark.parametrize(("epoch", "is_shown"), [(1, True), (4, False)])
def test_a_finished_run_shows_the_delivered_epoch_or_none(
    open_page: OpenPage, project: Project, make_run: MakeRun, epoch: int, is_shown: bool
) -> None:
    """Runs of earlier versions stored their last epoch, although another one is delivered."""
    job = make_run(project, "run-1", JobState.FINISHED)
    learn(job, [0.3, 0.35, 0.4, 0.45])
    live = {"epoch": epoch, "best_epoch": 1, "confusion": [[2, 0, 0], [0, 1, 1], [0, 0, 2]], "examples": []}
    write_json(job.path / "live.json", live)
    page_text = said(open_page("train"))
    assert ("Below: epoch 1, which this run delivers." in page_text) is is_shown
    assert ("Confusion matrix" in page_text) is is_shown
    assert ("Below: epoch" in page_text) is is_shown


def test_an_overfitting_curve_is_diagnosed(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    job = make_run(project, "run-1", JobState.STOPPED)
    learn(job, [0.5, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7])
    app = open_page("train")
    assert "learn its pictures by heart" in app.warning[0].value


def test_notes_of_a_run_are_shown(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    job = make_run(project, "run-1", JobState.FINISHED)
    learn(job, [0.5])
    note = {"template": "Batches were halved to {size}.", "values": {"size": 16}}
    write_json(job.path / "result.json", {"training": {"epochs": 9, "notes": [note]}})
    assert "Batches were halved to 16" in open_page("train").info[0].value


def test_an_interrupted_run_can_be_resumed(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    """A run recorded as running, with a dead process, is interrupted."""
    make_run(project, "run-1", JobState.RUNNING)
    app = open_page("train")
    assert "This run was interrupted" in app.warning[0].value
    assert not app.button(key="resume").disabled


def test_a_paused_run_can_be_resumed_or_stopped_for_good(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    job = make_run(project, "run-1", JobState.PAUSED)
    app = open_page("train")
    assert "This run is paused" in app.info[0].value
    assert "resume-run-1" in {button.key for button in app.sidebar.button}
    app.button(key="stop-resting").click().run()
    assert job.status().state is JobState.STOPPED


def test_a_failed_run_shows_its_reason(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    job = make_run(project, "run-1", JobState.FAILED)
    error = {"template": "There is no connection to {host}.", "values": {"host": "example.org"}}
    write_json(job.path / "status.json", {"state": "failed", "seconds": {}, "error": error})
    app = open_page("train")
    assert "There is no connection to" in app.error[0].value


def test_a_finished_run_can_be_continued_unless_its_head_has_converged(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    job = make_run(project, "run-1", JobState.FINISHED)
    assert button_keys(open_page("train")).isdisjoint({"continue", "resume"})
    set_config(job, recipe="balanced")
    assert "continue" in button_keys(open_page("train"))


def test_a_run_of_a_trial_cannot_be_continued(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """A search keeps the best epoch alone: training would begin anew, and its classifier would be gone."""
    job = make_run(project, "run-1", JobState.FINISHED)
    set_config(job, recipe="balanced")
    write_json(job.path / "result.json", (job.result() or {}) | {"search": {"name": "search-1", "trial": 3}})
    assert "continue" not in button_keys(open_page("train"))


def test_a_finished_run_whose_export_broke_off_can_be_resumed(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """Predict and Export send people here for it."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    assert "resume" in button_keys(open_page("train"))


def test_a_run_is_named_and_noted(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    """Names are escaped."""
    job = make_run(project, "run-1", JobState.FINISHED)
    app = open_page("train")
    app.text_input(key="name-run-1").set_value("**First** try").run()
    app.text_area(key="note-run-1").set_value("blurred ones left out").run()
    about = run_about(job)
    assert (about.name, about.note) == ("**First** try", "blurred ones left out")
    assert "\\*\\*First\\*\\* try" in said(app)
    assert "blurred ones left out" in said(app)


def test_settings_of_a_run_are_used_again(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    job = make_run(project, "run-1", JobState.FINISHED)
    expected = TrainingConfig(
        dataset_version=open_dataset(project).version,
        recipe=Recipe.BALANCED,
        picture_size=160,
        epochs=7,
        head=HeadConfig(hidden_units=(64, 32)),
        augmentation=AugmentationConfig(rotation=0.1),
    )
    set_config(job, **expected.to_json())
    app = open_page("train")
    app.button(key="use-again").click().run()
    assert next_config(project) == expected
    assert "start" in button_keys(app)  # the section in which it can be started


def test_deleting_a_run_asks_for_confirmation(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    make_run(project, "run-1", JobState.FINISHED)
    make_run(project, "run-2", JobState.FINISHED)
    app = open_page("train")
    assert "delete-run" not in button_keys(app)
    app.checkbox(key="sure-run-2").check().run()
    app.button(key="delete-run").click().run()
    assert [run.name for run in list_runs(project)] == ["run-1"]
    assert not app.exception


def test_the_comparison_of_runs_is_one_press_away(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    for name in ("run-1", "run-2"):
        make_run(project, name, JobState.FINISHED, evaluated=True)
    app = open_page("train")
    app.button(key="compare-runs").click().run()
    assert not app.exception
    assert "Side by side" in [row.value for row in app.subheader]


def test_the_sidebar_shows_the_active_run_not_a_waiting_one(
    open_page: OpenPage, project: Project, make_active: MakeRun
) -> None:
    running = make_active(project, "run-1")
    write_json(running.path / "status.json", {"state": "running", "stage": "training", "fraction": 0.42})
    make_active(project, "run-2", JobState.QUEUED)
    app = open_page("train")
    assert "Train · 42%" in [link.proto.label for link in app.sidebar.get("page_link")]
    keys = {button.key for button in app.sidebar.button}
    assert "pause-run-1" in keys
    assert "pause-run-2" not in keys
