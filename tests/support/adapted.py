"""Adapted backbones without an adaptation: their record, and weights that nothing loads."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.files import hash_file, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.adapted import AdaptedBackbone, write_adapted, write_pictures
from core.models.weights.array_file import write_arrays
from core.training.adaptation.config import AdaptationConfig
from core.workspace import Project


def adaptation_job(project: Project, state: JobState, **result: Any) -> JobDirectory:
    """Make the directory of an adaptation that no process works on."""
    config = AdaptationConfig(dataset_version=1).to_json()
    job = JobDirectory.create(project.adaptations / "adaptation-1", JobKind.ADAPT, config)
    write_json(job.path / "process.json", {"pid": 2**22 + 1, "started": 0.0})  # above every real pid
    write_json(job.path / "status.json", {"state": state})
    if result:
        write_json(job.path / "result.json", result)
    return job


def adapted_backbone(project: Project, hashes: list[str] | None = None) -> str:
    """Make an adapted backbone of a finished adaptation; its key."""
    summary = {"pictures": 84, "left_out": 2, "epochs": 10, "loss": 0.8}
    job = adaptation_job(project, JobState.FINISHED, adaptation=summary)
    weights = job.path / "weights.npz"
    write_arrays(weights, {"head_conv-0": np.ones(3, np.float32)})
    record = AdaptedBackbone(
        parent="efficientnet_lite0",
        method="VICReg",
        pictures=84,
        left_out=2,
        dataset_version=1,
        epochs=10,
        seed=0,
        weights_sha256=hash_file(weights),
    )
    write_adapted(job.path, weights, record)
    write_pictures(job.path, hashes or [])
    return record.key
