"""Pictures changed on the processor, with Pillow: in workers, and in the preview.

Five times as fast as Keras's layers, which resample once for each movement; and
what a page shows is what training sees, byte for byte.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from core.devices import cpu_cores
from core.models.augmentation.colour import colour_matrices, colour_offsets
from core.models.augmentation.config import AugmentationConfig
from core.models.augmentation.geometry import corners_of, homographies, node_places, nodes
from core.models.augmentation.sampling import draw
from core.models.augmentation.transform_params import ALL_TONES, OFF_THRESHOLD, Draws

FINE_DETAIL = 1 / 200  # of the shorter side: what sharpness smooths or brings out
_MOST_THREADS = 8  # Python itself holds more back
_WORTH_THREADS = 4  # pictures
_ROUNDING = 1e-6  # pixels


def augment(pictures: np.ndarray, config: AugmentationConfig, seed: int) -> np.ndarray:
    """Changed copies, uint8 RGB (B, H, W, 3), of pictures uint8 RGB (B, H, W, 3).

    The same seed gives the same changes everywhere. What moves out of the picture is
    filled with its mirror image: streaks or black corners would be a pattern that
    only training pictures have. May be called from several threads.
    """
    if not config.is_active or not len(pictures):
        return pictures.copy()
    changes = _Changes(draw(config, len(pictures), seed), *pictures.shape[1:3])
    changed = np.empty_like(pictures)

    def change(number: int) -> None:
        changed[number] = changes.of(number, pictures[number])

    threads = min(cpu_cores(), _MOST_THREADS, len(pictures) // _WORTH_THREADS)
    if threads <= 1:
        for number in range(len(pictures)):
            change(number)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(change, range(len(pictures))))  # the list passes on what went wrong
    return changed


class _Changes:
    """What a batch goes through, worked out for its size."""

    def __init__(self, draws: Draws, height: int, width: int) -> None:
        self._draws, self._side = draws, min(height, width)
        self._matrices = homographies(draws, height, width)
        self._is_bent: np.ndarray = np.abs(draws.bend).max(axis=(1, 2, 3)) > 0
        self._is_moved = (self._matrices != np.eye(3)).any(axis=(1, 2)) | self._is_bent
        self._nodes = nodes(draws, self._matrices, height, width) if self._is_bent.any() else None
        self._colours = colour_matrices(draws)
        self._about_mean, self._added = colour_offsets(draws)

    def of(self, number: int, pixels: np.ndarray) -> Image.Image:
        """One picture, uint8 (H, W, 3), changed."""
        draws = self._draws
        pixels = pixels[:: -1 if draws.upside_down[number] else 1, :: -1 if draws.mirrored[number] else 1]
        image = self._moved(number, pixels) if self._is_moved[number] else Image.fromarray(pixels)
        image = self._coloured(number, image)
        if draws.sharpness[number]:
            smooth = image.filter(ImageFilter.GaussianBlur(FINE_DETAIL * self._side))
            image = Image.blend(smooth, image, 1 + float(draws.sharpness[number]))
        if draws.blur[number]:
            image = image.filter(ImageFilter.GaussianBlur(float(draws.blur[number]) * self._side))
        if draws.hole[number].any():
            colour = tuple(int(level) for level in np.rint(_mean_colour(image)))
            image.paste(colour, hole_box(draws.hole[number], image.height, image.width))
        return image

    def _moved(self, number: int, pixels: np.ndarray) -> Image.Image:
        height, width = pixels.shape[:2]
        matrix = self._matrices[number]
        bent = self._nodes[number] if self._nodes is not None and self._is_bent[number] else None
        outline = corners_of(matrix, height, width) if bent is None else bent.reshape(-1, 2)
        pixels, origin = _with_surroundings(pixels, outline)
        image, size = Image.fromarray(pixels), (width, height)
        if bent is not None:
            mesh = _mesh(bent - origin, height, width)
            return image.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        to_origin = np.eye(3)
        to_origin[:2, 2] = -origin
        matrix = to_origin @ matrix
        if matrix[2].tolist() == [0, 0, 1]:
            numbers = matrix[:2].ravel().tolist()
            return image.transform(size, Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR)
        numbers = (matrix / matrix[2, 2]).ravel()[:8].tolist()
        return image.transform(size, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR)

    def _coloured(self, number: int, image: Image.Image) -> Image.Image:
        draws = self._draws
        if draws.stretched[number]:
            image = ImageOps.autocontrast(image)
        if draws.equalized[number]:
            image = ImageOps.equalize(image)
        matrix, offset = self._colours[number], self._added[number] + np.zeros(3)
        if self._about_mean[number].any():
            offset = offset + self._about_mean[number] @ _mean_colour(image)
        if offset.any() or (matrix != np.eye(3)).any():
            rows = np.concatenate([matrix, offset[:, np.newaxis]], axis=1)
            image = image.convert("RGB", tuple(rows.ravel().tolist()))
        if draws.threshold[number] != OFF_THRESHOLD or draws.tones[number] != ALL_TONES:
            image = image.point(tone_curve(draws.threshold[number], draws.tones[number]).tolist() * 3)
        return image


def tone_curve(threshold: float, tones: float) -> np.ndarray:
    """What solarization, then posterization, make of each level: uint8 (256,)."""
    levels = np.arange(256)
    levels = np.where(levels >= threshold, 255 - levels, levels)
    step = 255 / (tones - 1)
    return np.rint(np.rint(levels / step) * step).astype(np.uint8)


def hole_box(hole: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """Fractions as whole pixels: left, top, right, bottom."""
    left, top, right, bottom = np.rint(hole * np.array([width, height, width, height])).astype(int).tolist()
    return left, top, right, bottom


def _mean_colour(image: Image.Image) -> np.ndarray:
    """float64 (3,), 0 to 255; from the histogram, many times as fast as from the pixels."""
    counts = np.array(image.histogram()).reshape(3, 256)
    return counts @ np.arange(256) / counts[0].sum()


def _with_surroundings(pixels: np.ndarray, outline: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture with as much of its mirror images as the outline, (n, 2) of x and y, reaches into.

    Returns:
        The larger picture, and where its corner lies in the picture's own coordinates.
    """
    size = np.array([pixels.shape[1], pixels.shape[0]])
    least, most = outline.min(axis=0), outline.max(axis=0)
    # One pixel more, for the interpolation; rounding errors reach into nothing.
    first = np.where(least < -_ROUNDING, np.floor(least) - 1, 0).astype(int)
    last = np.where(most > size + _ROUNDING, np.ceil(most) + 1, size).astype(int)
    if (first == 0).all() and (last == size).all():
        return np.ascontiguousarray(pixels), first
    before, after = -first, last - size
    sides = ((before[1], after[1]), (before[0], after[0]), (0, 0))
    return np.pad(pixels, sides, mode="symmetric"), first


Quad = tuple[float, ...]


def _mesh(places: np.ndarray, height: int, width: int) -> list[tuple[tuple[int, int, int, int], Quad]]:
    """Pillow's mesh: each cell's box in the new picture and its corners in the old one."""
    x, y = node_places(width).tolist(), node_places(height).tolist()
    corners = np.concatenate([places[:-1, :-1], places[1:, :-1], places[1:, 1:], places[:-1, 1:]], axis=-1)
    return [
        ((x[column], y[row], x[column + 1], y[row + 1]), tuple(corners[row, column].tolist()))
        for row in range(len(y) - 1)
        for column in range(len(x) - 1)
    ]
