"""Robustness job: a run's classifier on a corrupted sample of its test pictures."""

from __future__ import annotations

from pathlib import Path

from core.data.labels.layout import Split
from core.data.pixels.decoder_changes import drop_outdated
from core.delivery.files import require_delivered, tflite_file
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.answering import RunClassifier, answer_corrupted, answer_table
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.evaluation.robustness.cost import expected_test_seconds
from core.evaluation.robustness.measuring import measure_robustness
from core.evaluation.robustness.records import RobustnessRequest, write_robustness
from core.evaluation.robustness.sample import stratified_sample
from core.progress import Progress, Stage
from core.records import JsonObject
from core.workspace import project_of


def measure_run(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: test the run of a ``RobustnessRequest``, and store the result beside its evaluation."""
    request = RobustnessRequest.from_json(config)
    evaluated = EvaluatedRun.open(project_of(directory).runs / request.run)
    dataset, test_rows = evaluated.dataset, evaluated.rows(Split.TEST)
    drop_outdated(dataset, progress)
    labels = dataset.pictures["label"].iloc[test_rows].tolist()
    rows = test_rows[stratified_sample(labels, request.pictures, request.seed)]
    progress.plan({Stage.EVALUATING: expected_test_seconds(evaluated, len(rows))})
    progress.stage(Stage.EVALUATING)
    answers = answer_corrupted(dataset, rows, _classifier(evaluated), CORRUPTIONS, progress)
    report = measure_robustness(answers, CORRUPTIONS, dataset.class_names, test_pictures=len(test_rows))
    write_robustness(evaluated, report, answer_table(dataset, rows, answers, CORRUPTIONS))
    return {"run": request.run}


def _classifier(evaluated: EvaluatedRun) -> RunClassifier:
    """Load the classifier of a run; that of an ensemble is its delivered file.

    Raises:
        NotFoundError: an ensemble without one.
    """
    if not evaluated.is_ensemble:
        return RunClassifier.load(evaluated)
    require_delivered(evaluated.run)
    return RunClassifier.of_file(evaluated, tflite_file(evaluated.run))
