"""Certificates of a run, and the state of its files by them alone; ``core.delivery.export`` has the whole state."""

from __future__ import annotations

import shutil
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from core.delivery.certificate.records import Certificate
from core.delivery.exporter import Exporter
from core.errors import DamagedFileError, SchemaVersionError
from core.files import hash_file
from core.optional_packages import missing_packages
from core.records import read_record, write_record


class FileState(StrEnum):
    """State of a run's file in one format."""

    CERTIFIED = "certified"  # checked on the test pictures
    PROVEN = "proven"  # compared on a few test pictures when the run ended, or packed from such files
    UNCHECKED = "unchecked"  # made; it cannot run on this system
    NOT_MADE = "not_made"
    PACKAGE_MISSING = "package_missing"  # an optional package that makes it is not installed
    WITHHELD = "withheld"  # its answers, or those of a file that it is made from, differ too much
    CHANGED = "changed"  # after it was checked

    @property
    def can_be_taken(self) -> bool:
        """True if the file is offered to people."""
        return self in {FileState.CERTIFIED, FileState.PROVEN, FileState.UNCHECKED}

    @property
    def is_withheld(self) -> bool:
        """True if the file is there and not offered."""
        return self in {FileState.WITHHELD, FileState.CHANGED}


def read_certificate(run: Path, exporter: Exporter) -> Certificate | None:
    """Read a certificate; None if there is none that this version of Darkroom understands."""
    try:
        return read_record(certificate_file(run, exporter), Certificate)
    except (FileNotFoundError, DamagedFileError, SchemaVersionError):
        return None


def write_certificate(run: Path, exporter: Exporter, certificate: Certificate) -> None:
    write_record(certificate_file(run, exporter), certificate)


def remove_certificates(run: Path) -> None:
    """Remove all: another network, or other thresholds, give other answers."""
    shutil.rmtree(_folder(run), ignore_errors=True)


def own_state(run: Path, exporter: Exporter) -> FileState:
    """State of a delivered run's file by its own certificate."""
    file, certificate = exporter.file(run), read_certificate(run, exporter)
    if certificate is None or not file.exists():
        return _state_without_certificate(run, exporter)
    if sum_of(file) != certificate.sha256:
        return FileState.CHANGED
    if certificate.refusal is not None:
        return FileState.WITHHELD
    return FileState.CERTIFIED if certificate.check else FileState.UNCHECKED


def _state_without_certificate(run: Path, exporter: Exporter) -> FileState:
    if exporter.is_packed or (exporter.is_made_in_run and exporter.file(run).exists()):
        return FileState.PROVEN
    return FileState.PACKAGE_MISSING if missing_packages(exporter.packages) else FileState.NOT_MADE


def sum_of(file: Path) -> str:
    """SHA-256 of a file, computed again once it was written."""
    status = file.stat()
    # Not the time of its content alone, which a copy can keep.
    return _sum_of(file, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


def certificate_file(run: Path, exporter: Exporter) -> Path:
    return _folder(run) / f"{exporter.code}.json"


def _folder(run: Path) -> Path:
    return run / "certificates"


@lru_cache(maxsize=256)
def _sum_of(file: Path, _written: int, _changed: int, _size: int) -> str:
    return hash_file(file)
