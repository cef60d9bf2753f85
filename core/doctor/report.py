"""What the doctor found in a version, kept beside it; and what the user said of it.

``dataset/doctor/0007.json`` is the report of version 7. ``dismissed.json`` holds
what the user found to be right, by the pictures' contents: it stays said in every
later version and report.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.data.dataset import open_dataset
from core.data.editing import changing
from core.doctor.findings import Finding, FindingKind
from core.files import read_json, write_json
from core.workspace import SCHEMA_VERSION, Project


@dataclass(frozen=True, kw_only=True)
class Report:
    """The findings in one version, the most harmful first."""

    version: int
    findings: tuple[Finding, ...]
    pictures: int  # that were looked at
    seconds: float
    with_features: bool  # False where no backbone was there: wrong labels and outliers were not looked for

    def to_answer(self) -> dict[str, Any]:
        """What the command line prints."""
        return {"version": self.version, "findings": [finding.in_brief() for finding in self.findings]}


def write_report(project: Project, report: Report) -> None:
    record = {
        "schema_version": SCHEMA_VERSION,
        "version": report.version,
        "pictures": report.pictures,
        "seconds": report.seconds,
        "with_features": report.with_features,
        "findings": [finding.to_json() for finding in report.findings],
    }
    write_json(_folder(project) / f"{report.version:04d}.json", record)


def read_report(project: Project) -> Report | None:
    """The report of the newest version that was examined."""
    files = sorted(_folder(project).glob("[0-9]*.json"), key=lambda path: int(path.stem))
    if not files:
        return None
    return _read(files[-1], files[-1].stat().st_mtime_ns)


def dismissals(project: Project) -> set[tuple[str, str]]:
    """What the user found to be right, as (kind, id), for the pictures of the newest version."""
    said = _said(project)
    contents = {key.partition(":")[0] for keys in said.values() for key in keys}
    pictures = open_dataset(project).all_pictures
    pictures = pictures[pictures["sha256"].isin(contents)]
    ids: dict[str, list[str]] = {}
    for identifier, key in zip(pictures["id"], _keys(pictures["sha256"], pictures["label"]), strict=True):
        ids.setdefault(key, []).append(identifier)
    return {
        (kind, identifier) for kind, keys in said.items() for key in keys for identifier in ids.get(key, ())
    }


def dismiss(project: Project, kind: FindingKind, ids: Collection[str]) -> None:
    """Remember that these pictures, under their labels of now, are right."""
    _say(project, kind, ids, is_right=True)


def undismiss(project: Project, kind: FindingKind, ids: Collection[str]) -> None:
    """Take that back."""
    _say(project, kind, ids, is_right=False)


@lru_cache(maxsize=4)
def _read(file: Path, _written: int) -> Report:
    record = read_json(file)
    return Report(
        version=record["version"],
        findings=tuple(Finding.from_json(finding) for finding in record["findings"]),
        pictures=record["pictures"],
        seconds=record["seconds"],
        with_features=record["with_features"],
    )


def _say(project: Project, kind: FindingKind, ids: Collection[str], *, is_right: bool) -> None:
    with changing(project) as change:  # two windows may say something at once
        pictures = change.pictures[change.rows(ids)]
        keys = set(_keys(pictures["sha256"], pictures["label"]))
        said = _said(project)
        known = set(said.get(kind.value, ()))
        said[kind.value] = sorted(known | keys if is_right else known - keys)
        write_json(_folder(project) / "dismissed.json", said)


def _said(project: Project) -> dict[str, list[str]]:
    file = _folder(project) / "dismissed.json"
    return dict(read_json(file)) if file.exists() else {}


def _keys(hashes: Collection[str], labels: Collection[str]) -> list[str]:
    """A picture under a label: what was right under one may be wrong under another."""
    return [f"{sha256}:{label}" for sha256, label in zip(hashes, labels, strict=True)]


def _folder(project: Project) -> Path:
    return project.dataset / "doctor"
