"""Robustness job: a run's classifier on a corrupted sample of its test pictures."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from core.data.labels.layout import Split
from core.data.pixels.decoder_changes import drop_outdated
from core.delivery.export import require_offered
from core.delivery.files import tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.robustness import judged_classifier
from core.evaluation.robustness.answering import (
    AskedClassifier,
    RunClassifier,
    answer_corrupted,
    answer_table,
)
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
    project = project_of(directory)
    evaluated = EvaluatedRun.open((project.judged if request.is_judged else project.runs) / request.run)
    dataset, test_rows = evaluated.dataset, evaluated.rows(Split.TEST)
    drop_outdated(dataset, progress)
    labels = dataset.pictures["label"].iloc[test_rows].tolist()
    rows = test_rows[stratified_sample(labels, request.pictures, request.seed)]
    if (seconds := expected_test_seconds(evaluated, len(rows))) is not None:
        progress.plan({Stage.EVALUATING: seconds})
    progress.stage(Stage.EVALUATING)
    with _classifier(evaluated, directory) as classifier:
        answers = answer_corrupted(dataset, rows, classifier, CORRUPTIONS, progress)
    report = measure_robustness(answers, CORRUPTIONS, dataset.class_names, test_pictures=len(test_rows))
    write_robustness(evaluated, report, answer_table(dataset, rows, answers, CORRUPTIONS))
    return {"run": request.run}


def _classifier(evaluated: EvaluatedRun, directory: Path) -> AbstractContextManager[AskedClassifier]:
    """Load the classifier of a run; that of an ensemble is its delivered file, a judged model has a process.

    Raises:
        NotFoundError: an ensemble without one.
        DeliveryError: that of the ensemble is withheld.
    """
    if evaluated.is_judged:
        return judged_classifier(evaluated, directory)
    if not evaluated.is_ensemble:
        return nullcontext(RunClassifier.load(evaluated))
    require_offered(evaluated.run, TFLITE)
    return nullcontext(RunClassifier.of_file(evaluated, tflite_file(evaluated.run)))
