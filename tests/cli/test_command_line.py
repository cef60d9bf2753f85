"""Each command answers with one JSON object, or with one plain sentence and exit code 2."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from core.__main__ import COMMANDS, main
from core.cli.command import Command as CommandRow
from core.data.dataset import open_dataset
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.messages import Message
from core.models.backbones import BACKBONES
from core.runs.compare import describe_run
from core.workspace import (
    Project,
    get_project,
    jobs_folder,
    list_projects,
    open_staging,
    publish_project,
)
from tests.conftest import ROOT
from tests.support.command_line import PATIENCE_SECONDS, wait_until
from tests.support.deep_pictures import png
from tests.support.pictures import class_folders, digit, write_folder, write_zip
from tests.support.tables import extend_table

Outcome = tuple[int, str, str]  # exit code, standard output, standard error
Command = Callable[..., Outcome]

PETS = class_folders({"cats": 4, "dogs": 3})
FOLDERS = {
    "format": "folders",
    "evidence": "2 folders hold pictures",
    "multi_label": False,
    "split": {},
    "groups": 0,
    "unlabelled": 0,
    "notes": [],
}
UNDERSTOOD_LINES = [
    "understood:",
    "  format: folders",
    "  evidence: 2 folders hold pictures",
    "  multi_label: False",
    "  split:",
    "  groups: 0",
    "  unlabelled: 0",
    "  notes: []",
]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process; what it prints is caught where the operating system would."""

    def run(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as refusal:  # argparse's
            code = int(refusal.code or 0)
        output = capfd.readouterr()
        return code, output.out, output.err

    return run


def run_process(*arguments: str | Path, **environment: str) -> Outcome:
    """Run a command as a shell does."""
    outcome = subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return outcome.returncode, outcome.stdout.decode(), outcome.stderr.decode()


def answer(outcome: Outcome) -> dict[str, Any]:
    code, output, complaint = outcome
    assert code == 0, complaint
    assert output.count("\n") == 1
    value = json.loads(output)
    assert isinstance(value, dict)
    return value


def assert_refused(outcome: Outcome, sentence: str) -> None:
    """Exit code 2 and one plain sentence; nothing on standard output for a script to trip over."""
    code, output, complaint = outcome
    assert (code, output) == (2, "")
    *engine, last = complaint.splitlines()
    assert sentence in last
    assert last.startswith("darkroom: ")
    assert all(line.startswith("INFO: ") for line in engine)  # LiteRT's, below our reach


def assert_no_project(workspace: Path) -> None:
    assert list_projects() == []
    assert [path for path in workspace.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_an_import_answers_with_its_classes(
    tmp_path: Path, command: Command, write: Callable[..., Path]
) -> None:
    files = {**PETS, "dogs/broken.png": digit(50)[:-40], "readme.txt": b"hello"}
    assert answer(command("import", write(tmp_path / "pets", files), "--project", "Pets", "--json")) == {
        "project": "Pets",
        "classes": {"cats": 4, "dogs": 3},
        "understood": FOLDERS,
        "skipped": [
            {"file": "readme.txt", "reason": "it is not a picture, or of a kind that cannot be read"},
            {"file": "dogs/broken.png", "reason": "it is damaged or cut off"},
        ],
    }


def test_the_range_of_deep_pictures_is_an_option(tmp_path: Path, command: Command) -> None:
    """Negative values, as those of CT, are values and not options."""
    pictures = {name: png(np.full((4, 4), 100 + number, "u2")) for number, name in enumerate(PETS)}
    source = write_folder(tmp_path / "pets", pictures)
    answer(command("import", source, "--project", "Pets", "--range", "-160", "240", "--json"))
    assert open_dataset(get_project("Pets")).pixel_range == (-160, 240)


def test_a_process_keeps_answers_and_progress_apart(tmp_path: Path, workspace: Path) -> None:
    """A script reads standard output; people read the rest."""
    outcome = run_process("import", write_zip(tmp_path / "pets.zip", PETS), "--project", "花", "--json")
    assert answer(outcome) == {
        "project": "花",
        "classes": {"cats": 4, "dogs": 3},
        "understood": FOLDERS,
        "skipped": [],
    }
    assert outcome[2] == ""  # not a terminal: no progress either
    assert (workspace / "projects" / "花" / "project.json").is_file()


def test_warnings_of_pillow_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """A picture of more pixels than Pillow likes is left out with a sentence of ours, without Pillow's."""
    huge = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(huge, "PNG")
    path = write_zip(tmp_path / "pets.zip", PETS | {"cats/huge.png": huge.getvalue()})
    outcome = run_process("import", path, "--project", "Pets", "--json")
    assert [item["file"] for item in answer(outcome)["skipped"]] == ["cats/huge.png"]
    assert "Warning" not in outcome[2]


def test_names_of_every_script_survive_any_terminal(tmp_path: Path) -> None:
    """A terminal that knows no Chinese must not end the import in a traceback."""
    files = {**class_folders({"猫": 3, "🐕": 3}), "猫/坏.png": b"x"}
    source = write_folder(tmp_path / "pets", files)
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    outcome = run_process("import", source, "--project", "猫", "--json", **ascii_only)
    assert answer(outcome)["classes"] == {"猫": 3, "🐕": 3}
    code, output, _ = run_process("status", **ascii_only)
    assert code == 0
    assert r"name: \u732b" in output


def test_without_json_people_can_read_it(tmp_path: Path, command: Command) -> None:
    code, output, _ = command("import", write_zip(tmp_path / "pets.zip", PETS), "--project", "Pets")
    assert code == 0
    assert output.splitlines() == [
        "project: Pets",
        "classes:",
        "  cats: 4",
        "  dogs: 3",
        *UNDERSTOOD_LINES,
        "skipped: []",
    ]


def test_classes_in_other_capitals_can_be_merged(tmp_path: Path, workspace: Path, command: Command) -> None:
    path = write_zip(tmp_path / "pets.zip", class_folders({"cats": 4, "Cats": 2, "dogs": 3}))
    assert_refused(command("import", path, "--project", "Pets", "--json"), "differ only in capital letters")
    assert_no_project(workspace)
    merged = answer(command("import", path, "--project", "Pets", "--merge-case", "--json"))
    assert merged["classes"] == {"cats": 6, "dogs": 3}


def encrypted(path: Path) -> None:
    write_zip(path, PETS)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + flags] |= 1
            place = data.find(signature, place + 4)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    write_zip(path, PETS)
    path.write_bytes(path.read_bytes()[:-30])


def link_only(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("cats/passwd.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")


BAD_SOURCES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "There is no file or folder"),
    "empty file": (lambda path: path.touch(), "source is empty"),
    "no zip": (lambda path: path.write_text("pictures"), "source is not a zip or tar file"),
    "a picture": (lambda path: path.write_bytes(digit(0)), "source is a single picture"),
    "encrypted": (encrypted, "source is encrypted"),
    "cut off": (cut_off, "source is cut off"),
    "empty archive": (lambda path: write_zip(path, {}), "source is empty"),
    "empty folder": (lambda path: path.mkdir(), "source is empty"),
    "no pictures": (
        lambda path: write_zip(path, {"a/1.png": b"x", "b/1.png": b"y"}),
        "No usable picture was found",
    ),
    "corrupt pictures": (
        lambda path: write_zip(path, {name: data[:-40] for name, data in PETS.items()}),
        "it is damaged or cut off",
    ),
    "one class": (
        lambda path: write_zip(path, class_folders({"cats": 5})),
        "Only one class was found: “cats”",
    ),
    "a class of two": (
        lambda path: write_zip(path, class_folders({"cats": 5, "dogs": 2})),
        "Class “dogs” has 2 usable pictures",
    ),
    "..": (lambda path: write_zip(path, {"../a.png": digit(0)}), "its name points outside the archive"),
    "absolute path": (
        lambda path: write_zip(path, {"/etc/a.png": digit(0)}),
        "its name points outside the archive",
    ),
    "symbolic link": (link_only, "it is a link, not a file"),
    "capitals": (
        lambda path: write_zip(path, class_folders({"cats": 5, "Cats": 5})),
        "The classes “Cats” and “cats” differ only in capital letters",
    ),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_source_is_refused_plainly(
    tmp_path: Path, workspace: Path, command: Command, case: str
) -> None:
    make, sentence = BAD_SOURCES[case]
    make(tmp_path / "source")
    assert_refused(command("import", tmp_path / "source", "--project", "Pets", "--json"), sentence)
    assert_no_project(workspace)


@pytest.mark.parametrize(
    "name", ["", "..", "../up", "/abs", "a/b", "<b>", "x" * 61, "CON", "a\tb", "new\nline"]
)
def test_a_bad_project_name_is_refused_plainly(
    tmp_path: Path, workspace: Path, command: Command, name: str
) -> None:
    path = write_zip(tmp_path / "pets.zip", PETS)
    assert_refused(command("import", path, "--project", name, "--json"), "name")
    assert_no_project(workspace)


def test_a_taken_name_is_refused_plainly(tmp_path: Path, command: Command) -> None:
    path = write_zip(tmp_path / "pets.zip", PETS)
    answer(command("import", path, "--project", "Pets", "--json"))
    assert_refused(command("import", path, "--project", "pets", "--json"), "already a project called “Pets”")


def test_a_process_refuses_as_the_function_does(tmp_path: Path) -> None:
    (tmp_path / "pets.zip").write_text("no zip")
    outcome = run_process("import", tmp_path / "pets.zip", "--project", "Pets", "--json")
    assert_refused(
        outcome, "darkroom: pets.zip is not a zip or tar file. Put the class folders into a zip file"
    )


def test_an_unusable_workspace_is_refused_plainly(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path / "file"))
    path = write_zip(tmp_path / "pets.zip", PETS)
    assert_refused(
        command("import", path, "--project", "Pets", "--json"), "Set DARKROOM_HOME to another folder"
    )
    assert answer(command("status", "--json"))["projects"] == []


