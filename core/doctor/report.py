"""Report of the doctor on a version, and the user's dismissals.

``dataset/doctor/0007.json`` is the report of version 7. ``dismissed.json`` lists the pictures
that the user confirmed as right, by their contents; they stay dismissed in later versions.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.data.dataset import open_dataset
from core.data.editing.change import changing
from core.doctor.findings import Finding
from core.doctor.sentences import FindingKind
from core.files import read_json, write_json
from core.records import JsonObject, Record, read_record, write_record
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class Report(Record):
    """Findings in one version, the most harmful first."""

    version: int
    findings: tuple[Finding, ...]
    # Number of examined pictures.
    pictures: int
    seconds: float
    # False without a backbone: wrong labels and outliers were not searched.
    with_features: bool

    def to_answer(self) -> JsonObject:
        """Summarise the report for the command line."""
        return {"version": self.version, "findings": [finding.in_brief() for finding in self.findings]}


def write_report(project: Project, report: Report) -> None:
    write_record(_folder(project) / f"{report.version:04d}.json", report)


def read_report(project: Project) -> Report | None:
    """Read the report of the newest examined version."""
    files = sorted(_folder(project).glob("[0-9]*.json"), key=lambda path: int(path.stem))
    if not files:
        return None
    return _read(files[-1], files[-1].stat().st_mtime_ns)


def dismissals(project: Project) -> set[tuple[str, str]]:
    """List suspects that the user confirmed as right, as (kind, id) in the newest version."""
    dismissed = _read_dismissed(project)
    contents = {key.partition(":")[0] for keys in dismissed.values() for key in keys}
    pictures = open_dataset(project).all_pictures
    pictures = pictures[pictures["sha256"].isin(contents)]
    ids: dict[str, list[str]] = {}
    for identifier, key in zip(pictures["id"], _keys(pictures["sha256"], pictures["label"]), strict=True):
        ids.setdefault(key, []).append(identifier)
    return {
        (kind, identifier)
        for kind, keys in dismissed.items()
        for key in keys
        for identifier in ids.get(key, ())
    }


def dismiss(project: Project, kind: FindingKind, ids: Collection[str]) -> None:
    """Remember that these pictures are right with their current labels."""
    _set_dismissed(project, kind, ids, is_right=True)


def undismiss(project: Project, kind: FindingKind, ids: Collection[str]) -> None:
    """Undo ``dismiss``."""
    _set_dismissed(project, kind, ids, is_right=False)


@lru_cache(maxsize=4)
def _read(file: Path, _written: int) -> Report:
    return read_record(file, Report)


def _set_dismissed(project: Project, kind: FindingKind, ids: Collection[str], *, is_right: bool) -> None:
    # Two windows can change the file at once.
    with changing(project) as change:
        pictures = change.pictures[change.rows(ids)]
        keys = set(_keys(pictures["sha256"], pictures["label"]))
        dismissed = _read_dismissed(project)
        known = set(dismissed.get(kind.value, ()))
        dismissed[kind.value] = sorted(known | keys if is_right else known - keys)
        write_json(_folder(project) / "dismissed.json", dismissed)


def _read_dismissed(project: Project) -> dict[str, list[str]]:
    file = _folder(project) / "dismissed.json"
    return dict(read_json(file)) if file.exists() else {}


def _keys(hashes: Collection[str], labels: Collection[str]) -> list[str]:
    """Make keys of pictures with their labels: a picture can be right with one label alone."""
    return [f"{sha256}:{label}" for sha256, label in zip(hashes, labels, strict=True)]


def _folder(project: Project) -> Path:
    return project.dataset / "doctor"
