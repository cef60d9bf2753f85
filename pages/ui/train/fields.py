"""Form fields of a run's settings, in folded groups; only those that affect the run."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import DarkroomError
from core.models.backbones import Backbone, get_backbone
from core.training.config import MAX_PICTURE_SIZE, TrainingConfig
from core.workspace import Project
from pages.ui import state
from pages.ui.display_names.training import setting_name
from pages.ui.settings import forget_dials, has_own_dials, remember_dials
from pages.ui.text import _, show
from pages.ui.train.settings_form import GROUPS, ChoiceDial, Dial, LayersDial, NumberDial, SizeDial, heeded_by

_COLUMNS = 3
_SIZE_STEP = 32  # pixels that a press adds: most networks halve the picture five times


def dials(project: Project, config: TrainingConfig) -> TrainingConfig | None:
    """Draw the fields and return the settings, stored for next time; None while one is invalid."""
    with st.expander(_("Advanced"), icon=":material/tune:", key="advanced"):
        record = config.to_json()
        for title, group in GROUPS:
            heeded = [dial for dial in group if dial.path in heeded_by(config)]
            if heeded:
                st.markdown(f"**{_(title)}**")
            for start in range(0, len(heeded), _COLUMNS):
                row = heeded[start : start + _COLUMNS]
                for dial, column in zip(row, st.columns(_COLUMNS), strict=False):
                    with column:
                        _set(record, dial.path, _drawn(dial, config, _value(record, dial.path)))
        if has_own_dials(project, config.recipe) and st.button(
            _("Back to the recipe's own settings"), icon=":material/restart_alt:", key="reset-dials"
        ):
            forget_dials(project, config.recipe)
            state.count_up("dials")
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
        remember_dials(project, read)
        st.rerun()  # other dials may be heeded now, and the time it takes is another
    return read


def _drawn(dial: Dial, config: TrainingConfig, value: Any) -> Any:
    """Draw a field and return its value."""
    key = f"{dial.path}-{config.recipe}-{state.counter('dials')}"
    name = setting_name(dial.path)
    own_size = get_backbone(config.backbone).input_size
    words = _(dial.help).format(rate=f"{config.learning_rate:g}", size=own_size)
    if isinstance(dial, NumberDial):
        return _number(dial, name, value, words, key)
    if isinstance(dial, SizeDial):
        return _size(get_backbone(config.backbone), name, value, words, key)
    if isinstance(dial, ChoiceDial):
        options = list(dial.words)
        return st.selectbox(
            name,
            options,
            index=options.index(value),
            format_func=lambda option: _(dial.words[option]),
            help=words,
            key=key,
        )
    if isinstance(dial, LayersDial):
        text = ", ".join(map(str, value))
        return st.text_input(name, text, placeholder=_("none: a linear head"), help=words, key=key)
    st.space("small")  # as high as the name above the other dials of its row
    return st.toggle(name, value, help=words, key=key)


def _number(dial: NumberDial, name: str, value: float, words: str, key: str) -> float:
    if isinstance(dial.low, int):
        return st.number_input(
            name, dial.low, int(dial.high), int(value), step=int(dial.step), help=words, key=key
        )
    return st.number_input(
        name, dial.low, dial.high, float(value), step=dial.step, format="%g", help=words, key=key
    )


def _size(backbone: Backbone, name: str, value: int, words: str, key: str) -> int:
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
        help=words,
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
