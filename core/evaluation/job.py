"""Evaluation step of a run: the only code that reads test pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.evaluation.assessment import answer_thresholds, make_report
from core.evaluation.calibration.calibrating import measure_calibration
from core.evaluation.calibration.temperature import fit_temperatures
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.predictions import prediction_table
from core.evaluation.report import ScoreSummary, withdraw_proof, write_report
from core.evaluation.slices.clusters import cluster_features
from core.evaluation.strangers.job import EvaluatedPictures, measure_strangers
from core.evaluation.thresholds.answers import forget_chosen_thresholds
from core.models.head import HeadWeights, activated, pool_globally
from core.progress import Progress, Stage
from core.records import JsonObject
from core.training.artifacts import engine_path, has_own_network, head_file, map_pooling
from core.training.config import TrainingConfig
from core.training.cost.stage_times import timed
from core.training.features.cache import cached_features
from core.training.features.network import features_of_rows
from core.training.heads.held_out import held_out_logits
from core.workspace import project_of


def evaluate(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Classify the validation and test pictures with the best head, and write the report."""
    settings = TrainingConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    progress.stage(Stage.EVALUATING)
    validation, test = dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)
    both = np.concatenate([validation, test])
    engine = _engine(directory, settings)
    # Features of the run's own network are of no use to other runs, so they are not cached.
    if has_own_network(directory):
        features = features_of_rows(dataset, both, engine, progress)
    else:
        features = cached_features(dataset, engine, progress, rows=both)
    progress.stage(Stage.EVALUATING)
    head = HeadWeights.load(head_file(directory))
    # Choices are made on predictions for pictures that the head has not learnt from.
    held_out = held_out_logits(directory, dataset)
    chosen_on, logits = held_out or (validation, head.logits(features[: len(validation)]))
    temperatures = fit_temperatures(dataset.task, dataset.targets[chosen_on] > 0.5, logits)
    delivered = head.with_temperatures(temperatures)
    probabilities = delivered.probabilities(features)
    chosen = probabilities[: len(validation)]
    if held_out is not None:
        chosen = activated(logits / temperatures, delivered.activation)
        probabilities[: len(validation)] = chosen[np.searchsorted(chosen_on, validation)]
    thresholds = answer_thresholds(dataset, chosen_on, chosen)
    report = make_report(dataset, test, probabilities[len(validation) :], thresholds)
    calibration = measure_calibration(
        TestPredictions.of(dataset, chosen_on, chosen, thresholds),
        TestPredictions.of(dataset, test, probabilities[len(validation) :], thresholds),
        raw=head.probabilities(features[len(validation) :]),
        temperatures=temperatures,
    )
    report = replace(report, calibration=calibration)
    pictures = EvaluatedPictures(
        rows=both, features=features, probabilities=probabilities, validation_count=len(validation)
    )
    # From here on, results change that delivered files carry.
    withdraw_proof(directory)
    measure_strangers(directory, settings, dataset, pictures, delivered, engine, progress)
    predictions = prediction_table(dataset, both, probabilities, thresholds)
    pooled = features if map_pooling(settings) == "max" else pool_globally(features)
    forget_chosen_thresholds(directory)
    write_report(directory, report, predictions.assign(cluster=cluster_features(pooled)))
    scores = ScoreSummary(
        accuracy=report.accuracy, macro_f1=report.macro.f1, majority_baseline=report.majority_baseline
    )
    return {"test": scores.to_json()}


def _engine(directory: Path, settings: TrainingConfig) -> Path:
    """Return the network that gives the features; a conversion of the run's own is timed."""
    if not has_own_network(directory):
        return engine_path(directory, settings)
    with timed(settings, Stage.EVALUATING, own_network=True):
        return engine_path(directory, settings)