def test_ctrl_c_ends_an_import_and_leaves_nothing(tmp_path: Path, workspace: Path) -> None:
    files = class_folders({"a": 600, "b": 600})
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "core",
            "import",
            write_folder(tmp_path / "pets", files),
            "--project",
            "P",
            "--json",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job ignores Ctrl-C, and its children inherit that; a terminal's does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    wait_until(lambda: any((workspace / "staging").rglob("*.png")), "the first picture to be stored")
    process.send_signal(signal.SIGINT)
    output, complaint = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, output) == (130, "")
    assert "Traceback" not in complaint
    assert "stopped" in complaint
    assert_no_project(workspace)


@pytest.mark.parametrize(
    "arguments",
    [
        ["import"],
        ["import", "pets.zip"],
        ["paint"],
        [],
        ["predict", "run-1"],
        ["export", "run-1", "--format", "onyx", "--output", "x"],
        ["train", "--project", "Pets", "--epochs", "many"],
        ["status", "--colour"],
    ],
)
def test_a_command_that_cannot_be_understood_says_how_to_write_it(
    command: Command, arguments: list[str]
) -> None:
    code, output, complaint = command(*arguments)
    assert (code, output) == (2, "")
    assert "usage: python -m core" in complaint


def test_a_new_command_runs_by_its_row_alone(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    row = CommandRow(
        name="throwaway",
        summary="Throwaway",
        run=lambda options: {"number": options.number},
        add_arguments=lambda parser: parser.add_argument("--number", type=int),
    )
    extend_table(monkeypatch, COMMANDS, row)
    code, output, _ = command("throwaway", "--number", "3", "--json")
    assert (code, json.loads(output)) == (0, {"number": 3})
    assert "throwaway" in command("--help")[1]


def test_an_empty_workspace_has_a_status(command: Command, workspace: Path) -> None:
    """Looking makes nothing."""
    assert answer(command("status", "--json")) == {"projects": [], "jobs": []}
    assert list(workspace.iterdir()) == []


def make_run(project: Project, name: str, state: JobState | None, **more: Any) -> JobDirectory:
    job = JobDirectory.create(project.runs / name, JobKind.TRAIN, {})
    if state is not None:
        write_json(job.path / "status.json", {"state": state, **more})
    return job


def test_the_status_lists_every_run(tmp_path: Path, command: Command) -> None:
    answer(command("import", write_zip(tmp_path / "pets.zip", PETS), "--project", "Pets", "--json"))
    (project,) = list_projects()
    process = psutil.Process()
    alive = {"pid": process.pid, "started": process.create_time()}
    running = make_run(project, "run-1", JobState.RUNNING, stage="training", fraction=0.25, seconds_left=12.5)
    write_json(running.path / "process.json", alive)
    describe_run(running, name="Without blur")
    killed = make_run(project, "run-2", JobState.RUNNING, stage="features", seconds_left=5.0)
    write_json(killed.path / "process.json", {**alive, "started": alive["started"] - 3600})
    sentence = Message("{count} pictures are too few.", {"count": 2}).to_json()
    make_run(project, "run-3", JobState.FAILED, error=sentence)
    finished = make_run(project, "run-4", JobState.FINISHED, fraction=1.0)
    write_json(finished.path / "result.json", {"test": {"accuracy": 0.75}})
    write_json(
        JobDirectory.create(jobs_folder() / "import-9", JobKind.IMPORT, {}).path / "process.json", alive
    )

    status = answer(command("status", "--json"))
    assert [(shown["name"], shown["pictures"]) for shown in status["projects"]] == [("Pets", 7)]
    runs = {run.pop("id"): run for run in status["projects"][0]["runs"]}
    assert [run.pop("name") for run in runs.values()] == ["run-4", "run-3", "run-2", "Without blur"]
    quiet = {
        "usage": None,
        "kind": "train",
        "label": "Training run",
        "stage": "",
        "progress": 0.0,
        "seconds_left": None,
        "pid": None,
        "error": None,
        "test": None,
    }
    assert runs == {
        "run-1": quiet
        | {
            "state": "running",
            "stage": "training",
            "progress": 0.25,
            "seconds_left": 12.5,
            "pid": process.pid,
        },
        "run-2": quiet | {"state": "interrupted", "stage": "features"},
        "run-3": quiet | {"state": "failed", "error": "2 pictures are too few."},
        "run-4": quiet | {"state": "finished", "progress": 1.0, "test": {"accuracy": 0.75}},
    }
    assert [(job["id"], job["state"]) for job in status["jobs"]] == [("import-9", "starting")]


@pytest.mark.parametrize("file", ["config.json", "status.json", "result.json"])
def test_an_unreadable_run_is_named_beside_the_others(tmp_path: Path, command: Command, file: str) -> None:
    answer(command("import", write_zip(tmp_path / "pets.zip", PETS), "--project", "Pets", "--json"))
    (project,) = list_projects()
    make_run(project, "run-1", JobState.FINISHED)
    damaged = make_run(project, "run-2", JobState.FINISHED)
    (damaged.path / file).write_text("{", encoding="utf-8")
    runs = {run["id"]: run for run in answer(command("status", "--json"))["projects"][0]["runs"]}
    assert runs["run-1"]["state"] == "finished"
    assert runs["run-2"]["state"] == "unreadable"
    assert file in runs["run-2"]["error"]


def test_a_job_of_a_newer_darkroom_is_named_in_the_status(command: Command, workspace: Path) -> None:
    job = JobDirectory.create(jobs_folder() / "import-9", JobKind.IMPORT, {})
    record = read_json(job.path / "config.json")
    write_json(job.path / "config.json", record | {"schema_version": 99, "darkroom_version": "9.0.0"})
    (shown,) = answer(command("status", "--json"))["jobs"]
    assert (shown["id"], shown["state"]) == ("import-9", "unreadable")
    assert "9.0.0" in shown["error"]


def test_the_status_of_one_project_leaves_out_the_others(tmp_path: Path, command: Command) -> None:
    path = write_zip(tmp_path / "pets.zip", PETS)
    for name in ("Pets", "Beasts"):
        answer(command("import", path, "--project", name, "--json"))
    status = answer(command("status", "--project", "Beasts", "--json"))
    assert [project["name"] for project in status["projects"]] == ["Beasts"]


UNKNOWN_RUN = "There is no run called “run-9”"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["status", "--project", "Pets"], "There is no project called “Pets”"),
        (["train", "--project", "Pets"], "There is no project called “Pets”"),
        (["evaluate", "run-9"], UNKNOWN_RUN),
        (["predict", "run-9", "a.png"], UNKNOWN_RUN),
        (["export", "run-9", "--format", "keras", "--output", "x.keras"], UNKNOWN_RUN),
    ],
    ids=["status", "train", "evaluate", "predict", "export"],
)
def test_a_missing_name_is_refused_plainly(command: Command, arguments: list[str], sentence: str) -> None:
    assert_refused(command(*arguments, "--json"), sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate"], "Run “run-1” has no evaluation: it has not finished."),
        (["predict", "a.png"], "Run “run-1” has no finished classifier"),
        (["export", "--format", "tflite", "--output", "x.tflite"], "Run “run-1” has no finished classifier"),
    ],
    ids=["evaluate", "predict", "export"],
)
def test_a_run_that_did_not_finish_is_said_plainly(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run(publish_project(open_staging(), "Pets"), "run-1", JobState.RUNNING)
    write_json(run.path / "process.json", {"pid": os.getpid(), "started": 1.0})
    assert_refused(command(arguments[0], "run-1", *arguments[1:], "--json"), sentence)
    assert not (tmp_path / "x.tflite").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--backbone", "alexnet"], "alexnet"),
        (["--epochs", "0"], "epochs is 0"),
        (["--epochs", "-3"], "epochs is −3"),
        (["--seed", "-1"], "seed is −1"),
        (["--views", "0", "--augment", "flip"], "augmented_views is 0"),
        (["--augment", "sparkle"], "sparkle"),
        (["--augment", "rotation=lots"], "lots"),
        (["--recipe", "balanced", "--backbone", "small_cnn"], "Choose “scratch”"),
        (["--patience", "0"], "patience is 0"),
        (["--picture-size", "16"], "picture_size is 16"),
        (["--picture-size", "48", "--backbone", "vgg16"], "VGG16 needs pictures of at least 64 pixels"),
        (["--set", "epochs=0"], "epochs is 0"),
        (["--set", "head.sparkle=1"], "Unknown setting: head.sparkle"),
        (["--set", "backbone.size=1"], "Unknown training setting: backbone.size"),
        (["--set", "head=1"], "head is 1; it must be a record of settings"),
        (["--set", "head.hidden_units=64"], "head.hidden_units is 64; it must be a list"),
        (["--set", "loss.kind=hinge"], "hinge"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_impossible_setting_starts_no_run(
    tmp_path: Path, command: Command, options: list[str], sentence: str
) -> None:
    answer(command("import", write_zip(tmp_path / "pets.zip", PETS), "--project", "Pets", "--json"))
    assert_refused(command("train", "--project", "Pets", *options, "--json"), sentence)
    assert list(list_projects()[0].runs.iterdir()) == []


def test_the_backbones_are_listed_with_their_facts(command: Command) -> None:
    """Lite0 comes with the installation; the others say how much they would download."""
    listed = {entry["key"]: entry for entry in answer(command("backbones", "--json"))["backbones"]}
    assert list(listed) == list(BACKBONES)
    lite = listed["efficientnet_lite0"]
    assert (lite["ready"], lite["pretrained"], lite["input_size"], lite["download_bytes"]) == (
        True,
        True,
        224,
        0,
    )
    # 4,652,008 of the paper's network, less 1,281,000 of its ImageNet head, and 42,016 running statistics
    assert lite["parameters"] == 3_413_024
    assert lite["pictures_per_second"] is None  # not measured in this workspace
    assert listed["vgg16"]["ready"] is False
    assert listed["vgg16"]["download_bytes"] > 50_000_000


def test_a_picture_that_cannot_be_classified_is_said_plainly(
    tmp_path: Path, command: Command, finished_run: Path
) -> None:
    good, text, cut = tmp_path / "good.png", tmp_path / "notes.txt", tmp_path / "cut.png"
    good.write_bytes(digit(3))
    text.write_text("no picture")
    cut.write_bytes(digit(3)[:-40])
    for path, sentence in [
        (tmp_path / "nowhere.png", f"{tmp_path}/nowhere.png cannot be read: No such file or directory."),
        (text, f"{text} cannot be classified: it is not a picture, or of a kind that cannot be read."),
        (cut, f"{cut} cannot be classified: it is damaged or cut off."),
    ]:
        assert_refused(command("predict", finished_run.name, good, path, "--json"), sentence)


def test_an_export_to_an_impossible_place_is_said_plainly(
    tmp_path: Path, command: Command, finished_run: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for output in (tmp_path / "file" / "x.tflite", tmp_path / "folder"):
        arguments = ("export", finished_run.name, "--format", "tflite", "--output", output, "--json")
        assert_refused(command(*arguments), f"{output} could not be written")
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder", "workspace"}
