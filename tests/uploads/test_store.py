"""Upload tokens, quotas and expiry."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core.errors import ConfigError, NoRoomError, NotFoundError, UploadDeniedError
from core.uploads.store import (
    KEEP_ABANDONED_SECONDS,
    LIMIT_VARIABLE,
    Ticket,
    bytes_left,
    find_upload,
    open_upload,
    remove_abandoned,
    remove_upload_at,
    uploads_folder,
)
from core.uploads.upload import Upload


def fill(upload: Upload, size_bytes: int, path: str = "pets.zip") -> Path:
    part = upload.write_to(path, offset=0, size_bytes=size_bytes)
    part.write(bytes(size_bytes))
    part.close()
    return upload.folder / "files" / path


def grow_old(upload: Upload, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(upload.folder / "upload.json", (then, then))


def test_a_ticket_opens_its_own_upload_only(ticket: Ticket) -> None:
    other = open_upload(10)
    assert find_upload(ticket).folder != find_upload(other).folder
    for token in (other.token, ticket.token[:-1], "", "ü"):
        with pytest.raises(UploadDeniedError):
            find_upload(Ticket(upload=ticket.upload, token=token))


def test_all_requests_share_one_upload(ticket: Ticket) -> None:
    """Its locks are in memory."""
    assert find_upload(ticket) is find_upload(ticket)


def test_the_token_is_not_on_the_disk(ticket: Ticket, workspace: Path) -> None:
    """A reader of a workspace backup cannot write to a running upload."""
    assert all(ticket.token not in path.read_text() for path in workspace.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["", "..", "../projects", "0123456789abcdef", "\0", "0" * 17, "A" * 16])
def test_an_unknown_upload_is_not_found(ticket: Ticket, name: str) -> None:
    with pytest.raises(NotFoundError):
        find_upload(Ticket(upload=name, token=ticket.token))


def test_uploads_share_a_limit(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    """Otherwise a browser could fill the disk."""
    monkeypatch.setenv(LIMIT_VARIABLE, "0.001")
    fill(find_upload(open_upload(400_000)), 400_000)
    left = bytes_left()
    assert 590_000 < left < 600_000  # the records take some, too
    with pytest.raises(NoRoomError, match=r"needs 0\.7 MB; there is room for 0\.6 MB"):
        open_upload(700_000)
    assert open_upload(left).upload


def test_a_limit_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "a lot")
    with pytest.raises(ConfigError, match="“a lot”"):
        bytes_left()


def test_more_than_the_disk_holds_is_refused(workspace: Path) -> None:
    with pytest.raises(NoRoomError):
        open_upload(10**18)
    assert not uploads_folder().exists()


def test_an_upload_is_kept_for_a_day_after_its_last_piece(upload: Upload, workspace: Path) -> None:
    old, begun_long_ago = find_upload(open_upload(10)), find_upload(open_upload(10))
    (uploads_folder() / ".deleting-1234").mkdir()
    grow_old(old, KEEP_ABANDONED_SECONDS + 60)
    grow_old(begun_long_ago, KEEP_ABANDONED_SECONDS + 60)
    fill(begun_long_ago, 10)
    grow_old(upload, KEEP_ABANDONED_SECONDS - 60)
    remove_abandoned()
    assert set(uploads_folder().iterdir()) == {upload.folder, begun_long_ago.folder}


def test_opening_an_upload_clears_abandoned_ones(upload: Upload) -> None:
    fill(upload, 1000)
    grow_old(upload, KEEP_ABANDONED_SECONDS + 60)
    open_upload(10)
    assert not upload.folder.exists()


def test_an_import_removes_the_upload_it_read(upload: Upload, workspace: Path) -> None:
    """And nothing that lies elsewhere, such as a folder that people keep themselves."""
    kept = workspace / "pictures" / "pets.zip"
    kept.parent.mkdir()
    kept.write_bytes(b"zip")
    source = fill(upload, 1000, "Pets/cats/1.jpg")
    for path in (kept, uploads_folder(), uploads_folder().parent, uploads_folder() / ".." / "pictures"):
        remove_upload_at(path)
    assert kept.exists()
    assert source.exists()
    remove_upload_at(upload.content)
    assert list(uploads_folder().iterdir()) == []
