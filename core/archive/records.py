"""Records of project archives: the manifest of a file, and the requests and results of the jobs.

An archive is a zip:

===================  ================================================================
``project/``         files of the project's folder, see ``files``
``reproduce.py``     program that trains one run again; ``requirements.txt``, ``README.md``
``reproduce/``       what that program needs, see ``reproduction``
``archive.json``     ``ArchiveManifest``, the last member: it has the sum of every other
===================  ================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.records import Record

MANIFEST = "archive.json"
# Folder of the project's files in an archive.
PROJECT = "project"


class Part(StrEnum):
    """Part of a project that an archive may leave out."""

    SEARCHES = "searches"
    MODELS = "models"  # made elsewhere, and judged here
    BATCHES = "batches"  # with the queue of pictures to label
    ANSWERS = "answers"  # logged while the classifier was in use


# Logged answers are what people sent to a classifier, so they travel only if asked for.
USUAL_PARTS = (Part.SEARCHES, Part.MODELS, Part.BATCHES)


@dataclass(frozen=True, kw_only=True)
class ArchivedFile(Record):
    """A file in an archive."""

    sha256: str
    # Time of its last change, in nanoseconds since the epoch: results older than a run's report do not count.
    modified: int


@dataclass(frozen=True, kw_only=True)
class ArchiveManifest(Record):
    """Content of an archive; ``archive.json``."""

    project: str
    # Seconds since the epoch.
    created: float
    # Newest version of the dataset.
    dataset_version: int
    runs: tuple[str, ...]
    # Runs that can be resumed from their last checkpoint.
    resumable: tuple[str, ...] = ()
    # Run that ``reproduce.py`` trains again; None: there is no such program.
    reproduces: str | None = None
    # Pictures that the project only referred to, and that are no longer where they were, or cannot be read.
    missing_pictures: int = 0
    # By the name of the member.
    files: Mapping[str, ArchivedFile]


@dataclass(frozen=True, kw_only=True)
class SaveRequest(Record):
    """Request to save a project; the job's ``config.json``."""

    # None: all.
    runs: tuple[str, ...] | None = None
    parts: tuple[Part, ...] = USUAL_PARTS
    # Run that ``reproduce.py`` trains again; None: the newest that is possible.
    reproduce: str | None = None
    # None: a file in the job's directory.
    output: Path | None = None


@dataclass(frozen=True, kw_only=True)
class SaveResult(Record):
    """Result of saving a project."""

    path: Path
    size_bytes: int
    files: int
    runs: tuple[str, ...]
    resumable: tuple[str, ...]
    reproduces: str | None
    missing_pictures: int


@dataclass(frozen=True, kw_only=True)
class RestoreRequest(Record):
    """Request to make a project from an archive; the job's ``config.json``."""

    source: Path
    # None: as in the archive.
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class RestoreResult(Record):
    """Result of making a project from an archive."""

    project: str
    dataset_version: int
    runs: tuple[str, ...]
    resumable: tuple[str, ...]
    missing_pictures: int
