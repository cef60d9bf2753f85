"""Data: what is in the project, class by class, and what was left out."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from pages.ui import state
from pages.ui.charts import class_counts
from pages.ui.gallery import Tile, gallery
from pages.ui.importing import import_panel
from pages.ui.shell import next_step, page_title
from pages.ui.steps import Step
from pages.ui.text import _, escape, ngettext, number, show

_TILES_PER_PAGE = 24
_FEW_PICTURES = 20  # in a class: below, a classifier has little to learn from


def figures(dataset: Dataset) -> None:
    """The numbers that matter first."""
    counts = dataset.counts()
    smallest = min(counts, key=lambda name: counts[name])
    with st.container(horizontal=True):
        st.metric(_("Pictures"), number(len(dataset.pictures)), width="content")
        st.metric(_("Classes"), number(len(counts)), width="content")
        st.metric(_("Smallest class"), number(counts[smallest]), width="content")
        st.metric(_("Left out"), number(len(dataset.skipped)), width="content")
    if counts[smallest] < _FEW_PICTURES:
        st.warning(
            ngettext(
                "{name} has only {n} picture. The classifier will know it poorly; {enough} or more are a good start.",
                "{name} has only {n} pictures. The classifier will know it poorly; {enough} or more are a good start.",
                counts[smallest],
            ).format(name=escape(smallest), n=counts[smallest], enough=_FEW_PICTURES)
        )


def left_out(dataset: Dataset) -> None:
    """Every file that is not in the project, and why."""
    if not dataset.skipped:
        return
    count = len(dataset.skipped)
    title = ngettext("{n} file was left out", "{n} files were left out", count).format(n=number(count))
    with st.expander(title, icon=":material/info:", key="left-out"):
        rows = [{"file": item.file, "why": show(item.reason, markdown=False)} for item in dataset.skipped]
        columns = {
            "file": st.column_config.TextColumn(_("File")),
            "why": st.column_config.TextColumn(_("Why")),
        }
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)


def class_gallery(dataset: Dataset) -> None:
    """Thumbnails of one class at a time."""
    counts = dataset.counts()
    chosen = st.selectbox(
        _("Class"),
        dataset.class_names,
        format_func=lambda name: f"{name} ({number(counts[name])})",
        key=f"gallery-class-{dataset.digest}",
    )
    rows = [row for row, label in enumerate(dataset.pictures["label"]) if label == chosen]
    pages = -(-len(rows) // _TILES_PER_PAGE)
    page = st.pagination(pages, key=f"gallery-page-{dataset.digest}-{chosen}") if pages > 1 else 1
    shown = rows[(page - 1) * _TILES_PER_PAGE : page * _TILES_PER_PAGE]
    names = dataset.pictures["name"]
    tiles = [
        Tile(picture=dataset.thumbnail(row), caption=names.iloc[row].rsplit("/", 1)[-1]) for row in shown
    ]
    gallery(tiles, key="gallery", tile_pixels=96)


project = state.current_project()
if project is None:
    page_title(
        _("Data"), _("Everything starts with labelled pictures: one folder for each thing to tell apart.")
    )
    import_panel()
    st.stop()

dataset = state.current_dataset(project)
page_title(
    _("Data"),
    _("What the classifier will learn from. Look through it: what is wrong here will be learnt, too."),
)
figures(dataset)
left, right = st.columns([4, 3], gap="large")
with left:
    class_gallery(dataset)
with right:
    st.subheader(_("Pictures in each class"), anchor=False)
    st.plotly_chart(
        class_counts(dataset.pictures, dataset.class_names), config={"displayModeBar": False}, key="counts"
    )
    st.caption(
        _(
            "Darkroom learns from most pictures (to train), checks itself on some (to validate) "
            "and keeps the rest hidden until the end (to test). Copies of a picture stay on one side."
        )
    )
left_out(dataset)
next_step(
    Step.AUGMENT, _("see how small random changes would make more of your pictures – or go straight to Train")
)
