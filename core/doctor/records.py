"""Records of the doctor's jobs: their config and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.doctor.sentences import FindingKind
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class VersionRequest(Record):
    """Config of a job on one dataset version."""

    version: int


@dataclass(frozen=True, kw_only=True)
class ExaminationResult(Record):
    """Result of an examination."""

    version: int
    # False without a backbone: checks that need features were left out.
    with_features: bool
    # Number of pictures or classes by finding.
    findings: Mapping[FindingKind, int]


@dataclass(frozen=True, kw_only=True)
class GroupingResult(Record):
    """Result of the grouping of unlabelled pictures."""

    groups: int
    # False without a backbone: there are no groups.
    with_features: bool


@dataclass(frozen=True, kw_only=True)
class DatasetExportRequest(Record):
    """Config of a dataset export."""

    version: int
    # A name in ``core.data.exports.table.DATASET_FORMATS``.
    format: str = "folders"


@dataclass(frozen=True, kw_only=True)
class DatasetExportResult(Record):
    """Result of a dataset export."""

    pictures: int
    version: int
