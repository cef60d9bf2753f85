"""Errors that the user can fix, in one tree.

DarkroomError
├── WorkspaceError            a project, run or name that cannot be used
│   ├── InvalidNameError
│   ├── ProjectExistsError
│   ├── NotFoundError         no such project, run or picture
│   ├── AmbiguousNameError    several projects have a run of this name
│   ├── BusyError             a job works on it
│   ├── DiskFullError         no space for a job to start
│   ├── SchemaVersionError    a file written by another version of Darkroom
│   └── DamagedFileError      a file of the workspace with invalid content
├── DataError                 pictures that cannot become a dataset
│   ├── UnreadableImageError
│   ├── ArchiveError          not a zip, cut off, encrypted, empty, too large
│   ├── TooFewClassesError
│   ├── TooFewImagesError
│   └── ClassNameError        names that look the same or cannot be shown
├── ConfigError               a setting out of range
│   └── RecordError           settings or stored values of another form than expected
├── ForeignModelError         a model made elsewhere that cannot be judged
├── TrainingError             training that cannot continue on this machine
├── EvaluationError           runs that cannot be compared or averaged
├── SearchError               a search that cannot be joined, or without a successful trial
├── WeightsError              pretrained weights that are missing or damaged
│   └── DownloadError
├── InstallError              a package that pip could not install
├── UploadError               an upload that is refused
│   ├── UploadDeniedError     the token of the upload is missing or wrong
│   ├── UploadConflictError   a wrong offset, or another connection is active
│   ├── UploadTooLargeError   more bytes than announced
│   ├── HeaderTooLargeError   a header beyond its limit
│   └── NoRoomError           the disk or the quota of uploads is full
├── RequestError              a request to the HTTP API that is refused
│   ├── TokenError            without a valid token
│   ├── ScopeError            the caller may not make it
│   ├── TooManyRequestsError  beyond the caller's rate, or the server is busy
│   ├── RequestTooLargeError  a body beyond its limit
│   └── MediaTypeError        a body of a type that the address does not take
└── DeliveryError             an export that cannot be made, or whose answers differ

The page and the command line show the text of such an error. Any other exception is a bug: the
worker logs its traceback.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from core.messages import Message


class ErrorCode(StrEnum):
    """Codes of the errors for which a page offers a remedy."""

    SIMILAR_CLASS_NAMES = "similar_class_names"
    ONE_CLASS = "one_class"
    CONFIRMATION_NEEDED = "confirmation_needed"
    READER_MISSING = "reader_missing"
    # The work ends for good: what it needs is gone, or will never be readable.
    CANNOT_GO_ON = "cannot_go_on"


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
    """Project, run or name that cannot be used."""


class InvalidNameError(WorkspaceError):
    """Project name that is invalid as a folder's name on some system."""


class ProjectExistsError(WorkspaceError):
    """Project name that already exists."""


class NotFoundError(WorkspaceError):
    """Name without a project, run or picture."""


class AmbiguousNameError(WorkspaceError):
    """Name of a run or search in several projects."""


class BusyError(WorkspaceError):
    """Run that a job works on, so it can neither be resumed nor deleted."""


class DiskFullError(WorkspaceError):
    """Disk without enough free space."""


class SchemaVersionError(WorkspaceError):
    """File written by another version of Darkroom."""


class DamagedFileError(WorkspaceError):
    """File of the workspace with invalid content."""


class DataError(DarkroomError):
    """Pictures that cannot become a dataset."""


class UnreadableImageError(DataError):
    """Bytes that are not a picture Darkroom can read."""


class ArchiveError(DataError):
    """Archive that cannot be opened or is unsafe."""


class TooFewClassesError(DataError):
    """Dataset with fewer than two classes."""


class TooFewImagesError(DataError):
    """Class with too few pictures for a split."""


class ClassNameError(DataError):
    """Class names that look the same, or cannot be shown."""


class ConfigError(DarkroomError):
    """Setting that is out of range."""


class RecordError(ConfigError):
    """Settings or stored values of another form than expected."""


class ForeignModelError(DarkroomError):
    """Model made elsewhere that is damaged, refused, or does not suit the project."""


class TrainingError(DarkroomError):
    """Training that cannot continue on this machine, or had no result."""


class EvaluationError(DarkroomError):
    """Runs that cannot be compared with each other, or averaged."""


class SearchError(DarkroomError):
    """Search that cannot be joined, or has no successful trial."""


class WeightsError(DarkroomError):
    """Pretrained weights that are missing or damaged."""


class DownloadError(WeightsError):
    """Download that failed."""


class DeliveryError(DarkroomError):
    """Export that cannot be made or does not match the evaluation."""


class InstallError(DarkroomError):
    """Package that pip could not install."""


class UploadError(DarkroomError):
    """Upload that is refused."""


class UploadDeniedError(UploadError):
    """Upload without the right token."""


class UploadConflictError(UploadError):
    """Upload at a wrong offset; the value ``offset``, if present, is the right one."""


class UploadTooLargeError(UploadError):
    """Upload with more bytes than announced."""


class HeaderTooLargeError(UploadError):
    """Upload request with a header beyond its limit."""


class NoRoomError(UploadError):
    """Upload without space on the disk or in the quota."""


class RequestError(DarkroomError):
    """Request to the HTTP API that is refused."""


class TokenError(RequestError):
    """Request without a valid token."""


class ScopeError(RequestError):
    """Request that its caller may not make."""


class TooManyRequestsError(RequestError):
    """Request beyond the rate of its caller, or to a busy server."""


class RequestTooLargeError(RequestError):
    """Request with a body beyond its limit."""


class MediaTypeError(RequestError):
    """Request with a body of a type that its address does not take."""
