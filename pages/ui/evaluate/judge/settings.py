"""Mapping of a foreign model's classes, its preprocessing, and the button that tests it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.evaluation.foreign.facts import ChannelOrder, Fitting, JudgementRequest, ModelFacts, Preprocessing
from core.evaluation.foreign.mapping import match_classes
from core.evaluation.foreign.preprocessing import possible_scales, scaled
from core.messages import first_of
from core.runs.judging import start_judgement
from core.workspace import Project
from pages.ui.evaluate.judge.understanding import FITTING_NAMES, ORDER_NAMES, SCALE_NAMES
from pages.ui.jobs import try_to
from pages.ui.text import _, escape, ngettext, number

_AUTOMATIC = "automatic"
_ROW_PIXELS, _MOST_ROWS = 35, 12


def choose_and_test(
    project: Project, dataset: Dataset, folder: Path, facts: ModelFacts, *, is_again: bool = False
) -> dict[str, str]:
    """Draw the mapping table, the preprocessing under Advanced, and the button.

    Args:
        is_again: the model was tested before, so the button is not the page's answer.
    Returns:
        class of the model to class of the project, as chosen.
    """
    mapping = _choose_mapping(dataset.class_names, folder, facts)
    with st.expander(_("Advanced"), key=f"judge-advanced-{folder.name}"):
        preprocessing = _choose_preprocessing(folder, facts)
    count = sum(len(dataset.rows(split)) for split in (Split.VALIDATION, Split.TEST))
    label = ngettext("Test it on {n} picture", "Test it on {n} pictures", count).format(n=number(count))
    is_pressed = st.button(
        label,
        type="secondary" if is_again else "primary",
        icon=":material/balance:",
        disabled=not mapping,
        help=None if mapping else _("First choose the class of the project for one of the model's."),
        key=f"judge-start-{folder.name}",
    )
    request = JudgementRequest(
        name=folder.name,
        dataset_version=dataset.version,
        changes={name: mapping.get(name, "") for name in facts.class_names},
        preprocessing=preprocessing,
    )
    if is_pressed and try_to(lambda: start_judgement(project, request)):
        st.rerun()
    return mapping


def _choose_mapping(classes: Sequence[str], folder: Path, facts: ModelFacts) -> dict[str, str]:
    """Draw the table of the model's classes and the project's; returns the chosen pairs."""
    matched = match_classes(facts.class_names, classes)
    is_by_order = not matched and st.checkbox(
        _("Match the classes by their order"),
        value=not facts.has_class_names and len(facts.class_names) == len(classes),
        key=f"judge-order-{folder.name}",
        help=_("No name is equal. The model's first class becomes the project's first one, and so on."),
    )
    if is_by_order:
        matched = match_classes(facts.class_names, classes, by_order=True)
    names = list(facts.class_names)
    edited = st.data_editor(
        pd.DataFrame({"foreign": names, "own": [matched.get(name) for name in names]}),
        hide_index=True,
        placeholder="–",
        disabled=["foreign"],
        column_config={
            "foreign": st.column_config.TextColumn(_("Class of the model")),
            "own": st.column_config.SelectboxColumn(
                _("Class of the project"),
                options=list(classes),
                help=_("Empty: the project has no such class. Such an answer counts as wrong."),
            ),
        },
        height=_ROW_PIXELS * (1 + min(len(names), _MOST_ROWS)) + 3,
        key=f"judge-mapping-{folder.name}-{is_by_order}",
    )
    pairs = zip(edited["foreign"], edited["own"], strict=True)
    mapping = {str(name): str(own) for name, own in pairs if isinstance(own, str) and own}
    if mapping:
        show_unmapped(list(classes), names, mapping)
    else:
        st.info(
            _(
                "None of its classes has the name of one of yours. Tick the box above if they stand in the same order, or choose in the table."
            )
        )
    return mapping


def show_unmapped(classes: list[str], names: list[str], mapping: dict[str, str]) -> None:
    """Say which classes have no partner, and how their pictures and answers count."""
    lacking = [escape(name) for name in classes if name not in mapping.values()]
    foreign = [escape(name) for name in names if name not in mapping]
    if lacking:
        st.caption(
            _("The model does not know: {names}. Their pictures count as wrong.").format(
                names=first_of(lacking)
            )
        )
    if foreign:
        st.caption(
            _(
                "The project does not know: {names}. Such an answer is “another answer” and counts as wrong."
            ).format(names=first_of(foreign))
        )


def _choose_preprocessing(folder: Path, facts: ModelFacts) -> Preprocessing | None:
    """Draw the preprocessing; None: as the export has it, else guessed."""
    scale = st.selectbox(
        _("Values of the pictures"),
        [_AUTOMATIC, *possible_scales(facts.input)],
        format_func=lambda code: _automatic_text(facts) if code == _AUTOMATIC else _(SCALE_NAMES[code]),
        key=f"judge-scale-{folder.name}",
        help=_("A network answers nonsense if its pictures have other values than in its training."),
    )
    if scale == _AUTOMATIC:
        return None
    orders = [ChannelOrder.GREY] if facts.input.channels == 1 else [ChannelOrder.RGB, ChannelOrder.BGR]
    order = st.selectbox(
        _("Order of the colours"),
        orders,
        format_func=lambda order: _(ORDER_NAMES[order]),
        key=f"judge-colours-{folder.name}",
    )
    fitting: str = st.selectbox(
        _("Shape of the pictures"),
        [*Fitting],
        format_func=lambda fitting: _(FITTING_NAMES[fitting]),
        key=f"judge-fitting-{folder.name}",
    )
    return scaled(scale, ChannelOrder(order), Fitting(fitting))


def _automatic_text(facts: ModelFacts) -> str:
    if facts.preprocessing is not None:
        return _("automatic: known from the export")
    return _("automatic: the best of the usual ones on validation pictures")
