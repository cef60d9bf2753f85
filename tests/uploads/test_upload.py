"""Interrupted uploads keep their bytes and continue exactly where they ended."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections import namedtuple
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import (
    NoRoomError,
    NotFoundError,
    UploadConflictError,
    UploadError,
    UploadTooLargeError,
    WorkspaceError,
)
from core.uploads import upload as upload_module
from core.uploads.disk_space import RESERVE_BYTES
from core.uploads.store import Ticket, find_upload, open_upload, remove_upload
from core.uploads.upload import FileState, ReceivedFile, Upload

DATA = bytes(range(256)) * 40


def send(upload: Upload, path: str, data: bytes, *, offset: int = 0, size_bytes: int | None = None) -> None:
    part = upload.write_to(
        path, offset=offset, size_bytes=offset + len(data) if size_bytes is None else size_bytes
    )
    try:
        part.write(data)
    finally:
        part.close()


def offset_named(error: pytest.ExceptionInfo[UploadConflictError]) -> int | None:
    return error.value.message.values.get("offset")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=5), restarts=st.booleans())
def test_a_file_sent_in_any_pieces_is_the_same_file(workspace: Path, cuts: list[int], restarts: bool) -> None:
    """Also when the server is another one by the next piece."""
    ticket = open_upload(len(DATA))
    upload = find_upload(ticket)
    edges = [0, *sorted(cuts), len(DATA)]
    for start, end in pairwise(edges):
        if upload.state("pets.zip").is_whole:
            break
        upload = Upload(upload.folder) if restarts else upload
        assert upload.state("pets.zip") == FileState(offset=start, is_whole=False)
        send(upload, "pets.zip", DATA[start:end], offset=start, size_bytes=len(DATA))
    assert upload.state("pets.zip") == FileState(offset=len(DATA), is_whole=True)
    assert upload.content.name == "pets.zip"
    assert upload.content.read_bytes() == DATA
    assert upload.size_bytes == len(DATA)
    remove_upload(upload)


@pytest.mark.parametrize("offset", [0, 99, 101, 200])
def test_a_gap_or_an_overlap_is_refused_with_the_right_offset(upload: Upload, offset: int) -> None:
    send(upload, "pets.zip", DATA[:100], size_bytes=200)
    with pytest.raises(UploadConflictError, match="resumes at byte 100") as error:
        upload.write_to("pets.zip", offset=offset, size_bytes=200)
    assert offset_named(error) == 100
    assert upload.state("pets.zip").offset == 100


def test_a_whole_file_is_not_written_again(upload: Upload) -> None:
    """If a reply is lost, the offset shows that nothing is left to send."""
    send(upload, "pets.zip", DATA)
    for offset in (0, len(DATA)):
        with pytest.raises(UploadConflictError) as error:
            upload.write_to("pets.zip", offset=offset, size_bytes=len(DATA))
        assert offset_named(error) == len(DATA)
    assert upload.content.read_bytes() == DATA


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_file_that_changed_its_size_is_another_file(upload: Upload, is_whole: bool) -> None:
    """A mixture of both files would be useless."""
    send(upload, "pets.zip", DATA[:100], size_bytes=100 if is_whole else 200)
    with pytest.raises(UploadConflictError, match="now has 300") as error:
        upload.write_to("pets.zip", offset=100, size_bytes=300)
    assert offset_named(error) is None


def test_nothing_is_taken_beyond_the_announced_size_of_a_file(upload: Upload) -> None:
    part = upload.write_to("pets.zip", offset=0, size_bytes=100)
    part.write(DATA[:60])
    with pytest.raises(UploadTooLargeError, match="100 bytes announced"):
        part.write(DATA[60:101])
    part.close()
    assert upload.state("pets.zip") == FileState(offset=60, is_whole=False)


def test_nothing_is_taken_beyond_the_announced_size_of_the_upload(workspace: Path) -> None:
    """Parts count with their announced size, also after a restart; otherwise many could begin."""
    upload = find_upload(open_upload(100))
    send(upload, "a", DATA[:40])
    send(upload, "b", DATA[:1], size_bytes=50)
    for server in (upload, Upload(upload.folder)):
        with pytest.raises(UploadTooLargeError, match=r"“c” has 11 bytes; of the 100 .* 10 are left"):
            server.write_to("c", offset=0, size_bytes=11)
    send(upload, "c", DATA[:10])
    send(upload, "b", DATA[1:50], offset=1)
    assert upload.size_bytes == 100


def test_the_newer_of_two_connections_continues(upload: Upload) -> None:
    """The older one may belong to another tab, or hang for hours after a lost network."""
    older = upload.write_to("pets.zip", offset=0, size_bytes=len(DATA))
    older.write(DATA[:1000])
    with pytest.raises(UploadConflictError) as error:
        upload.write_to("pets.zip", offset=0, size_bytes=len(DATA))
    assert offset_named(error) == 1000
    newer = upload.write_to("pets.zip", offset=1000, size_bytes=len(DATA))
    with pytest.raises(UploadConflictError, match="another connection"):
        older.write(DATA[1000:2000])
    newer.write(DATA[1000:])
    older.close()
    newer.close()
    assert upload.content.read_bytes() == DATA


class FullDisk(io.FileIO):
    """A file on a disk with room for 700 bytes."""

    def write(self, data: Any, /) -> int:
        room = 700 - os.fstat(self.fileno()).st_size
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data)[:room]) or 0


def test_a_full_disk_keeps_the_bytes_that_fitted_and_the_file_resumes_later(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(upload, "pets.zip", DATA[:300], size_bytes=len(DATA))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode, buffering: FullDisk(path, mode))
        with pytest.raises(NoRoomError, match="Received data is kept"):
            send(upload, "pets.zip", DATA[300:], offset=300)
    assert upload.state("pets.zip") == FileState(offset=700, is_whole=False)
    send(upload, "pets.zip", DATA[700:], offset=700)
    assert upload.content.read_bytes() == DATA


def test_a_disk_that_fills_at_the_last_byte_loses_nothing(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bytes are stored; only the line in ``files.jsonl`` is missing."""

    def refuse(path: Path, record: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(upload_module, "append_json_line", refuse)
        with pytest.raises(NoRoomError):
            send(upload, "pets.zip", DATA)
    assert upload.state("pets.zip") == FileState(offset=len(DATA), is_whole=False)
    assert upload.files == []
    send(upload, "pets.zip", b"", offset=len(DATA))
    assert upload.content.read_bytes() == DATA


def test_a_file_that_will_not_fit_is_refused_before_the_disk_is_full(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reserve stays free for everything else on the computer."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, RESERVE_BYTES + 1000))
    send(upload, "small.zip", DATA[:1000])
    with pytest.raises(NoRoomError):
        upload.write_to("large.zip", offset=0, size_bytes=1001)


def test_a_workspace_that_cannot_be_written_says_why(upload: Upload) -> None:
    shutil.rmtree(upload.folder / "parts")
    with pytest.raises(WorkspaceError, match="No such file or directory"):
        upload.write_to("pets.zip", offset=0, size_bytes=1)


@pytest.mark.parametrize(
    "hostile", ["../../evil.zip", "/etc/cron.d/evil", "C:\\evil", "a/../../../evil", "\0"]
)
def test_nothing_is_written_outside_the_upload(workspace: Path, upload: Upload, hostile: str) -> None:
    before = set(workspace.rglob("*")) | set(workspace.parent.glob("*"))
    send(upload, hostile, b"evil")
    (stored,) = upload.files
    new = set(workspace.rglob("*")) | set(workspace.parent.glob("*"))
    files = [path for path in new - before if path.is_file()]
    assert {path.relative_to(upload.folder).parts[0] for path in files} == {"files", "files.jsonl"}
    assert (upload.folder / "files" / stored.stored).read_bytes() == b"evil"


@pytest.mark.parametrize(
    ("path", "offset", "size"), [("a" * 2001, 0, 1), ("a/" * 32 + "a", 0, 1), ("a", 2, 1), ("a", -1, 1)]
)
def test_an_impossible_path_or_offset_is_refused(upload: Upload, path: str, offset: int, size: int) -> None:
    with pytest.raises(UploadError):
        upload.write_to(path, offset=offset, size_bytes=size)


def test_a_folder_keeps_its_shape(upload: Upload) -> None:
    """Folders are classes. Empty files are stored as well."""
    paths = ["Pets/cats/1.jpg", "Pets/cats/2.jpg", "Pets/dogs/1.jpg", "Pets/empty.txt"]
    for path in paths:
        send(upload, path, b"" if path.endswith("txt") else path.encode())
    assert upload.files == [
        ReceivedFile(sent=path, stored=path, size_bytes=0 if path.endswith("txt") else len(path))
        for path in paths
    ]
    assert upload.content.name == "Pets"
    assert (upload.content / "dogs" / "1.jpg").read_bytes() == b"Pets/dogs/1.jpg"
    send(upload, "more.jpg", b"more")
    assert {path.name for path in upload.content.iterdir()} == {"Pets", "more.jpg"}


def test_twins_both_stay_after_a_restart(upload: Upload) -> None:
    """A file system that ignores case would keep only the last."""
    send(upload, "x/a.jpg", b"first")
    again = Upload(upload.folder)
    send(again, "x/A.JPG", b"second")
    assert [file.stored for file in again.files] == ["x/a.jpg", "x/A (2).JPG"]
    assert sorted(path.read_bytes() for path in again.content.iterdir()) == [b"first", b"second"]


def test_a_file_lost_in_a_crash_is_requested_again(upload: Upload) -> None:
    """The line in ``files.jsonl`` may reach the disk before the file."""
    send(upload, "x/a.jpg", DATA)
    (upload.folder / "files" / "x" / "a.jpg").write_bytes(b"")
    again = Upload(upload.folder)
    assert again.state("x/a.jpg") == FileState(offset=0, is_whole=False)
    send(again, "x/a.jpg", DATA)
    assert (upload.folder / "files" / "x" / "a.jpg").read_bytes() == DATA


def test_a_removed_upload_accepts_nothing(ticket: Ticket, upload: Upload) -> None:
    part = upload.write_to("pets.zip", offset=0, size_bytes=len(DATA))
    part.write(DATA[:100])
    remove_upload(upload)
    with pytest.raises(UploadConflictError):
        part.write(DATA[100:])
    part.close()
    with pytest.raises(NotFoundError, match="no longer here"):
        upload.write_to("pets.zip", offset=0, size_bytes=len(DATA))
    assert not upload.folder.exists()


def test_an_upload_removed_by_another_process_is_gone(upload: Upload) -> None:
    """The worker removes it after the import."""
    part = upload.write_to("pets.zip", offset=0, size_bytes=3)
    part.write(b"abc")
    shutil.rmtree(upload.folder)
    with pytest.raises(NotFoundError):
        part.close()
