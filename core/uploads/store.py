"""The uploads there are: tickets for them, room for them, and their removal.

Owns ``home()/uploads/``; each upload in it has a folder of its own. Knows nothing
of HTTP, nor of what the files mean.
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
from core.files import sha256_bytes, write_json
from core.messages import N_
from core.uploads.disk_space import disk_trouble, free_bytes
from core.uploads.upload import RECORD, Upload, upload_gone
from core.workspace import home

SCHEMA_VERSION = 1
KEEP_ABANDONED_SECONDS = 24 * 3600.0
DEFAULT_LIMIT_GIGABYTES = 100.0
LIMIT_VARIABLE = "DARKROOM_UPLOAD_LIMIT_GB"
_ID = re.compile(r"[0-9a-f]{16}")
_TOKEN_BYTES = 32

# The uploads that this process has looked at: their locks hold only if all threads share one object.
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
    """Make room for files of ``size_bytes`` together. Abandoned uploads are removed on the way.

    Raises:
        NoRoomError: that is more than there is room for.
        ConfigError: see ``bytes_left``.
    """
    forget_abandoned()
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
        write_json(
            folder / RECORD,
            {
                "schema_version": SCHEMA_VERSION,
                "token_sha256": sha256_bytes(ticket.token.encode()),
                "size_limit": size_bytes,
            },
        )
    except OSError as error:
        raise disk_trouble(error) from error
    return ticket


def find_upload(ticket: Ticket) -> Upload:
    """The upload that the ticket is for; the same object each time in one process.

    Raises:
        NotFoundError: there is no such upload, or no longer.
        UploadDeniedError: the token is another one's.
    """
    folder = uploads_folder() / ticket.upload
    if not _ID.fullmatch(ticket.upload) or not (folder / RECORD).is_file():
        raise upload_gone(ticket.upload)
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


def forget_upload(upload: Upload) -> None:
    """Remove the upload with all its files; whoever still sends to it is refused."""
    upload.let_go()
    _remove(upload.folder)


def forget_upload_at(path: Path) -> None:
    """Remove the upload that ``path`` lies in; a path anywhere else is left alone."""
    folder = uploads_folder()
    resolved = path.resolve()
    if resolved.is_relative_to(folder) and resolved != folder:
        _remove(folder / resolved.relative_to(folder).parts[0])


def forget_abandoned() -> None:
    """Remove uploads to which nothing came for a day, and what an interrupted removal left."""
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
    except FileNotFoundError as error:  # removed since we looked
        raise upload_gone(folder.name) from error


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
    """Renamed first: nobody finds an upload of which half is gone."""
    _OPENED.pop(folder, None)
    doomed = folder.with_name(f".deleting-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        folder.rename(doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f}"
