"""The whole journey through real processes: from a folder of pictures to a classifier that runs anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.delivery.files import is_delivered, keras_file, tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.prediction import Classifier
from core.evaluation.report import read_report
from core.files import hash_file, read_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState, JobStatus
from core.progress import Stage
from core.reporting.exports import export_run
from core.runs.control import finishing_job, resume
from core.workspace import Project
from tests.support.command_line import (
    PATIENCE_SECONDS,
    STOP_SECONDS,
    answer_here,
    answer_of,
    log_of,
    run_command,
    signal_terminal,
    start_command,
    started_run,
    wait_for_state,
    wait_until,
)
from tests.support.trained import NAME, PICTURES, TRAINING_OPTIONS, Trained, copy_dataset

Workspaces = Callable[[str], Project]


@pytest.fixture(scope="module")
def workspaces(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Workspaces:
    """Makes workspaces with the same pictures, their features cached, and no runs."""
    return lambda name: copy_dataset(trained, tmp_path_factory.mktemp(name) / "workspace")


def home_of(project: Project) -> Path:
    return project.path.parent.parent


@contextmanager
def no_survivors(project: Project) -> Iterator[None]:
    """Kill what a failed test leaves running."""
    try:
        yield
    finally:
        for job in [*list_jobs(project.runs), *list_jobs(project.jobs)]:
            if job.is_alive() and (pid := job.process_id()):
                os.kill(pid, signal.SIGKILL)


def curve(job: JobDirectory) -> list[dict[str, Any]]:
    """The learning curve without the clock."""
    return [{key: value for key, value in record.items() if key != "time"} for record in job.metrics()]


def stage_of(job: JobDirectory) -> Stage | None:
    status = job.status()
    assert not status.state.has_ended, f"{status.state}\n{log_of(job)}"
    return status.stage


def seconds_to_stop(job: JobDirectory) -> float:
    """From the request, by its file's time, to the worker's last word."""
    updated = job.status().updated
    assert updated is not None
    return updated - (job.path / "stop.request").stat().st_mtime


# --- straight on ---------------------------------------------------------------------------------


def test_an_import_answers_with_its_classes(trained: Trained) -> None:
    understood = trained.imported["understood"]
    assert (understood["format"], understood["notes"]) == ("folders", [])
    assert trained.imported == {
        "project": NAME,
        "classes": PICTURES,
        "understood": understood,
        "skipped": [],
    }


def test_a_training_answers_with_what_was_measured(trained: Trained) -> None:
    """And the test accuracy is that of the report, beside what guessing the majority gives."""
    answer, report = trained.answer, read_report(trained.run)
    assert set(answer) == {"run", "state", "test", "seconds"}
    assert answer["state"] == "finished"
    assert answer["test"] == {
        "accuracy": report.accuracy,
        "macro_f1": report.macro.f1,
        "majority_baseline": 4 / 9,
    }
    assert answer["test"]["accuracy"] > answer["test"]["majority_baseline"]


def test_a_training_reports_the_seconds_of_every_stage(trained: Trained) -> None:
    seconds = trained.answer["seconds"]
    assert list(seconds) == ["converting", "decoding", "features", "training", "evaluating", "exporting"]
    assert all(value > 0 for value in seconds.values())


def test_the_status_shows_the_finished_run(trained: Trained) -> None:
    status = answer_here(trained.home, "status", "--project", NAME)
    (project,) = status["projects"]
    (run,) = project["runs"]
    assert (project["name"], project["pictures"], project["jobs"]) == (NAME, 60, [])
    assert (run["id"], run["kind"], run["state"]) == (trained.answer["run"], "train", "finished")
    assert (run["progress"], run["error"], run["pid"], run["seconds_left"]) == (1.0, None, None, None)
    assert run["test"] == trained.answer["test"]
    assert status["jobs"] == []


def test_the_evaluation_is_the_whole_report(trained: Trained) -> None:
    answer = answer_here(trained.home, "evaluate", trained.answer["run"])
    assert answer["run"] == trained.answer["run"]
    assert answer["test"] == read_report(trained.run).to_json()
    assert [row["name"] for row in answer["test"]["classes"]] == list(PICTURES)
    assert sum(map(sum, answer["test"]["confusion"])) == 9


@pytest.fixture(scope="module")
def some_pictures(trained: Trained) -> list[Path]:
    return [sorted((trained.source / name).iterdir())[0] for name in PICTURES]


@pytest.fixture(scope="module")
def predicted(trained: Trained, some_pictures: list[Path]) -> dict[str, Any]:
    return run_command(trained.home, "predict", trained.answer["run"], *some_pictures)


def test_predictions_come_in_the_order_of_the_pictures_best_class_first(
    trained: Trained, some_pictures: list[Path], predicted: dict[str, Any]
) -> None:
    assert predicted["run"] == trained.answer["run"]
    assert [answer["picture"] for answer in predicted["predictions"]] == list(map(str, some_pictures))
    classifier = Classifier(trained.run)
    for answer, path in zip(predicted["predictions"], some_pictures, strict=True):
        assert [guess["name"] for guess in answer["classes"]] == [
            guess.name for guess in classifier.guesses(path.read_bytes())
        ]
        values = [guess["probability"] for guess in answer["classes"]]
        assert values == sorted(values, reverse=True)
        assert sum(values) == pytest.approx(1, abs=1e-5)


def test_a_run_can_be_named_by_its_folder(
    trained: Trained, some_pictures: list[Path], predicted: dict[str, Any]
) -> None:
    """Shells complete paths, not names."""
    again = answer_here(trained.home, "predict", trained.run, *some_pictures)
    assert again == predicted


@pytest.mark.parametrize(("kind", "file"), [("keras", keras_file), ("tflite", tflite_file)])
def test_a_model_is_exported_as_it_was_proven(trained: Trained, tmp_path: Path, kind: str, file: Any) -> None:
    output = tmp_path / f"model.{kind}"
    answer = answer_here(trained.home, "export", trained.answer["run"], "--format", kind, "--output", output)
    certificate = answer.pop("certificate")
    assert (certificate["format"], certificate["agreement"]) == (kind, 1.0)
    assert certificate["sha256"] == hash_file(output)
    assert answer == {
        "run": trained.answer["run"],
        "format": kind,
        "path": str(output),
        "bytes": output.stat().st_size,
    }
    assert hash_file(output) == hash_file(file(trained.run))


# --- the bundle, anywhere ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported bundle, unpacked in a folder of its own."""
    folder = tmp_path_factory.mktemp("bundle")
    archive = folder / "bundle.zip"
    export_run(trained.run, BUNDLE, archive)
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder / "unpacked")
    return folder / "unpacked"


