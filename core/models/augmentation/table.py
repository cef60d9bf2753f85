"""Table of the augmentations: name, sentences, limit and functions of each.

Adding a row puts an augmentation into settings, onto the Augment page, into the command
line and into searches. Movements share one resampling, colours one matrix, so most
rows only sample into ``TransformParams``. An augmentation of another kind samples into
``TransformParams.own`` and brings ``change_picture`` and ``change_tensor``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from core.messages import N_
from core.models.augmentation.randaugment import sample_randaugment
from core.models.augmentation.samplers import (
    sample_autocontrast,
    sample_blur,
    sample_brightness,
    sample_contrast,
    sample_crop,
    sample_elastic,
    sample_equalization,
    sample_erasing,
    sample_grayscale,
    sample_hue,
    sample_invert,
    sample_perspective,
    sample_posterization,
    sample_rotation,
    sample_saturation,
    sample_sharpness,
    sample_shear,
    sample_shift,
    sample_solarization,
    sample_zoom,
)
from core.models.augmentation.transform_params import TransformParams


class Group(StrEnum):
    """Tab of the Augment page."""

    POSITION = "position"
    COLOUR = "colour"
    QUALITY = "quality"
    MIXING = "mixing"


class Unit(StrEnum):
    """Unit in which a strength is shown."""

    PERCENT = "percent"
    FINE_PERCENT = "fine_percent"  # in steps of 0.1%
    DEGREES = "degrees"
    ALPHA = "alpha"  # of a Beta distribution


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """One random change of training pictures."""

    # in settings, files and on the command line; never renamed
    name: str
    label: str
    explanation: str
    group: Group
    # the largest sensible strength; 0 is off
    limit: float
    unit: Unit = Unit.PERCENT
    # stands under Advanced
    is_rare: bool = False
    # samples the numbers of a batch for a strength; None for the two that mix pictures
    sample: Callable[[TransformParams, float, np.random.Generator], None] | None = None
    # changes uint8 RGB (H, W, 3) by the picture's row of ``TransformParams.own[name]``
    change_picture: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    # changes a float32 tensor (B, H, W, 3), 0 to 255, by the rows of ``TransformParams.own[name]``
    change_tensor: Callable[[Any, Any], Any] | None = None

    @property
    def is_mixing(self) -> bool:
        """True if it joins two pictures and their labels."""
        return self.group is Group.MIXING


_OFTEN = N_("How many of the pictures get this; the others stay as they are.")
# In the order in which they are sampled: RandAugment adds to the numbers of the others.
AUGMENTATIONS: tuple[Augmentation, ...] = (
    # up to this fraction of a full turn, either way
    Augmentation(
        name="rotation",
        label=N_("Rotation"),
        explanation=N_("turned by up to this much, either way"),
        group=Group.POSITION,
        limit=0.5,
        unit=Unit.DEGREES,
        sample=sample_rotation,
    ),
    # up to this fraction nearer or farther
    Augmentation(
        name="zoom",
        label=N_("Zoom"),
        explanation=N_("up to this much nearer or farther"),
        group=Group.POSITION,
        limit=0.5,
        sample=sample_zoom,
    ),
    # up to this fraction of width and height, either way
    Augmentation(
        name="shift",
        label=N_("Shift"),
        explanation=N_("moved by up to this share of the picture"),
        group=Group.POSITION,
        limit=0.5,
        sample=sample_shift,
    ),
    # up to this fraction of the range from black to white, either way
    Augmentation(
        name="brightness",
        label=N_("Brightness"),
        explanation=N_("up to this much darker or brighter"),
        group=Group.COLOUR,
        limit=0.8,
        sample=sample_brightness,
    ),
    # distances from the mean colour times 1 - contrast to 1 + contrast
    Augmentation(
        name="contrast",
        label=N_("Contrast"),
        explanation=N_("up to this much flatter or harder"),
        group=Group.COLOUR,
        limit=0.8,
        sample=sample_contrast,
    ),
    # up to this fraction of the sides is cut away, anywhere
    Augmentation(
        name="crop",
        label=N_("Crop"),
        explanation=N_(
            "a part of the picture, anywhere in it, is shown large: up to this share of the sides is cut away"
        ),
        group=Group.POSITION,
        limit=0.6,
        sample=sample_crop,
    ),
    # up to this fraction of the height, and of the width, either way
    Augmentation(
        name="shear",
        label=N_("Slant"),
        explanation=N_("upright lines lean by up to this share of their length, either way"),
        group=Group.POSITION,
        limit=0.3,
        is_rare=True,
        sample=sample_shear,
    ),
    # corners move up to half this fraction of the sides, in and out
    Augmentation(
        name="perspective",
        label=N_("Perspective"),
        explanation=N_("seen from the side: each corner moves by up to half this share of the sides"),
        group=Group.POSITION,
        limit=0.4,
        is_rare=True,
        sample=sample_perspective,
    ),
    # points move, smoothly, up to this fraction of the sides
    Augmentation(
        name="elastic",
        label=N_("Bend"),
        explanation=N_("as if printed on rubber: points move smoothly by up to this share of the sides"),
        group=Group.POSITION,
        limit=0.08,
        unit=Unit.FINE_PERCENT,
        is_rare=True,
        sample=sample_elastic,
    ),
    # distances from grey times 1 - saturation to 1 + saturation
    Augmentation(
        name="saturation",
        label=N_("Saturation"),
        explanation=N_("colours up to this much paler or stronger"),
        group=Group.COLOUR,
        limit=1.0,
        sample=sample_saturation,
    ),
    # up to this fraction of the colour circle, either way; brightness stays
    Augmentation(
        name="hue",
        label=N_("Hue"),
        explanation=N_(
            "colours turned around the colour circle, either way: at 120°, red becomes green or blue"
        ),
        group=Group.COLOUR,
        limit=0.5,
        unit=Unit.DEGREES,
        sample=sample_hue,
    ),
    # probability that a picture loses its colour
    Augmentation(
        name="grayscale",
        label=N_("Grey"),
        explanation=_OFTEN,
        group=Group.COLOUR,
        limit=1.0,
        sample=sample_grayscale,
    ),
    # probability of a negative
    Augmentation(
        name="invert",
        label=N_("Negative"),
        explanation=_OFTEN,
        group=Group.COLOUR,
        limit=1.0,
        is_rare=True,
        sample=sample_invert,
    ),
    # probability that each colour is stretched to the whole range
    Augmentation(
        name="autocontrast",
        label=N_("Automatic contrast"),
        explanation=N_(
            "The darkest becomes black and the brightest white. The number says how many of the pictures get this."
        ),
        group=Group.COLOUR,
        limit=1.0,
        is_rare=True,
        sample=sample_autocontrast,
    ),
    # probability that each colour is spread evenly over the range
    Augmentation(
        name="equalization",
        label=N_("Equalized"),
        explanation=N_(
            "All levels of brightness become equally frequent. The number says how many of the pictures get this."
        ),
        group=Group.COLOUR,
        limit=1.0,
        is_rare=True,
        sample=sample_equalization,
    ),
    # probability that levels above a random one become their negative
    Augmentation(
        name="solarization",
        label=N_("Solarized"),
        explanation=N_(
            "The brightest parts become their negative. The number says how many of the pictures get this."
        ),
        group=Group.COLOUR,
        limit=1.0,
        is_rare=True,
        sample=sample_solarization,
    ),
    # probability that each colour keeps 4 to 16 levels only
    Augmentation(
        name="posterization",
        label=N_("Few tones"),
        explanation=N_(
            "Each colour keeps 4 to 16 levels only. The number says how many of the pictures get this."
        ),
        group=Group.QUALITY,
        limit=1.0,
        is_rare=True,
        sample=sample_posterization,
    ),
    # fine detail times 1 - sharpness to 1 + sharpness
    Augmentation(
        name="sharpness",
        label=N_("Sharpness"),
        explanation=N_("fine detail up to this much softer or crisper"),
        group=Group.QUALITY,
        limit=1.0,
        sample=sample_sharpness,
    ),
    # Gaussian of a standard deviation up to this fraction of the shorter side
    Augmentation(
        name="blur",
        label=N_("Blur"),
        explanation=N_("out of focus by up to this share of the picture's side"),
        group=Group.QUALITY,
        limit=0.03,
        unit=Unit.FINE_PERCENT,
        sample=sample_blur,
    ),
    # probability that a rectangle of 2% to 25% of the area gets the mean colour
    Augmentation(
        name="erasing",
        label=N_("Covered"),
        explanation=N_(
            "A rectangle of 2% to 25% of the picture is painted over. The number says how many of the pictures get this."
        ),
        group=Group.QUALITY,
        limit=1.0,
        sample=sample_erasing,
    ),
    # two random changes of 14 for each picture, at this strength
    Augmentation(
        name="randaugment",
        label=N_("RandAugment"),
        explanation=N_(
            "Two changes drawn from 14 for each picture, of position, colour and quality, at this strength. One dial instead of many."
        ),
        group=Group.QUALITY,
        limit=1.0,
        is_rare=True,
        sample=sample_randaugment,
    ),
    # alpha: two pictures shine through one another
    Augmentation(
        name="mixup",
        label=N_("MixUp"),
        explanation=N_(
            "Two pictures shine through one another, and count as both classes in these shares. The number is alpha: near 0 mostly one of them, at 1 any share. 0.2 is usual."
        ),
        group=Group.MIXING,
        limit=1.0,
        unit=Unit.ALPHA,
    ),
    # alpha: a rectangle comes from another picture
    Augmentation(
        name="cutmix",
        label=N_("CutMix"),
        explanation=N_(
            "A rectangle comes from another picture, and counts by its area. The number is alpha: near 0 very small or very large, at 1 any size. 1 is usual."
        ),
        group=Group.MIXING,
        limit=1.0,
        unit=Unit.ALPHA,
    ),
)


def find_augmentation(name: str) -> Augmentation | None:
    return next((row for row in AUGMENTATIONS if row.name == name), None)
