"""Batches for tests: jobs that are not started, and finished ones with made-up answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.labels.task import Task
from core.data.skip_reasons import Reason
from core.delivery.files import Labels
from core.evaluation.calibration.conformal import PredictionSets
from core.files import sha256_bytes
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.prediction.batch.answer_table import AnswerWriter
from core.prediction.batch.batches import Batch, open_batch
from core.prediction.batch.network import Outputs
from core.prediction.batch.reading import ReadPicture
from core.prediction.batch.records import BatchFacts, BatchRequest, write_facts
from core.prediction.batch.sources import open_pictures
from core.workspace import Project, project_of


def waiting_batch(run: Path, *sources: Path, name: str = "batch-1") -> JobDirectory:
    """A batch of a run that no worker has begun."""
    request = BatchRequest(run=run.name, sources=sources)
    path = project_of(run).predictions / name
    return JobDirectory.create(path, JobKind.PREDICT_BATCH, request.to_json())


def labels_of(*class_names: str, task: Task = Task.MULTI_CLASS, **values: object) -> Labels:
    """Labels of a classifier with these classes."""
    return replace(
        Labels(class_names=class_names, input_size=8, backbone="small_cnn", run="run-1", task=task),
        **values,  # type: ignore[arg-type]
    )


def sets_from(*least_probabilities: float) -> PredictionSets:
    """Prediction sets with these least probabilities."""
    return PredictionSets(
        promise=0.9,
        least_probabilities=least_probabilities,
        coverage=0.9,
        coverage_interval=(0.8, 1.0),
        mean_size=1.0,
        single=1.0,
        empty=0.0,
    )


def answered_batch(
    project: Project,
    sources: Sequence[Path],
    labels: Labels,
    probabilities: np.ndarray,
    *,
    scores: np.ndarray | None = None,
    sets: PredictionSets | None = None,
    reasons: Sequence[Reason | None] | None = None,
    features: np.ndarray | None = None,
) -> Batch:
    """A finished batch of the pictures in ``sources`` with these answers.

    Args:
        probabilities: float32 (readable pictures, classes).
        reasons: of each picture without an answer; None: all have one.
    """
    request = BatchRequest(run=labels.run, sources=tuple(sources))
    path = project.predictions / "batch-1"
    JobDirectory.create(path, JobKind.PREDICT_BATCH, request.to_json())
    size = 0 if features is None else features.shape[1]
    facts = BatchFacts(labels=labels, network="0" * 64, sets=sets, feature_size=size)
    writer = AnswerWriter(path, facts)
    with open_pictures(path, sources) as pictures:
        read = [
            ReadPicture(picture=picture, sha256=sha256_bytes(picture.read()), reason=reason)
            for picture, reason in zip(pictures, reasons or [None] * len(pictures), strict=True)
        ]
    writer.add(read, Outputs(probabilities=probabilities, stranger_scores=scores, features=features))
    write_facts(path, replace(facts, counts=writer.join()))
    return open_batch(path)
