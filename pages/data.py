"""Data page: browse, check, label, split and edit the pictures."""

from __future__ import annotations

import importlib

import streamlit as st

from core.data.dataset import Dataset
from core.data.labels.task import Task
from core.messages import N_
from pages.ui import state
from pages.ui.data.range_panel import follow_change, range_panel, running_change
from pages.ui.data.sources.new_project import import_panel, open_new_project
from pages.ui.data.sources.report import import_report
from pages.ui.editing.changes import last_change
from pages.ui.shell import next_step, page_title
from pages.ui.steps import Step
from pages.ui.text import _, escape, ngettext, number

SECTIONS = {
    "browse": N_("Pictures"),
    "check": N_("Check"),
    "map": N_("Map"),
    "label": N_("Label"),
    "split": N_("Split"),
    "history": N_("History"),
    "add": N_("Add"),
}
_ICONS = {
    "browse": ":material/photo_library:",
    "check": ":material/stethoscope:",
    "map": ":material/scatter_plot:",
    "label": ":material/label:",
    "split": ":material/call_split:",
    "history": ":material/history:",
    "add": ":material/add_photo_alternate:",
}
# Modules with ``show_section(project, dataset)``, imported when shown.
_MODULES = {
    "browse": "pages.ui.data.browse",
    "check": "pages.ui.data.check.section",
    "map": "pages.ui.data.map",
    "label": "pages.ui.data.label",
    "split": "pages.ui.data.split",
    "history": "pages.ui.data.history",
    "add": "pages.ui.data.sources.additions",
}
_MOST_WARNINGS = 5  # of classes that are not learnt
_FEW_PICTURES = 20  # pictures in a class; with fewer, a classifier learns little


def figures(dataset: Dataset) -> None:
    """Draw the counts of pictures, classes and split."""
    everything = dataset.all_pictures
    with st.container(horizontal=True):
        st.metric(_("Pictures"), number(len(dataset.pictures)), width="content")
        st.metric(_("Classes"), number(len(dataset.class_names)), width="content")
        if counts := dataset.counts():
            st.metric(_("Smallest class"), number(min(counts.values())), width="content")
        if unlabelled := int((everything["label"] == "").sum()):
            st.metric(_("Without label"), number(unlabelled), width="content")
        if excluded := int(everything["excluded"].sum()):
            st.metric(_("Excluded"), number(excluded), width="content")
        st.metric(_("Left out"), number(len(dataset.skipped)), width="content")
    if dataset.task is Task.MULTI_LABEL:
        st.caption(_("A picture may show several of the classes, or none: it counts for each that it shows."))
    small_classes(dataset)


def small_classes(dataset: Dataset) -> None:
    """Warn of classes with too few pictures."""
    left_out = list(dataset.left_out_classes.values())
    for reason in left_out[:_MOST_WARNINGS]:
        st.warning(_("Not learnt yet: {reason}.").format(reason=escape(reason.message.render(_))))
    if (more := len(left_out) - _MOST_WARNINGS) > 0:
        text = ngettext(
            "{n} more class has too few pictures.", "{n} more classes have too few pictures.", more
        )
        st.warning(text.format(n=number(more)))
    counts = dataset.counts()
    smallest = min(counts, key=lambda name: counts[name], default=None)
    if smallest is not None and counts[smallest] < _FEW_PICTURES:
        st.warning(
            ngettext(
                "{name} has only {n} picture. The classifier will recognise it poorly; {enough} or more are a good start.",
                "{name} has only {n} pictures. The classifier will recognise it poorly; {enough} or more are a good start.",
                counts[smallest],
            ).format(name=escape(smallest), n=counts[smallest], enough=_FEW_PICTURES)
        )


def chosen_section(dataset: Dataset) -> str:
    """Draw the choice of a section, stored in the page's address."""
    current = state.section(SECTIONS)
    is_labelled = bool((dataset.all_pictures["label"] != "").all())
    chosen = st.segmented_control(
        _("Section"),
        [name for name in SECTIONS if name != "label" or name == current or not is_labelled],
        default=current,
        required=True,
        format_func=lambda name: f"{_ICONS[name]} {_(SECTIONS[name])}",
        label_visibility="collapsed",
        key=f"section-{state.counter('section')}",
    )
    state.choose_section(chosen)
    return str(chosen)


project = state.current_project()
if project is None:
    page_title(_("Data"), _("Everything starts with pictures and their labels."))
    import_panel()
    st.stop()
open_new_project(project)

dataset = state.current_dataset(project)
page_title(
    _("Data"),
    _("The pictures that the classifier learns from. Look through them: it also learns what is wrong here."),
)
with st.container(key="figures"):  # the section below keeps position and focus
    figures(dataset)
    last_change(project, dataset)
    import_report(project, dataset)
    if (change := running_change(project)) is None:
        range_panel(project, dataset)
if change is not None:
    follow_change(change)
    st.stop()
section = importlib.import_module(_MODULES[chosen_section(dataset)])
section.show_section(project, dataset)
next_step(
    Step.AUGMENT, _("try augmentation (small random changes to your pictures), or go straight to Train")
)
