"""Table of corruptions: the families of Hendrycks and Dietterich 2019 at five strengths each.

A corruption works on the upright sRGB picture after its stretch to the network's square, at
the resolution that training sees. A strength therefore means the same for a picture of any
size, and is in the unit of the augmentation that would teach the classifier to stand it.

Random numbers are seeded by the picture's id, and are equal at every strength: a picture is
turned the same way, only further, so that strengths are compared on equal terms.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image

from core.messages import N_
from core.models.augmentation.pictures import transform
from core.models.augmentation.transform_params import TransformParams

Randoms = Sequence[np.random.Generator]
# From pictures uint8 RGB (B, S, S, 3), a strength and each picture's random numbers to the same shape.
Apply = Callable[[np.ndarray, float, Randoms], np.ndarray]
_Fill = Callable[[TransformParams, float, Randoms], None]


class Unit(StrEnum):
    """Unit in which a strength is shown."""

    PERCENT = "percent"  # of 1
    FINE_PERCENT = "fine_percent"  # in steps of 0.1%
    DEGREES = "degrees"  # of a full turn, which is 1
    QUALITY = "quality"  # of JPEG, 1 to 95


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One way in which pictures get worse."""

    # in files and on the command line; never renamed
    code: str
    label: str
    explanation: str
    # the mildest first
    strengths: tuple[float, ...]
    unit: Unit = Unit.PERCENT
    apply: Apply
    # name of the augmentation that trains with such pictures
    augmentation: str
    # its strength; None: the corruption's own, which has the same unit
    augmentation_strength: float | None = None


def corrupt(corruption: Corruption, pictures: np.ndarray, strength: float, ids: Sequence[str]) -> np.ndarray:
    """Corrupt pictures, uint8 RGB (B, S, S, 3); ``ids`` of the dataset seed their random numbers."""
    kind = corruption.code.encode()
    randoms = [np.random.default_rng([zlib.crc32(name.encode()), *kind]) for name in ids]
    return corruption.apply(pictures, strength, randoms)


def find_corruption(code: str) -> Corruption | None:
    return next((row for row in CORRUPTIONS if row.code == code), None)


def _transformed(fill: _Fill) -> Apply:
    """Make a corruption of one transform of the augmentations."""

    def apply(pictures: np.ndarray, strength: float, randoms: Randoms) -> np.ndarray:
        params = TransformParams.neutral(len(pictures))
        fill(params, strength, randoms)
        return transform(pictures, params)

    return apply


def _either_way(randoms: Randoms) -> np.ndarray:
    """-1 or 1 for each picture."""
    return np.array([1 - 2 * int(random.integers(2)) for random in randoms], np.float32)


def _blur(params: TransformParams, strength: float, randoms: Randoms) -> None:
    params.blur[:] = strength


def _brightness(params: TransformParams, strength: float, randoms: Randoms) -> None:
    params.brightness[:] = strength * _either_way(randoms)


def _contrast(params: TransformParams, strength: float, randoms: Randoms) -> None:
    params.contrast[:] = 1 - strength


def _rotation(params: TransformParams, strength: float, randoms: Randoms) -> None:
    params.rotation[:] = 2 * math.pi * strength * _either_way(randoms)


def _shift(params: TransformParams, strength: float, randoms: Randoms) -> None:
    angles = np.array([random.uniform(0, 2 * math.pi) for random in randoms])
    params.shift[:] = strength * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _crop(params: TransformParams, strength: float, randoms: Randoms) -> None:
    params.crop_size[:] = 1 - strength
    params.crop_position[:] = [random.random(2) for random in randoms]


def _occlusion(params: TransformParams, strength: float, randoms: Randoms) -> None:
    """Cover a square of this share of the area with the picture's mean colour."""
    side = math.sqrt(strength)
    start = np.array([random.random(2) for random in randoms]) * (1 - side)
    params.erasing[:] = np.concatenate([start, start + side], axis=1)


