"""Names that every system can bear, and projects that are there whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.errors import (
    AmbiguousNameError,
    InvalidNameError,
    NotFoundError,
    ProjectExistsError,
    SchemaVersionError,
    WorkspaceError,
)
from core.files import read_json, write_json
from core.workspace import (
    Project,
    checked_project_name,
    delete_project,
    find_run,
    get_project,
    home,
    list_projects,
    list_runs,
    new_job_name,
    open_staging,
    project_of,
    project_settings,
    publish_project,
    remember_setting,
    require_free_name,
)


def make_project(name: str) -> Project:
    return publish_project(open_staging(), name)


def make_run(project: Project, name: str) -> Path:
    run = project.runs / name
    write_json(run / "config.json", {})
    return run


@pytest.fixture
def living_process() -> Iterator[subprocess.Popen[bytes]]:
    """Another process, alive until the test ends."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_the_workspace_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    for value, expected in [
        (str(tmp_path / "there"), tmp_path / "there"),
        ("near", tmp_path / "near"),
        ("~/pictures", tmp_path / "me" / "pictures"),
        ("", tmp_path / "workspace"),
    ]:
        monkeypatch.setenv("DARKROOM_HOME", value)
        assert home() == expected
    monkeypatch.delenv("DARKROOM_HOME")
    assert home() == tmp_path / "workspace"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("Leaves", "Leaves"),
        ("  my leaves 2 ", "my leaves 2"),
        ("v1.0_final-2", "v1.0_final-2"),
        ("a..b", "a..b"),
        ("花の写真", "花の写真"),
        ("Blu\u0308ten", "Bl\u00fcten"),  # as macOS writes it, as everyone else does
        ("x" * 60, "x" * 60),
        ("console", "console"),
        ("🐕", "🐕"),
    ],
)
def test_a_good_name_is_kept(name: str, stored: str) -> None:
    assert checked_project_name(name) == stored


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        ".",
        "..",
        "../elsewhere",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "C:",
        ".hidden",
        "ends.",
        "x" * 61,
        "<b>bold</b>",
        'say "cheese"',
        "what?",
        "all*",
        "a|b",
        "CON",
        "nul",
        "Lpt1",
        "con.txt",
        "Aux .old",
        "a\x00b",
        "a\nb",
        "tab\tbed",
        "\x7f",
        "evil\u202egpj",  # turns the letters that follow around
        "zero\u200bwidth",
        "\ud800",  # half a character
    ],
)
def test_a_name_that_no_folder_can_bear_is_refused(name: str, workspace: Path) -> None:
    """The name becomes a folder, on Windows and on a USB stick too."""
    with pytest.raises(InvalidNameError):
        publish_project(open_staging(), name)
    assert not (workspace / "projects").exists()
    assert list(workspace.parent.iterdir()) == [workspace]


def test_an_invisible_character_is_shown_in_the_refusal() -> None:
    """“evil\u202egpj is not possible” would itself be shown turned around."""
    with pytest.raises(InvalidNameError) as refusal:
        checked_project_name("evil\u202egpj")
    assert "\u202e" not in str(refusal.value)
    assert r"evil\u202egpj" in str(refusal.value)


def test_a_name_that_is_too_long_says_by_how_much() -> None:
    with pytest.raises(InvalidNameError, match="61 characters; at most 60"):
        checked_project_name("x" * 61)


@pytest.mark.parametrize("name", ["leaves", "LEAVES", " Leaves "])
def test_names_that_differ_only_in_capitals_clash(name: str) -> None:
    """They are one folder on Windows and macOS."""
    make_project("Leaves")
    with pytest.raises(ProjectExistsError, match="“Leaves”"):
        require_free_name(name)


def test_names_that_look_the_same_clash() -> None:
    make_project("Bl\u00fcten")
    with pytest.raises(ProjectExistsError):
        require_free_name("Blu\u0308ten")


