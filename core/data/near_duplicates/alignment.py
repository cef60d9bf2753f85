"""Alignment of two pictures and their pixel difference, to confirm near duplicates.

After alignment in scale, position, brightness and contrast, a copy differs from its original
by compression and resampling alone: little in smooth areas, more at edges. Different pictures
that look alike differ by more. All functions work on many pairs at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.dataset import thumbnail_path
from core.data.pixels.thumbnails import read_thumbnail

# Pixels. Thumbnails are stretched to such squares.
SIDE = 48
# Points a side at which two pictures are compared.
_GRID = 24
_COARSE_GRID = 12
# Of the alignment.
_COARSE_STEPS, _FINE_STEPS = 4, 3
# Of the picture's side.
_MAX_STEP = 0.04
# Of the picture's side, cropped on one side.
_MAX_MARGIN = 0.35
# Negative: the other picture can show a little more.
_MIN_MARGIN = -0.03
# Fit into the processor's cache.
_PAIRS_TOGETHER = 256

# Differences of a copy: shifts of edges, in grid steps, and noise of compression, in grey levels.
_SHIFT = 0.35
_NOISE = 2.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Match of one picture's crop with another picture. One value for each pair, all float32."""

    # Of the grey levels, -1 to 1.
    correlation: np.ndarray
    # Difference, in units of what compression and resampling explain.
    excess: np.ndarray
    # Mean slope of the grey levels from point to point, relative to contrast.
    detail: np.ndarray
    # Standard deviation of the grey levels, of the flatter picture.
    contrast: np.ndarray
    # Mean difference of the colours, in levels of 255.
    tint: np.ndarray
    # Margins of the best crop: (pairs, 4).
    windows: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Comparison:
        return Comparison(**{name: values[chosen] for name, values in vars(self).items()})


def load_squares(folder: Path, hashes: Iterable[str]) -> np.ndarray:
    """Read thumbnails, stretched to squares: uint8 YCbCr, shape (pictures, 48, 48, 3)."""
    squares = []
    for sha256 in hashes:
        # No smaller, so that copies of other sizes give the same square.
        image = read_thumbnail(thumbnail_path(folder, sha256).read_bytes(), "YCbCr", 2 * SIDE)
        squares.append(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))
    return np.stack(squares) if squares else np.empty((0, SIDE, SIDE, 3), np.uint8)


def compare(first: np.ndarray, second: np.ndarray, windows: np.ndarray) -> Comparison:
    """Find for each pair the window of the first picture that shows what the second shows.

    Args:
        first, second: uint8 YCbCr (P, 48, 48, 3), from ``load_squares``.
        windows: start values, (P, 4): the share of the first picture left of, right of, above
            and below the window.
    """
    blocks = [
        _compare(first[start:stop], second[start:stop], windows[start:stop])
        for start, stop in ((at, at + _PAIRS_TOGETHER) for at in range(0, len(first), _PAIRS_TOGETHER))
    ] or [_compare(first, second, windows)]
    return Comparison(
        **{name: np.concatenate([getattr(block, name) for block in blocks]) for name in vars(blocks[0])}
    )


