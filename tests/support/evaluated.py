"""Runs with chosen answers, evaluated on a real dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.evaluation.assessment import make_report
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.training.config import TrainingConfig
from core.workspace import Project


def evaluated_run(
    project: Project, dataset: Dataset, name: str, wrong: np.ndarray, sure: float = 0.8
) -> Path:
    """A run that takes some pictures for the next class.

    Args:
        wrong: rows of validation and test pictures.
        sure: probability of its answers.
    """
    run = JobDirectory.create(
        project.runs / name, JobKind.TRAIN, TrainingConfig(dataset_version=dataset.version).to_json()
    ).path
    validation, test = dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)
    both, classes = np.concatenate([validation, test]), len(dataset.class_names)
    answers = (dataset.label_indices[both] + np.isin(both, wrong)) % classes
    probabilities = np.full((len(both), classes), (1 - sure) / (classes - 1), np.float32)
    probabilities[np.arange(len(both)), answers] = sure
    write_report(
        run,
        make_report(dataset, test, probabilities[len(validation) :]),
        prediction_table(dataset, both, probabilities),
    )
    return run
