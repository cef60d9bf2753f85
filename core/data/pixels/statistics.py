"""Cheap facts about how a picture looks, taken from its thumbnail once, at import.

They stand in the manifest, so that the doctor and the split can ask them of
50,000 pictures without opening one. What a fact means for a dataset is decided
in ``core.doctor``; which pictures are copies of each other, in ``similarity``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.data.dataset import thumbnail_path

HASH_SIDE = 8  # 8 × 8 signs make the 64 bits of a perceptual hash
_TILE_SIDE = 10  # pixels
_SHARPEST_SHARE = 0.05  # of the tiles: a sharp subject before a soft background is sharp
_LEAST_CONTRAST = 2.0  # grey levels; below it, noise would count as detail, and all is border
_FRAME_SHARE = 0.015  # of the longer side: thinner lines are no border
_FRAME_TOLERANCE = 10  # levels of a channel that compression may add
_FRAME_UNIFORM_SHARE = 0.98  # of the frame's pixels
_COLOUR_STEP = 17  # 255 / 15: sixteen levels a channel, so that compression makes no new colours


@dataclass(frozen=True, kw_only=True)
class ImageStatistics:
    """Statistics of one picture."""

    perceptual_hash: str  # 16 hexadecimal digits: nearly the same picture differs in few of the 64 bits
    brightness: float  # mean grey level, 0 to 255
    contrast: float  # standard deviation of the grey levels
    sharpness: float  # see ``_sharpness``: about 1 in a sharp photograph, below 0.3 where nothing is sharp
    border: str  # "#rrggbb" of a uniform frame or of two bars, "" without


MEASURES = tuple(field.name for field in fields(ImageStatistics))


def measure(image: Image.Image) -> ImageStatistics:
    """Measure an RGB picture of at most 160 pixels a side."""
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    contrast = float(grey.std())
    return ImageStatistics(
        perceptual_hash=hash_of(low_frequencies(grey)),
        brightness=float(grey.mean()),
        contrast=contrast,
        sharpness=_sharpness(grey, contrast),
        border=_border(np.asarray(image)) if contrast >= _LEAST_CONTRAST else "",
    )


def measure_thumbnails(folder: Path, hashes: Iterable[str]) -> pd.DataFrame:
    """The measures of pictures that were imported before Darkroom took them.

    Args:
        folder: a project's dataset folder.
        hashes: the pictures' ``sha256``.
    Returns:
        ``MEASURES`` as columns, one row a picture, in the given order.
    """

    def measured(sha256: str) -> dict[str, object]:
        with Image.open(thumbnail_path(folder, sha256)) as image:
            return asdict(measure(image.convert("RGB")))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return pd.DataFrame(pool.map(measured, hashes), columns=list(MEASURES))


def with_measures(pictures: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The same pictures with every measure, those taken now that the manifest lacks."""
    if "perceptual_hash" in pictures:
        missing = pictures["perceptual_hash"].fillna("") == ""
    else:
        missing = pd.Series(True, index=pictures.index)
    if not missing.any():
        return pictures
    taken = measure_thumbnails(folder, pictures.loc[missing, "sha256"])
    taken.index = pictures.index[missing]
    known = pictures.loc[~missing].reindex(columns=list(MEASURES))
    measures = taken if missing.all() else pd.concat([known, taken]).reindex(pictures.index)
    return pictures.assign(**{name: measures[name] for name in MEASURES})


def low_frequencies(grey: np.ndarray) -> np.ndarray:
    """The lowest frequencies of a picture's discrete cosine transform (DCT-II).

    Args:
        grey: float32 (height, width).
    Returns:
        float32 (9, 8), vertical frequencies first; [0, 0] is the mean.
    """
    height, width = grey.shape
    return cosines(height)[: HASH_SIDE + 1] @ grey @ cosines(width)[:HASH_SIDE].T / grey.size


def hash_of(frequencies: np.ndarray) -> str:
    """The perceptual hash of ``low_frequencies``: the sign of each.

    In place of the mean, which says nothing about the picture's shapes, stands
    the ninth vertical frequency.
    """
    signs = frequencies[:HASH_SIDE] > 0
    signs[0, 0] = frequencies[HASH_SIDE, 0] > 0
    return np.packbits(signs).tobytes().hex()


@lru_cache(maxsize=1024)
def cosines(length: int) -> np.ndarray:
    """The waves that the transform projects on: float32 (9, length)."""
    positions = (np.arange(length) + 0.5) / length
    waves: np.ndarray = np.cos(np.pi * np.arange(HASH_SIDE + 1)[:, np.newaxis] * positions)
    return waves.astype(np.float32)


def _sharpness(grey: np.ndarray, contrast: float) -> float:
    """Measure the Laplacian's response where the picture is sharpest, relative to its contrast.

    The variance of the Laplacian (Pech-Pacheco et al., 2000) alone grows with
    light and contrast, and falls with every smooth wall or sky.
    """
    laplacian = (
        grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
    )  # fmt: skip
    if not laplacian.size:
        return 0.0
    high, wide = (min(_TILE_SIDE, side) for side in laplacian.shape)
    rows, columns = laplacian.shape[0] // high, laplacian.shape[1] // wide
    tiles = laplacian[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    energies = np.sort(np.einsum("rhcw,rhcw->rc", tiles, tiles).ravel() / (high * wide))
    sharpest = energies[-max(1, round(_SHARPEST_SHARE * len(energies))) :]
    return float(np.sqrt(sharpest.mean())) / (contrast + _LEAST_CONTRAST)


def _border(pixels: np.ndarray) -> str:
    """The colour of a uniform frame around uint8 (height, width, 3), or of bars on two opposite sides."""
    depth = max(1, round(_FRAME_SHARE * max(pixels.shape[:2])))
    if min(pixels.shape[:2]) <= 4 * depth:
        return ""
    for first, second in ((pixels[:depth], pixels[-depth:]), (pixels[:, :depth], pixels[:, -depth:])):
        edges = np.concatenate([first.reshape(-1, 3), second.reshape(-1, 3)]).T
        outside = round((1 - _FRAME_UNIFORM_SHARE) / 2 * edges.shape[1])
        ordered = np.sort(edges, axis=1)
        if (ordered[:, -1 - outside] - ordered[:, outside]).max() <= 2 * _FRAME_TOLERANCE:
            levels = np.rint(ordered[:, edges.shape[1] // 2] / _COLOUR_STEP).astype(int) * _COLOUR_STEP
            return "#{:02x}{:02x}{:02x}".format(*levels)
    return ""
