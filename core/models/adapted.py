"""Backbones adapted to a project's pictures: another backbone's architecture with weights of their own.

The weights and their record, ``KEY.npz`` and ``KEY.json``, stand in the directory of the job that
made them. The key ends with digits of the weights' hash, so a key means the same weights in every
project, also in one that came as a file. The table of the other backbones is in ``backbones``.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from core.files import read_json, whole_file, write_json
from core.messages import N_
from core.models.backbone import Backbone, WeightsSource
from core.records import Record, read_record, write_record
from core.workspace import Project, job_folders, projects_folder

JOINT = "-adapted-"  # between the key of the parent and digits of the hash
_HASH_DIGITS = 8
_KEY = re.compile(r"[a-z0-9_]+-adapted-[0-9a-f]{8}")
_PICTURES_FILE = "pictures.json"


@dataclass(frozen=True, kw_only=True)
class AdaptedBackbone(Record):
    """Origin of adapted weights, ``KEY.json``."""

    parent: str  # key of the backbone that was adapted
    method: str
    pictures: int  # that took part
    left_out: int  # because they resemble test or validation pictures
    dataset_version: int
    epochs: int
    seed: int
    weights_sha256: str

    @property
    def key(self) -> str:
        """Key of the backbone."""
        return f"{self.parent}{JOINT}{self.weights_sha256[:_HASH_DIGITS]}"


def is_adapted(key: str) -> bool:
    """True if a key has the form of an adapted backbone's."""
    return _KEY.fullmatch(key) is not None


def write_adapted(job: Path, weights: Path, record: AdaptedBackbone) -> None:
    """Copy a weight file to its name in the directory of its job; the record makes it a backbone."""
    with whole_file(job / f"{record.key}.npz") as temporary:
        shutil.copyfile(weights, temporary)
    write_record(job / f"{record.key}.json", record)


def find_adapted(key: str) -> AdaptedBackbone | None:
    """Read the record of an adapted backbone of any project; None if there is none."""
    path = adapted_weights(key)
    record = read_record(path.with_suffix(".json"), AdaptedBackbone) if path else None
    # A forged one could name itself as its parent.
    return record if record is not None and record.key == key else None


def adapted_weights(key: str) -> Path | None:
    """Path of the weights of an adapted backbone of any project; None if there are none."""
    if not is_adapted(key) or not projects_folder().is_dir():
        return None
    found = (
        weights
        for project in sorted(projects_folder().iterdir())
        if project.name[0] != "."  # such a project is being deleted
        for weights in sorted((project / "adaptations").glob(f"*/{key}.npz"))
    )
    return next((weights for weights in found if weights.with_suffix(".json").is_file()), None)


def adapted_keys(project: Project) -> list[str]:
    """List the keys of a project's adapted backbones, the newest first."""
    keys = (
        file.stem
        for job in job_folders(project.adaptations)
        for file in sorted(job.glob(f"*{JOINT}*.json"))
        if is_adapted(file.stem) and file.with_suffix(".npz").is_file()
    )
    return list(dict.fromkeys(keys))


def adapted_from(parent: Backbone, record: AdaptedBackbone) -> Backbone:
    """Describe the adapted backbone of a record."""
    return replace(
        parent,
        key=record.key,
        name=f"{parent.name} · {record.weights_sha256[:_HASH_DIGITS]}",
        family=N_("Adapted"),
        source=(
            f"{parent.source}; adapted without labels: {record.method}, {record.pictures} pictures, "
            f"{record.epochs} epochs"
        ),
        download_bytes=0,
        imagenet_top1=None,
        weights=WeightsSource.ADAPTED,
        weights_file=f"{record.key}.npz",
        weights_url="",
        weights_hash=f"sha256:{record.weights_sha256}",
        good_for=N_("Adapted to pictures of this project, without their labels."),
        parent=parent.key,
    )


def write_pictures(job: Path, hashes: list[str]) -> None:
    """Store the contents (sha256) of the pictures that take part in an adaptation."""
    write_json(job / _PICTURES_FILE, sorted(hashes))


def pictures_of(key: str) -> frozenset[str]:
    """Contents (sha256) of the pictures that took part in the adaptation of a backbone; empty for others."""
    weights = adapted_weights(key)
    return frozenset(map(str, read_json(weights.parent / _PICTURES_FILE))) if weights else frozenset()
