"""Editor of the search space: the settings that vary, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import DarkroomError
from core.messages import N_
from core.models.augmentation.config import LIMITS
from core.models.backbones import get_backbone
from core.search.space import DIMENSIONS, Categorical, Domain, Numbers, SearchSpace, Speed, default_space
from core.training.bakeoff.job import backbones_to_try, usual_contestants
from core.training.config import (
    MAX_HIDDEN_LAYERS,
    Imbalance,
    Optimizer,
    Pooling,
    Recipe,
    Schedule,
    TrainingConfig,
)
from pages.ui.search.display_names import dimension_help, dimension_name, dimension_value
from pages.ui.text import _

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("Backbone and pictures"), ("backbone", "recipe", "picture_size", "unfreeze")),
    (
        N_("Head"),
        (
            "pooling",
            "hidden_layers",
            "hidden_units",
            "dropout_rate",
            "batch_norm",
            "l2",
            "head_learning_rate",
            "head_weight_decay",
        ),
    ),
    (
        N_("Training method"),
        (
            "label_smoothing",
            "imbalance",
            "optimizer",
            "learning_rate",
            "weight_decay",
            "schedule",
            "batch_size",
        ),
    ),
    (N_("Augmentation"), ("augmentation", *(f"change.{kind}" for kind in LIMITS))),
)
PICTURE_SIZES = (96, 128, 160, 192, 224, 256, 288, 320, 384)
# Sliders of linear numbers: least value, largest value, step.
_ENDS: dict[str, tuple[float, float, float]] = {
    "hidden_layers": (0, MAX_HIDDEN_LAYERS, 1),
    "dropout_rate": (0.0, 0.9, 0.05),
    "label_smoothing": (0.0, 0.3, 0.01),
    "unfreeze": (0.05, 1.0, 0.05),
    **{f"change.{kind}": (0.0, limit, limit / 50) for kind, limit in LIMITS.items()},
}
_OPTIONS: dict[str, Sequence[Any]] = {
    "recipe": [one.value for one in Recipe if one is not Recipe.SCRATCH],
    "pooling": [one.value for one in Pooling],
    "hidden_units": (16, 32, 64, 128, 256, 512, 1024, 2048),
    "batch_norm": (False, True),
    "imbalance": [one.value for one in Imbalance],
    "optimizer": [one.value for one in Optimizer],
    "schedule": [one.value for one in Schedule],
    "batch_size": (8, 16, 32, 64, 128, 256),
    "augmentation": (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0),
    "picture_size": PICTURE_SIZES,
}


def space_editor(speed: Speed, base: TrainingConfig) -> SearchSpace | None:
    """Draw the switches and values of the dimensions; returns the space, None if nothing varies."""
    usual = default_space(speed, base).domains
    st.markdown(
        _("**Search space**: the settings that vary"), help=_("Every other setting stays as in the baseline.")
    )
    domains: dict[str, Domain] = {}
    for title, names in GROUPS:
        offered = [name for name in names if speed in DIMENSIONS[name].speeds]
        if not offered:
            continue
        st.caption(f"**{_(title)}**")
        for name in offered:
            domain = _dimension(name, speed, base, is_usual=name in usual)
            if domain is not None:
                domains[name] = domain
    if not domains:
        st.error(_("Nothing varies. Choose at least one setting to search over."))
        return None
    return SearchSpace(domains=domains)


def _dimension(name: str, speed: Speed, base: TrainingConfig, *, is_usual: bool) -> Domain | None:
    """Draw a switch and, if it is on, the values to try; None if it is off."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        is_on = st.checkbox(
            dimension_name(name), is_usual, help=dimension_help(name) or None, key=f"vary-{speed}-{name}"
        )
    if not is_on:
        return None
    with right:
        domain = DIMENSIONS[name].domain
        key = f"domain-{speed}-{name}"
        return (
            _choices(name, domain, base, key)
            if isinstance(domain, Categorical)
            else _numbers(name, domain, key)
        )


def _choices(name: str, domain: Categorical, base: TrainingConfig, key: str) -> Categorical:
    options = list(_backbones(base) if name == "backbone" else _OPTIONS[name])
    first = domain.choices or _first_choices(name, options, base)
    chosen = st.pills(
        dimension_name(name),
        options,
        selection_mode="multi",
        default=[value for value in first if value in options],
        format_func=lambda value: dimension_value(name, value),
        label_visibility="collapsed",
        key=key,
        wrap=True,
    )
    return Categorical(choices=tuple(chosen))


def _first_choices(name: str, options: list[Any], base: TrainingConfig) -> list[Any]:
    """Return the default choices of backbone or picture size, which depend on the machine and the baseline."""
    if name == "backbone":
        return [option for option in options if not get_backbone(option).members]
    own = base.picture_size or get_backbone(base.backbone).input_size
    nearest = min(range(len(options)), key=lambda index: abs(options[index] - own))
    return options[max(0, nearest - 1) : nearest + 2]


def _backbones(base: TrainingConfig) -> list[str]:
    """Return the backbones whose weights are on this computer; two at once too where they stay as they are."""
    try:
        keys = usual_contestants() if base.recipe is Recipe.QUICK else backbones_to_try()
        own = (
            [base.backbone] if get_backbone(base.backbone).parent else []
        )  # adapted to the project's pictures
        return [*own, *keys]
    except DarkroomError:
        return []


def _numbers(name: str, domain: Numbers, key: str) -> Numbers:
    if domain.log:
        left, right = st.columns(2)
        with left:
            low = st.number_input(
                _("from"), 0.0, 10.0, domain.low, format="%g", step=domain.low, key=f"{key}-low"
            )
        with right:
            high = st.number_input(
                _("to"), 0.0, 10.0, domain.high, format="%g", step=domain.low, key=f"{key}-high"
            )
        return Numbers(low=low, high=high, log=True)
    least, most, step = _ENDS[name]
    if domain.whole:
        low, high = st.slider(
            dimension_name(name), int(least), int(most), (int(domain.low), int(domain.high)),
            label_visibility="collapsed", key=key,
        )  # fmt: skip
        return Numbers(low=low, high=high, whole=True)
    low, high = st.slider(
        dimension_name(name), least, most, (domain.low, domain.high), step,
        label_visibility="collapsed", key=key, format="%g",
    )  # fmt: skip
    return Numbers(low=low, high=high)
