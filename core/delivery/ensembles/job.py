"""Steps of an ensemble's run: evaluate the joined network, then deliver it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.delivery.ensembles.network import EnsembleModel, detectors_of, join_members
from core.delivery.job import deliver_files
from core.errors import NotFoundError
from core.evaluation.assessment import answer_thresholds, make_report
from core.evaluation.calibration.calibrating import measure_calibration
from core.evaluation.calibration.temperature import fit_temperatures, logits_of, with_temperatures
from core.evaluation.ensemble import EnsembleConfig, averaged
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.predictions import prediction_table
from core.evaluation.report import (
    EvaluationReport,
    ScoreSummary,
    has_report,
    read_report,
    withdraw_proof,
    write_report,
)
from core.evaluation.strangers.chosen import known_scores
from core.evaluation.strangers.job import EvaluatedPictures
from core.evaluation.strangers.joined import measure_joined_strangers
from core.evaluation.strangers.results import read_strangers
from core.files import whole_file
from core.messages import N_
from core.models.litert.conversion import convert_to_tflite
from core.models.views import find_view_set
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject
from core.training.features.network import features_of_rows
from core.training.heads.held_out import held_out_temperature
from core.workspace import project_of


def join(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Build the joined network, classify the validation and test pictures with it, and write the report."""
    settings = EnsembleConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    progress.stage(Stage.CONVERTING)
    network = directory / "ensemble.tflite"
    members = _members(directory, settings)
    detectors = detectors_of(members)
    with whole_file(network) as temporary:
        joined = join_members(
            members,
            settings.weights,
            settings.input_size,
            None,
            detectors,
            views=find_view_set(settings.views).views,
        )
        temporary.write_bytes(convert_to_tflite(joined.measured))
    raise_if_stopped(progress)
    progress.stage(Stage.EVALUATING)
    validation, test = dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)
    both = np.concatenate([validation, test])
    outputs = _without_learnt(
        features_of_rows(dataset, both, network, progress),
        members,
        settings.weights,
        len(validation),
        len(dataset.class_names),
    )
    # From here on, results change that delivered files carry.
    withdraw_proof(directory)
    measure_joined_strangers(
        directory,
        dataset,
        EvaluatedPictures(
            rows=both,
            features=outputs,
            probabilities=outputs[:, : len(dataset.class_names)],
            validation_count=len(validation),
        ),
        network,
        fitted_on=_fitted_on(members) if detectors else 0,
        progress=progress,
    )
    network.unlink()
    report = _write_report(directory, dataset, outputs[:, : len(dataset.class_names)])
    scores = ScoreSummary(
        accuracy=report.accuracy, macro_f1=report.macro.f1, majority_baseline=report.majority_baseline
    )
    return {"test": scores.to_json()}


def _without_learnt(
    outputs: np.ndarray, members: Sequence[Path], weights: Sequence[float], validation: int, classes: int
) -> np.ndarray:
    """Return the network's outputs; where a member has learnt from the validation pictures, with its predictions by heads that have not.

    Args:
        outputs: float32 (n, classes or one more): probabilities of the validation pictures, then of the
            test pictures, and perhaps the stranger score.
        validation, classes: their numbers.
    """
    if all(held_out_temperature(member) is None for member in members):
        return outputs
    opened = [EvaluatedRun.open(member) for member in members]
    outputs = outputs.copy()
    outputs[:validation, :classes] = averaged(opened, weights)[0].probabilities
    if outputs.shape[1] > classes:
        scores = [known_scores(one.run, one.dataset, Split.VALIDATION).scores for one in opened]
        outputs[:validation, classes] = np.average(scores, axis=0, weights=weights)
    return outputs


def deliver_ensemble(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Write the export files and ``labels.json``, and prove that they agree with the evaluation."""
    progress.stage(Stage.EXPORTING)
    settings = EnsembleConfig.from_json(config)
    calibration = read_report(directory).calibration
    return deliver_files(
        directory,
        open_dataset(project_of(directory), settings.dataset_version),
        progress,
        model=EnsembleModel(
            directory,
            _members(directory, settings),
            settings,
            calibration.temperatures if calibration else None,
        ),
        input_size=settings.input_size,
        backbone=" + ".join(settings.backbones),
    )


def _write_report(run: Path, dataset: Dataset, raw: np.ndarray) -> EvaluationReport:
    """Choose the temperatures of the members' mean, and assess its probabilities.

    Args:
        raw: float32 (n, classes), the mean for the validation pictures, then the test pictures.
    """
    validation, test = dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)
    temperatures = fit_temperatures(
        dataset.task, dataset.targets[validation] > 0.5, logits_of(dataset.task, raw[: len(validation)])
    )
    probabilities = with_temperatures(dataset.task, raw, temperatures)
    chosen, measured = probabilities[: len(validation)], probabilities[len(validation) :]
    thresholds = answer_thresholds(dataset, validation, chosen)
    calibration = measure_calibration(
        TestPredictions.of(dataset, validation, chosen, thresholds),
        TestPredictions.of(dataset, test, measured, thresholds),
        # The members' own temperatures are inside.
        raw=raw[len(validation) :],
        temperatures=temperatures,
    )
    report = replace(make_report(dataset, test, measured, thresholds), calibration=calibration)
    table = prediction_table(dataset, np.concatenate([validation, test]), probabilities, thresholds)
    write_report(run, report, table)
    return report


def _fitted_on(members: Sequence[Path]) -> int:
    """Training pictures that the least trained score of the members was fitted on."""
    return min((report.fitted_on for member in members if (report := read_strangers(member))), default=0)


def _members(run: Path, settings: EnsembleConfig) -> list[Path]:
    """Directories of the members.

    Raises:
        NotFoundError: one was deleted.
    """
    paths = [project_of(run).runs / name for name in settings.members]
    for path in paths:
        if not has_report(path):
            raise NotFoundError(
                N_("The ensemble cannot be built: its member “{name}” was deleted."), name=path.name
            )
    return paths
