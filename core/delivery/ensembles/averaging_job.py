"""Averaging job: a run's delivered classifier on views of the validation pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.data.pixels.arrays import decoded_ahead
from core.data.pixels.decoder_changes import drop_outdated
from core.delivery.export import require_offered
from core.delivery.files import tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.latency import median_milliseconds
from core.evaluation.averaging.measuring import measure_gains, require_measurable, views_to_answer
from core.evaluation.averaging.records import AveragingRequest, write_averaging
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import leading_metric
from core.models.litert.engine import Engine, FeatureExtractor
from core.models.views import View, views_of
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject
from core.workspace import project_of

_BLOCK = 64


def measure_run(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: measure the run of an ``AveragingRequest``, and store the result beside its evaluation.

    Raises:
        EvaluationError: validation pictures cannot tell what the run gains.
        NotFoundError, DeliveryError: it has no classifier, or that is withheld.
        JobStopped: the user asked for it; nothing is stored.
    """
    request = AveragingRequest.from_json(config)
    project = project_of(directory)
    evaluated = EvaluatedRun.open(project.runs / request.run)
    require_measurable(evaluated)
    require_offered(evaluated.run, TFLITE)
    drop_outdated(evaluated.dataset, progress)
    progress.stage(Stage.EVALUATING)
    answers = _answers(evaluated, views_to_answer(), progress)
    report = measure_gains(
        evaluated,
        leading_metric(project, evaluated.dataset.class_names),
        answers,
        median_milliseconds(Engine(tflite_file(evaluated.run)), progress),
    )
    write_averaging(evaluated, report)
    return {"run": request.run}


def _answers(evaluated: EvaluatedRun, views: Iterable[View], progress: Progress) -> dict[View, np.ndarray]:
    """Probabilities of the validation pictures seen as each view, float32 (n, classes)."""
    network, rows = FeatureExtractor(tflite_file(evaluated.run)), evaluated.rows(Split.VALIDATION)
    answers = {view: np.empty((len(rows), network.output_size), np.float32) for view in views}
    chunks = [rows[start : start + _BLOCK].tolist() for start in range(0, len(rows), _BLOCK)]
    done = 0
    for chunk, pictures in decoded_ahead(evaluated.dataset, network.input_size, chunks):
        for view, probabilities in answers.items():
            raise_if_stopped(progress)
            probabilities[done : done + len(chunk)] = network.run(views_of(view, pictures))
        done += len(chunk)
        progress.advance(done, len(rows))
    return answers
