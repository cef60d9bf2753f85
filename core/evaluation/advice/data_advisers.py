"""Advisers about the pictures: too few, wrongly labelled, leaking or misleading ones."""

from __future__ import annotations

import math

import numpy as np

from core.data.labels.layout import Split
from core.doctor.findings import Finding
from core.doctor.sentences import FindingKind
from core.evaluation.advice.advice import (
    ADD_PICTURES,
    CHECK_PICTURES,
    SEE_HEATMAPS,
    SEE_MISTAKES,
    SEE_SLICES,
    SPLIT_AGAIN,
    Advice,
)
from core.evaluation.advice.evidence import Evidence
from core.evaluation.explanations.shortcuts import describe
from core.evaluation.report import ClassReport
from core.formatting import rounded_percent
from core.messages import N_, Message, first_of

# A class with fewer training pictures has few, whatever the others have.
_FEW_PICTURES = 100
# Width of a recall's 95% interval from which it says little.
_WIDE = 0.2
_NEAR_PERFECT = 0.97
_MOST_NAMED = 3
_LEAST_SUSPECTS = 3


def more_pictures(evidence: Evidence) -> Advice | None:
    """More pictures of classes that are found too seldom and are known too little of."""
    weak = [row for row in evidence.report.classes if _is_weak(row, evidence)]
    if not weak:
        return None
    weak.sort(key=_missed, reverse=True)
    worst = weak[0]
    low, high = worst.recall_interval or (0.0, 1.0)
    return Advice(
        message=Message(
            N_("Add pictures of {classes}."),
            {"classes": first_of([row.name for row in weak], _MOST_NAMED)},
        ),
        reason=Message(
            N_(
                "“{name}” learnt from {training} pictures. {right} of its {support} test pictures were found; on new ones, between {low}% and {high}%."
            ),
            {
                "name": worst.name,
                "training": int(evidence.training_counts[worst.name]),
                "right": round(worst.recall * worst.support),
                "support": worst.support,
                "low": math.floor(100 * low),
                "high": math.ceil(100 * high),
            },
        ),
        link=ADD_PICTURES,
        weight=sum(map(_missed, weak)) / max(1, evidence.report.pictures),
    )


def _is_weak(row: ClassReport, evidence: Evidence) -> bool:
    counts = evidence.training_counts
    is_small = counts[row.name] <= max(_FEW_PICTURES, float(np.median(counts)))
    low, high = row.recall_interval or (0.0, 0.0)
    return bool(row.support and row.recall < evidence.report.macro.recall and high - low > _WIDE and is_small)


def _missed(row: ClassReport) -> float:
    return row.support * (1 - row.recall)


def open_findings(evidence: Evidence) -> Advice | None:
    """Findings of the doctor that are still open, by their pictures in use."""
    findings = [item for item in evidence.open_findings if item.kind in _MISLEADING]
    suspects = {suspect.id for item in findings for suspect in item.suspects if suspect.id}
    if not suspects or evidence.check is None:
        return None
    return Advice(
        message=Message(
            N_("Settle what the check of the pictures found. Pictures to look at: {count}."),
            {"count": len(suspects)},
        ),
        reason=findings[0].headline,
        link=CHECK_PICTURES,
        weight=len(suspects) / max(1, evidence.check.pictures),
    )


_MISLEADING = {
    FindingKind.CONFLICTING_LABELS,
    FindingKind.WRONG_LABELS,
    FindingKind.NEAR_DUPLICATES,
    FindingKind.BLANK,
    FindingKind.OUTLIERS,
}


def wrong_labels(evidence: Evidence) -> Advice | None:
    """Mistakes whose label is probably wrong."""
    count, mistakes = int(evidence.suspected_labels.sum()), evidence.report.mistakes
    if count < _LEAST_SUSPECTS:
        return None
    return Advice(
        message=Message(
            N_("Check the labels of the surest mistakes: perhaps the label is wrong, not the classifier."), {}
        ),
        reason=Message(
            N_(
                "In {count} of {mistakes} mistakes, the classifier is as sure as is usual for pictures of the class that it names, and at least 90%."
            ),
            {"count": count, "mistakes": mistakes},
        ),
        link=SEE_MISTAKES,
        weight=count / max(1, evidence.report.pictures),
    )


