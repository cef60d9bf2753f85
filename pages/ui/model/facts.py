"""Facts about backbones: one line for cards and rows, and the full table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.messages import N_
from core.models.backbones import BACKBONES, Backbone, WeightsSource
from core.models.guidance import Wish
from core.models.weights.store import WeightsState
from pages.ui.text import _, number, percent

WISH_NAMES = {
    Wish.BALANCED: N_("Balanced"),
    Wish.FAST: N_("Fast"),
    Wish.SMALL: N_("Small"),
    Wish.ACCURATE: N_("Accurate"),
}
STATE_NAMES = {
    WeightsState.BUNDLED: N_("comes with Darkroom"),
    WeightsState.ADAPTED: N_("adapted to these pictures"),
    WeightsState.DOWNLOADED: N_("on this computer"),
    WeightsState.DOWNLOADABLE: N_("can be downloaded"),
    WeightsState.TO_BE_SUPPLIED: N_("needs its file"),
    WeightsState.NOT_NEEDED: N_("needs no weights"),
}
HERE = {WeightsState.BUNDLED, WeightsState.ADAPTED, WeightsState.DOWNLOADED, WeightsState.NOT_NEEDED}


def facts_line(backbone: Backbone, speed: float | None) -> str:
    """Format the main facts of a backbone on one line."""
    parts = [_("{millions} M weights").format(millions=number(round(backbone.parameters / 1e6, 1)))]
    if backbone.imagenet_top1 is not None:
        parts.append(_("{accuracy} on ImageNet").format(accuracy=percent(backbone.imagenet_top1 / 100)))
    if speed is not None:
        parts.append(_("{rate} pictures/s here").format(rate=number(speed)))
    return " · ".join(parts)


def facts_table(states: Mapping[str, WeightsState], speeds: Mapping[str, float]) -> None:
    """Draw the table of all backbones, sortable and searchable."""
    rows = [
        {
            "name": backbone.name,
            "family": _(backbone.family),
            "state": _(STATE_NAMES[states[backbone.key]]),
            "accuracy": backbone.imagenet_top1,
            "parameters": backbone.parameters / 1e6,
            "download": backbone.download_bytes / 1e6 if backbone.weights is WeightsSource.DOWNLOAD else None,
            "speed": speeds.get(backbone.key),
            "size": backbone.input_size,
            "licence": _licence(backbone),
        }
        for backbone in BACKBONES.values()
    ]
    text_column, number_column = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "name": text_column(_("Backbone"), pinned=True),
        "family": text_column(_("Family")),
        "state": text_column(_("Weights")),
        "accuracy": number_column(
            _("ImageNet accuracy (%)"),
            format="%.1f",
            help=_("Published share of right first guesses among 1,000 classes"),
        ),
        "parameters": number_column(_("Weights (millions)"), format="%.1f"),
        "download": number_column(
            _("File (MB)"), format="%.0f", help=_("–: installed with Darkroom, nothing to download")
        ),
        "speed": number_column(_("Pictures/s here"), format="%.0f", help=_("Measured on this computer")),
        "size": number_column(_("Picture side (pixels)")),
        "licence": text_column(_("Licence of the weights")),
    }
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns, placeholder="–", key="facts")


def _licence(backbone: Backbone) -> str:
    if backbone.commercial_use:
        return backbone.licence
    return _("{licence}: no commercial use").format(licence=backbone.licence)
