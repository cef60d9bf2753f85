"""Image quality: blank, dark, bright, blurred and tiny pictures, and extreme aspect ratios.

Usual quality depends on the dataset: night pictures are all dark, and scans of 8 × 8 pixels all
tiny. So each kind has an absolute bound and one relative to the dataset's median, and a picture
is suspect only beyond both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.doctor.findings import Finding, Remedy, SuspectReason, Value, suspects_of
from core.doctor.sentences import Evidence, FindingKind

# Grey levels. A page with one line of writing has a contrast of 10, fog of 8.
BLANK_CONTRAST = 3.0
# Level of the lightest parts, and share of its median.
_DARK_LEVEL, _DARK_SHARE = 48.0, 0.4
# Level of the darker parts, and share of the median of its distance from white.
_BRIGHT_LEVEL, _BRIGHT_SHARE = 222.0, 0.4
# 1 of 105 photographs is below this sharpness, and 90% of their copies blurred by 1.5% of the side.
_BLURRED_SHARPNESS, _BLURRED_SHARE = 0.25, 0.4
# Pixels of the shorter side, and share of its median.
_TINY_SIDE, _TINY_SHARE = 48, 0.5
# Longer side to shorter one, and multiple of its median.
_EXTREME_ASPECT, _EXTREME_TIMES = 3.0, 2.0


@dataclass(frozen=True, kw_only=True)
class _Check:
    """One kind of poor quality: its score, and the evidence to show."""

    kind: FindingKind
    evidence: Evidence
    # float64 (n,). Above 1 is suspect.
    score: Callable[[pd.DataFrame], np.ndarray]
    # Values that the evidence names.
    values: Callable[[pd.Series], dict[str, Value]]


def find_poor_quality(pictures: pd.DataFrame) -> list[Finding]:
    """Find pictures of poor quality.

    Args:
        pictures: rows of a manifest, with all image statistics.
    """
    if pictures.empty:
        return []
    is_blank = pictures["contrast"].to_numpy() < BLANK_CONTRAST
    findings = []
    for check in _CHECKS:
        # A blank picture needs no other finding.
        is_covered = is_blank & (check.kind in {FindingKind.DARK, FindingKind.BRIGHT, FindingKind.BLURRED})
        scores = np.where(is_covered, 0.0, check.score(pictures))
        suspected = [row for row in np.argsort(-scores, kind="stable") if scores[row] > 1]
        if suspected:
            findings.append(_finding(check, pictures, suspected, scores))
    return findings


def _finding(check: _Check, pictures: pd.DataFrame, rows: list[int], scores: np.ndarray) -> Finding:
    suspected = pictures.iloc[rows]
    because = [
        SuspectReason(code=check.evidence, values=check.values(picture))
        for _, picture in suspected.iterrows()
    ]
    suspects = suspects_of(suspected, scores[rows].tolist(), because=because)
    return Finding(
        kind=check.kind,
        values={"total": len(pictures)},
        suspects=suspects,
        remedy=Remedy.EXCLUDE,
    )


def _below(values: pd.Series, bound: float, share: float) -> np.ndarray:
    """Score values: above 1 below both a bound and a share of their median."""
    limit = min(bound, share * float(values.median()))
    scores: np.ndarray = limit / np.maximum(values.to_numpy(dtype=np.float64), 1e-6)
    return scores


def _blank_score(pictures: pd.DataFrame) -> np.ndarray:
    scores: np.ndarray = BLANK_CONTRAST / np.maximum(pictures["contrast"].to_numpy(), 1e-6)
    return scores


def _dark_score(pictures: pd.DataFrame) -> np.ndarray:
    # Two deviations above the mean, so that stars at night are accepted.
    return _below(pictures["brightness"] + 2 * pictures["contrast"], _DARK_LEVEL, _DARK_SHARE)


def _bright_score(pictures: pd.DataFrame) -> np.ndarray:
    to_white = 255 - (pictures["brightness"] - pictures["contrast"])
    return _below(to_white, 255 - _BRIGHT_LEVEL, _BRIGHT_SHARE)


def _blurred_score(pictures: pd.DataFrame) -> np.ndarray:
    return _below(pictures["sharpness"], _BLURRED_SHARPNESS, _BLURRED_SHARE)


def _tiny_score(pictures: pd.DataFrame) -> np.ndarray:
    return _below(pictures[["width", "height"]].min(axis=1), _TINY_SIDE, _TINY_SHARE)


def _aspect_score(pictures: pd.DataFrame) -> np.ndarray:
    sides = pictures[["width", "height"]]
    aspects = (sides.max(axis=1) / sides.min(axis=1)).to_numpy(dtype=np.float64)
    scores: np.ndarray = aspects / max(_EXTREME_ASPECT, _EXTREME_TIMES * float(np.median(aspects)))
    return scores


def _sizes(picture: pd.Series) -> dict[str, Value]:
    return {"width": int(picture["width"]), "height": int(picture["height"])}


_CHECKS = (
    _Check(
        kind=FindingKind.BLANK,
        evidence=Evidence.CONTRAST,
        score=_blank_score,
        values=lambda picture: {"contrast": round(float(picture["contrast"]), 1)},
    ),
    _Check(
        kind=FindingKind.DARK,
        evidence=Evidence.BRIGHTNESS,
        score=_dark_score,
        values=lambda picture: {"brightness": round(float(picture["brightness"]))},
    ),
    _Check(
        kind=FindingKind.BRIGHT,
        evidence=Evidence.BRIGHTNESS,
        score=_bright_score,
        values=lambda picture: {"brightness": round(float(picture["brightness"]))},
    ),
    _Check(
        kind=FindingKind.BLURRED,
        evidence=Evidence.SHARPNESS,
        score=_blurred_score,
        values=lambda picture: {"sharpness": round(float(picture["sharpness"]), 2)},
    ),
    _Check(
        kind=FindingKind.TINY,
        evidence=Evidence.SIZE,
        score=_tiny_score,
        values=_sizes,
    ),
    _Check(
        kind=FindingKind.EXTREME_ASPECT,
        evidence=Evidence.SIZE,
        score=_aspect_score,
        values=_sizes,
    ),
)
