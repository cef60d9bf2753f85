"""Archives from elsewhere: names and sums are checked, and a refused one leaves no trace."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.archive.reading import restore_archive
from core.archive.records import MANIFEST
from core.data.dataset import open_dataset
from core.data.sources import members
from core.errors import (
    ArchiveError,
    DarkroomError,
    DataError,
    InvalidNameError,
    NotFoundError,
    ProjectExistsError,
    SchemaVersionError,
)
from core.evaluation.ensemble import EnsembleConfig
from core.jobs.directory import JobRequest
from core.jobs.kinds import JobKind
from core.prediction.batch.records import BatchRequest
from core.progress import JobStopped, QuietProgress, Stage
from core.records import stored_values
from core.search.config import SearchConfig
from core.training.config import TrainingConfig
from core.workspace import Project, get_project, home, list_projects
from tests.support.archives import forged, members_of, saved, with_manifest, with_members, write_members
from tests.support.files import deny_opening
from tests.support.progress_recorder import Recorder

VERSION = "project/dataset/versions/0001.json"
TABLE = "project/dataset/versions/0001.parquet"


@pytest.fixture
def archive(digits_project: Project, tmp_path: Path) -> Path:
    """The archive of a project without runs; the project itself is gone."""
    file = tmp_path / "digits.darkroom.zip"
    saved(digits_project, file)
    shutil.rmtree(digits_project.path)
    return file


@pytest.fixture
def refused(archive: Path) -> Iterator[Callable[..., str]]:
    """Restore a file that is refused, and return the sentence; nothing of it may remain."""

    def restore(error: type[Exception], file: Path = archive) -> str:
        with pytest.raises(error) as caught:
            restore_archive(file, None, QuietProgress())
        return str(caught.value)

    yield restore
    assert list_projects() == []
    assert list((home() / "staging").glob("*")) == []
    assert list((home() / "leases").glob("*")) == []


def restored(file: Path, name: str | None = None) -> Project:
    return get_project(restore_archive(file, name, QuietProgress()).project)


def test_a_changed_picture_is_named(archive: Path, refused: Callable[..., str]) -> None:
    name = next(name for name in members_of(archive) if "/images/" in name)
    with_members(archive, {name: b"another picture"})
    assert f"“{name}” is not as it was saved" in refused(ArchiveError)


def test_a_damaged_byte_is_found(archive: Path, refused: Callable[..., str]) -> None:
    """A transfer that broke bits: the zip opens, and one file in it fails its checksum."""
    with zipfile.ZipFile(archive) as opened:
        info = next(info for info in opened.infolist() if "/images/" in info.filename)
    content = bytearray(archive.read_bytes())
    content[info.header_offset + 200] ^= 1
    archive.write_bytes(content)
    assert info.filename in refused(ArchiveError)


def test_a_missing_file_and_a_further_one_are_named(archive: Path, refused: Callable[..., str]) -> None:
    with_members(archive, {VERSION: None})
    assert VERSION in refused(ArchiveError)
    with_members(archive, {VERSION: b"{}", "project/dataset/versions/0002.json": b"{}"})
    assert "versions/0002.json" in refused(ArchiveError)


def test_a_zip_of_pictures_is_no_project(tmp_path: Path, refused: Callable[..., str]) -> None:
    file = write_members(tmp_path / "pictures.zip", {"cats/1.png": b""})
    assert "pictures.zip is not a project that Darkroom saved" in refused(ArchiveError, file)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_zip_is_refused(
    content: bytes, tmp_path: Path, refused: Callable[..., str]
) -> None:
    (tmp_path / "file.zip").write_bytes(content)
    assert "file.zip" in refused(ArchiveError, tmp_path / "file.zip")
    refused(NotFoundError, tmp_path / "absent.zip")


def test_a_file_that_cannot_be_opened_is_said(
    archive: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deny_opening(monkeypatch, archive.name)
    assert "cannot be opened: Permission denied" in refused(DataError)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"[]", b"\xff", b'{"files": 3}'])
def test_a_manifest_that_is_none_is_refused(
    content: bytes, archive: Path, refused: Callable[..., str]
) -> None:
    with_members(archive, {MANIFEST: content})
    assert archive.name in refused(DarkroomError)


def test_a_newer_archive_is_refused_with_the_version_that_wrote_it(
    archive: Path, refused: Callable[..., str]
) -> None:
    with_manifest(archive, lambda values: values | {"schema_version": 2, "darkroom_version": "9.4.0"})
    sentence = refused(SchemaVersionError)
    assert sentence.startswith(f"{archive.name} was written by Darkroom 9.4.0 in format 2")
    assert sentence.endswith("Update Darkroom.")


def test_a_newer_dataset_inside_is_refused(archive: Path, refused: Callable[..., str]) -> None:
    newer = json.loads(members_of(archive)[VERSION]) | {"schema_version": 99, "darkroom_version": "9.4.0"}
    forged(archive, {VERSION: json.dumps(newer).encode()})
    assert "9.4.0" in refused(SchemaVersionError)


@pytest.mark.parametrize("name", ["../evil", "project/../../evil", "/etc/evil", "C:\\evil", "..\\evil"])
def test_names_that_lead_out_of_the_project_are_refused(
    name: str, archive: Path, refused: Callable[..., str]
) -> None:
    forged(archive, {name: b"evil"})
    assert "evil" in refused(ArchiveError)
    assert list(home().parent.rglob("evil")) == []


def test_links_are_refused(archive: Path, refused: Callable[..., str]) -> None:
    link = zipfile.ZipInfo("project/dataset/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    assert "project/dataset/link" in refused(ArchiveError)


def test_one_name_for_a_file_and_a_folder_is_refused(archive: Path, refused: Callable[..., str]) -> None:
    forged(archive, {"project/a": b"", "project/a/b": b""})
    assert "cannot be written here" in refused(ArchiveError)


def test_zeros_that_unpack_to_a_full_disk_are_refused(
    archive: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "_BOMB_TOTAL_BYTES", 0)
    forged(archive, {"project/zeros": bytes(1000 * archive.stat().st_size)})
    assert "unpacks to more than 300 times its size" in refused(ArchiveError)


def test_an_archive_that_announces_more_than_the_disk_holds_is_not_begun(
    archive: Path, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = type("Usage", (), {"free": (512 << 20) + 1000})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    assert f"{archive.name} unpacks to" in refused(DataError)


def test_a_stop_leaves_nothing(archive: Path, refused: Callable[..., str]) -> None:
    recorder = Recorder(stop=lambda recorder: len(recorder.steps) > 20)
    recorder.stage(Stage.RESTORING)
    with pytest.raises(JobStopped):
        restore_archive(archive, None, recorder)


def test_a_disk_that_fills_while_unpacking_leaves_nothing(archive: Path, refused: Callable[..., str]) -> None:
    class Filling(QuietProgress):
        def advance(self, done: int, total: int, likely: float | None = None) -> None:
            if done > total / 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        restore_archive(archive, None, Filling())


def job(kind: JobKind, config: dict[str, Any]) -> bytes:
    return json.dumps(stored_values(JobRequest(kind=kind, created=1.0, config=config))).encode()


BASE = TrainingConfig(dataset_version=1)
FOREIGN = {
    "a database": (
        "project/searches/search-1/config.json",
        job(JobKind.SEARCH, SearchConfig(base=BASE, trials=1, storage="mysql://elsewhere/x").to_json()),
        "mysql://elsewhere/x",
    ),
    "a folder of this computer": (
        "project/predictions/batch-1/config.json",
        job(JobKind.PREDICT_BATCH, BatchRequest(run="run-1", sources=(Path("/home"),)).to_json()),
        "/home",
    ),
    "a folder above": (
        "project/predictions/batch-1/config.json",
        job(JobKind.PREDICT_BATCH, BatchRequest(run="run-1", sources=(Path("../../.."),)).to_json()),
        "../../..",
    ),
    "a run of another project": (
        "project/predictions/batch-1/config.json",
        job(JobKind.PREDICT_BATCH, BatchRequest(run="../../Other/runs/run-1", sources=()).to_json()),
        "../../Other/runs/run-1",
    ),
    "a member of another project": (
        "project/runs/run-1/config.json",
        job(
            JobKind.ENSEMBLE,
            EnsembleConfig(
                dataset_version=1,
                members=("run-2", "../../Other/runs/run-1"),
                weights=(0.5, 0.5),
                backbones=("mobilenet",),
                input_size=224,
            ).to_json(),
        ),
        "../../Other/runs/run-1",
    ),
    "an installation": (
        "project/runs/run-1/config.json",
        job(JobKind.INSTALL_PACKAGES, {"packages": ["onnx"]}),
        "runs/run-1",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_places_of_this_computer_in_an_archive_are_refused(
    case: str, archive: Path, refused: Callable[..., str]
) -> None:
    """With sums that fit: whoever forges an archive can compute them."""
    name, content, place = FOREIGN[case]
    forged(archive, {name: content})
    assert f"names “{place}”" in refused(ArchiveError)


def test_pictures_elsewhere_on_this_computer_are_refused(archive: Path, refused: Callable[..., str]) -> None:
    """Whoever may upload could look at every picture that the server can read."""
    table = pd.read_parquet(io.BytesIO(members_of(archive)[TABLE])).assign(location="/home/me/private.jpg")
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    forged(archive, {TABLE: content.getvalue()})
    assert "names “/home/me/private.jpg”" in refused(ArchiveError)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sha256", "../../../another/dataset/images/secret"),
        ("sha256", "/home/me/private"),
        ("sha256", "A" * 64),
        ("extension", "png/../../../../secret"),
        ("extension", ""),
    ],
)
def test_pictures_whose_names_lead_elsewhere_are_refused(
    column: str, value: str, archive: Path, refused: Callable[..., str]
) -> None:
    """A picture's file is named by both: it could be shown, and to erase it would delete another file."""
    table = pd.read_parquet(io.BytesIO(members_of(archive)[TABLE]))
    table.loc[table.index[-1], column] = value
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    forged(archive, {TABLE: content.getvalue()})
    assert f"names “{value}”" in refused(ArchiveError)


def test_a_table_that_is_none_is_refused(archive: Path, refused: Callable[..., str]) -> None:
    forged(archive, {TABLE: b"no table"})
    assert "holds a project that cannot be opened" in refused(ArchiveError)


def test_a_taken_name_is_not_overwritten_and_another_one_serves(archive: Path) -> None:
    first = restored(archive)
    before = {path: path.stat().st_mtime_ns for path in first.path.rglob("*")}
    with pytest.raises(ProjectExistsError, match="already a project called “digits”"):
        restore_archive(archive, None, QuietProgress())
    with pytest.raises(InvalidNameError):
        restore_archive(archive, "a/b", QuietProgress())
    second = restored(archive, "Digits again")
    assert {path: path.stat().st_mtime_ns for path in first.path.rglob("*")} == before
    assert open_dataset(second).digest == open_dataset(first).digest
