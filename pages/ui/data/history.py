"""History section: versions, their differences, and restoring them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.data.dataset import Dataset
from core.data.history import VersionInfo, list_versions, version_info
from core.data.version_record import read_version_record, version_numbers
from core.jobs.directory import JobDirectory
from core.runs.start_project_jobs import restore_and_redraw
from core.workspace import Project, list_runs
from pages.ui.data.check.comparison import comparison
from pages.ui.data.sources.report import show_notes
from pages.ui.editing.changes import apply_change
from pages.ui.runs import run_label
from pages.ui.text import _, escape, moment, ngettext, number, show

_VERSIONS_A_PAGE = 12


def show_section(project: Project, dataset: Dataset) -> None:
    """Draw the timeline of versions and the comparison of any two."""
    # Newest first. There may be thousands, so only those shown are read.
    numbers = version_numbers(project.dataset)[::-1]
    st.markdown(
        _(
            "Every change makes a version, and every version can be restored. A run records the version it was trained on."
        )
    )
    _timeline(project, numbers)
    if len(numbers) > 1:
        _compare_any(project, numbers)


def _timeline(project: Project, numbers: Sequence[int]) -> None:
    pages = -(-len(numbers) // _VERSIONS_A_PAGE)
    runs = _runs_by_version(project)
    timeline = st.container(key="timeline")
    page = st.pagination(pages, key=f"versions-{project.name}") if pages > 1 else 1
    shown = range((page - 1) * _VERSIONS_A_PAGE, min(page * _VERSIONS_A_PAGE, len(numbers)))
    with timeline:
        for index in shown:
            older = numbers[index + 1] if index + 1 < len(numbers) else None
            version = version_info(project, numbers[index])
            _version(project, version, older, runs.get(version.number, []), is_newest=index == 0)


def _version(
    project: Project, version: VersionInfo, older: int | None, runs: Sequence[Path], *, is_newest: bool
) -> None:
    """Draw one version: a summary line, its differences and the restore button."""
    label = f"**{number(version.number)}** · {show(version.edit.message)} :gray[:small[{_origin(version)}]]"
    icon = ":material/radio_button_checked:" if is_newest else ":material/radio_button_unchecked:"
    if runs:
        label += f" :gray-badge[:material/model_training: {_format_runs(len(runs))}]"
    key = f"version-{project.name}-{version.number}"
    with st.expander(label, type="step", icon=icon, on_change="rerun", key=key) as step:
        st.caption(_size(version))
        if not step.open:
            return
        show_notes(read_version_record(project.dataset, version.number).notes)
        for run in runs:
            st.page_link(
                "evaluate.py",
                label=_("Run {name}").format(name=escape(run_label(run))),
                icon=":material/model_training:",
                query_params={"project": project.name, "run": run.name},
            )
        if not is_newest and st.button(
            _("Restore this version"), icon=":material/restore:", key=f"restore-{version.number}"
        ):
            apply_change(project, lambda: restore_and_redraw(project, version.number))
        if older is not None:
            comparison(project, older, version.number, key="step")


def _compare_any(project: Project, numbers: Sequence[int]) -> None:
    with st.expander(
        _("Compare two versions"), icon=":material/compare:", on_change="rerun", key="compare"
    ) as panel:
        if not panel.open:
            return
        labels = {
            version.number: f"{version.number} · {show(version.edit.message, markdown=False)}"
            for version in list_versions(project)
        }
        left, right = st.columns(2)
        with left:
            older = st.selectbox(
                _("From"),
                numbers,
                index=len(numbers) - 1,
                format_func=labels.__getitem__,
                key=f"older-{project.name}",
            )
        with right:
            newer = st.selectbox(
                _("To"), numbers, format_func=labels.__getitem__, key=f"newer-{project.name}"
            )
        comparison(project, older, newer, key="any")


def _runs_by_version(project: Project) -> dict[int, list[Path]]:
    runs: dict[int, list[Path]] = defaultdict(list)
    for run in list_runs(project):
        runs[int(JobDirectory(run).config()["dataset_version"])].append(run)
    return runs


def _format_runs(count: int) -> str:
    return ngettext("{n} run", "{n} runs", count).format(n=number(count))


def _origin(version: VersionInfo) -> str:
    """Format time and author of a version."""
    parts = [moment(version.created)] if version.created is not None else []
    return " · ".join(escape(part) for part in (*parts, version.who) if part)


def _size(version: VersionInfo) -> str:
    pictures = ngettext("{n} picture", "{n} pictures", version.pictures).format(n=number(version.pictures))
    classes = ngettext("{n} class", "{n} classes", version.classes).format(n=number(version.classes))
    return f"{pictures} · {classes}"