def _noise(pictures: np.ndarray, strength: float, randoms: Randoms) -> np.ndarray:
    """Add Gaussian noise of this standard deviation, as a share of the range from black to white."""
    noisy = np.empty(pictures.shape, np.float32)
    for field, random in zip(noisy, randoms, strict=True):
        random.standard_normal(dtype=np.float32, out=field)
    noisy *= 255 * strength
    noisy += pictures
    return np.rint(np.clip(noisy, 0, 255, out=noisy), out=noisy).astype(np.uint8)


def _jpeg(pictures: np.ndarray, strength: float, randoms: Randoms) -> np.ndarray:
    """Compress as JPEG of this quality, colours at half the resolution."""
    compressed = np.empty_like(pictures)
    for index, pixels in enumerate(pictures):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=round(strength), subsampling="4:2:0")
        compressed[index] = Image.open(stream, formats=["JPEG"])
    return compressed


_TURN = 360
CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption(
        code="blur",
        label=N_("Blur"),
        explanation=N_("Gaussian blur; its standard deviation as a share of the picture's side"),
        strengths=(0.004, 0.008, 0.012, 0.018, 0.027),
        unit=Unit.FINE_PERCENT,
        apply=_transformed(_blur),
        augmentation="blur",
    ),
    # Mixtures of changes make networks stand corruptions that training never showed, noise among them
    # (AutoAugment in Yin et al. 2019, AugMix in Hendrycks et al. 2020).
    Corruption(
        code="noise",
        label=N_("Noise"),
        explanation=N_("Gaussian noise; its standard deviation as a share of the range from black to white"),
        strengths=(0.04, 0.08, 0.12, 0.18, 0.26),
        apply=_noise,
        augmentation="randaugment",
        augmentation_strength=0.3,
    ),
    # JPEG takes away fine detail first, as blur does.
    Corruption(
        code="jpeg",
        label=N_("JPEG"),
        explanation=N_("Compression; the quality setting of the JPEG at the network's input size"),
        strengths=(50, 30, 20, 12, 7),
        unit=Unit.QUALITY,
        apply=_jpeg,
        augmentation="blur",
        augmentation_strength=0.01,
    ),
    Corruption(
        code="brightness",
        label=N_("Brightness"),
        explanation=N_(
            "Half of the pictures darker, half brighter; a share of the range from black to white"
        ),
        strengths=(0.1, 0.2, 0.3, 0.4, 0.5),
        apply=_transformed(_brightness),
        augmentation="brightness",
    ),
    Corruption(
        code="contrast",
        label=N_("Contrast"),
        explanation=N_("Flatter pictures; the share of the contrast that is lost"),
        strengths=(0.2, 0.4, 0.55, 0.7, 0.8),
        apply=_transformed(_contrast),
        augmentation="contrast",
    ),
    Corruption(
        code="rotation",
        label=N_("Rotation"),
        explanation=N_("Half of the pictures turned to the left, half to the right"),
        strengths=(5 / _TURN, 10 / _TURN, 15 / _TURN, 20 / _TURN, 30 / _TURN),
        unit=Unit.DEGREES,
        apply=_transformed(_rotation),
        augmentation="rotation",
    ),
    Corruption(
        code="shift",
        label=N_("Shift"),
        explanation=N_("Moved in a random direction; a share of the picture's side"),
        strengths=(0.04, 0.08, 0.12, 0.16, 0.2),
        apply=_transformed(_shift),
        augmentation="shift",
    ),
    Corruption(
        code="crop",
        label=N_("Crop"),
        explanation=N_("A part of the picture, anywhere in it; the share of the sides that is cut away"),
        strengths=(0.1, 0.2, 0.3, 0.4, 0.5),
        apply=_transformed(_crop),
        augmentation="crop",
    ),
    Corruption(
        code="occlusion",
        label=N_("Covered"),
        explanation=N_("A square in the picture's mean colour, anywhere in it; its share of the area"),
        strengths=(0.05, 0.1, 0.15, 0.2, 0.3),
        apply=_transformed(_occlusion),
        augmentation="erasing",
        augmentation_strength=0.5,
    ),
)