def test_a_project_is_published_whole(workspace: Path) -> None:
    staging = open_staging()
    (staging / "dataset").mkdir()
    (staging / "dataset" / "picture.png").write_bytes(b"pixels")
    assert list_projects() == []
    project = publish_project(staging, " Leaves ")
    assert project == Project(name="Leaves", path=workspace / "projects" / "Leaves")
    assert list_projects() == [project]
    assert (project.dataset / "picture.png").read_bytes() == b"pixels"
    assert project.runs.is_dir()
    assert project.jobs.is_dir()
    assert list((workspace / "staging").iterdir()) == []


def test_a_taken_name_does_not_cost_the_project_that_has_it() -> None:
    first = make_project("Leaves")
    (first.path / "mine.txt").write_text("precious")
    staging = open_staging()
    with pytest.raises(ProjectExistsError):
        publish_project(staging, "leaves")
    assert staging.is_dir()
    assert (first.path / "mine.txt").read_text() == "precious"


def test_projects_are_listed_by_name_whatever_the_capitals() -> None:
    for name in ("zebras", "Apes", "bees"):
        make_project(name)
    assert [project.name for project in list_projects()] == ["Apes", "bees", "zebras"]


def test_a_folder_that_is_no_project_is_not_listed(workspace: Path) -> None:
    """A full disk, or a curious user, may leave folders there."""
    make_project("Leaves")
    (workspace / "projects" / "empty").mkdir()
    (workspace / "projects" / "note.txt").write_text("hello")
    assert [project.name for project in list_projects()] == ["Leaves"]


def test_a_project_is_found_by_any_spelling_of_its_letters() -> None:
    project = make_project("Bl\u00fcten")
    assert get_project(" Blu\u0308ten ") == project


def test_an_unknown_project_is_named_in_the_error(workspace: Path) -> None:
    make_project("Leaves")
    with pytest.raises(NotFoundError, match=rf"no project called “Trees” in {re.escape(str(workspace))}"):
        get_project("Trees")


def test_choices_are_remembered_with_the_project() -> None:
    project = make_project("Leaves")
    assert project_settings(project) == {}
    remember_setting(project, "backbone", "vgg16")
    remember_setting(project, "augmentation", {"flip": True})
    remember_setting(project, "backbone", "resnet50")
    assert project_settings(project) == {"backbone": "resnet50", "augmentation": {"flip": True}}
    assert read_json(project.settings_file)["name"] == "Leaves"


def test_a_project_of_another_format_is_not_misread() -> None:
    project = make_project("Leaves")
    write_json(project.settings_file, {"schema_version": 99, "settings": {}})
    with pytest.raises(SchemaVersionError, match="format 99; this Darkroom reads format 1"):
        project_settings(project)


def test_two_imports_at_once_do_not_share_a_folder(workspace: Path) -> None:
    first, second = open_staging(), open_staging()
    assert first != second
    assert {first.parent, second.parent} == {workspace / "staging"}


def test_what_a_killed_process_left_is_cleared(workspace: Path) -> None:
    """Gigabytes of a half-copied dataset would stay for ever."""
    leftover = staging_of_another_process("import os; os.kill(os.getpid(), 9)")
    (leftover / "half.png").write_bytes(b"half")
    staging = open_staging()
    assert list((workspace / "staging").iterdir()) == [staging]


def test_what_a_living_process_builds_is_left_alone(workspace: Path) -> None:
    builder = subprocess.Popen(
        [sys.executable, "-c", "from core.workspace import open_staging; print(open_staging(), flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert builder.stdout is not None
    building = Path(builder.stdout.readline().strip())
    try:
        staging = open_staging()
        assert set((workspace / "staging").iterdir()) == {building, staging}
    finally:
        builder.communicate("")


def test_what_a_zombie_left_is_cleared(workspace: Path) -> None:
    """A killed worker stays a zombie as long as the server that started it runs."""
    program = "from core.workspace import open_staging; print(open_staging(), flush=True)"
    zombie = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert zombie.stdout is not None
        leftover = Path(zombie.stdout.read().decode().strip())  # read to its end: the process is over
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE
        assert leftover.is_dir()
        staging = open_staging()
        assert list((workspace / "staging").iterdir()) == [staging]
    finally:
        zombie.wait()


def test_a_process_number_used_again_does_not_protect_a_leftover(
    workspace: Path, living_process: subprocess.Popen[bytes]
) -> None:
    """In a container the same few numbers come round at every start."""
    long_before = psutil.Process(living_process.pid).create_time() - 3600
    leftover = staging_of_another_process("")
    leftover.rename(leftover.with_name(f"{living_process.pid}-{long_before}-0a1b"))
    staging = open_staging()
    assert list((workspace / "staging").iterdir()) == [staging]


def test_what_is_not_ours_is_left_alone(workspace: Path) -> None:
    """macOS puts its files everywhere."""
    stray = workspace / "staging" / ".DS_Store"
    stray.parent.mkdir()
    stray.write_bytes(b"icons")
    open_staging()
    assert stray.read_bytes() == b"icons"


def test_a_workspace_that_cannot_be_made_is_said_plainly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """DARKROOM_HOME is typed by people."""
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path / "file"))
    with pytest.raises(WorkspaceError, match=re.escape(str(tmp_path / "file"))):
        open_staging()


