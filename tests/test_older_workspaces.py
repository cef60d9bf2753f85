"""Workspaces that older versions of Darkroom wrote are read unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.data.history import list_versions
from core.data.skip_reasons import SkipReason
from core.data.version_record import EditKind, version_numbers
from core.jobs.directory import JobDirectory, list_jobs
from core.training.records import LiveState
from core.workspace import get_project, jobs_folder, list_projects, list_runs, list_searches
from tests.support.older_workspace import (
    Facts,
    dataset_facts,
    differences,
    job_facts,
    recorded_facts,
    run_facts,
    search_facts,
    unpack_workspace,
    version_facts,
    with_neutral_paths,
)

COMMIT = "03be4e7"
RECORDED: dict[str, Facts] = recorded_facts(COMMIT)["projects"]
PROJECTS = sorted(RECORDED)

# The codes of the sentences that this commit stored.
REASON_CODES = {
    "a later file in the archive has the same name, and that one was taken": SkipReason.REPLACED_BY_LATER_FILE,
    "it has more pixels than can be handled safely": SkipReason.TOO_LARGE_TO_DECODE,
    "it has {width} × {height} pixels, more than the {limit} million that can be handled safely": SkipReason.TOO_MANY_PIXELS,
    "it is a device or a pipe, not a file": SkipReason.DEVICE,
    "it is a link, not a file": SkipReason.LINK,
    "it is an archive beside other files; unpack it first": SkipReason.ARCHIVE_BESIDE_FILES,
    "it is an archive in an archive in an archive; unpack it first": SkipReason.ARCHIVE_TOO_DEEP,
    "it is damaged inside the archive": SkipReason.DAMAGED_IN_ARCHIVE,
    "it is damaged or cut off": SkipReason.DAMAGED,
    "it is larger than {limit} MB": SkipReason.FILE_TOO_LARGE,
    "it is not a picture, or of a kind that cannot be read": SkipReason.NOT_A_PICTURE,
    "it is packed in a way that cannot be unpacked here": SkipReason.UNKNOWN_COMPRESSION,
    "it is the same picture as {other}": SkipReason.DUPLICATE,
    "it lies in no class folder": SkipReason.NO_CLASS_FOLDER,
    "it unpacks to more than {ratio} times its size, as no picture does": SkipReason.DECOMPRESSION_BOMB,
    "its class “{label}” has no pictures to train on": SkipReason.CLASS_WITHOUT_TRAINING_PICTURES,
    "its class “{label}” has only {count} usable pictures; at least {minimum} are needed": SkipReason.CLASS_TOO_SMALL,
    "its name points outside the archive": SkipReason.UNSAFE_NAME,
    "row {row} of {sheet} names it, but several files are called so; add their folders": SkipReason.AMBIGUOUS_NAME,
    "row {row} of {sheet} names it, but there is no such file": SkipReason.MISSING_FILE,
    "{sheet} has no row for it": SkipReason.NOT_IN_TABLE,
}
EDIT_CODES = {
    "Added from {source}. Pictures: {count}": EditKind.ADDED,
    "Added to “{source}”. Pictures: {count}": EditKind.ADDED_TO_CLASS,
    "Added without a label. Pictures: {count}": EditKind.ADDED_UNLABELLED,
    "Also “{label}”. Pictures: {count}": EditKind.LABEL_ADDED,
    "Class “{name}” removed": EditKind.CLASS_REMOVED,
    "Class “{old}” renamed to “{new}”": EditKind.CLASS_RENAMED,
    "Classes put in another order": EditKind.CLASSES_REORDERED,
    "Classes {names} merged into “{into}”": EditKind.CLASSES_MERGED,
    "Deleted for good. Pictures: {count}": EditKind.ERASED,
    "Divided anew: {validation} to validate, {test} to test, seed {seed}": EditKind.SPLIT_REDRAWN,
    "Divided new pictures. Pictures: {count}": EditKind.NEW_PICTURES_SPLIT,
    "Excluded. Pictures: {count}": EditKind.EXCLUDED,
    "Imported from {source}. Pictures: {count}": EditKind.IMPORTED,
    "Labelled “{label}”. Pictures: {count}": EditKind.LABELLED,
    "Labels removed. Pictures: {count}": EditKind.LABELS_REMOVED,
    "Leaks closed by excluding pictures: {count}": EditKind.LEAKS_EXCLUDED,
    "New class “{name}”": EditKind.CLASS_ADDED,
    "No longer “{label}”. Pictures: {count}": EditKind.LABEL_REMOVED,
    "Started without pictures": EditKind.STARTED_EMPTY,
    "Suggested labels accepted. Pictures: {count}": EditKind.SUGGESTIONS_ACCEPTED,
    "Taken back. Pictures: {count}": EditKind.INCLUDED,
    "Version {number} restored": EditKind.VERSION_RESTORED,
}


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace, unpacked once. Leave it as it is."""
    return unpack_workspace(COMMIT, tmp_path_factory.mktemp(COMMIT))


