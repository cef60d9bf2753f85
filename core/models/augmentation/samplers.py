"""Samplers of the augmentations: random numbers for each picture of a batch, with NumPy alone.

Each augmentation draws from a stream of its own: turning one on, or up, leaves the others
unchanged, and the preview's pictures do not jump when a slider moves.
"""

from __future__ import annotations

import numpy as np

from core.models.augmentation.transform_params import ELASTIC_CELLS, TransformParams

# half waves across an elastic picture, at most
_WAVES = 3
# of the picture
_ERASED_AREA = (0.02, 0.25)
# at most, either way: the rectangle's fraction of the width to its fraction of the height
_ERASED_ASPECT = 2.0
# of each colour
_LEVELS = (4, 16)
_SOLARIZED_FROM = (128.0, 255.0)

Random = np.random.Generator


def stream(seed: int, name: str) -> Random:
    """Random generator of one augmentation."""
    return np.random.default_rng([seed, *name.encode()])


def _either_way(random: Random, strength: float, *shape: int) -> np.ndarray:
    return random.uniform(-strength, strength, shape).astype(np.float32)


def some(random: Random, share: float, count: int) -> np.ndarray:
    return random.random(count) < share


def sample_rotation(params: TransformParams, strength: float, random: Random) -> None:
    params.rotation += 2 * np.float32(np.pi) * _either_way(random, strength, len(params))


def sample_zoom(params: TransformParams, strength: float, random: Random) -> None:
    params.zoom *= 1 + _either_way(random, strength, len(params))


def sample_shift(params: TransformParams, strength: float, random: Random) -> None:
    params.shift += _either_way(random, strength, len(params), 2)


def sample_shear(params: TransformParams, strength: float, random: Random) -> None:
    params.shear += _either_way(random, strength, len(params), 2)


def sample_crop(params: TransformParams, strength: float, random: Random) -> None:
    params.crop_size -= random.uniform(0, strength, len(params)).astype(np.float32)
    params.crop_position += random.random((len(params), 2), np.float32)


def sample_perspective(params: TransformParams, strength: float, random: Random) -> None:
    params.perspective += _either_way(random, strength / 2, len(params), 4, 2)


def sample_elastic(params: TransformParams, strength: float, random: Random) -> None:
    """Sums of cosine waves: smooth, and the farthest point moves by the sampled distance."""
    waves = np.cos(np.pi * np.outer(np.linspace(0, 1, ELASTIC_CELLS + 1), np.arange(_WAVES + 1)))
    amounts = random.standard_normal((len(params), _WAVES + 1, _WAVES + 1, 2))
    amounts[:, 0, 0] = 0  # the same for all points: that would be a shift
    field = np.einsum("rk,bklc,sl->brsc", waves, amounts, waves)
    farthest = np.abs(field).max(axis=(1, 2, 3), keepdims=True)
    reach = random.uniform(0, strength, (len(params), 1, 1, 1))
    params.elastic += (field / farthest * reach).astype(np.float32)


def sample_brightness(params: TransformParams, strength: float, random: Random) -> None:
    params.brightness += _either_way(random, strength, len(params))


def sample_contrast(params: TransformParams, strength: float, random: Random) -> None:
    params.contrast *= 1 + _either_way(random, strength, len(params))


def sample_saturation(params: TransformParams, strength: float, random: Random) -> None:
    params.saturation *= 1 + _either_way(random, strength, len(params))


def sample_hue(params: TransformParams, strength: float, random: Random) -> None:
    params.hue += 2 * np.float32(np.pi) * _either_way(random, strength, len(params))


def sample_grayscale(params: TransformParams, share: float, random: Random) -> None:
    params.saturation[some(random, share, len(params))] = 0


def sample_invert(params: TransformParams, share: float, random: Random) -> None:
    params.invert |= some(random, share, len(params))


def sample_autocontrast(params: TransformParams, share: float, random: Random) -> None:
    params.autocontrast |= some(random, share, len(params))


def sample_equalization(params: TransformParams, share: float, random: Random) -> None:
    params.equalization |= some(random, share, len(params))


def sample_solarization(params: TransformParams, share: float, random: Random) -> None:
    chosen = some(random, share, len(params))
    levels = random.uniform(*_SOLARIZED_FROM, len(params)).astype(np.float32)
    params.solarization = np.where(chosen, np.ceil(levels), params.solarization)


def sample_posterization(params: TransformParams, share: float, random: Random) -> None:
    chosen = some(random, share, len(params))
    levels = random.integers(*_LEVELS, len(params), endpoint=True).astype(np.float32)
    params.posterization = np.where(chosen, levels, params.posterization)


def sample_sharpness(params: TransformParams, strength: float, random: Random) -> None:
    params.sharpness += _either_way(random, strength, len(params))


def sample_blur(params: TransformParams, strength: float, random: Random) -> None:
    params.blur += random.uniform(0, strength, len(params)).astype(np.float32)


def sample_erasing(params: TransformParams, share: float, random: Random) -> None:
    """Random erasing (Zhong et al. 2017, arXiv 1708.04896); the whole rectangle lies in the picture."""
    count = len(params)
    chosen = some(random, share, count)
    area = random.uniform(*_ERASED_AREA, count)
    aspect = _ERASED_ASPECT ** random.uniform(-1, 1, count)
    sides = np.sqrt(area[:, np.newaxis] * np.stack([aspect, 1 / aspect], axis=1))  # width, height
    start = random.random((count, 2)) * (1 - sides)
    params.erasing = np.where(
        chosen[:, np.newaxis], np.concatenate([start, start + sides], axis=1), 0
    ).astype(np.float32)
