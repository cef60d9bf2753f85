"""Pictures on which there is little to see: blank, dark, bright, blurred, tiny, or of an extreme shape.

What is usual depends on the dataset: night pictures are all dark, and scans of
8 × 8 pixels all tiny. So besides its own bound, each kind has one relative to the
dataset's median, and a picture is suspected only if it is beyond both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.doctor.findings import Finding, FindingKind, Remedy, suspects_of
from core.messages import N_, Message

# Grey levels. A page with one line of writing has a contrast of 10, fog of 8.
BLANK_CONTRAST = 3.0
_DARK_LEVEL, _DARK_SHARE = 48.0, 0.4  # of the lightest parts; of their median in the dataset
_BRIGHT_LEVEL, _BRIGHT_SHARE = 222.0, 0.4  # of the darker parts; of their distance from white
# Of 105 photographs 1 lies below this sharpness, and 90% of their copies blurred by 1.5% of the side.
_BLURRED_SHARPNESS, _BLURRED_SHARE = 0.25, 0.4
_TINY_SIDE, _TINY_SHARE = 48, 0.5  # pixels, of the shorter side
_EXTREME_ASPECT, _EXTREME_TIMES = 3.0, 2.0  # longer side to shorter; times the median


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One kind of poor picture: how it is told, and what is said of it."""

    kind: FindingKind
    headline: str
    explanation: str
    because: str
    score: Callable[[pd.DataFrame], np.ndarray]  # float64 (n,): above 1 is suspect
    values: Callable[[pd.Series], dict[str, object]]  # what ``because`` names of a picture


def find_poor_looks(pictures: pd.DataFrame) -> list[Finding]:
    """Findings about how single pictures look.

    Args:
        pictures: rows of a manifest, with every measure.
    """
    if pictures.empty:
        return []
    is_blank = pictures["contrast"].to_numpy() < BLANK_CONTRAST
    findings = []
    for look in _LOOKS:
        # Of a blank picture nothing else needs to be said.
        said_before = is_blank & (look.kind in {FindingKind.DARK, FindingKind.BRIGHT, FindingKind.BLURRED})
        scores = np.where(said_before, 0.0, look.score(pictures))
        suspected = [row for row in np.argsort(-scores, kind="stable") if scores[row] > 1]
        if suspected:
            findings.append(_finding(look, pictures, suspected, scores))
    return findings


def _finding(look: _Look, pictures: pd.DataFrame, rows: list[int], scores: np.ndarray) -> Finding:
    suspected = pictures.iloc[rows]
    because = [Message(look.because, look.values(picture)) for _, picture in suspected.iterrows()]
    suspects = suspects_of(suspected, scores[rows].tolist(), because=because)
    return Finding(
        kind=look.kind,
        headline=Message(look.headline, {"count": len(suspects), "total": len(pictures)}),
        explanation=Message(look.explanation),
        suspects=suspects,
        remedy=Remedy.EXCLUDE,
    )


def _below(values: pd.Series, bound: float, share: float) -> np.ndarray:
    """How far values lie below both a bound and a share of their median; above 1 where they do."""
    limit = min(bound, share * float(values.median()))
    scores: np.ndarray = limit / np.maximum(values.to_numpy(dtype=np.float64), 1e-6)
    return scores


def _blank_score(pictures: pd.DataFrame) -> np.ndarray:
    scores: np.ndarray = BLANK_CONTRAST / np.maximum(pictures["contrast"].to_numpy(), 1e-6)
    return scores


def _dark_score(pictures: pd.DataFrame) -> np.ndarray:
    # Two deviations above the mean: stars at night are no fault.
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


def _sizes(picture: pd.Series) -> dict[str, object]:
    return {"width": int(picture["width"]), "height": int(picture["height"])}


_LOOKS = (
    _Look(
        kind=FindingKind.BLANK,
        headline=N_("Pictures that show nothing, or next to nothing: {count} of {total}"),
        explanation=N_(
            "They are of one colour almost everywhere: a covered lens, an empty page, a failed export. "
            "A classifier learns from them that an empty picture belongs to their class. Exclude them."
        ),
        because=N_("Its grey levels differ by {contrast} of 255"),
        score=_blank_score,
        values=lambda picture: {"contrast": round(float(picture["contrast"]), 1)},
    ),
    _Look(
        kind=FindingKind.DARK,
        headline=N_("Very dark pictures: {count} of {total}"),
        explanation=N_(
            "They are much darker than the others, and little can be made out. "
            "Exclude those in which you yourself could not tell the class."
        ),
        because=N_("Its brightness is {brightness} of 255"),
        score=_dark_score,
        values=lambda picture: {"brightness": round(float(picture["brightness"]))},
    ),
    _Look(
        kind=FindingKind.BRIGHT,
        headline=N_("Very bright pictures: {count} of {total}"),
        explanation=N_(
            "They are much brighter than the others, and what they show has faded into white. "
            "Exclude those in which you yourself could not tell the class."
        ),
        because=N_("Its brightness is {brightness} of 255"),
        score=_bright_score,
        values=lambda picture: {"brightness": round(float(picture["brightness"]))},
    ),
    _Look(
        kind=FindingKind.BLURRED,
        headline=N_("Blurred pictures: {count} of {total}"),
        explanation=N_(
            "Nothing in them is sharp. If the pictures that you will classify later are sharp, exclude these; "
            "if some of those will be blurred as well, these help."
        ),
        because=N_("Its sharpest part has a sharpness of {sharpness}; that of a sharp photograph is about 1"),
        score=_blurred_score,
        values=lambda picture: {"sharpness": round(float(picture["sharpness"]), 2)},
    ),
    _Look(
        kind=FindingKind.TINY,
        headline=N_("Tiny pictures: {count} of {total}"),
        explanation=N_(
            "They have far fewer pixels than the others, so that details by which classes differ are missing: "
            "often icons or preview pictures that slipped in. Exclude them, or find them in full size."
        ),
        because=N_("It has {width} × {height} pixels"),
        score=_tiny_score,
        values=_sizes,
    ),
    _Look(
        kind=FindingKind.EXTREME_ASPECT,
        headline=N_("Very long or very wide pictures: {count} of {total}"),
        explanation=N_(
            "A classifier sees every picture as a square, so these are squeezed beyond recognition: "
            "often banners, scans of strips or panoramas. Crop them, or exclude them."
        ),
        because=N_("It has {width} × {height} pixels"),
        score=_aspect_score,
        values=_sizes,
    ),
)
