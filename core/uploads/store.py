"""Store of uploads: tickets, quota and removal.

Owns ``home()/uploads/``, with one folder for each upload. Independent of HTTP and of
the content of the files.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, NoRoomError, UploadDeniedError
from core.files import sha256_bytes
from core.messages import N_
from core.records import write_record
from core.uploads.disk_space import disk_error, free_bytes
from core.uploads.upload import RECORD, Upload, UploadRecord, upload_not_found
from core.workspace import home

KEEP_ABANDONED_SECONDS = 24 * 3600.0
DEFAULT_LIMIT_GIGABYTES = 100.0
LIMIT_VARIABLE = "DARKROOM_UPLOAD_LIMIT_GB"
_ID = re.compile(r"[0-9a-f]{16}")
_TOKEN_BYTES = 32

# Uploads opened by this process. Their locks work only if all threads share one object.
_OPENED: dict[Path, Upload] = {}
_OPENING = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Credentials of one upload: the holder of the token may write to it."""

    upload: str
    token: str


def uploads_folder() -> Path:
    return home() / "uploads"


def bytes_left() -> int:
    """Compute the remaining quota in bytes, from the limit for all uploads and the free disk space.

    Raises:
        ConfigError: the limit in ``$DARKROOM_UPLOAD_LIMIT_GB`` is no number.
    """
    return max(0, min(_limit_bytes() - _bytes_in(uploads_folder()), free_bytes()))


def open_upload(size_bytes: int) -> Ticket:
    """Create an upload for files of ``size_bytes`` in total; abandoned uploads are removed first.

    Raises:
        NoRoomError: the quota or the disk has less room.
        ConfigError: see ``bytes_left``.
    """
    remove_abandoned()
    left = bytes_left()
    if size_bytes > left:
        raise NoRoomError(
            N_(
                "The upload needs {needed} MB; there is room for {left} MB. "
                "Free space on the disk of {folder}, or send less."
            ),
            needed=_megabytes(size_bytes),
            left=_megabytes(left),
            folder=str(home()),
        )
    ticket = Ticket(upload=secrets.token_hex(8), token=secrets.token_urlsafe(_TOKEN_BYTES))
    folder = uploads_folder() / ticket.upload
    try:
        for name in ("files", "parts"):
            (folder / name).mkdir(parents=True)
        record = UploadRecord(token_sha256=sha256_bytes(ticket.token.encode()), size_limit=size_bytes)
        write_record(folder / RECORD, record)
    except OSError as error:
        raise disk_error(error) from error
    return ticket


def find_upload(ticket: Ticket) -> Upload:
    """Find the upload of a ticket; one process always gets the same object.

    Raises:
        NotFoundError: the upload was removed or never existed.
        UploadDeniedError: the token belongs to another upload.
    """
    folder = uploads_folder() / ticket.upload
    if not _ID.fullmatch(ticket.upload) or not (folder / RECORD).is_file():
        raise upload_not_found(ticket.upload)
    with _OPENING:
        upload = _OPENED.get(folder)
        if upload is None:
            upload = _OPENED[folder] = _read(folder)
    if not hmac.compare_digest(upload.token_sha256, sha256_bytes(ticket.token.encode())):
        raise UploadDeniedError(
            N_("Upload “{upload}” belongs to another page. Reload the page and choose the files again."),
            upload=ticket.upload,
        )
    return upload


def remove_upload(upload: Upload) -> None:
    """Remove the upload with all its files; connections that still send are refused."""
    upload.abort()
    _remove(upload.folder)


def remove_upload_at(path: Path) -> None:
    """Remove the upload that contains ``path``; a path outside all uploads is ignored."""
    folder = uploads_folder()
    resolved = path.resolve()
    if resolved.is_relative_to(folder) and resolved != folder:
        _remove(folder / resolved.relative_to(folder).parts[0])


def remove_abandoned() -> None:
    """Remove uploads that received nothing for a day, and remains of interrupted removals."""
    folder = uploads_folder()
    for path in folder.iterdir() if folder.is_dir() else ():
        record = path / RECORD
        with suppress(FileNotFoundError):
            touched = (record if record.exists() else path).stat().st_mtime
            if path.name[0] == "." or time.time() - touched > KEEP_ABANDONED_SECONDS:
                _remove(path)
    for path in [path for path in _OPENED if not path.exists()]:  # removed by a worker
        _OPENED.pop(path, None)


def _read(folder: Path) -> Upload:
    try:
        return Upload(folder)
    except FileNotFoundError as error:  # removed a moment ago
        raise upload_not_found(folder.name) from error


def _limit_bytes() -> int:
    setting = os.environ.get(LIMIT_VARIABLE) or str(DEFAULT_LIMIT_GIGABYTES)
    try:
        return int(float(setting) * 1e9)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            N_("{variable} is “{value}”; it must be a number of gigabytes, such as 100."),
            variable=LIMIT_VARIABLE,
            value=setting,
        ) from error


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another page may be removing its upload
            total += path.stat().st_size if path.is_file() else 0
    return total


def _remove(folder: Path) -> None:
    """Remove an upload's folder; it is renamed first, so that no request finds half of it."""
    _OPENED.pop(folder, None)
    doomed = folder.with_name(f".deleting-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f}"
