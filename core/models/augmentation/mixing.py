"""MixUp and CutMix: pictures mixed with one another, and their labels in the same proportions.

MixUp: Zhang et al. 2017, arXiv 1710.09412. CutMix: Yun et al. 2019, arXiv 1905.04899.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.models.augmentation.config import AugmentationConfig
from core.models.augmentation.samplers import stream


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Partner and proportion of each of B pictures of a batch."""

    # int64 (B,), each picture once
    partners: np.ndarray
    # float32 (B,), 0 to 1: proportion of the picture itself, in pixels and labels
    shares: np.ndarray
    # bool (B,): CutMix, else MixUp
    is_cut: np.ndarray
    # int64 (B, 4): left, top, right, bottom of the partner's box; empty for MixUp
    boxes: np.ndarray


def mix(
    pictures: np.ndarray, targets: np.ndarray, config: AugmentationConfig, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mix pictures and targets; the same for the same seed.

    With both kinds chosen, each picture gets one of them at random. The proportion of a
    CutMix is that of the areas, exact to the pixel.

    Args:
        pictures: uint8 or float32, shape (B, H, W, 3); left as they are.
        targets: float32, shape (B, C): one-hot, or several labels at once.
    Returns:
        Pictures of the same shape and dtype, and float32 targets.
    """
    if not config.is_mixing or not len(pictures):
        return pictures.copy(), targets.astype(np.float32)
    mixture = sample_mixture(config, *pictures.shape[:3], seed=seed)
    mixed = np.empty_like(pictures)
    for number, partner in enumerate(mixture.partners):
        own, other, share = pictures[number], pictures[partner], mixture.shares[number]
        if mixture.is_cut[number]:
            left, top, right, bottom = mixture.boxes[number]
            mixed[number] = own
            mixed[number, top:bottom, left:right] = other[top:bottom, left:right]
        else:
            blended = other + share * (own.astype(np.float32) - other)
            mixed[number] = np.rint(blended) if pictures.dtype == np.uint8 else blended
    shares = mixture.shares[:, np.newaxis]
    return mixed, (shares * targets + (1 - shares) * targets[mixture.partners]).astype(np.float32)


def sample_mixture(config: AugmentationConfig, count: int, height: int, width: int, *, seed: int) -> Mixture:
    """Sample partners and proportions."""
    random = stream(seed, "mixing")
    partners = random.permutation(count)
    both = bool(config.mixup and config.cutmix)
    is_cut = random.random(count) < 0.5 if both else np.full(count, bool(config.cutmix))
    alphas = np.where(is_cut, config.cutmix, config.mixup)
    shares = random.beta(alphas, alphas)
    boxes = _boxes(random, 1 - shares, height, width)
    boxes[~is_cut] = 0
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    shares = np.where(is_cut, 1 - areas / (height * width), shares)
    return Mixture(partners=partners, shares=shares.astype(np.float32), is_cut=is_cut, boxes=boxes)


def _boxes(random: np.random.Generator, areas: np.ndarray, height: int, width: int) -> np.ndarray:
    """Boxes of about these areas (fractions), shaped like the picture; cut off at its edge: int64 (B, 4)."""
    size = np.array([width, height])
    sides = np.rint(np.sqrt(areas)[:, np.newaxis] * size)
    middle = random.integers(0, size, (len(areas), 2))
    start = np.clip(middle - sides // 2, 0, size)
    end = np.clip(middle - sides // 2 + sides, 0, size)
    return np.concatenate([start, end], axis=1).astype(np.int64)
