"""Evaluated runs of projects without picture files, with chosen labels and probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.dataset import open_dataset, write_version
from core.data.labels.layout import Split
from core.data.manifest import complete_manifest
from core.data.version_record import Edit, EditKind
from core.evaluation.assessment import make_report
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.files import sha256_bytes
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.training.config import TrainingConfig
from core.workspace import Project, projects_folder

Counts = Mapping[str, int]


def make_project(training: Counts, validation: Counts, test: Counts, **columns: Any) -> Project:
    """Make a project with so many pictures of each class in each part; ``columns`` are those of its manifest."""
    parts = ((Split.TRAIN, training), (Split.VALIDATION, validation), (Split.TEST, test))
    rows = [
        (label, split.value)
        for split, counts in parts
        for label, count in counts.items()
        for _ in range(count)
    ]
    hashes = [sha256_bytes(str(number).encode()) for number in range(len(rows))]
    manifest = pd.DataFrame(rows, columns=["label", "split"]).assign(
        id=[sha256[:16] for sha256 in hashes],
        sha256=hashes,
        group=hashes,
        name=[f"{number}.png" for number in range(len(rows))],
        width=100,
        height=100,
        size_bytes=1,
        supplied_split="",
        format="PNG",
        extension="png",
        **columns,
    )
    project = Project(name="Made", path=projects_folder() / "Made")
    edit = Edit(kind=EditKind.IMPORTED, values={"source": "made", "count": len(rows)})
    write_version(project.dataset, complete_manifest(manifest), sorted(training), [], edit, who="test")
    return project


def make_evaluated(
    project: Project, name: str, validation: np.ndarray, test: np.ndarray, **settings: Any
) -> EvaluatedRun:
    """Make an evaluated run from the probabilities of its validation and test pictures, float (n, classes)."""
    dataset = open_dataset(project)
    config = TrainingConfig(dataset_version=dataset.version, **settings)
    run: Path = JobDirectory.create(project.runs / name, JobKind.TRAIN, config.to_json()).path
    rows = dataset.rows(Split.TEST)
    both = np.concatenate([dataset.rows(Split.VALIDATION), rows])
    probabilities = np.concatenate([validation, test]).astype(np.float32)
    table = prediction_table(dataset, both, probabilities)
    write_report(run, make_report(dataset, rows, test.astype(np.float32)), table)
    return EvaluatedRun.open(run)


def sure_answers(answers: np.ndarray, classes: int, confidence: float = 0.8) -> np.ndarray:
    """Probabilities of answers, int (n,): the rest is shared evenly."""
    probabilities = np.full((len(answers), classes), (1 - confidence) / (classes - 1))
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities
