"""Preset buttons: augmentation by the kind of pictures or by strength, in one press."""

from __future__ import annotations

import streamlit as st

from core.models.augmentation import AugmentationConfig
from core.models.augmentation.presets import DOMAINS, PRESETS, STRENGTHS, Preset, preset_of
from core.workspace import Project, project_settings, remember_setting
from pages.ui import state
from pages.ui.display_names.augmentation import active_names
from pages.ui.text import _

_ICONS = {
    "photographs": ":material/photo_camera:",
    "documents": ":material/description:",
    "medical": ":material/radiology:",
    "aerial": ":material/satellite_alt:",
    "products": ":material/inventory_2:",
    "handwriting": ":material/ink_pen:",
}
_CHOSEN = ":material/check:"
_SETTING = "augmentation_preset"


def preset_buttons(project: Project, config: AugmentationConfig) -> None:
    """Draw the buttons for kinds of pictures and strengths, and the reason for the chosen one."""
    chosen = preset_of(config)
    st.markdown(_("**What do your pictures show?**"))
    with st.container(horizontal=True, gap="small", key="presets"):
        for name, preset in DOMAINS.items():
            _button(project, name, preset, is_chosen=name == chosen)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="strengths"):
        st.caption(_("or simply"), width="content")
        for name, preset in STRENGTHS.items():
            _button(project, name, preset, is_chosen=name == chosen)
    if chosen:
        st.caption(_(PRESETS[chosen].reason))
    elif config.is_active or config.is_mixing:
        st.caption(_("Your own settings: {changes}.").format(changes=active_names(config)))
    for note in _kind(project).notes:
        st.caption(f":material/info: {_(note)}")


def chosen_kind(project: Project) -> str | None:
    """Return the kind of pictures that was chosen last."""
    kind = project_settings(project).get(_SETTING)
    return str(kind) if kind in DOMAINS else None


def _kind(project: Project) -> Preset:
    return PRESETS[chosen_kind(project) or "none"]


def _button(project: Project, name: str, preset: Preset, *, is_chosen: bool) -> None:
    icon = _CHOSEN if is_chosen else _ICONS.get(name)
    if st.button(_(preset.title), key=f"preset-{name}", icon=icon, help=_(preset.reason)):
        remember_setting(project, "augmentation", preset.config.to_json())
        if name in DOMAINS:
            remember_setting(project, _SETTING, name)
        state.count_up("augment-controls")
        st.rerun()
