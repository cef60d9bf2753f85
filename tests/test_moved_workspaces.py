"""An older workspace that was moved: its jobs go on, and half-written or newer files in it do no harm."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude
from core.data.version_record import version_file, version_numbers
from core.doctor.report import read_report as read_doctor_report
from core.doctor.sentences import FindingKind
from core.errors import SchemaVersionError
from core.evaluation.report import MultiClassReport, read_report
from core.files import read_json, write_json
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.runs.control import finishing_job, pause, resume, wait_for
from core.search.records import read_trials
from core.training.artifacts import has_own_network
from core.workspace import Project, list_runs
from tests.support.command_line import wait_until
from tests.support.older_workspace import Facts, recorded_facts, unpack_workspace
from tests.support.trained import Trained

# Three workers that each start TensorFlow, on a machine that may have other work.
pytestmark = pytest.mark.timeout(900)

COMMIT = "03be4e7"
RESUMED: dict[str, Facts] = recorded_facts(COMMIT)["resumed"]
SHAPES: Facts = recorded_facts(COMMIT)["projects"]["shapes"]
KILLED_RUN, PAUSED_RUN = "run-20261129-080413-53c4", "run-20261129-080324-fea0"
PAUSED_SEARCH = "search-20261129-080614-7a2c"


@pytest.fixture
def moved(workspace: Path, tmp_path: Path) -> Project:
    """The project ``shapes`` under another name, in a workspace that was moved."""
    return rename(unpack_workspace(COMMIT, tmp_path))


@pytest.fixture(scope="module")
def resumed(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The same project after all that rested in it was resumed: both runs to their ends, the search for a while.

    The backbone is converted already at its own size; the paused run has another.
    """
    home = unpack_workspace(COMMIT, tmp_path_factory.mktemp("resumed"))
    shutil.copytree(
        trained.home / "backbones" / "engines", home / "backbones" / "engines", dirs_exist_ok=True
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DARKROOM_HOME", str(home))
        project = rename(home)
        runs = [JobDirectory(project.runs / name) for name in (KILLED_RUN, PAUSED_RUN)]
        search = JobDirectory(project.searches / PAUSED_SEARCH)
        resume(search)
        wait_until(
            lambda: search.status().state.has_ended or len(read_trials(search.path)) >= 5, "five trials"
        )
        pause(search)
        wait_for(search)
        for run in runs:
            resume(run)
        for run in runs:
            wait_for(run)
        yield project


def rename(home: Path) -> Project:
    folder = home / "projects" / "shapes"
    return Project(name="figures", path=folder.rename(folder.with_name("figures")))


@pytest.mark.parametrize("name", [KILLED_RUN, PAUSED_RUN])
def test_a_resumed_run_ends_with_the_numbers_of_the_version_that_began_it(
    resumed: Project, name: str
) -> None:
    run, recorded = JobDirectory(resumed.runs / name), RESUMED[name]
    assert run.status().state is JobState.FINISHED
    report = read_report(run.path)
    assert isinstance(report, MultiClassReport)
    assert [list(row) for row in report.confusion] == recorded["confusion"]
    assert report.accuracy == recorded["accuracy"]
    assert has_own_network(run.path) == recorded["own_network"]
    result = run.result()
    assert result is not None
    assert result["training"]["best"]["epoch"] == recorded["best_epoch"]
    epochs = [line["epoch"] for line in run.metrics() if "learning_rate" in line]
    assert epochs == [line["epoch"] for line in recorded["curve"]]


def test_epochs_after_the_kill_have_the_losses_they_had(resumed: Project) -> None:
    """Another processor sums in another order, so within a thousandth."""
    lines = [line for line in JobDirectory(resumed.runs / KILLED_RUN).metrics() if "learning_rate" in line]
    for line, recorded in zip(lines, RESUMED[KILLED_RUN]["curve"], strict=True):
        for name in ("loss", "validation_loss", "learning_rate"):
            assert line[name] == pytest.approx(recorded[name], rel=1e-3)


def test_a_resumed_search_keeps_its_trials_and_ends_the_one_begun(resumed: Project) -> None:
    search = JobDirectory(resumed.searches / PAUSED_SEARCH)
    assert search.status().state is JobState.PAUSED
    trials, recorded = read_trials(search.path), SHAPES["searches"][PAUSED_SEARCH]["trials"]
    assert [trial.number for trial in trials[:5]] == [0, 1, 2, 3, 4]
    assert [trial.value for trial in trials[:4]] == [trial["value"] for trial in recorded]


def test_a_moved_run_finds_the_job_that_completed_it(moved: Project) -> None:
    for path in list_runs(moved):
        rest = finishing_job(moved, path)
        assert (rest and rest.name) == SHAPES["runs"][path.name]["finished_by"]


def test_a_half_written_version_is_ignored(moved: Project) -> None:
    """A version counts once its record is there; the manifest is written before."""
    half = version_file(moved.dataset, 27)
    shutil.copyfile(half.with_name("0001.parquet"), half.with_suffix(".parquet"))
    half.with_name(".5f2c.0027.json").write_text('{"schema_ver', encoding="utf-8")
    assert open_dataset(moved).version == 26
    assert version_numbers(moved.dataset)[-1] == 26
    before = open_dataset(moved)
    after = exclude(moved, [before.all_pictures.loc[~before.all_pictures["excluded"], "id"].iloc[0]])
    assert after.version == 27
    assert len(after.all_pictures) == len(before.all_pictures)


def test_an_unknown_code_in_a_version_names_the_darkroom_that_wrote_it(moved: Project) -> None:
    file = version_file(moved.dataset, 26)
    record = read_json(file)
    record |= {"schema_version": 2, "darkroom_version": "7.1.0", "edit": {"kind": "dreamt", "values": {}}}
    del record["what"]
    write_json(file, record)
    with pytest.raises(SchemaVersionError, match=r"Darkroom 7\.1\.0.*“dreamt”"):
        open_dataset(moved)


def test_an_unknown_code_in_a_doctor_report_names_the_darkroom_that_wrote_it(moved: Project) -> None:
    file = moved.dataset / "doctor" / "0026.json"
    record = read_json(file) | {"darkroom_version": "7.1.0"}
    record["findings"][0]["kind"] = "dreamt"
    write_json(file, record)
    with pytest.raises(SchemaVersionError, match=r"Darkroom 7\.1\.0.*“dreamt”"):
        read_doctor_report(moved)


def test_a_job_of_an_unknown_kind_names_the_darkroom_that_wrote_it(moved: Project) -> None:
    """A list of jobs leaves it out, so that the others stay usable."""
    file = moved.runs / PAUSED_RUN / "config.json"
    write_json(file, read_json(file) | {"darkroom_version": "7.1.0", "kind": "dreamt"})
    with pytest.raises(SchemaVersionError, match=r"Darkroom 7\.1\.0.*“dreamt”"):
        JobDirectory(file.parent).config()
    assert len(list_jobs(moved.runs)) == len(SHAPES["runs"]) - 1


def test_every_doctor_report_has_the_findings_that_its_job_counted(moved: Project) -> None:
    """The first of them has all kinds of findings."""
    counted = {
        job["result"]["version"]: job["result"]["findings"]
        for job in SHAPES["jobs"]
        if job["kind"] == "examine"
    }
    assert sorted(counted) == [1, 26]
    for version in (26, 1):
        report = read_doctor_report(moved)
        assert report is not None
        assert report.version == version
        counts: dict[str, int] = {}
        for finding in report.findings:
            counts[finding.kind.value] = counts.get(finding.kind.value, 0) + finding.count
            assert "{" not in f"{finding.headline} {finding.explanation}"
        assert counts == counted[version]
        (moved.dataset / "doctor" / f"{version:04d}.json").unlink()
    assert counted[1].keys() == {kind.value for kind in FindingKind}
