"""Most confident mistakes of a classifier on its test pictures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.data.labels.task import Task
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.predictions import worst_mistakes
from pages.ui.evaluate.labels import label_text, mistake_text
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _, ngettext, number, percent

_MOST_SHOWN = 24
_TILE_PIXELS = {Task.MULTI_CLASS: 120, Task.MULTI_LABEL: 140}


def show_worst_mistakes(evaluated: EvaluatedRun) -> None:
    """Draw the pictures that were classified wrongly with the greatest confidence."""
    st.subheader(_("Worst mistakes"), anchor=False)
    task, mistakes = evaluated.dataset.task, evaluated.report.mistakes
    if not mistakes:
        st.markdown(_("None: every test picture is right."))
        return
    st.markdown(_sentence(task, mistakes))
    gallery(
        _tiles(evaluated, worst_mistakes(evaluated.predictions, _MOST_SHOWN)),
        key="mistakes",
        tile_pixels=_TILE_PIXELS[task],
    )
    st.caption(
        _("true class → predicted class, and its predicted probability")
        if task is Task.MULTI_CLASS
        else _("− a label that was missed, + one that was wrongly added")
    )


def _sentence(task: Task, mistakes: int) -> str:
    sentence = (
        ngettext(
            "{n} test picture is wrong. Sometimes the label is, not the classifier.",
            "{n} test pictures are wrong; these are the ones it was surest about. Sometimes the label is wrong, not the classifier.",
            mistakes,
        )
        if task is Task.MULTI_CLASS
        else ngettext(
            "{n} test picture has a label too many or too few.",
            "{n} test pictures have labels too many or too few; these are the ones it was surest about.",
            mistakes,
        )
    )
    return sentence.format(n=number(mistakes))


def _tiles(evaluated: EvaluatedRun, wrong: pd.DataFrame) -> list[Tile]:
    dataset = evaluated.dataset
    row_of = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    columns = (wrong["id"], wrong["label"], wrong["predicted"], wrong["confidence"])
    return [
        Tile(
            picture=dataset.thumbnail(row_of[picture]),
            strong=mistake_text(dataset.task, label, answer),
            caption=percent(confidence)
            if dataset.task is Task.MULTI_CLASS
            else _("shows {label}").format(label=label_text(label)),
        )
        for picture, label, answer, confidence in zip(*columns, strict=True)
    ]
