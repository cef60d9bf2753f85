"""Image statistics: brightness, contrast, sharpness, border and perceptual hash.

They are measured on the thumbnail at import and stored in the manifest, so that the doctor and
the split need not open 50,000 pictures. ``core.doctor`` interprets them; ``near_duplicates``
compares the hashes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.data.dataset import thumbnail_path

# 8 × 8 signs are the 64 bits of a perceptual hash.
HASH_SIDE = 8
# Pixels.
_TILE_SIDE = 10
# Of the tiles. A sharp subject in front of a soft background counts as sharp.
_SHARPEST_SHARE = 0.05
# Grey levels. Below, noise would count as detail, and everything as border.
_MIN_CONTRAST = 2.0
# Of the longer side. Thinner lines are not a border.
_FRAME_SHARE = 0.015
# Levels of a channel that compression can add.
_FRAME_TOLERANCE = 10
# Of the frame's pixels.
_FRAME_UNIFORM_SHARE = 0.98
# 255 / 15: sixteen levels a channel, so that compression makes no new colours.
_COLOUR_STEP = 17


@dataclass(frozen=True, kw_only=True)
class ImageStatistics:
    """Statistics of one picture."""

    # 16 hexadecimal digits. Near duplicates differ in few of the 64 bits.
    perceptual_hash: str
    # Mean grey level, 0 to 255.
    brightness: float
    # Standard deviation of the grey levels.
    contrast: float
    # About 1 for a sharp photograph, below 0.3 if nothing is sharp; see ``_sharpness``.
    sharpness: float
    # "#rrggbb" of a uniform frame or of two bars, "" without.
    border: str


STATISTICS = tuple(field.name for field in fields(ImageStatistics))


def measure(image: Image.Image) -> ImageStatistics:
    """Measure an RGB picture of at most 160 pixels a side."""
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    mean = grey.mean()
    # The standard deviation, without computing the mean again.
    contrast = float(np.sqrt(np.square(grey - mean).mean()))
    return ImageStatistics(
        perceptual_hash=hash_of(low_frequencies(grey)),
        brightness=float(mean),
        contrast=contrast,
        sharpness=_sharpness(grey, contrast),
        border=_border(np.asarray(image)) if contrast >= _MIN_CONTRAST else "",
    )


def measure_thumbnails(folder: Path, hashes: Iterable[str]) -> pd.DataFrame:
    """Measure pictures that were imported by a version of Darkroom without statistics.

    Args:
        folder: a project's dataset folder.
        hashes: the pictures' ``sha256``.
    Returns:
        ``STATISTICS`` as columns, one row for each picture, in the given order.
    """

    def measured(sha256: str) -> dict[str, object]:
        with Image.open(thumbnail_path(folder, sha256)) as image:
            return asdict(measure(image.convert("RGB")))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return pd.DataFrame(pool.map(measured, hashes), columns=list(STATISTICS))


def with_statistics(pictures: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add missing statistics to the rows of a manifest."""
    if "perceptual_hash" in pictures:
        missing = pictures["perceptual_hash"].fillna("") == ""
    else:
        missing = pd.Series(True, index=pictures.index)
    if not missing.any():
        return pictures
    measured = measure_thumbnails(folder, pictures.loc[missing, "sha256"])
    measured.index = pictures.index[missing]
    known = pictures.loc[~missing].reindex(columns=list(STATISTICS))
    statistics = measured if missing.all() else pd.concat([known, measured]).reindex(pictures.index)
    return pictures.assign(**{name: statistics[name] for name in STATISTICS})


def low_frequencies(grey: np.ndarray) -> np.ndarray:
    """Compute the lowest frequencies of a picture's discrete cosine transform (DCT-II).

    Args:
        grey: float32 (height, width).
    Returns:
        float32 (9, 8), vertical frequencies first; [0, 0] is the mean.
    """
    height, width = grey.shape
    return cosines(height)[: HASH_SIDE + 1] @ grey @ cosines(width)[:HASH_SIDE].T / grey.size


def hash_of(frequencies: np.ndarray) -> str:
    """Compute the perceptual hash: the signs of ``low_frequencies``.

    The ninth vertical frequency replaces the mean, which does not depend on shapes.
    """
    signs = frequencies[:HASH_SIDE] > 0
    signs[0, 0] = frequencies[HASH_SIDE, 0] > 0
    return np.packbits(signs).tobytes().hex()


@lru_cache(maxsize=1024)
def cosines(length: int) -> np.ndarray:
    """Compute the transform's cosine waves: float32 (9, length)."""
    positions = (np.arange(length) + 0.5) / length
    waves: np.ndarray = np.cos(np.pi * np.arange(HASH_SIDE + 1)[:, np.newaxis] * positions)
    return waves.astype(np.float32)


def _sharpness(grey: np.ndarray, contrast: float) -> float:
    """Measure the Laplacian's response in the sharpest tiles, relative to the contrast.

    The variance of the Laplacian alone (Pech-Pacheco et al., 2000) grows with brightness and
    contrast, and falls with smooth areas such as walls or sky.
    """
    laplacian = grey[1:-1, :-2] + grey[1:-1, 2:]
    laplacian += grey[:-2, 1:-1]
    laplacian += grey[2:, 1:-1]
    laplacian -= 4 * grey[1:-1, 1:-1]
    if not laplacian.size:
        return 0.0
    high, wide = (min(_TILE_SIDE, side) for side in laplacian.shape)
    rows, columns = laplacian.shape[0] // high, laplacian.shape[1] // wide
    tiles = laplacian[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    energies = np.sort(np.einsum("rhcw,rhcw->rc", tiles, tiles).ravel() / (high * wide))
    sharpest = energies[-max(1, round(_SHARPEST_SHARE * len(energies))) :]
    return float(np.sqrt(sharpest.mean())) / (contrast + _MIN_CONTRAST)


def _border(pixels: np.ndarray) -> str:
    """Detect the colour of a uniform frame around uint8 (height, width, 3), or of bars on opposite sides."""
    depth = max(1, round(_FRAME_SHARE * max(pixels.shape[:2])))
    if min(pixels.shape[:2]) <= 4 * depth:
        return ""
    for first, second in ((pixels[:depth], pixels[-depth:]), (pixels[:, :depth], pixels[:, -depth:])):
        edges = np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)])
        # All but few borders end with their first channel.
        medians = list(takewhile(lambda median: median is not None, map(_uniform_level, edges.T)))
        if len(medians) == 3:
            levels = np.rint(np.array(medians) / _COLOUR_STEP).astype(int) * _COLOUR_STEP
            return "#{:02x}{:02x}{:02x}".format(*levels)
    return ""


def _uniform_level(values: np.ndarray) -> int | None:
    """Median of a channel along a frame, uint8 (pixels,); None if the frame is not uniform."""
    outside = round((1 - _FRAME_UNIFORM_SHARE) / 2 * len(values))
    positions = [outside, len(values) // 2, len(values) - 1 - outside]
    low, median, high = np.partition(values, positions)[positions].tolist()
    return median if high - low <= 2 * _FRAME_TOLERANCE else None
