"""Pictures and mistakes of one slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.slices.measuring import SliceScore
from core.evaluation.slices.mistakes import frequent_mistakes
from core.workspace import project_of
from pages.ui.components.picture_grid import GridTile
from pages.ui.display_names.labels import label_text, mistake_text
from pages.ui.editing.tiles import picture_tile
from pages.ui.evaluate.failures.closer_look import closer_grid
from pages.ui.evaluate.quality.metric_table import interval_text
from pages.ui.text import _, escape, ngettext, number, percent

_MOST_PICTURES, _MOST_MISTAKES, _TILE_PIXELS = 24, 3, 120


def show_pictures(evaluated: EvaluatedRun, score: SliceScore) -> None:
    """Draw the numbers of a slice in one line, its mistakes in another, and its pictures."""
    st.markdown(_numbers(score))
    if mistakes := frequent_mistakes(
        evaluated.test, score.members, evaluated.dataset.class_names, most=_MOST_MISTAKES
    ):
        texts = [
            f"{escape(mistake_text(evaluated.dataset.task, one.label, one.answer))} ({number(one.pictures)})"
            for one in mistakes
        ]
        st.markdown(_("Most frequent mistakes: {mistakes}").format(mistakes=", ".join(texts)))
    closer_grid(
        evaluated,
        _tiles(evaluated, score),
        key=f"slice-pictures-{evaluated.run.name}",
        tile_pixels=_TILE_PIXELS,
    )
    if score.pictures > _MOST_PICTURES:
        st.caption(_("The first {n}, mistakes before right answers.").format(n=_MOST_PICTURES))


def _numbers(score: SliceScore) -> str:
    pictures = ngettext("{n} test picture", "{n} test pictures", score.pictures).format(
        n=number(score.pictures)
    )
    groups = ngettext("{n} group", "{n} groups", score.groups).format(n=number(score.groups))
    counted = pictures if score.groups == score.pictures else f"{pictures} ({groups})"
    template = (
        _("{pictures}, {accuracy} right ({interval}), {points} points below the rest.")
        if score.difference < 0
        else _("{pictures}, {accuracy} right ({interval}), {points} points above the rest.")
    )
    return template.format(
        pictures=counted,
        accuracy=percent(score.accuracy),
        interval=interval_text(score.interval),
        points=f"{100 * abs(score.difference):.1f}",
    )


def _tiles(evaluated: EvaluatedRun, score: SliceScore) -> list[GridTile]:
    dataset, rows, project = evaluated.dataset, evaluated.rows(Split.TEST), project_of(evaluated.run)
    members = np.flatnonzero(score.members)
    # Mistakes first.
    shown = members[np.argsort(evaluated.test.exact_matches[members], kind="stable")][:_MOST_PICTURES]
    pictures = dataset.pictures.iloc[rows[shown]]
    stored = evaluated.predictions.set_index("id").loc[pictures["id"]]
    columns = (pictures.itertuples(index=False), stored["label"], stored["predicted"])
    return [
        replace(
            picture_tile(project, picture),
            strong=mistake_text(dataset.task, label, answer) if label != answer else "",
            caption=label_text(label) if label == answer else "",
        )
        for picture, label, answer in zip(*columns, strict=True)
    ]
