"""Gallery of a batch's pictures, to look through and to correct."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, open_dataset
from core.http.answers import batch_picture_address
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.rows import Status
from core.prediction.corrections import AnsweredFile, correct
from core.workspace import Project
from pages.ui import state
from pages.ui.components.picture_grid import GridEvent, GridTile, picture_grid
from pages.ui.display_names.labels import label_text
from pages.ui.editing.actions import label_action
from pages.ui.editing.changes import apply_change
from pages.ui.text import _, percent
from pages.ui.urls import own_url

_PAGE_SIZE = 48
_TILE_PIXELS = 120


def show_gallery(project: Project, batch: Batch, results: pd.DataFrame) -> None:
    """Draw pages of rows of ``results_of``; chosen pictures can be given their true label."""
    readable = results[results["status"] != Status.UNREADABLE.value]
    pages = max(1, -(-len(readable) // _PAGE_SIZE))
    key = f"batch-page-{batch.job.name}-{len(readable)}"
    page = min(state.widget_value(key, 1), pages)
    if pages > 1:
        page = st.pagination(pages, default=page, key=key, width="stretch")
    shown = readable.iloc[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE]
    dataset = open_dataset(project)
    event = picture_grid(
        [
            _tile(project, batch, index, row)
            for index, row in zip(shown.index, shown.to_dict("records"), strict=True)
        ],
        key=f"batch-gallery-{batch.job.name}",
        label=_("Pictures"),
        actions=[label_action(dataset, _("Correct to …"))],
        tile_pixels=_TILE_PIXELS,
    )
    if event is not None:
        apply_change(project, lambda: _correct(project, batch, results, event))


def _tile(project: Project, batch: Batch, index: int, row: Mapping[Hashable, object]) -> GridTile:
    path = str(row["path"])
    address = (project.name, batch.job.name, int(str(row["source"])), path, str(row["sha256"]))
    status, confidence = Status(str(row["status"])), float(str(row["confidence"]))
    badges = {Status.UNSURE: _("Unsure"), Status.STRANGER: _("None of these")}
    return GridTile(
        id=str(index),
        source=own_url(batch_picture_address(*address)),
        large=own_url(batch_picture_address(*address, large=True)),
        strong=label_text(str(row["answer"])),
        caption=percent(confidence),
        badge=badges.get(status, ""),
        attention=True,
        facts=(
            (_("File"), path),
            (_("Answer"), label_text(str(row["answer"]))),
            (_("Confidence"), percent(confidence)),
            (_("Possible classes"), str(row["set"]) or "–"),
        ),
    )


def _correct(project: Project, batch: Batch, results: pd.DataFrame, event: GridEvent) -> Dataset:
    """Add the chosen pictures with their true label."""
    rows = results.loc[[int(index) for index in event.ids]]
    with batch.files() as files:
        chosen = [
            AnsweredFile(
                name=str(row["path"]),
                data=files.read(int(row["source"]), str(row["path"]), str(row["sha256"])),
                run=batch.request.run,
                answer=str(row["answer"]),
            )
            for row in rows.to_dict("records")
        ]
    return correct(project, event.choice, chosen)
