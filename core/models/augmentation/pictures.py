"""Augmentation on the processor, with Pillow: in workers, and in the preview.

Five times as fast as Keras's layers, which resample once for each movement; and
what a page shows is what training sees, byte for byte.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from core.devices import cpu_cores
from core.models.augmentation import table
from core.models.augmentation.colour import colour_matrices, colour_offsets
from core.models.augmentation.config import AugmentationConfig
from core.models.augmentation.geometry import corners_of, homographies, node_coordinates, nodes
from core.models.augmentation.sampling import sample_transforms
from core.models.augmentation.transform_params import ALL_LEVELS, NO_SOLARIZATION, TransformParams

# Gaussian of the shorter side: the detail that sharpness smooths or brings out
FINE_DETAIL = 1 / 200
# Python's lock allows no gain from more
_MOST_THREADS = 8
# pictures for each thread, at least
_WORTH_THREADS = 4
# pixels
_ROUNDING = 1e-6


def augment(pictures: np.ndarray, config: AugmentationConfig, seed: int) -> np.ndarray:
    """Changed copies, uint8 RGB (B, H, W, 3), of pictures uint8 RGB (B, H, W, 3).

    The same seed gives the same changes everywhere. Space that opens at an edge is filled
    with the picture's mirror image: streaks or black corners would be a pattern that only
    training pictures have. Safe to call from several threads.
    """
    if not config.is_active or not len(pictures):
        return pictures.copy()
    return transform(pictures, sample_transforms(config, len(pictures), seed))


def transform(pictures: np.ndarray, params: TransformParams) -> np.ndarray:
    """Apply a row of transform parameters to each picture: uint8 RGB (B, H, W, 3), as ``augment`` does."""
    changes = _Changes(params, *pictures.shape[1:3])
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
    """Transforms of a batch, computed for its size."""

    def __init__(self, params: TransformParams, height: int, width: int) -> None:
        self._params, self._side = params, min(height, width)
        self._matrices = homographies(params, height, width)
        self._is_bent: np.ndarray = np.abs(params.elastic).max(axis=(1, 2, 3)) > 0
        self._is_moved = (self._matrices != np.eye(3)).any(axis=(1, 2)) | self._is_bent
        self._nodes = nodes(params, self._matrices, height, width) if self._is_bent.any() else None
        self._colours = colour_matrices(params)
        self._about_mean, self._added = colour_offsets(params)

    def of(self, number: int, pixels: np.ndarray) -> Image.Image:
        """One picture, uint8 (H, W, 3), changed."""
        params = self._params
        pixels = pixels[
            :: -1 if params.flip_vertical[number] else 1, :: -1 if params.flip_horizontal[number] else 1
        ]
        image = self._moved(number, pixels) if self._is_moved[number] else Image.fromarray(pixels)
        image = self._coloured(number, image)
        if params.sharpness[number]:
            smooth = image.filter(ImageFilter.GaussianBlur(FINE_DETAIL * self._side))
            image = Image.blend(smooth, image, 1 + float(params.sharpness[number]))
        if params.blur[number]:
            image = image.filter(ImageFilter.GaussianBlur(float(params.blur[number]) * self._side))
        if params.erasing[number].any():
            colour = tuple(int(level) for level in np.rint(_mean_colour(image)))
            image.paste(colour, erasing_box(params.erasing[number], image.height, image.width))
        for row in table.AUGMENTATIONS:
            if row.change_picture is not None and row.name in params.own:
                image = Image.fromarray(row.change_picture(np.asarray(image), params.own[row.name][number]))
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
        params = self._params
        if params.autocontrast[number]:
            image = ImageOps.autocontrast(image)
        if params.equalization[number]:
            image = ImageOps.equalize(image)
        matrix, offset = self._colours[number], self._added[number] + np.zeros(3)
        if self._about_mean[number].any():
            offset = offset + self._about_mean[number] @ _mean_colour(image)
        if offset.any() or (matrix != np.eye(3)).any():
            rows = np.concatenate([matrix, offset[:, np.newaxis]], axis=1)
            image = image.convert("RGB", tuple(rows.ravel().tolist()))
        if params.solarization[number] != NO_SOLARIZATION or params.posterization[number] != ALL_LEVELS:
            image = image.point(
                tone_curve(params.solarization[number], params.posterization[number]).tolist() * 3
            )
        return image


def tone_curve(solarization: float, posterization: float) -> np.ndarray:
    """Levels after solarization, then posterization: uint8 (256,)."""
    levels = np.arange(256)
    levels = np.where(levels >= solarization, 255 - levels, levels)
    step = 255 / (posterization - 1)
    return np.rint(np.rint(levels / step) * step).astype(np.uint8)


def erasing_box(fractions: np.ndarray, height: int, width: int) -> tuple[int, int, int, int]:
    """Convert fractions to whole pixels: left, top, right, bottom."""
    left, top, right, bottom = (
        np.rint(fractions * np.array([width, height, width, height])).astype(int).tolist()
    )
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


def _mesh(coordinates: np.ndarray, height: int, width: int) -> list[tuple[tuple[int, int, int, int], Quad]]:
    """Pillow's mesh: each cell's box in the new picture and its corners in the old one."""
    x, y = node_coordinates(width).tolist(), node_coordinates(height).tolist()
    corners = np.concatenate(
        [coordinates[:-1, :-1], coordinates[1:, :-1], coordinates[1:, 1:], coordinates[:-1, 1:]], axis=-1
    )
    return [
        ((x[column], y[row], x[column + 1], y[row + 1]), tuple(corners[row, column].tolist()))
        for row in range(len(y) - 1)
        for column in range(len(x) - 1)
    ]
