"""Map section: all pictures in the plane, similar ones near each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude, include, relabel
from core.data.labels.label_sets import first_classes
from core.data.labels.task import Task
from core.doctor.features.projection import map_written, read_map
from core.doctor.features.row_cache import CachedRows
from core.doctor.open_findings import open_findings
from core.doctor.report import dismissals, read_report
from core.doctor.sentences import FindingKind
from core.models.backbones import DEFAULT_BACKBONE
from core.workspace import Project
from pages.ui import state
from pages.ui.components.feature_map import Category, CategoryKind, MapPoints, Ring, feature_map
from pages.ui.components.picture_grid import GridAction, GridEvent, picture_grid
from pages.ui.data.caching import VersionKey, version_key
from pages.ui.editing.actions import (
    changes_of,
    exclusion_actions,
    label_action,
    multi_label_actions,
    none_of_them,
    undo_actions,
)
from pages.ui.editing.changes import apply_change
from pages.ui.editing.tiles import picture_tile
from pages.ui.text import _, ngettext, number

_PER_PAGE = 48
_TILE_PIXELS = 108
_MAPS_KEPT = 4  # in memory, of 10 MB each where there are 50,000 pictures


def show_section(project: Project, dataset: Dataset) -> None:
    if map_written(dataset.folder):
        _map(project)
    else:
        _no_map(project)


def _no_map(project: Project) -> None:
    report = read_report(project)
    if report is not None and not report.with_features:
        st.info(_("The map needs a pretrained backbone. Get one on the Model page, then check the pictures."))
        return
    st.info(
        _(
            "There is no map yet. It shows every picture as a point, near those that look like it, "
            "so that groups, strays and wrong labels stand out. The check draws it."
        ),
        icon=":material/scatter_plot:",
    )
    if st.button(_("Go to the check"), type="primary", icon=":material/stethoscope:", key="go-check"):
        state.open_section("check")


@st.fragment
def _map(project: Project) -> None:
    """Draw the map and its selection. A fragment: selecting reruns nothing else."""
    dataset = open_dataset(project)
    pictures, points = _on_the_map(version_key(dataset), map_written(dataset.folder), dataset)
    st.markdown(
        _(
            "Every point is a picture; those that look alike stand near each other. Hover to see one, draw around some to put them right."
        )
    )
    if dataset.task is Task.MULTI_LABEL:
        st.caption(_("A picture with several labels has the colour of the first."))
    _not_on_the_map(int((~dataset.all_pictures["excluded"]).sum() - (~pictures["excluded"]).sum()))
    rings = [
        Ring(name=_("Perhaps the wrong label"), colour="red"),
        Ring(name=_("Looks like no class"), colour="orange"),
    ]
    selected = feature_map(
        points,
        categories(dataset),
        category_of(dataset, pictures),
        rings,
        rings_of(project, dataset, pictures),
        project=project.name,
        key=f"map-{project.name}",
    )
    if len(selected):
        _selection(project, dataset, pictures.iloc[selected])


def _not_on_the_map(count: int) -> None:
    if count:
        st.caption(
            ngettext(
                "{n} picture was added since the map was drawn and is not on it. The next check draws it anew.",
                "{n} pictures were added since the map was drawn and are not on it. The next check draws it anew.",
                count,
            ).format(n=number(count))
        )


@st.cache_resource(max_entries=_MAPS_KEPT, show_spinner=False)
def _on_the_map(version: VersionKey, written: int, _dataset: Dataset) -> tuple[pd.DataFrame, MapPoints]:
    """Return the manifest rows of pictures with coordinates, and their points in the same order."""
    coordinates = read_map(_dataset.folder, DEFAULT_BACKBONE)
    if coordinates is None:
        coordinates = CachedRows(ids=np.empty(0, np.str_), values=np.empty((0, 2), np.float32))
    row_of = pd.Series(np.arange(len(coordinates.ids)), index=coordinates.ids)
    pictures = _dataset.all_pictures[_dataset.all_pictures["id"].isin(row_of.index)]
    points = MapPoints(
        positions=coordinates.values[row_of[pictures["id"]].to_numpy()],
        sha256=pictures["sha256"].tolist(),
        names=[name.rsplit("/", 1)[-1] for name in pictures["name"].tolist()],
    )
    return pictures, points


def categories(dataset: Dataset) -> list[Category]:
    """Return the categories of points: classes in their order, then unlabelled and excluded."""
    classes = [
        Category(name=name, kind=CategoryKind.CLASS, class_index=index)
        for index, name in enumerate(dataset.all_class_names)
    ]
    without = _("Without a class") if dataset.task is Task.MULTI_LABEL else _("Without label")
    return [
        *classes,
        Category(name=without, kind=CategoryKind.UNLABELLED),
        Category(name=_("Excluded"), kind=CategoryKind.EXCLUDED),
    ]


def category_of(dataset: Dataset, pictures: pd.DataFrame) -> np.ndarray:
    """Compute the index of each picture's category: int64, shape (n,). With several labels, the first counts."""
    classes = len(dataset.all_class_names)
    first = first_classes(pictures["label"], dataset.task)
    labels = pd.Categorical(first, categories=list(dataset.all_class_names)).codes
    labels = np.where(labels < 0, classes, labels)
    return np.where(pictures["excluded"], classes + 1, labels)


