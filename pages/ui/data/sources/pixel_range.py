"""Choice of the range of pictures with more than 8 bits, with the pictures before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.data.editing.ranges import RangeChoice
from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.images.value_ranges import find_range
from core.data.import_config import ImportConfig
from core.data.pixels.decoding import examine_picture, measure_values
from core.data.pixels.range_presets import RANGE_PRESETS
from core.errors import UnreadableImageError
from pages.ui.text import _, number

_FOUND, _FIXED, _PERCENTILES = "found", "fixed", "percentiles"
_USUAL_VALUES, _USUAL_PERCENTILES = (0.0, 4095.0), (1.0, 99.0)
_PICTURE_PIXELS, _PICTURES_SHOWN = 108, 3


_NO_CHOICE = RangeChoice()


def range_choice_of(settings: ImportConfig) -> RangeChoice:
    """Read the choice from an import's settings."""
    return RangeChoice(pixel_range=settings.pixel_range, percentiles=settings.range_percentiles)


def with_range_choice(settings: ImportConfig, choice: RangeChoice) -> ImportConfig:
    """Write the choice into an import's settings."""
    return replace(settings, pixel_range=choice.pixel_range, range_percentiles=choice.percentiles)


def choose_pixel_range(key: str, usual: RangeChoice = _NO_CHOICE) -> RangeChoice:
    """Draw the choice, preset to ``usual``."""
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
        _PERCENTILES: _("Without the darkest and brightest pixels"),
        _FIXED: _("Two values that I name"),
    }
    chosen = st.selectbox(
        _("Black and white in pictures with more than 8 bits"),
        list(labels),
        index=list(labels).index(_code_of(usual)),
        format_func=labels.__getitem__,
        help=_(
            "From microscopes, industrial and thermal cameras, X-ray and CT. All pictures of the project share the "
            "range, so that equal values stay equal, also in predictions. Usual pictures have 8 bits and stay as they are."
        ),
        key=f"{key}-pixel-range",
        persist_state="session",
    )
    if chosen == _FIXED:
        return RangeChoice(pixel_range=_choose_values(key, usual.pixel_range or _USUAL_VALUES))
    if chosen == _PERCENTILES:
        return RangeChoice(percentiles=_choose_percentiles(key, usual.percentiles or _USUAL_PERCENTILES))
    return RangeChoice(pixel_range=RANGE_PRESETS[chosen].pixel_range if chosen in RANGE_PRESETS else None)


def _code_of(choice: RangeChoice) -> str:
    if choice.percentiles is not None:
        return _PERCENTILES
    if choice.pixel_range is None:
        return _FOUND
    codes = [code for code, preset in RANGE_PRESETS.items() if preset.pixel_range == choice.pixel_range]
    return codes[0] if codes else _FIXED


def _choose_values(key: str, usual: tuple[float, float]) -> tuple[float, float]:
    low_column, high_column = st.columns(2)
    low = low_column.number_input(
        _("Black: up to"), value=usual[0], format="%g", key=f"{key}-range-low", persist_state="session"
    )
    high = high_column.number_input(
        _("White: from"), value=usual[1], format="%g", key=f"{key}-range-high", persist_state="session"
    )
    return low, high


def _choose_percentiles(key: str, usual: tuple[float, float]) -> tuple[float, float]:
    dark_column, bright_column = st.columns(2)
    dark = dark_column.number_input(
        _("Darkest pixels that are black (%)"),
        min_value=0.0,
        max_value=49.0,
        value=usual[0],
        format="%g",
        key=f"{key}-range-dark",
        persist_state="session",
    )
    bright = bright_column.number_input(
        _("Brightest pixels that are white (%)"),
        min_value=0.0,
        max_value=49.0,
        value=100.0 - usual[1],
        format="%g",
        key=f"{key}-range-bright",
        persist_state="session",
    )
    return dark, 100.0 - bright


def show_before_and_after(
    files: Sequence[Path],
    choice: RangeChoice,
    channels: tuple[int, int, int] | None = None,
    now: tuple[float, float] | None = None,
) -> None:
    """Draw example pictures with the chosen range, beside the range of now; None: without one."""
    paths = [str(path) for path in files[:_PICTURES_SHOWN]]
    pixel_range = _range_of(paths, choice, channels)
    if pixel_range is None:
        return
    low, high = pixel_range
    before, after = st.columns(2, gap="medium")
    with before:
        st.caption(
            _("As most programs show them")
            if now is None
            else _("Now: black up to {low}, white from {high}").format(
                low=_limit(now[0]), high=_limit(now[1])
            )
        )
        _draw(_thumbnails(paths, now, channels))
    with after:
        st.caption(_chosen_sentence(choice, is_import=now is None).format(low=_limit(low), high=_limit(high)))
        _draw(_thumbnails(paths, pixel_range, channels))


def _chosen_sentence(choice: RangeChoice, *, is_import: bool) -> str:
    if choice.pixel_range is not None:
        return _("As the classifier sees them: black up to {low}, white from {high}.")
    if is_import:
        return _(
            "As the classifier sees them: black up to {low}, white from {high}. The import measures all pictures."
        )
    return _("Measured on these pictures: black up to {low}, white from {high}. The change measures all.")


def _limit(value: float) -> str:
    return number(round(value, 2))


def _range_of(
    paths: Sequence[str], choice: RangeChoice, channels: tuple[int, int, int] | None
) -> tuple[float, float] | None:
    """The range on these examples; None for two values in the wrong order."""
    if choice.pixel_range is None:
        return _found(paths, choice.percentiles, channels)
    low, high = choice.pixel_range
    return (low, high) if low < high else None


def _draw(thumbnails: Sequence[bytes]) -> None:
    with st.container(horizontal=True):
        for thumbnail in thumbnails:
            st.image(thumbnail, width=_PICTURE_PIXELS)


@st.cache_data(max_entries=20, show_spinner=False)
def _found(
    paths: Sequence[str], percentiles: tuple[float, float] | None, channels: tuple[int, int, int] | None
) -> tuple[float, float]:
    summaries = [
        measure_values(Path(path).read_bytes(), channels and ChannelMapping(*channels)) for path in paths
    ]
    low, high = find_range([summary for summary in summaries if summary], percentiles)
    return low, high


@st.cache_data(max_entries=20, show_spinner=False)
def _thumbnails(
    paths: Sequence[str], pixel_range: tuple[float, float] | None, channels: tuple[int, int, int] | None
) -> list[bytes]:
    thumbnails = []
    for path in paths:
        with suppress(UnreadableImageError):
            chosen = PixelRange(*pixel_range) if pixel_range else None
            thumbnails.append(
                examine_picture(
                    Path(path).read_bytes(), chosen, channels and ChannelMapping(*channels)
                ).thumbnail
            )
    return thumbnails
