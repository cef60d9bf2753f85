"""Errors that the user can fix, in one tree.

DarkroomError
├── WorkspaceError            a project, run or name that cannot be used
│   ├── InvalidNameError
│   ├── ProjectExistsError
│   ├── NotFoundError         no such project, run or picture
│   ├── BusyError             what works on it must end first
│   ├── DiskFullError         no room for a job to begin
│   ├── SchemaVersionError    a file written by another version of Darkroom
│   └── DamagedFileError      a file of the workspace that does not hold what it should
├── DataError                 pictures that cannot become a dataset
│   ├── UnreadableImageError
│   ├── ArchiveError          not a zip, cut off, encrypted, empty, too large
│   ├── TooFewClassesError
│   ├── TooFewImagesError
│   └── ClassNameError        names that cannot be told apart or shown
├── ConfigError               a setting outside what is possible
│   └── RecordError           settings or stored values of another form than expected
├── TrainingError             training that cannot go on on this machine, or came to nothing
├── SearchError               a search that cannot be joined, or in which nothing worked
├── WeightsError              pretrained weights that cannot be had or trusted
│   └── DownloadError
├── UploadError               bytes from a browser that cannot be taken
│   ├── UploadDeniedError     the secret that belongs to the upload is missing or wrong
│   ├── UploadConflictError   not where the file goes on, or another connection sends it
│   ├── UploadTooLargeError   more than was announced
│   ├── HeaderTooLargeError   a header beyond its limit
│   └── NoRoomError           the disk, or what uploads may take of it, is full
└── DeliveryError             an export that cannot be made or does not match

The page and the command line show such an error's text as it is. Anything else
is a bug: the worker logs its traceback and the page says that something broke.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from core.messages import Message


class ErrorCode(StrEnum):
    """Codes of the errors for which a page offers a remedy."""

    SIMILAR_CLASS_NAMES = "similar_class_names"
    ONE_CLASS = "one_class"


class DarkroomError(Exception):
    """Error that the user can fix: what happened, what was expected, what to do.

    Raise it with a template marked by ``N_`` and the values it names:
    ``raise ArchiveError(N_("{file} is empty."), file=name)``. ``code`` is set where a page
    reacts to the error; it travels with the message.
    """

    def __init__(self, template: str, *, code: str = "", **values: Any) -> None:
        self.message = Message(template, values, code)
        super().__init__(str(self.message))


class WorkspaceError(DarkroomError):
    """A project, run or name that cannot be used."""


class InvalidNameError(WorkspaceError):
    """A project name that cannot be a folder's name on every system."""


class ProjectExistsError(WorkspaceError):
    """A project of this name is already there."""


class NotFoundError(WorkspaceError):
    """No project, run or picture of this name."""


class BusyError(WorkspaceError):
    """A run that something works on, so that it can neither be resumed nor deleted."""


class DiskFullError(WorkspaceError):
    """The disk has no room for what was asked."""


class SchemaVersionError(WorkspaceError):
    """A file written by another version of Darkroom."""


class DamagedFileError(WorkspaceError):
    """File of the workspace with invalid content."""


class DataError(DarkroomError):
    """Pictures that cannot become a dataset."""


class UnreadableImageError(DataError):
    """Bytes that are not a picture Darkroom can read."""


class ArchiveError(DataError):
    """An archive that cannot be opened or is not safe to open."""


class TooFewClassesError(DataError):
    """A classifier needs at least two classes."""


class TooFewImagesError(DataError):
    """A class with too few pictures for a three-way split."""


class ClassNameError(DataError):
    """Class names that cannot be told apart."""


class ConfigError(DarkroomError):
    """A setting outside what is possible."""


class RecordError(ConfigError):
    """Settings or stored values of another form than expected."""


class TrainingError(DarkroomError):
    """Training that cannot go on on this machine, or came to nothing."""


class SearchError(DarkroomError):
    """A search that cannot be joined, or in which nothing worked."""


class WeightsError(DarkroomError):
    """Pretrained weights that cannot be had or trusted."""


class DownloadError(WeightsError):
    """A download that failed."""


class DeliveryError(DarkroomError):
    """An export that cannot be made or does not match the evaluation."""


class UploadError(DarkroomError):
    """Bytes from a browser that cannot be taken."""


class UploadDeniedError(UploadError):
    """The secret that belongs to the upload is missing or wrong."""


class UploadConflictError(UploadError):
    """Bytes that do not go on where the file ends; the value ``offset``, if named, says where it does."""


class UploadTooLargeError(UploadError):
    """More bytes than were announced."""


class HeaderTooLargeError(UploadError):
    """A header of an upload request exceeds its limit."""


class NoRoomError(UploadError):
    """The disk, or what uploads may take of it, is full."""
