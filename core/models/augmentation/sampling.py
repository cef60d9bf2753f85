"""What each picture of a batch goes through, drawn from a seed with NumPy alone.

A seed means the same change in the preview, on the processor and on a GPU. Each
change draws from a stream of its own: turning one on, or up, leaves the others as
they were, and the preview's pictures do not jump when a slider moves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.models.augmentation.config import AugmentationConfig
from core.models.augmentation.randaugment import change_randomly
from core.models.augmentation.transform_params import BEND_CELLS, Draws

_WAVES = 3  # half waves across a bent picture, at most
_HOLE_AREA = (0.02, 0.25)  # of the picture
_HOLE_ASPECT = 2.0  # at most, either way; of the hole's share of the width to its share of the height
_TONES = (4, 16)  # levels of each colour
_SOLARIZED_FROM = (128.0, 255.0)

Random = np.random.Generator


def draw(config: AugmentationConfig, count: int, seed: int) -> Draws:
    """What ``count`` pictures go through; the same for the same seed, everywhere."""
    draws = Draws.neutral(count)
    if config.flip in ("horizontal", "both"):
        draws.mirrored = _some(stream(seed, "mirrored"), 0.5, count)
    if config.flip in ("vertical", "both"):
        draws.upside_down = _some(stream(seed, "upside_down"), 0.5, count)
    for name, change in _CHANGES.items():
        strength = getattr(config, name)
        if strength:
            change(draws, strength, stream(seed, name))
    return draws


def stream(seed: int, name: str) -> Random:
    """The random numbers of one change."""
    return np.random.default_rng([seed, *name.encode()])


def _either_way(random: Random, strength: float, *shape: int) -> np.ndarray:
    return random.uniform(-strength, strength, shape).astype(np.float32)


def _some(random: Random, share: float, count: int) -> np.ndarray:
    return random.random(count) < share


def _rotate(draws: Draws, strength: float, random: Random) -> None:
    draws.turn += 2 * np.float32(np.pi) * _either_way(random, strength, len(draws))


def _zoom(draws: Draws, strength: float, random: Random) -> None:
    draws.scale *= 1 + _either_way(random, strength, len(draws))


def _shift(draws: Draws, strength: float, random: Random) -> None:
    draws.shift += _either_way(random, strength, len(draws), 2)


def _shear(draws: Draws, strength: float, random: Random) -> None:
    draws.shear += _either_way(random, strength, len(draws), 2)


def _crop(draws: Draws, strength: float, random: Random) -> None:
    draws.kept -= random.uniform(0, strength, len(draws)).astype(np.float32)
    draws.place += random.random((len(draws), 2), np.float32)


def _tilt(draws: Draws, strength: float, random: Random) -> None:
    draws.corners += _either_way(random, strength / 2, len(draws), 4, 2)


def _bend(draws: Draws, strength: float, random: Random) -> None:
    """Sums of cosine waves: smooth, and the farthest point moves by what was drawn."""
    waves = np.cos(np.pi * np.outer(np.linspace(0, 1, BEND_CELLS + 1), np.arange(_WAVES + 1)))
    amounts = random.standard_normal((len(draws), _WAVES + 1, _WAVES + 1, 2))
    amounts[:, 0, 0] = 0  # the same for all points: that would be a shift
    field = np.einsum("rk,bklc,sl->brsc", waves, amounts, waves)
    farthest = np.abs(field).max(axis=(1, 2, 3), keepdims=True)
    reach = random.uniform(0, strength, (len(draws), 1, 1, 1))
    draws.bend += (field / farthest * reach).astype(np.float32)


def _lighten(draws: Draws, strength: float, random: Random) -> None:
    draws.brightness += _either_way(random, strength, len(draws))


def _set_contrast(draws: Draws, strength: float, random: Random) -> None:
    draws.contrast *= 1 + _either_way(random, strength, len(draws))


def _saturate(draws: Draws, strength: float, random: Random) -> None:
    draws.saturation *= 1 + _either_way(random, strength, len(draws))


def _turn_hue(draws: Draws, strength: float, random: Random) -> None:
    draws.hue += 2 * np.float32(np.pi) * _either_way(random, strength, len(draws))


def _grey(draws: Draws, share: float, random: Random) -> None:
    draws.saturation[_some(random, share, len(draws))] = 0


def _negate(draws: Draws, share: float, random: Random) -> None:
    draws.negative |= _some(random, share, len(draws))


def _stretch(draws: Draws, share: float, random: Random) -> None:
    draws.stretched |= _some(random, share, len(draws))


def _equalize(draws: Draws, share: float, random: Random) -> None:
    draws.equalized |= _some(random, share, len(draws))


def _solarize(draws: Draws, share: float, random: Random) -> None:
    chosen = _some(random, share, len(draws))
    levels = random.uniform(*_SOLARIZED_FROM, len(draws)).astype(np.float32)
    draws.threshold = np.where(chosen, np.ceil(levels), draws.threshold)


def _posterize(draws: Draws, share: float, random: Random) -> None:
    chosen = _some(random, share, len(draws))
    levels = random.integers(*_TONES, len(draws), endpoint=True).astype(np.float32)
    draws.tones = np.where(chosen, levels, draws.tones)


def _sharpen(draws: Draws, strength: float, random: Random) -> None:
    draws.sharpness += _either_way(random, strength, len(draws))


def _blur(draws: Draws, strength: float, random: Random) -> None:
    draws.blur += random.uniform(0, strength, len(draws)).astype(np.float32)


def _erase(draws: Draws, share: float, random: Random) -> None:
    """Random erasing (Zhong et al. 2017, arXiv 1708.04896); the whole hole lies in the picture."""
    count = len(draws)
    chosen = _some(random, share, count)
    area = random.uniform(*_HOLE_AREA, count)
    aspect = _HOLE_ASPECT ** random.uniform(-1, 1, count)
    sides = np.sqrt(area[:, np.newaxis] * np.stack([aspect, 1 / aspect], axis=1))  # width, height
    start = random.random((count, 2)) * (1 - sides)
    draws.hole = np.where(chosen[:, np.newaxis], np.concatenate([start, start + sides], axis=1), 0).astype(
        np.float32
    )


# RandAugment last: it adds to what the others drew.
_CHANGES: dict[str, Callable[[Draws, float, Random], None]] = {
    "rotation": _rotate,
    "zoom": _zoom,
    "shift": _shift,
    "crop": _crop,
    "shear": _shear,
    "perspective": _tilt,
    "elastic": _bend,
    "brightness": _lighten,
    "contrast": _set_contrast,
    "saturation": _saturate,
    "hue": _turn_hue,
    "grayscale": _grey,
    "invert": _negate,
    "autocontrast": _stretch,
    "equalization": _equalize,
    "solarization": _solarize,
    "posterization": _posterize,
    "sharpness": _sharpen,
    "blur": _blur,
    "erasing": _erase,
    "randaugment": change_randomly,
}
