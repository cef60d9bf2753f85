"""One dial for each change: its words, its unit, and where on the page it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import streamlit as st

from core.messages import N_
from core.models.augmentation import LIMITS, AugmentationConfig, Flip
from pages.ui import state
from pages.ui.text import _


@dataclass(frozen=True, kw_only=True)
class Unit:
    """How a strength is shown: so many steps of the unit are the number 1."""

    whole: float
    step: float = 1.0
    format: str = "%d%%"


_PERCENT = Unit(whole=100)
_FINE_PERCENT = Unit(whole=100, step=0.1, format="%.1f%%")
_DEGREES = Unit(whole=360, format="%d°")
_ALPHA = Unit(whole=1, step=0.05, format="%.2f")


@dataclass(frozen=True, kw_only=True)
class Dial:
    name: str  # of the setting
    label: str
    explanation: str
    unit: Unit = _PERCENT
    is_rare: bool = False  # stands under Advanced


@dataclass(frozen=True, kw_only=True)
class Group:
    title: str
    dials: tuple[Dial, ...]


FLIP = "flip"
_OFTEN = N_("How many of the pictures get this; the others stay as they are.")
GROUPS = (
    Group(
        title=N_("Position"),
        dials=(
            Dial(
                name="rotation",
                label=N_("Rotation"),
                explanation=N_("turned by up to this much, either way"),
                unit=_DEGREES,
            ),
            Dial(name="zoom", label=N_("Zoom"), explanation=N_("up to this much nearer or farther")),
            Dial(name="shift", label=N_("Shift"), explanation=N_("moved by up to this share of the picture")),
            Dial(
                name="crop",
                label=N_("Crop"),
                explanation=N_(
                    "a part of the picture, anywhere in it, is shown large: up to this share of the sides is cut away"
                ),
            ),
            Dial(
                name="shear",
                label=N_("Slant"),
                explanation=N_("upright lines lean by up to this share of their length, either way"),
                is_rare=True,
            ),
            Dial(
                name="perspective",
                label=N_("Perspective"),
                explanation=N_("seen from the side: each corner moves by up to half this share of the sides"),
                is_rare=True,
            ),
            Dial(
                name="elastic",
                label=N_("Bend"),
                explanation=N_(
                    "as if printed on rubber: points move smoothly by up to this share of the sides"
                ),
                unit=_FINE_PERCENT,
                is_rare=True,
            ),
        ),
    ),
    Group(
        title=N_("Colour"),
        dials=(
            Dial(
                name="brightness",
                label=N_("Brightness"),
                explanation=N_("up to this much darker or brighter"),
            ),
            Dial(name="contrast", label=N_("Contrast"), explanation=N_("up to this much flatter or harder")),
            Dial(
                name="saturation",
                label=N_("Saturation"),
                explanation=N_("colours up to this much paler or stronger"),
            ),
            Dial(
                name="hue",
                label=N_("Hue"),
                explanation=N_(
                    "colours turned around the colour circle, either way: at 120°, red becomes green or blue"
                ),
                unit=_DEGREES,
            ),
            Dial(name="grayscale", label=N_("Grey"), explanation=_OFTEN),
            Dial(name="invert", label=N_("Negative"), explanation=_OFTEN, is_rare=True),
            Dial(
                name="autocontrast",
                label=N_("Automatic contrast"),
                explanation=N_(
                    "The darkest becomes black and the brightest white. The number says how many of the pictures get this."
                ),
                is_rare=True,
            ),
            Dial(
                name="equalization",
                label=N_("Equalized"),
                explanation=N_(
                    "All levels of brightness become equally frequent. The number says how many of the pictures get this."
                ),
                is_rare=True,
            ),
            Dial(
                name="solarization",
                label=N_("Solarized"),
                explanation=N_(
                    "The brightest parts become their negative. The number says how many of the pictures get this."
                ),
                is_rare=True,
            ),
        ),
    ),
    Group(
        title=N_("Quality"),
        dials=(
            Dial(
                name="sharpness",
                label=N_("Sharpness"),
                explanation=N_("fine detail up to this much softer or crisper"),
            ),
            Dial(
                name="blur",
                label=N_("Blur"),
                explanation=N_("out of focus by up to this share of the picture's side"),
                unit=_FINE_PERCENT,
            ),
            Dial(
                name="erasing",
                label=N_("Covered"),
                explanation=N_(
                    "A rectangle of 2% to 25% of the picture is painted over. The number says how many of the pictures get this."
                ),
            ),
            Dial(
                name="posterization",
                label=N_("Few tones"),
                explanation=N_(
                    "Each colour keeps 4 to 16 levels only. The number says how many of the pictures get this."
                ),
                is_rare=True,
            ),
            Dial(
                name="randaugment",
                label=N_("RandAugment"),
                explanation=N_(
                    "Two changes drawn from 14 for each picture, of position, colour and quality, at this strength. One dial instead of many."
                ),
                is_rare=True,
            ),
        ),
    ),
    Group(
        title=N_("Mixing"),
        dials=(
            Dial(
                name="mixup",
                label=N_("MixUp"),
                explanation=N_(
                    "Two pictures shine through one another, and count as both classes in these shares. The number is alpha: near 0 mostly one of them, at 1 any share. 0.2 is usual."
                ),
                unit=_ALPHA,
            ),
            Dial(
                name="cutmix",
                label=N_("CutMix"),
                explanation=N_(
                    "A rectangle comes from another picture, and counts by its area. The number is alpha: near 0 very small or very large, at 1 any size. 1 is usual."
                ),
                unit=_ALPHA,
            ),
        ),
    ),
)
# What each setting of an augmentation is called.
CHANGE_NAMES = {FLIP: N_("Flip"), **{dial.name: dial.label for group in GROUPS for dial in group.dials}}


def dials(config: AugmentationConfig) -> AugmentationConfig:
    """Draw all dials at these settings; the settings they stand at now."""
    values: dict[str, Any] = {}
    for group, tab in zip(GROUPS, st.tabs([_(group.title) for group in GROUPS]), strict=True):
        with tab:
            if group is GROUPS[0]:
                values[FLIP] = _flip(config.flip)
            if group is GROUPS[-1]:
                st.caption(
                    _(
                        "The classifier learns to be less sure between classes. Helps most in long training, and only where the network itself is trained: not in the quick recipe."
                    )
                )
            values |= _drawn([dial for dial in group.dials if not dial.is_rare], config)
            if rare := [dial for dial in group.dials if dial.is_rare]:
                with st.expander(_("Advanced"), key=f"advanced-{group.title}"):
                    values |= _drawn(rare, config)
    return replace(config, **values)


def names_of_changes(config: AugmentationConfig) -> str:
    """What is on, in words: ``Flip, Rotation, MixUp``."""
    flip = [_("Flip")] if config.flip != "none" else []
    on = [_(dial.label) for group in GROUPS for dial in group.dials if getattr(config, dial.name)]
    return ", ".join(flip + on)


def _drawn(group: Sequence[Dial], config: AugmentationConfig) -> dict[str, float]:
    return {dial.name: _slider(dial, getattr(config, dial.name)) for dial in group}


def _slider(dial: Dial, strength: float) -> float:
    """A dial that was not moved gives back exactly what it stood at, not what the slider can show of it."""
    unit, whole_steps = dial.unit, dial.unit.step == 1
    number_of = round if whole_steps else float
    shown = round(strength * unit.whole / unit.step) * unit.step
    moved = st.slider(
        _(dial.label),
        number_of(0),
        number_of(LIMITS[dial.name] * unit.whole),
        number_of(shown),
        step=number_of(unit.step),
        format=unit.format,
        help=_(dial.explanation),
        key=f"{dial.name}-{state.counter('augment-controls')}",
    )
    return strength if moved == number_of(shown) else min(moved / unit.whole, LIMITS[dial.name])


def _flip(flip: Flip) -> Flip:
    words: dict[Flip, str] = {
        "none": _("Off"),
        "horizontal": ":material/swap_horiz:",
        "vertical": ":material/swap_vert:",
        "both": _("Both"),
    }
    return st.segmented_control(
        _("Flip"),
        list(get_args(Flip)),
        default=flip,
        required=True,
        format_func=words.__getitem__,
        key=f"flip-{state.counter('augment-controls')}",
        width="stretch",
        help=_(
            "Leave it off where a mirrored picture would mean something else: digits, letters, left and right hands."
        ),
    )
