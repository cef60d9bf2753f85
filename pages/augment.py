"""Augment page: presets and controls of augmentation, with a preview on the project's own pictures."""

from __future__ import annotations

import streamlit as st

from core.models.augmentation.presets import contradictions
from core.workspace import remember_setting
from pages.ui.augment.fields import augmentation_fields
from pages.ui.augment.presets import chosen_kind, preset_buttons
from pages.ui.augment.preview import preview
from pages.ui.settings import chosen_augmentation, next_config
from pages.ui.shell import next_step, page_title, require_dataset, require_project
from pages.ui.steps import Step
from pages.ui.text import _, show

page_title(
    _("Augment"),
    _(
        "Optional: small random changes to the training pictures teach the classifier to ignore such differences."
    ),
)
project = require_project()
dataset = require_dataset(project)
current = chosen_augmentation(project)
preset_buttons(project, current)
left, right = st.columns([2, 3], gap="large")
with left:
    chosen = augmentation_fields(current)
    if chosen != current:
        remember_setting(project, "augmentation", chosen.to_json())
        st.rerun()  # presets and tabs, drawn before, show the settings too
with right:
    for message in contradictions(chosen, dataset.class_names, chosen_kind(project)):
        st.warning(show(message), icon=":material/warning:")
    preview(dataset, chosen, next_config(project).sized_backbone.input_size)
    if chosen.is_active or chosen.is_mixing:
        st.caption(
            _(
                "Only training pictures are changed. Training takes longer, because it also uses changed copies."
            )
        )
    else:
        st.caption(
            _(
                "Nothing is changed yet. Choose what your pictures show, or move a slider, and watch the lower pictures."
            )
        )
next_step(Step.MODEL, _("choose the pretrained network that looks at your pictures"))
