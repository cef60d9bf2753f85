"""Advisers about the use of answers: thresholds, probabilities, strangers."""

from __future__ import annotations

from core.data.labels.task import Task
from core.evaluation.advice.advice import CHOOSE_THRESHOLD, SEE_TRUST, Advice
from core.evaluation.advice.evidence import Evidence
from core.evaluation.calibration.calibrating import Calibration
from core.evaluation.report import ClassReport
from core.formatting import rounded_percent
from core.messages import N_, Message

# Mean distance of probabilities from the truth that matters.
_FAR_OFF = 0.05
# Share of the mean number of training pictures below which a class is rare.
_RARE = 0.5
_POOR_SEPARATION = 0.9


def threshold(evidence: Evidence) -> Advice | None:
    """A lower threshold for a rare class that is answered too seldom."""
    if evidence.evaluated.dataset.task is not Task.MULTI_CLASS:
        return None
    rare = [row for row in evidence.report.classes if _is_answered_too_seldom(row, evidence)]
    if not rare:
        return None
    worst = max(rare, key=lambda row: row.support * (1 - row.recall))
    return Advice(
        message=Message(N_("Answer “{name}” from a lower probability on."), {"name": worst.name}),
        reason=Message(
            N_(
                "It is rare ({training} training pictures) and answered too seldom: {recall}% of its test pictures are found, while {precision}% of such answers are right."
            ),
            {
                "training": int(evidence.training_counts[worst.name]),
                "recall": rounded_percent(worst.recall),
                "precision": rounded_percent(worst.precision),
            },
        ),
        link=CHOOSE_THRESHOLD,
        weight=worst.support * (1 - worst.recall) / max(1, evidence.report.pictures),
    )


def _is_answered_too_seldom(row: ClassReport, evidence: Evidence) -> bool:
    counts = evidence.training_counts
    if row.recall_interval is None or row.precision_interval is None or not row.support:
        return False
    is_rare = counts[row.name] < _RARE * counts.mean()
    return bool(is_rare and row.recall_interval[1] < row.precision_interval[0])


def probabilities(evidence: Evidence) -> Advice | None:
    """Probabilities that are proven to be far from how often answers are right."""
    calibration = evidence.report.calibration
    if calibration is None or calibration.after.ece_interval[0] <= _FAR_OFF:
        return None
    return Advice(
        message=Message(
            N_(
                "Do not take its probabilities at their word: use prediction sets, or correct them with more validation pictures."
            )
        ),
        reason=Message(
            _how_corrected(calibration, is_cross_validated=evidence.evaluated.learnt_from_validation),
            {
                "ece": round(100 * calibration.after.ece),
                "pictures": calibration.validation_pictures,
            },
        ),
        link=SEE_TRUST,
        weight=calibration.after.ece,
    )


def _how_corrected(calibration: Calibration, *, is_cross_validated: bool) -> str:
    if all(temperature == 1 for temperature in calibration.temperatures):
        return N_(
            "They are off by {ece} points on average. {pictures} validation pictures were too few to correct them."
        )
    if is_cross_validated:
        return N_(
            "They are off by {ece} points on average, after correction on {pictures} pictures that were left out of the training in turn."
        )
    return N_("They are off by {ece} points on average, after correction on {pictures} validation pictures.")


def strangers(evidence: Evidence) -> Advice | None:
    """Pictures of none of the classes that are hardly told from known ones."""
    report = evidence.strangers
    if report is None or report.separation is None or report.separation.interval[1] >= _POOR_SEPARATION:
        return None
    return Advice(
        message=Message(
            N_(
                "Add a class of other things if pictures of none of the classes can come: it hardly tells them."
            )
        ),
        reason=Message(
            N_(
                "In {percent}% of the pairs of a known and a strange picture, the strange one looks stranger; 50% is chance."
            ),
            {"percent": rounded_percent(report.separation.auroc)},
        ),
        link=SEE_TRUST,
        weight=1 - report.separation.auroc,
    )