def run_bundle(
    bundle: Path, *arguments: str | Path, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """``python predict.py`` from elsewhere: only its own folder and the installed packages are in reach."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DARKROOM"))
    }
    return subprocess.run(
        [sys.executable, *options, str(bundle / "predict.py"), *map(str, arguments)],
        cwd=bundle.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_the_bundle_gives_the_same_probabilities(
    bundle: Path, some_pictures: list[Path], predicted: dict[str, Any]
) -> None:
    """Whoever gets it gets the classifier that was measured, not nearly that one."""
    outcome = run_bundle(bundle, *some_pictures)
    assert outcome.returncode == 0, outcome.stderr
    answers = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [answer["picture"] for answer in answers] == list(map(str, some_pictures))
    for answer, expected in zip(answers, predicted["predictions"], strict=True):
        assert list(answer["classes"]) == [guess["name"] for guess in expected["classes"]]
        for guess in expected["classes"]:
            assert answer["classes"][guess["name"]] == pytest.approx(guess["probability"], abs=1e-6)


def test_the_bundle_needs_neither_darkroom_nor_tensorflow(bundle: Path, some_pictures: list[Path]) -> None:
    """Python itself lists every module it loads, and where the bundle's own two come from."""
    outcome = run_bundle(bundle, some_pictures[0], options=("-X", "importtime"))
    assert outcome.returncode == 0
    loaded = {line.rsplit("|", 1)[-1].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
    assert {"decoder", "numpy", "PIL", "ai_edge_litert"} <= loaded
    assert loaded & {"core", "tensorflow", "keras", "sklearn", "pandas", "streamlit"} == set()


def test_the_bundle_skips_unreadable_pictures(
    bundle: Path, some_pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    outcome = run_bundle(bundle, tmp_path / "notes.txt", tmp_path / "none.png", some_pictures[0])
    assert outcome.returncode == 1
    assert [json.loads(line)["picture"] for line in outcome.stdout.splitlines()] == [str(some_pictures[0])]
    complaints = outcome.stderr.splitlines()
    assert any(line.startswith(f"{tmp_path / 'notes.txt'}: it is not a picture") for line in complaints)
    assert any("none.png: " in line and "No such file" in line for line in complaints)
    assert "Traceback" not in outcome.stderr


def test_the_bundle_explains_itself(bundle: Path) -> None:
    outcome = run_bundle(bundle)
    assert outcome.returncode == 2
    assert "python predict.py PICTURE" in outcome.stderr


# --- killed, and resumed -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Killed:
    job: JobDirectory
    shown: dict[str, Any]  # what ``status`` said of it
    command: subprocess.CompletedProcess[str]
    attempts: list[int]  # process ids


@pytest.fixture(scope="module")
def killed(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    """The session's run once more from a new import; its worker killed while it trains, then resumed."""
    home = tmp_path_factory.mktemp("killed") / "workspace"
    home.mkdir()
    (home / "backbones").symlink_to(trained.home / "backbones")
    answer_here(home, "import", trained.source, "--project", NAME)
    project = Project(name=NAME, path=home / "projects" / NAME)
    with no_survivors(project), pytest.MonkeyPatch.context() as patch:
        command = start_command(home, "train", "--project", NAME, *TRAINING_OPTIONS)
        job = started_run(command, project.runs)
        wait_until(lambda: stage_of(job) is not None and bool(job.metrics()), "the first epoch")
        first = job.process_id()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        output, complaints = command.communicate(timeout=PATIENCE_SECONDS)
        shown = answer_here(home, "status")["projects"][0]["runs"][0]
        patch.setenv("DARKROOM_HOME", str(home))
        resume(job)
        wait_for_state(job, JobState.FINISHED)
        yield Killed(
            job=job,
            shown=shown,
            command=subprocess.CompletedProcess([], command.returncode, output, complaints),
            attempts=[first, job.process_id() or 0],
        )


def test_a_killed_worker_shows_as_interrupted(killed: Killed) -> None:
    """Nobody was there to write it down: the state is what is true, not what was recorded last."""
    assert (killed.shown["state"], killed.shown["pid"], killed.shown["test"]) == ("interrupted", None, None)


def test_waiting_for_a_killed_worker_ends_with_an_error(killed: Killed) -> None:
    assert killed.command.returncode == 1
    assert killed.command.stdout == ""
    assert f"the worker of {killed.job.name} died" in killed.command.stderr
    assert "Traceback" not in killed.command.stderr


def test_a_resumed_run_ends_as_if_nothing_had_happened(trained: Trained, killed: Killed) -> None:
    """Same settings and seed, another import, another process, a kill between: the same in every figure."""
    uninterrupted = JobDirectory(trained.run)
    assert killed.attempts[0] != killed.attempts[1]
    assert curve(killed.job) == curve(uninterrupted)
    for part in ("training", "test"):
        assert (killed.job.result() or {})[part] == (uninterrupted.result() or {})[part]
    assert read_report(killed.job.path) == read_report(trained.run)
    assert is_delivered(killed.job.path)


# --- left alone, and stopped while exporting -----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    project: Project
    job: JobDirectory
    lived_on: bool
    rest: JobDirectory | None


@pytest.fixture(scope="module")
def abandoned(workspaces: Workspaces) -> Iterator[Abandoned]:
    """A run whose terminal is closed at once, and which is stopped while it exports."""
    project = workspaces("abandoned")
    with no_survivors(project):
        command = start_command(home_of(project), "train", "--project", NAME, *TRAINING_OPTIONS)
        job = started_run(command, project.runs)
        signal_terminal(command, signal.SIGKILL)
        command.communicate(timeout=PATIENCE_SECONDS)
        lived_on = job.is_alive()
        wait_until(lambda: stage_of(job) == Stage.EXPORTING, "the export")
        job.request_stop()
        wait_for_state(job, JobState.STOPPED)
        rest = finishing_job(project, job.path)
        if rest is not None:
            wait_for_state(rest, JobState.FINISHED)
        yield Abandoned(project=project, job=job, lived_on=lived_on, rest=rest)


def test_a_run_survives_the_process_that_started_it(trained: Trained, abandoned: Abandoned) -> None:
    """A closed tab or terminal does not end it: the same curve to the last epoch."""
    assert abandoned.lived_on
    assert curve(abandoned.job) == curve(JobDirectory(trained.run))


def test_a_stop_while_exporting_leaves_the_export_to_a_job_of_its_own(abandoned: Abandoned) -> None:
    """Everything is trained and measured; only the files are missing, and they follow."""
    rest = abandoned.rest
    assert rest is not None
    assert rest.config() == {"job": f"runs/{abandoned.job.name}", "steps": ["deliver"]}
    assert abandoned.job.status().state is JobState.STOPPED
    assert seconds_to_stop(abandoned.job) < STOP_SECONDS
    assert is_delivered(abandoned.job.path)


def test_a_run_stopped_while_exporting_has_the_same_test_metrics(
    trained: Trained, abandoned: Abandoned
) -> None:
    result = abandoned.job.result() or {}
    assert result["test"] == trained.answer["test"]
    assert set(result) == {"training", "test", "parity"}


# --- two at once, and Ctrl-C ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Both:
    project: Project
    first: JobDirectory  # trains from scratch, for very long if one lets it
    second: JobDirectory  # would augment, but is stopped there
    waiting: JobStatus  # of the second, while the first held the device
    waits_alive: bool
    first_answer: dict[str, Any]
    second_command: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def both(workspaces: Workspaces) -> Iterator[Both]:
    """Two runs started one after the other; Ctrl-C in the first's terminal, then in the second's."""
    project = workspaces("both")
    home = home_of(project)
    scratch = ("--backbone", "small_cnn", "--epochs", "10000", "--augment", "rotation=0.1")
    augmented = ("--augment", "flip,rotation=0.1", "--views", "20")
    with no_survivors(project):
        first_command = start_command(home, "train", "--project", NAME, *scratch)
        first = started_run(first_command, project.runs)
        wait_until(lambda: stage_of(first) != "", "the first run to hold the device")
        second_command = start_command(home, "train", "--project", NAME, *augmented)
        second = started_run(second_command, project.runs)
        wait_for_state(second, JobState.QUEUED)
        wait_until(lambda: stage_of(first) == Stage.TRAINING and len(first.metrics()) >= 2, "two epochs")
        waiting, waits_alive = second.status(), second.is_alive()
        signal_terminal(first_command, signal.SIGINT)
        wait_for_state(first, JobState.STOPPED)
        wait_until(lambda: stage_of(second) == Stage.AUGMENTING, "the second run's turn")
        signal_terminal(second_command, signal.SIGINT)
        output, complaints = second_command.communicate(timeout=PATIENCE_SECONDS)
        yield Both(
            project=project,
            first=first,
            second=second,
            waiting=waiting,
            waits_alive=waits_alive,
            first_answer=answer_of(first_command),
            second_command=subprocess.CompletedProcess([], second_command.returncode, output, complaints),
        )


def test_a_second_run_waits_while_the_first_holds_the_device(both: Both) -> None:
    """Two at once would both be slow. Long after it was ready, the second has still not begun."""
    assert (both.waiting.state, both.waiting.stage) == (JobState.QUEUED, None)
    assert both.waits_alive
    began = both.second.status().seconds
    assert began is not None
    assert Stage.AUGMENTING in began, "its turn came once the first had stopped"


def test_ctrl_c_stops_a_training_and_still_delivers_the_best(both: Both) -> None:
    """A user who has waited for an hour gets the best so far, and no traceback."""
    answer = both.first_answer
    assert (answer["run"], answer["state"]) == (both.first.name, "stopped")
    assert is_delivered(both.first.path)
    assert answer["test"] == (both.first.result() or {})["test"]
    assert answer["test"]["accuracy"] == read_report(both.first.path).accuracy
    assert {"training", "evaluating", "exporting"} <= set(answer["seconds"])


def test_a_stopped_training_delivers_its_best_epoch_not_its_last(both: Both) -> None:
    metrics, result = both.first.metrics(), both.first.result() or {}
    best = min(metrics, key=lambda record: float(record["validation_loss"]))
    assert result["training"]["best"]["epoch"] == best["epoch"]
    assert result["training"]["best"]["validation_loss"] == best["validation_loss"]
    assert result["training"]["epochs"] == len(metrics)


def test_the_rest_of_a_stopped_training_is_measured_and_delivered(both: Both) -> None:
    rest = finishing_job(both.project, both.first.path)
    assert rest is not None
    assert rest.config()["steps"] == ["evaluate", "deliver"]
    assert rest.status().state is JobState.FINISHED


def test_a_stop_takes_effect_within_seconds(both: Both) -> None:
    """In the middle of an epoch, and in the middle of loading TensorFlow."""
    assert seconds_to_stop(both.first) < STOP_SECONDS
    assert seconds_to_stop(both.second) < STOP_SECONDS


def test_a_stop_with_nothing_to_keep_says_so(both: Both) -> None:
    """While features are computed there is no classifier yet: stopped, with no result and no rest to do."""
    assert both.second.status().state is JobState.STOPPED
    assert both.second.result() is None
    assert finishing_job(both.project, both.second.path) is None
    assert not (both.second.path / "checkpoints").exists()
    assert both.second_command.returncode == 130
    assert both.second_command.stdout == ""
    assert "stopped before there was anything to keep" in both.second_command.stderr
    assert "Traceback" not in both.second_command.stderr


def test_the_recorded_settings_are_those_asked_for(trained: Trained, both: Both) -> None:
    """The folder of a run names its settings, also years later."""
    config = read_json(trained.run / "config.json")["config"]
    assert (config["backbone"], config["recipe"], config["seed"], config["epochs"]) == (
        "efficientnet_lite0", "quick", 1, 60,
    )  # fmt: skip
    second = both.second.config()
    assert second["augmentation"] | {"flip": "horizontal", "rotation": 0.1} == second["augmentation"]
    assert second["augmented_views"] == 20
    assert both.first.config()["recipe"] == "scratch"
