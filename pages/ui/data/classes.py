"""Classes: counts, names and order."""

from __future__ import annotations

import streamlit as st

from core.data.dataset import Dataset
from core.data.editing.classes import add_class, merge_classes, remove_class, rename_class, reorder_classes
from core.data.labels.label_sets import by_class
from core.data.labels.task import Task
from core.natural_order import natural_order
from core.workspace import Project
from pages.ui import state
from pages.ui.class_counts import show_class_counts
from pages.ui.editing.changes import apply_change
from pages.ui.text import _, escape


def classes_panel(project: Project, dataset: Dataset) -> None:
    """Draw the chart of class counts and the controls for classes."""
    chart, tools = st.columns([3, 2], gap="large")
    with chart:
        st.subheader(_("Pictures in each class"), anchor=False)
        _chart(dataset)
    with tools:
        st.subheader(_("Change the classes"), anchor=False)
        _new_class(project)
        if dataset.all_class_names:
            _one_class(project, dataset)


def _chart(dataset: Dataset) -> None:
    names = dataset.all_class_names
    if not names:
        st.caption(
            _("There are no classes yet. Make one here, or give pictures a label, which creates its class.")
        )
        return
    pictures = dataset.all_pictures
    counted = by_class(pictures[~pictures["excluded"]], dataset.task)
    if counted.empty:
        st.caption(_("No class has pictures yet."))
        return
    show_class_counts(counted, names, key="counts")


def _new_class(project: Project) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(_("New class"), key=f"new-class-{state.counter('new-class')}")
        if st.button(_("Add"), disabled=not name.strip(), key="add-class"):
            state.count_up("new-class")
            apply_change(project, lambda: add_class(project, name))


def _one_class(project: Project, dataset: Dataset) -> None:
    """Draw the controls that rename, merge, move or remove the selected class."""
    names = dataset.all_class_names
    picked = st.selectbox(_("Class"), names, key=f"edited-class-{project.name}")
    kind = st.segmented_control(
        _("What to do with it"),
        list(_TOOLS),
        default="rename",
        required=True,
        format_func=lambda name: {
            "rename": _("Rename"),
            "merge": _("Merge"),
            "move": _("Move"),
            "remove": _("Remove"),
        }[name],
        label_visibility="collapsed",
        key="class-tool",
    )
    _TOOLS[str(kind)](project, dataset, picked)


def _rename(project: Project, dataset: Dataset, picked: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(_("New name"), picked, key=f"rename-{dataset.version}-{picked}")
        if st.button(_("Rename"), disabled=name.strip() in {"", picked}, key="rename-class"):
            apply_change(project, lambda: rename_class(project, picked, name))


def _merge(project: Project, dataset: Dataset, picked: str) -> None:
    others = [name for name in dataset.all_class_names if name != picked]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        into = st.selectbox(
            _("Into"), others, index=None, key=f"merge-{picked}", placeholder=_("Choose a class")
        )
        if st.button(_("Merge"), disabled=into is None, key="merge-classes") and into is not None:
            apply_change(project, lambda: merge_classes(project, [picked, into], into))
    st.caption(_("All its pictures join the other class. Test pictures stay in the test split."))


def _move(project: Project, dataset: Dataset, picked: str) -> None:
    names = list(dataset.all_class_names)
    position = names.index(picked) + 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.number_input(_("Place"), 1, len(names), position, key=f"place-{dataset.version}-{picked}")
        if st.button(_("Move"), disabled=wanted == position, key="move-class"):
            others = [name for name in names if name != picked]
            order = [*others[: wanted - 1], picked, *others[wanted - 1 :]]
            apply_change(project, lambda: reorder_classes(project, order))
    by_name = sorted(names, key=natural_order)
    if st.button(_("Sort all by name"), disabled=by_name == names, key="sort-classes", type="tertiary"):
        apply_change(project, lambda: reorder_classes(project, by_name))


def _remove(project: Project, dataset: Dataset, picked: str) -> None:
    if dataset.task is Task.MULTI_LABEL:
        st.caption(_("Its pictures stay. Those without another label become unlabelled."))
    else:
        st.caption(_("Its pictures stay and become unlabelled."))
    if st.button(_("Remove {name}").format(name=escape(picked)), key="remove-class"):
        apply_change(project, lambda: remove_class(project, picked))


_TOOLS = {"rename": _rename, "merge": _merge, "move": _move, "remove": _remove}
