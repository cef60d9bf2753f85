"""Augment: small random changes, seen on the project's own pictures before they are used."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.dataset import Dataset
from core.data.decoding import load_picture
from core.models.augmentation import LIMITS, AugmentationConfig, Flip, augment
from core.workspace import Project, remember_setting
from pages.ui import state
from pages.ui.gallery import Tile, gallery, jpeg
from pages.ui.settings import chosen_augmentation
from pages.ui.shell import next_step, page_title, require_dataset, require_project
from pages.ui.steps import Step
from pages.ui.text import _

_PREVIEW_PICTURES, _PREVIEW_SIDE = 8, 160
_PRESETS = {
    "none": AugmentationConfig(),
    "light": AugmentationConfig(rotation=0.03, zoom=0.1, shift=0.05, brightness=0.1, contrast=0.1),
    "strong": AugmentationConfig(rotation=0.1, zoom=0.25, shift=0.15, brightness=0.25, contrast=0.3),
}


def preset_buttons(project: Project) -> None:
    """One press for those who do not want to think about it."""
    words = {"none": _("No changes"), "light": _("Light"), "strong": _("Strong")}
    with st.container(horizontal=True):
        for name, preset in _PRESETS.items():
            if st.button(words[name], key=f"preset-{name}"):
                remember_setting(project, "augmentation", preset.to_json())
                state.count_up("augment-controls")
                st.rerun()


def controls(config: AugmentationConfig) -> AugmentationConfig:
    """A slider for each change, at zero where it is off."""
    key = state.counter("augment-controls")
    flips: dict[Flip, str] = {
        "none": _("Off"),
        "horizontal": ":material/swap_horiz:",
        "vertical": ":material/swap_vert:",
        "both": _("Both"),
    }
    flip = st.segmented_control(
        _("Flip"),
        list(flips),
        default=config.flip,
        required=True,
        format_func=flips.__getitem__,
        key=f"flip-{key}",
        width="stretch",
        help=_(
            "Leave it off where a mirrored picture would mean something else: digits, letters, left and right hands."
        ),
    )
    words = {
        "rotation": (_("Rotation"), _("turned by up to this much, either way")),
        "zoom": (_("Zoom"), _("up to this much nearer or farther")),
        "shift": (_("Shift"), _("moved by up to this share of the picture")),
        "brightness": (_("Brightness"), _("up to this much darker or brighter")),
        "contrast": (_("Contrast"), _("up to this much flatter or harder")),
    }
    values = {}
    for name, (label, explanation) in words.items():
        whole = 360 if name == "rotation" else 100  # degrees of a turn, or percent
        shown = st.slider(
            label,
            0,
            round(LIMITS[name] * whole),
            round(getattr(config, name) * whole),
            format="%d°" if name == "rotation" else "%d%%",
            help=explanation,
            key=f"{name}-{key}",
        )
        values[name] = shown / whole
    return AugmentationConfig(flip=flip, **values)


@st.cache_data(max_entries=8, show_spinner=False)
def preview_pictures(digest: str, _dataset: Dataset) -> np.ndarray:
    """Eight pictures of as many classes as possible: uint8 RGB, shape (8, side, side, 3)."""
    by_class = _dataset.pictures.groupby("label", sort=False).cumcount()
    rows = by_class.sort_values(kind="stable").index[:_PREVIEW_PICTURES]
    return np.stack([load_picture(_dataset.picture_bytes(row), _PREVIEW_SIDE) for row in rows])


def preview(dataset: Dataset, config: AugmentationConfig) -> None:
    """The same pictures before and after, by the layers that training uses."""
    originals = preview_pictures(dataset.digest, dataset)
    changed = augment(originals, config, seed=state.counter("augment-draw"))
    st.caption(_("Your pictures"))
    gallery([Tile(picture=jpeg(pixels)) for pixels in originals], key="before", columns=4)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(_("What training would see"))
        if st.button(
            _("Draw again"), icon=":material/casino:", key="draw-again", disabled=not config.is_active
        ):
            state.count_up("augment-draw")
            st.rerun()
    gallery([Tile(picture=jpeg(pixels)) for pixels in changed], key="after", columns=4)


page_title(
    _("Augment"),
    _(
        "Small random changes to the training pictures, so that the classifier does not mind them later. Optional."
    ),
)
project = require_project()
dataset = require_dataset(project)
left, right = st.columns([2, 3], gap="large")
with left:
    preset_buttons(project)
    chosen = controls(chosen_augmentation(project))
    if chosen != chosen_augmentation(project):
        remember_setting(project, "augmentation", chosen.to_json())
with right:
    preview(dataset, chosen)
    if chosen.is_active:
        st.caption(
            _(
                "Only pictures to train on are changed. Training takes longer: each one is looked at again, changed."
            )
        )
    else:
        st.caption(_("Nothing is changed yet. Press Light, or move a slider, and watch the lower pictures."))
next_step(Step.MODEL, _("choose the pretrained network that looks at your pictures"))
