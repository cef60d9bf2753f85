"""RandAugment: two random changes for each picture, all of one strength (arXiv 1909.13719)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.models.augmentation.transform_params import TransformParams

_CHANGES_EACH = 2

Chosen = Callable[[TransformParams, np.ndarray, np.ndarray], None]


def sample_randaugment(params: TransformParams, magnitude: float, random: np.random.Generator) -> None:
    """Sample RandAugment (Cubuk et al. 2019) for each picture by itself.

    Keras's layer makes one choice for a whole batch and rotates by up to 180 degrees.
    """
    count = len(params)
    chosen = random.random((count, len(_RANDOM_CHANGES))).argsort(axis=1)[:, :_CHANGES_EACH]
    signs = np.where(random.random((count, len(_RANDOM_CHANGES))) < 0.5, -1, 1)
    for index, change in enumerate(_RANDOM_CHANGES):
        which = (chosen == index).any(axis=1)
        change(params, which, (magnitude * signs[:, index] * which).astype(np.float32))


def _random_rotation(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.rotation += np.float32(np.pi / 6) * amount  # 30 degrees


def _random_shear_x(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.shear[:, 0] += 0.3 * amount


def _random_shear_y(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.shear[:, 1] += 0.3 * amount


def _random_shift_x(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.shift[:, 0] += 0.3 * amount


def _random_shift_y(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.shift[:, 1] += 0.3 * amount


def _random_brightness(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.brightness += 0.4 * amount


def _random_contrast(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.contrast *= 1 + 0.9 * amount


def _random_saturation(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.saturation *= 1 + 0.9 * amount


def _random_sharpness(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.sharpness += 0.9 * amount


def _random_posterization(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    levels = np.rint(256 ** (1 - 0.5 * np.abs(amount)))  # 256 levels to 16
    params.posterization = np.where(
        which, np.minimum(params.posterization, levels), params.posterization
    ).astype(np.float32)


def _random_solarization(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    level = np.ceil(255 - 127 * np.abs(amount))  # the brightest half at most: all would be a negative
    params.solarization = np.where(which, np.minimum(params.solarization, level), params.solarization).astype(
        np.float32
    )


def _random_autocontrast(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.autocontrast |= which


def _random_equalization(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    params.equalization |= which


def _unchanged(params: TransformParams, which: np.ndarray, amount: np.ndarray) -> None:
    """One choice among the others: leave the picture as it is."""


_RANDOM_CHANGES: tuple[Chosen, ...] = (
    _random_rotation,
    _random_shear_x,
    _random_shear_y,
    _random_shift_x,
    _random_shift_y,
    _random_brightness,
    _random_contrast,
    _random_saturation,
    _random_sharpness,
    _random_posterization,
    _random_solarization,
    _random_autocontrast,
    _random_equalization,
    _unchanged,
)
