"""Form fields of a run's settings, in folded groups; only those that affect the run."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import DarkroomError
from core.models.backbones import Backbone, get_backbone
from core.training.config import CROSS_VALIDATED_PER_CLASS, MAX_PICTURE_SIZE, TrainingConfig
from core.workspace import Project
from pages.ui import state
from pages.ui.display_names.training import setting_name
from pages.ui.settings import has_own_settings, remember_recipe_settings, reset_recipe_settings
from pages.ui.text import _, show
from pages.ui.train.settings_form import (
    GROUPS,
    ChoiceField,
    Field,
    LayersField,
    NumberField,
    SizeField,
    used_settings,
)

_COLUMNS = 3
_SIZE_STEP = 32  # pixels that a press adds: most networks halve the picture five times


def settings_fields(project: Project, config: TrainingConfig) -> TrainingConfig | None:
    """Draw the fields and return the settings, stored for next time; None while one is invalid."""
    with st.expander(_("Advanced"), icon=":material/tune:", key="advanced"):
        record = config.to_json()
        for title, group in GROUPS:
            fields = [field for field in group if field.path in used_settings(config)]
            if fields:
                st.markdown(f"**{_(title)}**")
            for start in range(0, len(fields), _COLUMNS):
                row = fields[start : start + _COLUMNS]
                for field, column in zip(row, st.columns(_COLUMNS), strict=False):
                    with column:
                        _set(record, field.path, _field(field, config, _value(record, field.path)))
        if has_own_settings(project, config.recipe) and st.button(
            _("Back to the recipe's own settings"), icon=":material/restart_alt:", key="reset-settings"
        ):
            reset_recipe_settings(project, config.recipe)
            state.count_up("settings")
            st.rerun()
        return _read(project, config, record)


def _read(project: Project, config: TrainingConfig, record: dict[str, Any]) -> TrainingConfig | None:
    """Build and store the settings; shows an error where they are invalid."""
    try:
        record["head"]["hidden_units"] = _units(record["head"]["hidden_units"])
        read = TrainingConfig.from_json(record)
    except DarkroomError as error:
        st.error(show(error.message))
        return None
    except ValueError:
        st.error(_("Hidden layers are whole numbers with commas between them, such as 256, 128."))
        return None
    if read != config:
        remember_recipe_settings(project, read)
        st.rerun()  # other fields may be used now, and the expected time changes
    return read


def _field(field: Field, config: TrainingConfig, value: Any) -> Any:
    """Draw a field and return its value."""
    key = f"{field.path}-{config.recipe}-{state.counter('settings')}"
    name = setting_name(field.path)
    own_size = get_backbone(config.backbone).input_size
    help_text = _(field.help).format(
        rate=f"{config.learning_rate:g}", size=own_size, most=CROSS_VALIDATED_PER_CLASS
    )
    if isinstance(field, NumberField):
        return _number(field, name, value, help_text, key)
    if isinstance(field, SizeField):
        return _size(get_backbone(config.backbone), name, value, help_text, key)
    if isinstance(field, ChoiceField):
        options = list(field.labels)
        return st.selectbox(
            name,
            options,
            index=options.index(value),
            format_func=lambda option: _(field.labels[option]),
            help=help_text,
            key=key,
        )
    if isinstance(field, LayersField):
        text = ", ".join(map(str, value))
        return st.text_input(name, text, placeholder=_("none: a linear head"), help=help_text, key=key)
    st.space("small")  # as high as the name above the other fields of its row
    return st.toggle(name, value, help=help_text, key=key)


def _number(field: NumberField, name: str, value: float, help_text: str, key: str) -> float:
    if isinstance(field.low, int):
        return st.number_input(
            name, field.low, int(field.high), int(value), step=int(field.step), help=help_text, key=key
        )
    return st.number_input(
        name, field.low, field.high, float(value), step=field.step, format="%g", help=help_text, key=key
    )


def _size(backbone: Backbone, name: str, value: int, help_text: str, key: str) -> int:
    """Draw the picture size in pixels; 0 where the field is empty."""
    if value:
        state.set_first_value(key, value)
    size = st.number_input(
        name,
        0,
        MAX_PICTURE_SIZE,
        None,
        step=_SIZE_STEP,
        placeholder=str(backbone.input_size),
        help=help_text,
        key=key,
    )
    return size or 0


def _units(value: str | tuple[int, ...]) -> list[int]:
    """Parse comma-separated numbers; raises ValueError for anything else."""
    if not isinstance(value, str):
        return list(value)
    return [int(part) for part in value.split(",") if part.strip()]


def _value(record: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        record = record[name]
    return record


def _set(record: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path.split(".")
    for name in outer:
        record = record[name]
    record[last] = value