@pytest.fixture
def older(unpacked: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of all tests here, to be read alone."""
    monkeypatch.setenv("DARKROOM_HOME", str(unpacked))
    return unpacked


def test_every_project_is_listed(older: Path) -> None:
    assert [project.name for project in list_projects()] == PROJECTS


@pytest.mark.parametrize("name", PROJECTS)
def test_versions_have_the_same_pictures_labels_splits_and_additions(older: Path, name: str) -> None:
    project = get_project(name)
    recorded = RECORDED[name]["versions"]
    assert [str(number) for number in version_numbers(project.dataset)] == list(recorded)
    for number, facts in recorded.items():
        read = with_neutral_paths(version_facts(project, int(number)), older)
        facts = {key: value for key, value in facts.items() if key != "skipped"}
        assert differences(facts, read, number) == []


@pytest.mark.parametrize("name", PROJECTS)
def test_left_out_files_have_the_code_of_the_sentence_they_were_stored_with(older: Path, name: str) -> None:
    project = get_project(name)
    files: list[Facts] = []
    for number, facts in RECORDED[name]["versions"].items():
        files = files if facts["skipped"] == "as before" else facts["skipped"]
        dataset = open_dataset(project, int(number))
        read = {item.file: item.reason for item in dataset.skipped}
        assert [item.file for item in dataset.skipped] == [item["file"] for item in files]
        for item in files:
            assert read[item["file"]].code == REASON_CODES[item["reason"]["template"]]
            assert differences(item["reason"], str(read[item["file"]]), item["file"]) == []
        for label, reason in facts["left_out_classes"].items():
            assert dataset.left_out_classes[label].code == REASON_CODES[reason["template"]]


@pytest.mark.parametrize("name", PROJECTS)
def test_history_has_the_code_of_each_change(older: Path, name: str) -> None:
    codes = [info.edit.kind for info in list_versions(get_project(name))]
    assert codes == [EDIT_CODES[info["what"]["template"]] for info in RECORDED[name]["history"]]


def test_every_code_occurs() -> None:
    """So that none of the tables is held against nothing."""
    versions = [version for facts in RECORDED.values() for version in facts["versions"].values()]
    reasons = {
        item["reason"]["template"]
        for version in versions
        if version["skipped"] != "as before"
        for item in version["skipped"]
    }
    reasons |= {reason["template"] for version in versions for reason in version["left_out_classes"].values()}
    assert reasons == REASON_CODES.keys()
    edits = {info["what"]["template"] for facts in RECORDED.values() for info in facts["history"]}
    assert edits == EDIT_CODES.keys()


@pytest.mark.parametrize("name", PROJECTS)
def test_what_the_data_page_shows_is_as_recorded(older: Path, name: str) -> None:
    """Settings, history, leaks, the doctor's report, dismissals, label groups, the bake-off."""
    read = with_neutral_paths(dataset_facts(get_project(name)), older)
    recorded = {key: RECORDED[name][key] for key in read}
    assert differences(recorded, read) == []


@pytest.mark.parametrize("name", PROJECTS)
def test_runs_have_the_same_state_settings_scores_and_predictions(older: Path, name: str) -> None:
    runs = list_runs(get_project(name))
    assert {path.name for path in runs} == RECORDED[name]["runs"].keys()
    for path in runs:
        read = with_neutral_paths(run_facts(JobDirectory(path)), older)
        recorded = {key: value for key, value in RECORDED[name]["runs"][path.name].items() if key != "live"}
        assert differences(recorded, read, path.name) == []


def test_live_states_hold_every_validation_picture(older: Path) -> None:
    runs = {path.name: JobDirectory(path) for path in list_runs(get_project("shapes"))}
    states = {name: live for name, run in runs.items() if (live := run.live()) is not None}
    assert states.keys() == {name for name, facts in RECORDED["shapes"]["runs"].items() if facts["live"]}
    for name, live in states.items():
        state = LiveState.from_json(live)
        assert state.epoch <= RECORDED["shapes"]["runs"][name]["lines"]
        assert state.confusion is not None
        assert sum(map(sum, state.confusion)) == 16
        assert state.examples


@pytest.mark.parametrize("name", PROJECTS)
def test_searches_have_the_same_trials_ranking_and_summary(older: Path, name: str) -> None:
    searches = list_searches(get_project(name))
    assert {path.name for path in searches} == RECORDED[name]["searches"].keys()
    for path in searches:
        read = with_neutral_paths(search_facts(JobDirectory(path)), older)
        assert differences(RECORDED[name]["searches"][path.name], read, path.name) == []


@pytest.mark.parametrize("name", [*PROJECTS, ""])
def test_jobs_have_the_same_kind_state_error_and_stages(older: Path, name: str) -> None:
    jobs = list_jobs(get_project(name).jobs if name else jobs_folder())
    recorded = RECORDED[name]["jobs"] if name else recorded_facts(COMMIT)["jobs"]
    read = [with_neutral_paths(job_facts(job), older) for job in jobs]
    without = [
        {key: value for key, value in job.items() if key not in {"config", "result"}} for job in recorded
    ]
    assert differences(without, read) == []