def small_test_set(evidence: Evidence) -> Advice | None:
    """A test set that cannot show differences worth knowing."""
    if not evidence.report.pictures or not evidence.resolution.is_too_small:
        return None
    found = evidence.resolution
    return Advice(
        message=Message(
            N_("Test on more pictures: with about {wanted}, the accuracy is known to ± 5 points."),
            {"wanted": found.about_wanted},
        ),
        reason=Message(
            N_("With {pictures} test pictures, the accuracy is known to ± {difference} points."),
            {"pictures": found.pictures, "difference": f"{100 * found.difference:.1f}"},
        ),
        link=SPLIT_AGAIN
        if evidence.report.pictures < _TEST_SHARE * len(evidence.evaluated.dataset.pictures)
        else ADD_PICTURES,
        weight=found.difference,
    )


_TEST_SHARE = 0.15


def leakage(evidence: Evidence) -> Advice | None:
    """A near-perfect score where copies of test pictures may have trained the classifier."""
    low, _high = evidence.report.accuracy_interval
    if low < _NEAR_PERFECT:
        return None
    accuracy = f"{rounded_percent(evidence.report.accuracy, 1):.1f}"
    if evidence.check is None:
        return Advice(
            message=Message(
                N_("Check the pictures for copies before you believe this score: it is nearly perfect.")
            ),
            reason=Message(
                N_("{accuracy}% are right, and the pictures were never checked."), {"accuracy": accuracy}
            ),
            link=CHECK_PICTURES,
            weight=0.5,
        )
    straddling = sum(_straddling(item) for item in evidence.open_findings)
    if not straddling:
        return None
    return Advice(
        message=Message(
            N_("Exclude the copies of test pictures before you believe this score: it is nearly perfect.")
        ),
        reason=Message(
            N_(
                "{accuracy}% are right. Pictures that look almost the same as one in another part of the split: {count}."
            ),
            {"accuracy": accuracy, "count": straddling},
        ),
        link=CHECK_PICTURES,
        weight=1.0,
    )


def _straddling(finding: Finding) -> int:
    return int(finding.values.get("straddling", 0)) if finding.kind is FindingKind.NEAR_DUPLICATES else 0


def shortcuts(evidence: Evidence) -> Advice | None:
    """A class that can be told by something other than its subject."""
    finding = next((item for item in evidence.open_findings if item.kind is FindingKind.SHORTCUTS), None)
    if finding is None:
        return None
    labels = {suspect.label for suspect in finding.suspects} | set(finding.classes)
    dataset = evidence.evaluated.dataset
    test = dataset.pictures["label"].iloc[evidence.evaluated.rows(Split.TEST)]
    return Advice(
        message=Message(
            N_("Break a shortcut: the classifier can tell classes without looking at their subject.")
        ),
        reason=finding.headline,
        link=CHECK_PICTURES,
        weight=float(test.isin(labels).mean()) if len(test) else 0.0,
    )


def spots(evidence: Evidence) -> Advice | None:
    """A class that is recognised by one spot of its pictures, as the mean heatmaps show."""
    if not evidence.spots:
        return None
    names, test = evidence.evaluated.dataset.class_names, evidence.evaluated.test
    shares = {
        spot.class_name: float(test.predicted[:, names.index(spot.class_name)].mean())
        for spot in evidence.spots
        if spot.class_name in names and len(test.predicted)
    }
    if not shares:
        return None
    worst = max(
        (spot for spot in evidence.spots if spot.class_name in shares),
        key=lambda spot: shares[spot.class_name],
    )
    return Advice(
        message=Message(
            N_("Remove the mark from the pictures of “{name}”, or add pictures without it."),
            {"name": worst.class_name},
        ),
        reason=describe(worst),
        link=SEE_HEATMAPS,
        weight=shares[worst.class_name],
    )


def weak_slice(evidence: Evidence) -> Advice | None:
    """A slice of the test pictures that is proven to do worse than the rest."""
    # Classes have an adviser of their own.
    proven = [score for score in evidence.slices if score.is_proven and score.kind.code != "class"]
    if not proven:
        return None
    worst = max(proven, key=lambda score: -score.difference * score.pictures)
    return Advice(
        message=Message(
            N_("Add pictures like those on which it does worse. {kind}: {name}."),
            {"kind": Message(worst.kind.label), "name": worst.name},
        ),
        reason=Message(
            N_(
                "{accuracy}% of these {pictures} test pictures are right, {points} points fewer than of the rest. That is hardly chance, although many slices were looked at."
            ),
            {
                "accuracy": rounded_percent(worst.accuracy),
                "pictures": worst.pictures,
                "points": f"{-100 * worst.difference:.1f}",
            },
        ),
        link=SEE_SLICES,
        weight=-worst.difference * worst.pictures / max(1, evidence.report.pictures),
    )
