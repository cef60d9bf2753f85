"""Augmentation that would help against what breaks a classifier, chosen for the next run in one press."""

from __future__ import annotations

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.records import RobustnessReport
from core.evaluation.robustness.suggestion import suggested_strengths, with_strengths
from core.models.augmentation import AugmentationConfig
from core.models.augmentation.presets import contradictions
from core.workspace import project_of, remember_setting
from pages.ui import state
from pages.ui.display_names.augmentation import active_names
from pages.ui.settings import next_config
from pages.ui.shell import page_file
from pages.ui.steps import Step
from pages.ui.text import _, show


def show_remedy(evaluated: EvaluatedRun, report: RobustnessReport) -> None:
    """Draw the augmentation to train with; nothing if nothing breaks, or it was made elsewhere."""
    if not report.broken or evaluated.is_judged:
        return
    # An ensemble was not trained itself: the next member is.
    current = evaluated.settings.augmentation if evaluated.was_trained else AugmentationConfig()
    suggested = suggested_strengths(report, current)
    if not suggested:
        st.markdown(
            _(
                "This run already trained with augmentation against all of it. More pictures taken in such conditions would help."
            )
        )
        return
    names = active_names(AugmentationConfig.from_json(suggested))
    st.markdown(
        _("Training with such changes makes a classifier stand them: **{names}**.").format(names=names),
        help=_("Augmentation: small random changes of the training pictures."),
    )
    project = project_of(evaluated.run)
    config = with_strengths(next_config(project).augmentation, suggested)
    for warning in contradictions(config, evaluated.dataset.class_names):
        st.warning(show(warning), icon=":material/warning:")
    if st.button(
        _("Train with this augmentation"),
        type="primary",
        icon=":material/model_training:",
        key="robustness-train",
        help=_("Sets these augmentations for the next run and opens the Train page. Others stay."),
    ):
        remember_setting(project, "augmentation", config.to_json())
        state.count_up("augment-controls")
        state.choose_section("new")
        st.switch_page(page_file(Step.TRAIN))
