"""Deletion and insertion curves of a heatmap, and random maps of the same smoothness.

A map that shows what the answer rests on makes the probability fall fast when its hottest parts
are hidden first, and rise fast when they are shown first (Petsiuk et al. 2018, arXiv 1806.07421).
Any smooth map does so to some degree, so a map is compared with random ones that have its power
spectrum and random phases (surrogates of Theiler et al. 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from core.evaluation.explanations.occlusion import blurred

# Fractions of the picture that are hidden or shown; close together where small parts decide.
FRACTIONS = (0.0, 0.03, 0.08, 0.15, 0.25, 0.4, 0.6, 1.0)
# Forward passes for both curves of a map, beside those of the whole and of the blurred picture.
PASSES_OF_CURVES = 2 * (len(FRACTIONS) - 2)
# Of the border of a hidden part, as a fraction of the picture's side: a hard edge is a shape of its own.
_SOFT_EDGE = 1 / 32


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Probability of the class while the parts of a picture are hidden or shown, the hottest first."""

    deletion: np.ndarray  # float (len(FRACTIONS),), from the whole picture to the blurred one
    insertion: np.ndarray  # float (len(FRACTIONS),), from the blurred picture to the whole one

    @property
    def score(self) -> float:
        """Area under the insertion curve minus that under the deletion curve, from -1 to 1."""
        return float(_area(self.insertion) - _area(self.deletion))


def curves_of(
    picture: np.ndarray,
    maps: Sequence[np.ndarray],
    probabilities: Callable[[np.ndarray], np.ndarray],
) -> list[Curves]:
    """Measure the curves of each map.

    Args:
        picture: uint8 RGB (S, S, 3).
        maps: float (H, W) each, of any size.
        probabilities: of the explained class, float (n,), for pictures uint8 (n, S, S, 3).
    """
    hidden = blurred(picture)
    whole, nothing = probabilities(np.stack([picture, hidden])).tolist()
    curves: list[Curves] = []
    for values in maps:
        deleted, inserted = np.split(probabilities(_perturbed(picture, hidden, values)), 2)
        curves.append(
            Curves(
                deletion=np.array([whole, *deleted, nothing]),
                insertion=np.array([nothing, *inserted, whole]),
            )
        )
    return curves


def random_maps(values: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
    """Draw maps with the power spectrum of a map float (H, W), and so with its smoothness."""
    random = np.random.default_rng(seed)
    amplitudes = np.abs(np.fft.fft2(values))
    phases = (np.angle(np.fft.fft2(random.normal(size=values.shape))) for _ in range(count))
    # The phases of a real map are antisymmetric, so this map is real as well.
    return [np.fft.ifft2(amplitudes * np.exp(1j * angle)).real for angle in phases]


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Interpolate a map float (H, W) bilinearly: float32, of ``size`` (height, width)."""
    height, width = size
    image = Image.fromarray(values.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _perturbed(picture: np.ndarray, hidden: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Pictures between the two: first with the hottest parts hidden, then with them shown."""
    heat = enlarged(values, picture.shape[:2]).ravel()
    rank = np.empty(len(heat))
    rank[np.argsort(-heat, kind="stable")] = np.arange(len(heat)) / len(heat)
    is_hottest = (rank < np.array(FRACTIONS[1:-1])[:, None]).reshape(-1, *picture.shape[:2])
    share = np.stack([softened(mask) for mask in is_hottest])[..., np.newaxis]
    mixed = np.concatenate(
        [
            picture + share * (hidden - picture.astype(np.float32)),
            hidden + share * (picture - hidden.astype(np.float32)),
        ]
    )
    return mixed.round().astype(np.uint8)


def softened(mask: np.ndarray) -> np.ndarray:
    """Blur the border of a mask, bool (S, S): float32 from 0 to 1."""
    image = Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0)))
    blurred_mask = image.filter(ImageFilter.GaussianBlur(_SOFT_EDGE * len(mask)))
    return np.asarray(blurred_mask, np.float32) / 255


def _area(curve: np.ndarray) -> float:
    return float(np.trapezoid(curve, FRACTIONS))
