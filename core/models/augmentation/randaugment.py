"""RandAugment: a few changes for each picture, chosen at random, all of one strength."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.models.augmentation.transform_params import Draws

_CHANGES_EACH = 2  # that each picture gets

Chosen = Callable[[Draws, np.ndarray, np.ndarray], None]


def change_randomly(draws: Draws, magnitude: float, random: np.random.Generator) -> None:
    """RandAugment (Cubuk et al. 2019, arXiv 1909.13719) for each picture by itself.

    Keras's layer gives one choice to a whole batch and turns pictures right round.
    """
    count = len(draws)
    chosen = random.random((count, len(_RANDOM_CHANGES))).argsort(axis=1)[:, :_CHANGES_EACH]
    signs = np.where(random.random((count, len(_RANDOM_CHANGES))) < 0.5, -1, 1)
    for place, change in enumerate(_RANDOM_CHANGES):
        which = (chosen == place).any(axis=1)
        change(draws, which, (magnitude * signs[:, place] * which).astype(np.float32))


def _random_turn(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.turn += np.float32(np.pi / 6) * amount  # 30 degrees


def _random_shear_x(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.shear[:, 0] += 0.3 * amount


def _random_shear_y(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.shear[:, 1] += 0.3 * amount


def _random_shift_x(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.shift[:, 0] += 0.3 * amount


def _random_shift_y(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.shift[:, 1] += 0.3 * amount


def _random_brightness(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.brightness += 0.4 * amount


def _random_contrast(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.contrast *= 1 + 0.9 * amount


def _random_saturation(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.saturation *= 1 + 0.9 * amount


def _random_sharpness(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.sharpness += 0.9 * amount


def _random_tones(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    levels = np.rint(256 ** (1 - 0.5 * np.abs(amount)))  # 256 levels to 16
    draws.tones = np.where(which, np.minimum(draws.tones, levels), draws.tones).astype(np.float32)


def _random_threshold(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    level = np.ceil(255 - 127 * np.abs(amount))  # the brightest half at most: all would be a negative
    draws.threshold = np.where(which, np.minimum(draws.threshold, level), draws.threshold).astype(np.float32)


def _random_stretch(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.stretched |= which


def _random_equalization(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    draws.equalized |= which


def _unchanged(draws: Draws, which: np.ndarray, amount: np.ndarray) -> None:
    """One choice among the others: leave the picture as it is."""


_RANDOM_CHANGES: tuple[Chosen, ...] = (
    _random_turn,
    _random_shear_x,
    _random_shear_y,
    _random_shift_x,
    _random_shift_y,
    _random_brightness,
    _random_contrast,
    _random_saturation,
    _random_sharpness,
    _random_tones,
    _random_threshold,
    _random_stretch,
    _random_equalization,
    _unchanged,
)
