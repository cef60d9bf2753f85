"""Overview page: list of projects, and the form for a new one."""

from __future__ import annotations

import streamlit as st

from core.delivery.files import is_delivered
from core.evaluation.evaluated_run import measured_report
from core.evaluation.report import has_report
from core.workspace import Project, delete_project, list_projects, list_runs
from pages.ui import state
from pages.ui.data.sources.new_project import current_import, import_panel
from pages.ui.gallery import Tile, gallery
from pages.ui.overview.saving import save_popover, saving_state
from pages.ui.shell import page_title
from pages.ui.text import _, escape, ngettext, number, percent

_PREVIEW_TILES = 6


def project_card(project: Project) -> None:
    """Draw a project: a few pictures, its counts, its accuracy, buttons to open and delete it."""
    dataset = state.current_dataset(project).over_all_pictures()
    count = len(dataset.pictures)
    with st.container(border=True, key=f"project-{project.name}"):
        st.subheader(escape(project.name), anchor=False)
        used = count - int(dataset.pictures["excluded"].sum())
        st.caption(f"{summary(used, len(dataset.all_class_names))} · {standing(project)}")
        rows = range(0, count, max(1, count // _PREVIEW_TILES))[:_PREVIEW_TILES]
        gallery(
            [Tile(picture=dataset.thumbnail(row)) for row in rows],
            key=f"tiles-{project.name}",
            columns=_PREVIEW_TILES,
        )
        with st.container(horizontal=True):
            if st.button(_("Open"), key=f"open-{project.name}", icon=":material/folder_open:"):
                state.choose_project(project.name)
                state.count_up("project-picker")
                st.switch_page("data.py")
            save_popover(project)
            with st.popover(_("Delete"), type="tertiary", key=f"delete-{project.name}"):
                st.markdown(
                    _("Delete this project with all its pictures and classifiers? This cannot be undone.")
                )
                if st.button(_("Delete for good"), key=f"delete-for-good-{project.name}"):
                    delete_project(project)
                    state.choose_project(None)
                    st.rerun()
        saving_state(project)


def summary(pictures: int, classes: int) -> str:
    """Format the numbers of pictures and classes."""
    first = ngettext("{n} picture", "{n} pictures", pictures).format(n=number(pictures))
    second = ngettext("{n} class", "{n} classes", classes).format(n=number(classes))
    return f"{first} · {second}"


def standing(project: Project) -> str:
    """Describe the accuracy of the newest classifier, or say that there is none."""
    runs = list_runs(project)
    report = next((measured_report(run) for run in runs if has_report(run)), None)
    if report is None:
        return _("not trained yet")
    if any(is_delivered(run) for run in runs):
        return _("{accuracy} right on its test pictures").format(accuracy=percent(report.accuracy))
    return _("{accuracy} right on its test pictures, export still running").format(
        accuracy=percent(report.accuracy)
    )


projects = list_projects()
page_title(
    _("Turn pictures into a classifier"),
    _(
        "Bring labelled pictures, press a few buttons, and get a network that classifies new ones. All on this computer."
    ),
)
if not projects or current_import() is not None:
    import_panel()
if projects:
    st.header(_("Your projects"), anchor=False)
    columns = st.columns(2, gap="medium")
    for index, project in enumerate(projects):
        with columns[index % 2]:
            project_card(project)
    if current_import() is None:
        st.header(_("A new project"), anchor=False)
        import_panel()