def rough_windows(first: np.ndarray, second: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find approximate windows for ``compare``, from the best of ``starts`` (S, 4).

    Returns:
        Windows, float32 (P, 4), and their correlations, float32 (P,).
    """
    windows, best = np.zeros((len(first), 4), np.float32), np.full(len(first), -np.inf, np.float32)
    grey = _halved(first[..., 0])
    target = _centred(_sample(_halved(second[..., 0]), _no_margins(len(second)), _COARSE_GRID))
    for start in starts.astype(np.float32):
        tried = np.tile(start, (len(first), 1))
        correlation = _correlation(_centred(_sample(grey, tried, _COARSE_GRID)), target)
        better = correlation > best
        windows[better], best[better] = start, correlation[better]
    return _aligned(grey, target, windows, _COARSE_STEPS)


def _compare(first: np.ndarray, second: np.ndarray, windows: np.ndarray) -> Comparison:
    first, second = first.astype(np.float32), second.astype(np.float32)
    whole = _no_margins(len(second))
    target = _centred(_sample(second[..., 0], whole, _GRID))
    windows, correlation = _aligned(first[..., 0], target, windows.astype(np.float32), _FINE_STEPS)
    crop = _centred(_sample(first[..., 0], windows, _GRID))
    energy = (_energy(crop), _energy(target))
    gain = np.sqrt(energy[1] / np.maximum(energy[0], 1e-6))
    difference = np.sqrt(_energy(target - gain[:, np.newaxis, np.newaxis] * crop))
    slope = np.sqrt(np.minimum(_slope_energy(crop) * gain**2, _slope_energy(target)))
    tint = np.zeros(len(first), np.float32)
    for channel in (1, 2):
        colours = _sample(first[..., channel], windows, _COARSE_GRID)
        others = _sample(second[..., channel], whole, _COARSE_GRID)
        tint += np.abs(colours - others).mean((1, 2)) / 2
    return Comparison(
        correlation=correlation,
        excess=difference / np.hypot(_SHIFT * slope, _NOISE),
        detail=slope / np.sqrt(np.maximum(energy[1], 1e-6)),
        contrast=np.sqrt(np.minimum(*energy)),
        tint=tint,
        windows=windows,
    )


def _aligned(
    grey: np.ndarray, target: np.ndarray, windows: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit windows of ``grey`` (P, S, S) to ``target`` (P, G, G); return them and their correlations.

    Gauss-Newton steps (Lucas and Kanade, 1981) for the four margins, gain and offset.
    """
    best, score = windows, np.full(len(grey), -np.inf, np.float32)
    for step in range(steps + 1):
        crop = _sample(grey, windows, target.shape[1])
        centred = _centred(crop)
        correlation = _correlation(centred, target)
        better = (correlation > score)[:, np.newaxis]
        best, score = np.where(better, windows, best), np.maximum(correlation, score)
        if step < steps:
            move = np.clip(_step(crop, centred, target, windows), -_MAX_STEP, _MAX_STEP)
            windows = np.clip(windows + move, _MIN_MARGIN, _MAX_MARGIN)
    return best, score


def _step(crop: np.ndarray, centred: np.ndarray, target: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Compute the step of each margin: float32 (P, 4)."""
    grid = target.shape[1]
    gain = np.clip((centred * target).sum((1, 2)) / np.maximum((centred**2).sum((1, 2)), 1e-6), 0.2, 5.0)
    gain = gain[:, np.newaxis, np.newaxis]
    left, right, top, bottom = (windows[:, side, np.newaxis, np.newaxis] for side in range(4))
    # In units of the picture's side.
    across = np.gradient(crop, axis=2) * (grid / (1 - left - right)) * gain
    down = np.gradient(crop, axis=1) * (grid / (1 - top - bottom)) * gain
    points = _POINTS[grid]
    from_left, from_top = points[np.newaxis, np.newaxis, :], points[np.newaxis, :, np.newaxis]
    slopes = np.stack(
        [
            across * (1 - from_left), -across * from_left, down * (1 - from_top), -down * from_top,
            centred, np.ones_like(centred),
        ],
        axis=1,
    ).reshape(len(crop), 6, grid**2)  # fmt: skip
    residual = (target - gain * centred).reshape(len(crop), grid**2, 1)
    normal = slopes @ slopes.transpose(0, 2, 1)
    scale = np.trace(normal, axis1=1, axis2=2)[:, np.newaxis, np.newaxis] / 6
    normal += (1e-3 * scale + 1e-6) * np.eye(6, dtype=np.float32)
    solved: np.ndarray = np.linalg.solve(normal, slopes @ residual)[:, :4, 0]
    return solved


_POINTS = {grid: (np.arange(grid, dtype=np.float32) + 0.5) / grid for grid in (_GRID, _COARSE_GRID)}


def _sample(channel: np.ndarray, windows: np.ndarray, grid: int) -> np.ndarray:
    """Sample a window at ``grid`` × ``grid`` points, with linear interpolation: (P, grid, grid)."""
    left, right, top, bottom = windows.T[..., np.newaxis]
    points = _POINTS[grid]
    pair = np.arange(len(channel))[:, np.newaxis]
    above, weight = _neighbours(top + points * (1 - top - bottom), channel.shape[1])
    rows = channel[pair, above] + weight * (channel[pair, above + 1] - channel[pair, above])
    columns = rows.transpose(0, 2, 1)
    before, weight = _neighbours(left + points * (1 - left - right), channel.shape[1])
    sampled = columns[pair, before] + weight * (columns[pair, before + 1] - columns[pair, before])
    return sampled.transpose(0, 2, 1)


def _neighbours(positions: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the pixel before each position (0 to 1) and the weight of the next: (P, G), (P, G, 1)."""
    pixels = np.clip(positions * side - 0.5, 0, side - 1)
    before = np.minimum(pixels.astype(np.int64), side - 2)
    return before, (pixels - before)[..., np.newaxis].astype(np.float32)


def _halved(channel: np.ndarray) -> np.ndarray:
    """Average blocks of four pixels, so that few points represent all: float32 (P, 24, 24)."""
    half = SIDE // 2
    halved: np.ndarray = channel.reshape(-1, half, 2, half, 2).mean((2, 4), dtype=np.float32)
    return halved


def _no_margins(count: int) -> np.ndarray:
    return np.zeros((count, 4), np.float32)


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean((1, 2), keepdims=True)


def _energy(centred: np.ndarray) -> np.ndarray:
    return np.square(centred).mean((1, 2))


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    norm = np.sqrt(np.maximum(_energy(first) * _energy(second), 1e-6))
    return (first * second).mean((1, 2)) / norm


def _slope_energy(values: np.ndarray) -> np.ndarray:
    across = (values[:, 1:-1, 2:] - values[:, 1:-1, :-2]) / 2
    down = (values[:, 2:, 1:-1] - values[:, :-2, 1:-1]) / 2
    return (np.square(across) + np.square(down)).mean((1, 2))
