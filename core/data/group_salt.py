"""Random salt of a project in the names of its patients' groups.

A hash of a patient's number alone can be guessed by hashing numbers. The salt stays in the project,
so that pictures that are added later join their patient's group, and is in no export. Projects of
earlier versions have none, and go on without.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from core.files import sha256_bytes
from core.records import Record, read_record, write_record

_FILE = "salt.json"
_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class GroupSalt(Record):
    """Content of ``salt.json``."""

    # Hexadecimal digits.
    salt: str


def create_salt(folder: Path) -> None:
    """Give a new dataset folder its salt, unless it has one."""
    if not (folder / _FILE).exists():
        write_record(folder / _FILE, GroupSalt(salt=secrets.token_hex(_BYTES)))


def share_salt(project: Path | None, folder: Path) -> None:
    """Give a folder of new pictures the salt of the project that they join; None: one of its own."""
    if project is None:
        create_salt(folder)
    elif (salt := _read_salt(project)) is not None:
        write_record(folder / _FILE, salt)


def salted(group: str, folder: Path) -> str:
    """Make the name of a patient's group in a dataset folder; "" stays "", for no group."""
    salt = _read_salt(folder) if group else None
    return group if salt is None else sha256_bytes(f"{salt.salt} {group}".encode())


def _read_salt(folder: Path) -> GroupSalt | None:
    try:
        return read_record(folder / _FILE, GroupSalt)
    except FileNotFoundError:
        return None
