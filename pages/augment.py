"""Augment page: presets and controls of augmentation, with a preview on the project's own pictures."""

from __future__ import annotations

import streamlit as st

from core.models.augmentation.presets import contradictions
from core.workspace import remember_setting
from pages.ui.augment.fields import augmentation_fields
from pages.ui.augment.presets import chosen_kind, preset_buttons
from pages.ui.augment.preview import preview
from pages.ui.settings import chosen_augmentation
from pages.ui.shell import next_step, page_title, require_dataset, require_project
from pages.ui.steps import Step
from pages.ui.text import _, show

page_title(
    _("Augment"),
    _(
        "Small random changes to the training pictures, so that the classifier does not mind them later. Optional."
    ),
)
project = require_project()
dataset = require_dataset(project)
before = chosen_augmentation(project)
preset_buttons(project, before)
left, right = st.columns([2, 3], gap="large")
with left:
    chosen = augmentation_fields(before)
    if chosen != before:
        remember_setting(project, "augmentation", chosen.to_json())
        st.rerun()  # the presets and the tabs, drawn before, tell of it too
with right:
    for message in contradictions(chosen, dataset.class_names, chosen_kind(project)):
        st.warning(show(message), icon=":material/warning:")
    preview(dataset, chosen)
    if chosen.is_active or chosen.is_mixing:
        st.caption(
            _(
                "Only pictures to train on are changed. Training takes longer: each one is looked at again, changed."
            )
        )
    else:
        st.caption(
            _(
                "Nothing is changed yet. Say what your pictures show, or move a slider, and watch the lower pictures."
            )
        )
next_step(Step.MODEL, _("choose the pretrained network that looks at your pictures"))
