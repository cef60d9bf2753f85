"""Choice of the range of pictures with more than 8 bits."""

from __future__ import annotations

import streamlit as st

from core.data.pixels.range_presets import RANGE_PRESETS
from pages.ui.text import _, number

_FOUND, _FIXED = "found", "fixed"


def choose_pixel_range(key: str) -> tuple[float, float] | None:
    """Draw the choice; None where Darkroom finds the range."""
    labels = {
        _FOUND: _("Darkroom finds out"),
        **{
            code: _("{name} ({low} to {high})").format(
                name=_(preset.label),
                low=number(preset.pixel_range.low),
                high=number(preset.pixel_range.high),
            )
            for code, preset in RANGE_PRESETS.items()
        },
        _FIXED: _("Two values that I name"),
    }
    chosen = st.selectbox(
        _("Black and white in pictures with more than 8 bits"),
        list(labels),
        format_func=labels.__getitem__,
        help=_(
            "From microscopes, industrial and thermal cameras, X-ray and CT. All pictures of the project share the "
            "range, so that equal values stay equal, also in predictions. Usual pictures have 8 bits and stay as they are."
        ),
        key=f"{key}-pixel-range",
        persist_state="session",
    )
    if chosen == _FIXED:
        return _choose_values(key)
    return RANGE_PRESETS[chosen].pixel_range if chosen in RANGE_PRESETS else None


def _choose_values(key: str) -> tuple[float, float]:
    low_column, high_column = st.columns(2)
    low = low_column.number_input(
        _("Black: up to"), value=0.0, format="%g", key=f"{key}-range-low", persist_state="session"
    )
    high = high_column.number_input(
        _("White: from"), value=4095.0, format="%g", key=f"{key}-range-high", persist_state="session"
    )
    return low, high
