"""Drift of a run's logged answers against its validation and test pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.delivery.files import read_labels
from core.delivery.network_identity import digest_of_network
from core.evaluation.calibration.selective import certainties
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.strangers.results import has_strangers, read_known_scores
from core.evaluation.thresholds.answers import answered
from core.prediction.drift.comparing import Drift, Measure, Sample, compare
from core.prediction.log.classifier import classifier_digest
from core.prediction.log.distances import distances_of
from core.prediction.log.store import LoggedAnswer

# With fewer, only great changes are seen, and their absence says nothing.
LEAST_ANSWERS = 50


@dataclass(frozen=True, kw_only=True)
class MeasuredDrift:
    """Drift with both samples, for charts."""

    drift: Drift
    before: Sample
    now: Sample


def comparable_answers(run: Path, logged: Sequence[LoggedAnswer]) -> list[LoggedAnswer]:
    """Choose the answers by the network and the thresholds that the run has now.

    Others answer the same pictures differently, which would look like a change of the pictures.
    """
    present = classifier_digest(digest_of_network(run), read_labels(run))
    return [answer for answer in logged if answer.classifier == present]


def measure_drift(run: Path, logged: Sequence[LoggedAnswer]) -> MeasuredDrift | None:
    """Compare logged answers with the run's own; None with fewer than ``LEAST_ANSWERS`` that are comparable.

    Raises:
        NotFoundError: the run was not evaluated, or its dataset version was erased.
    """
    comparable = comparable_answers(run, logged)
    if len(comparable) < LEAST_ANSWERS:
        return None
    evaluated = EvaluatedRun.open(run)
    before, now = _tested_sample(evaluated), _logged_sample(comparable, evaluated.dataset.class_names)
    if not len(before):
        return None
    drift = compare(before, now, evaluated.dataset.class_names)
    return MeasuredDrift(drift=drift, before=before, now=now)


def _tested_sample(evaluated: EvaluatedRun) -> Sample:
    """Answers to validation and test pictures, by the thresholds in use."""
    labels, parts = read_labels(evaluated.run), (evaluated.validation, evaluated.test)
    probabilities = np.concatenate([part.probabilities for part in parts])
    thresholds = labels.thresholds or (None,) * len(labels.class_names)
    predicted = answered(labels.task, probabilities, thresholds)
    values = {Measure.CONFIDENCE: certainties(labels.task, probabilities, predicted)}
    rows = np.concatenate([evaluated.rows(split) for split in (Split.VALIDATION, Split.TEST)])
    if has_strangers(evaluated.run):
        scores = read_known_scores(evaluated.run).set_index("id")["score"]
        known = scores.loc[evaluated.dataset.pictures["id"].iloc[rows]].to_numpy()
        distances = distances_of(evaluated.run, labels.task, probabilities, known)
        if distances is not None:
            values[Measure.DISTANCE] = distances
    return Sample(predicted=predicted, values=values, groups=evaluated.dataset.groups[rows])


def _logged_sample(logged: Sequence[LoggedAnswer], class_names: Sequence[str]) -> Sample:
    predicted = np.array([[name in answer.labels for name in class_names] for answer in logged])
    values = {Measure.CONFIDENCE: np.array([answer.confidence for answer in logged])}
    distances = [answer.distance for answer in logged if answer.distance is not None]
    if len(distances) == len(logged):
        values[Measure.DISTANCE] = np.array(distances)
    # Nothing is known of what belongs together among them.
    return Sample(predicted=predicted, values=values, groups=np.arange(len(logged)))
