"""Occlusion: the loss of evidence for a class when a part of the picture is hidden.

Works with every classifier (Zeiler & Fergus 2014, arXiv 1311.2901). Parts are hidden by blurring
them, because a grey patch would add edges of its own (Fong & Vedaldi 2017, arXiv 1704.03296).
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

CELLS = 8  # of a side of the map
PASSES_OF_OCCLUSION = 1 + CELLS**2  # of the whole picture, and with each part hidden
# Width of a patch, in cells: neighbouring patches overlap, which smooths the map.
_PATCH_CELLS = 2
# Of the blur, as a fraction of the picture's side.
_BLUR_RADIUS = 1 / 8


def blurred(picture: np.ndarray) -> np.ndarray:
    """Blur a picture uint8 RGB (S, S, 3) until only its large areas of colour are left."""
    radius = _BLUR_RADIUS * len(picture)
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def occluded_pictures(picture: np.ndarray) -> np.ndarray:
    """Hide one part after the other of a picture uint8 RGB (S, S, 3): (CELLS², S, S, 3)."""
    hidden = blurred(picture)
    pictures = np.repeat(picture[np.newaxis], CELLS**2, axis=0)
    for number, (rows, columns) in enumerate(_patches(len(picture))):
        pictures[number, rows, columns] = hidden[rows, columns]
    return pictures


def occlusion_map(evidence: np.ndarray, evidence_of_whole: float) -> np.ndarray:
    """Mean loss of evidence over the patches that cover a cell: float32 (CELLS, CELLS).

    Args:
        evidence: float (CELLS²,), log-odds of the class for each of ``occluded_pictures``.
        evidence_of_whole: the same for the whole picture.
    """
    total, covering = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for loss, (rows, columns) in zip(evidence_of_whole - evidence, _patches(CELLS), strict=True):
        total[rows, columns] += loss
        covering[rows, columns] += 1
    return (total / covering).astype(np.float32)


def _patches(side: int) -> list[tuple[slice, slice]]:
    """Rows and columns of each patch, in pixels or cells: one for each cell, cut off at the border."""
    edges = np.linspace(0, side, CELLS + 1).round().astype(int)
    margin = _PATCH_CELLS // 2
    ranges = [
        slice(edges[max(0, cell - margin)], edges[min(CELLS, cell + _PATCH_CELLS - margin)])
        for cell in range(CELLS)
    ]
    return [(rows, columns) for rows in ranges for columns in ranges]
