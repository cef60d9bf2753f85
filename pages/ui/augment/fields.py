"""Controls of the Augment page: one for each row of the augmentation table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from core.messages import N_
from core.models.augmentation import AugmentationConfig, Flip, table
from core.models.augmentation.table import Augmentation, Group, Unit
from pages.ui import state
from pages.ui.text import _


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Slider of a unit: ``whole`` is shown for the strength 1."""

    whole: float
    step: float = 1.0
    format: str = "%d%%"


_SCALES = {
    Unit.PERCENT: Scale(whole=100),
    Unit.FINE_PERCENT: Scale(whole=100, step=0.1, format="%.1f%%"),
    Unit.DEGREES: Scale(whole=360, format="%d°"),
    Unit.ALPHA: Scale(whole=1, step=0.05, format="%.2f"),
}
GROUP_LABELS = {
    Group.POSITION: N_("Position"),
    Group.COLOUR: N_("Colour"),
    Group.QUALITY: N_("Quality"),
    Group.MIXING: N_("Mixing"),
}


def augmentation_fields(config: AugmentationConfig) -> AugmentationConfig:
    """Draw a control for each augmentation; returns the settings that they show now."""
    flip, strengths = config.flip, dict[str, float]()
    tabs = st.tabs([_(label) for label in GROUP_LABELS.values()])
    for group, tab in zip(GROUP_LABELS, tabs, strict=True):
        rows = [row for row in table.AUGMENTATIONS if row.group is group]
        with tab:
            if group is Group.POSITION:
                flip = _flip(config.flip)
            if group is Group.MIXING:
                st.caption(
                    _(
                        "Mixed pictures make the classifier less sure between classes. They help most in long training, and only if the network itself is trained: not in the quick recipe."
                    )
                )
            strengths |= _sliders([row for row in rows if not row.is_rare], config)
            if rare := [row for row in rows if row.is_rare]:
                with st.expander(_("Advanced"), key=f"advanced-{group.value}"):
                    strengths |= _sliders(rare, config)
    return AugmentationConfig(flip=flip, **strengths)


def _sliders(rows: Sequence[Augmentation], config: AugmentationConfig) -> dict[str, float]:
    return {row.name: _slider(row, config[row.name]) for row in rows}


def _slider(row: Augmentation, strength: float) -> float:
    """Draw a slider. One that was not moved returns its exact strength, not the rounded one that it shows."""
    scale = _SCALES[row.unit]
    number_of = round if scale.step == 1 else float
    shown = round(strength * scale.whole / scale.step) * scale.step
    moved = st.slider(
        _(row.label),
        number_of(0),
        number_of(row.limit * scale.whole),
        number_of(shown),
        step=number_of(scale.step),
        format=scale.format,
        help=_(row.explanation),
        key=f"{row.name}-{state.counter('augment-controls')}",
    )
    return strength if moved == number_of(shown) else min(moved / scale.whole, row.limit)


def _flip(flip: Flip) -> Flip:
    labels: dict[Flip, str] = {
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
        format_func=labels.__getitem__,
        key=f"flip-{state.counter('augment-controls')}",
        width="stretch",
        help=_(
            "Leave it off if a mirrored picture means something else: digits, letters, left and right hands."
        ),
    )