def test_a_deleted_project_is_gone() -> None:
    project, other = make_project("Leaves"), make_project("Trees")
    (project.dataset).mkdir()
    delete_project(project)
    assert list_projects() == [other]
    assert list(other.path.parent.iterdir()) == [other.path]
    assert require_free_name("Leaves") == "Leaves"


def test_a_half_deleted_project_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleting a large dataset takes a while, and can be cut short."""
    project = make_project("Leaves")

    def crash(path: Path) -> None:
        raise OSError("power cut")

    monkeypatch.setattr("core.workspace.shutil.rmtree", crash)
    with pytest.raises(OSError, match="power cut"):
        delete_project(project)
    assert list_projects() == []


def test_job_names_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest run is the last by name, and two in the same second differ."""
    monkeypatch.setattr("time.strftime", {"%Y%m%d-%H%M%S": "20261122-081500"}.__getitem__)
    names = {new_job_name("run") for _ in range(5)}
    assert all(re.fullmatch(r"run-20261122-081500-[0-9a-f]{4}", name) for name in names)
    assert len(names) > 1


def test_runs_are_listed_newest_first() -> None:
    project = make_project("Leaves")
    runs = [make_run(project, f"run-2026112{day}-081500-0000") for day in (2, 1, 3)]
    (project.runs / "run-20261129-081500-0000").mkdir()  # being made right now
    assert list_runs(project) == [runs[2], runs[0], runs[1]]
    assert [project_of(run) for run in list_runs(project)] == [project] * 3


def test_a_run_is_found_by_its_name_and_by_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are what a person would paste."""
    make_run(make_project("Trees"), "run-1")
    project = make_project("Leaves")
    run = make_run(project, "run-2")
    assert find_run("run-2") == (project, run)
    assert find_run(str(run)) == (project, run)
    monkeypatch.chdir(project.path)
    assert find_run("runs/run-2") == (project, run)


def test_a_name_of_two_projects_is_refused_until_one_is_said() -> None:
    """A project restored beside the original has runs of the same names."""
    both = [make_project("Leaves"), make_project("Copy of Leaves")]
    runs = [make_run(project, "run-1") for project in both]
    with pytest.raises(AmbiguousNameError, match="Copy of Leaves/run-1, Leaves/run-1"):
        find_run("run-1")
    for project, run in zip(both, runs, strict=True):
        assert find_run(f"{project.name}/run-1") == (project, run)
        assert find_run(str(run)) == (project, run)


@pytest.mark.parametrize("name", ["run-9", "", "..", "/"])
def test_an_unknown_run_is_not_found(name: str) -> None:
    make_run(make_project("Leaves"), "run-1")
    with pytest.raises(NotFoundError, match="no run called"):
        find_run(name)


def test_every_name_in_normal_form_stays_itself() -> None:
    """Names are looked up in the form in which they are stored."""
    name = checked_project_name("A\u030angstro\u0308m")
    assert name == unicodedata.normalize("NFC", name) == checked_project_name(name)


def staging_of_another_process(then: str) -> Path:
    """The staging folder of a process that has ended."""
    program = f"from core.workspace import open_staging; print(open_staging(), flush=True)\n{then}"
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return Path(outcome.stdout.strip())
