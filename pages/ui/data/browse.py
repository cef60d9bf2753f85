"""Pictures section: browse, filter and correct all pictures.

The gallery is a fragment: turning a page reruns nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import relabel
from core.data.editing.versions import erase
from core.data.history import version_info
from core.data.labels.label_sets import NONE_OF_THEM
from core.data.labels.task import Task
from core.data.selection import Selection, matches
from core.doctor.report import read_report
from core.errors import DarkroomError
from core.workspace import Project
from pages.ui import state
from pages.ui.components.picture_grid import GridAction, GridEvent, GridTile, picture_grid
from pages.ui.data.caching import VersionKey, version_key
from pages.ui.data.classes import classes_panel
from pages.ui.data.export_dataset import export_panel
from pages.ui.data.filters import Findings, Wish, choose_pictures, clear_filters, select_rows
from pages.ui.editing.actions import (
    changes_of,
    exclusion_actions,
    label_action,
    multi_label_actions,
    undo_actions,
)
from pages.ui.editing.changes import apply_change
from pages.ui.editing.tiles import picture_tile
from pages.ui.text import _, current_language, escape, ngettext, number, show

_TILE_PIXELS = 108
_TABLES_KEPT = 4


def show_section(project: Project, dataset: Dataset) -> None:
    if dataset.all_pictures.empty:
        _no_pictures()
    else:
        _gallery(project)
    classes_panel(project, dataset)
    export_panel(project, dataset)
    left_out(dataset)


def left_out(dataset: Dataset) -> None:
    """List every file that was left out, with the reason."""
    if not dataset.skipped:
        return
    count = len(dataset.skipped)
    title = ngettext("{n} file was left out", "{n} files were left out", count).format(n=number(count))
    with st.expander(title, icon=":material/info:", key="left-out"):
        columns = {
            "file": st.column_config.TextColumn(_("File")),
            "why": st.column_config.TextColumn(_("Why")),
        }
        rows = _left_out_rows(version_key(dataset), current_language(), dataset)
        st.dataframe(rows, hide_index=True, column_config=columns)


@st.cache_data(max_entries=_TABLES_KEPT, show_spinner=False)
def _left_out_rows(version: VersionKey, language: str, _dataset: Dataset) -> pd.DataFrame:
    """Build the table of skipped files with their reasons."""
    return pd.DataFrame(
        [{"file": item.file, "why": show(item.reason.message, markdown=False)} for item in _dataset.skipped]
    )


def _no_pictures() -> None:
    st.info(_("There are no pictures yet. Added pictures appear here."))
    if st.button(_("Add pictures"), type="primary", icon=":material/add_photo_alternate:", key="go-add"):
        state.open_section("add")


@st.fragment
def _gallery(project: Project) -> None:
    dataset = open_dataset(project)
    findings = _findings(project)
    wish = choose_pictures(project, dataset, findings)
    rows = select_rows(dataset, wish, findings)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="gallery-pages"
    ):
        _how_many(project, wish, len(rows), len(dataset.all_pictures))
        page = _page(project, wish, len(rows))
    if not len(rows):
        st.info(_nothing(dataset, wish), icon=":material/search_off:")
        return
    shown = dataset.all_pictures.iloc[rows[(page - 1) * wish.page_size : page * wish.page_size]]
    event = picture_grid(
        _tiles(project, dataset, shown, wish),
        key=f"gallery-{project.name}",
        label=_("Pictures"),
        actions=_actions(project, dataset, shown),
        tile_pixels=_TILE_PIXELS,
    )
    if event is not None:
        _act(project, dataset, event)


def _findings(project: Project) -> Findings:
    """Collect the ids of the suspects of the last check, by finding."""
    report = read_report(project)
    ids_of: dict[str, set[str]] = {}
    for finding in report.findings if report else ():
        ids_of.setdefault(finding.kind.value, set()).update(item.id for item in finding.suspects if item.id)
    return {kind: frozenset(ids) for kind, ids in ids_of.items() if ids}


def _how_many(project: Project, wish: Wish, count: int, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        if not wish.is_filtered:
            st.caption(
                ngettext("{n} picture", "{n} pictures", total).format(n=number(total)), width="content"
            )
            return
        words = ngettext("{n} of {total} picture", "{n} of {total} pictures", total)
        st.caption(words.format(n=number(count), total=number(total)), width="content")
        st.button(
            _("Clear filters"),
            icon=":material/filter_alt_off:",
            type="tertiary",
            key="clear-filters",
            on_click=clear_filters,
            args=(project,),
        )


def _page(project: Project, wish: Wish, count: int) -> int:
    """Draw the page numbers and return the page to show, from 1; the last one if there are fewer pages now."""
    pages = -(-count // wish.page_size)
    if pages <= 1:
        return 1
    key = f"gallery-page-{project.name}-{wish.digest}"
    return st.pagination(
        pages,
        default=min(state.widget_value(key, 1), pages),
        key=key,
        persist_state="session",
        width="stretch",
    )


def _nothing(dataset: Dataset, wish: Wish) -> str:
    """Explain an empty gallery."""
    label = wish.selection.label
    if label == "" and not (dataset.all_pictures["label"] == "").any():
        return _("Every picture has a label.")
    if label and label != NONE_OF_THEM and not matches(dataset, Selection(label=label)).any():
        return _("Class {name} has no pictures yet. Label some with it, or add new ones.").format(
            name=escape(label)
        )
    if wish.selection.excluded and not dataset.all_pictures["excluded"].any():
        return _("No picture is excluded.")
    return _("No picture matches the filters. Clear them to see all pictures.")


def _tiles(project: Project, dataset: Dataset, shown: pd.DataFrame, wish: Wish) -> list[GridTile]:
    shows_label = wish.selection.label is None or dataset.task is Task.MULTI_LABEL
    tiles = []
    for picture in shown.itertuples(index=False):
        badge = _("Excluded") if picture.excluded else "" if picture.label else _("No label")
        tiles.append(
            picture_tile(
                project,
                picture,
                strong=str(picture.label) if shows_label else "",
                badge=badge,
                attention=not picture.excluded,
                dimmed=bool(picture.excluded),
            )
        )
    return tiles


def _actions(project: Project, dataset: Dataset, shown: pd.DataFrame) -> list[GridAction]:
    """Build the actions that would change at least one of the shown pictures."""
    actions = [label_action(dataset), *multi_label_actions(dataset)]
    if (shown["label"] != "").any():
        actions.append(GridAction(id="unlabel", label=_("No label"), key="n"))
    actions += exclusion_actions(shown)
    actions.append(GridAction(id="erase", label=_("Delete …"), key="Delete", opens_dialog=True))
    return actions + undo_actions(project, dataset)


def _act(project: Project, dataset: Dataset, event: GridEvent) -> None:
    if event.action == "erase":
        _ask_before_erasing(project, event.ids)
        return
    changes = changes_of(project, dataset, event)
    changes["unlabel"] = lambda: relabel(project, event.ids, "")
    apply_change(project, changes[event.action])


def _ask_before_erasing(project: Project, ids: Sequence[str]) -> None:
    title = ngettext("Delete {n} picture for good?", "Delete {n} pictures for good?", len(ids)).format(
        n=number(len(ids))
    )
    st.dialog(title)(confirm_erasing)(project, ids)


def confirm_erasing(project: Project, ids: Sequence[str]) -> None:
    """Ask for confirmation before pictures are deleted for good."""
    st.markdown(
        _(
            "They are deleted from every version and from this disk. **This cannot be undone.** To keep them but not learn from them, exclude them instead."
        )
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(_("Keep them"), key="erase-not"):
            st.rerun()
        if st.button(_("Delete for good"), type="primary", key="erase"):
            try:
                erased = erase(project, ids)
            except DarkroomError as error:
                state.remember_error(error.message)
            else:
                edit = version_info(project, erased.version).edit
                st.toast(show(edit.message), icon=":material/delete_forever:")
            st.rerun()