def rings_of(project: Project, dataset: Dataset, pictures: pd.DataFrame) -> np.ndarray:
    """Compute the rings of suspected wrong labels and of outliers: bool, shape (n, 2)."""
    report = read_report(project)
    suspects: dict[FindingKind, set[str]] = {FindingKind.WRONG_LABELS: set(), FindingKind.OUTLIERS: set()}
    for item in open_findings(report.findings, dataset, dismissals(project)) if report else ():
        if item.left is not None and item.original.kind in suspects:
            suspects[item.original.kind] |= {suspect.id for suspect in item.left.suspects}
    return np.column_stack([pictures["id"].isin(ids) for ids in suspects.values()])


def _selection(project: Project, dataset: Dataset, pictures: pd.DataFrame) -> None:
    """Draw the selected pictures with actions for all or some of them."""
    count = len(pictures)
    st.subheader(
        ngettext("{n} picture selected", "{n} pictures selected", count).format(n=number(count)), anchor=False
    )
    _for_all(project, dataset, pictures)
    ordered = pictures.sort_values(["label", "name"], kind="stable")
    pages, page = -(-count // _PER_PAGE), 1
    if pages > 1:
        page = st.pagination(pages, key=f"map-page-{project.name}-{count}")
    shown = ordered.iloc[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    event = picture_grid(
        [
            picture_tile(
                project,
                picture,
                strong=str(picture.label),
                badge=_("Excluded") if picture.excluded else "" if picture.label else _("No label"),
                attention=not picture.excluded,
                dimmed=bool(picture.excluded),
            )
            for picture in shown.itertuples(index=False)
        ],
        key=f"map-grid-{project.name}",
        label=_("Selected pictures"),
        actions=_actions(project, dataset, shown),
        tile_pixels=_TILE_PIXELS,
    )
    if event is not None:
        _act(project, dataset, event)


def _for_all(project: Project, dataset: Dataset, pictures: pd.DataFrame) -> None:
    """Draw the buttons that label or exclude the whole selection."""
    ids, turn = pictures["id"].tolist(), state.counter("map-label")
    with st.container(horizontal=True, vertical_alignment="bottom", key="map-all"):
        label = st.selectbox(
            _("Label all of them"),
            [*dataset.all_class_names, *none_of_them(dataset)],
            index=None,
            placeholder=_("Choose a class or type a new one"),
            accept_new_options=True,
            label_visibility="collapsed",
            key=f"map-label-{turn}",
            width=280,
        )
        if label:
            state.count_up("map-label")
            apply_change(project, lambda: relabel(project, ids, label))
        if not pictures["excluded"].all() and st.button(
            _("Exclude all"), icon=":material/block:", key="map-exclude"
        ):
            apply_change(project, lambda: exclude(project, ids))
        if pictures["excluded"].any() and st.button(
            _("Take back the excluded"), icon=":material/undo:", key="map-include"
        ):
            apply_change(project, lambda: include(project, ids))


def _actions(project: Project, dataset: Dataset, shown: pd.DataFrame) -> list[GridAction]:
    return [
        label_action(dataset),
        *multi_label_actions(dataset),
        *exclusion_actions(shown),
        *undo_actions(project, dataset),
    ]


def _act(project: Project, dataset: Dataset, event: GridEvent) -> None:
    apply_change(project, changes_of(project, dataset, event)[event.action])
