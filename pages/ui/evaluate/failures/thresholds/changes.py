"""Test pictures whose answer a threshold changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.data.labels.label_sets import joined_labels
from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.thresholds.measuring import changed_answers
from core.workspace import project_of
from pages.ui.components.picture_grid import GridTile
from pages.ui.display_names.labels import label_text
from pages.ui.editing.tiles import picture_tile
from pages.ui.evaluate.failures.closer_look import closer_grid
from pages.ui.text import _, ngettext, number

_MOST_SHOWN = 24


def show_changes(evaluated: EvaluatedRun, before: TestPredictions, after: TestPredictions) -> None:
    """Draw the test pictures whose answer changes, with the answers before and after."""
    changed = changed_answers(before, after)
    if not len(changed):
        return
    st.markdown(_sentence(changed, before, after))
    tiles = _tiles(evaluated, changed[:_MOST_SHOWN], before, after)
    closer_grid(evaluated, tiles, key="changed-answers")


def _sentence(changed: np.ndarray, before: TestPredictions, after: TestPredictions) -> str:
    becomes_right = int((after.exact_matches & ~before.exact_matches)[changed].sum())
    becomes_wrong = int((before.exact_matches & ~after.exact_matches)[changed].sum())
    return ngettext(
        "{n} test picture changes its answer: {right} becomes right, {wrong} wrong.",
        "{n} test pictures change their answer: {right} become right, {wrong} wrong.",
        len(changed),
    ).format(n=number(len(changed)), right=number(becomes_right), wrong=number(becomes_wrong))


def _tiles(
    evaluated: EvaluatedRun, changed: np.ndarray, before: TestPredictions, after: TestPredictions
) -> list[GridTile]:
    names, project = evaluated.dataset.class_names, project_of(evaluated.run)
    pictures = evaluated.dataset.pictures.iloc[evaluated.rows(Split.TEST)[changed]]
    columns = (
        joined_labels(part[changed], names) for part in (before.predicted, after.predicted, after.targets)
    )
    return [
        replace(
            picture_tile(project, picture, strong=f"{label_text(old)} → {label_text(new)}"),
            caption=_("shows {label}").format(label=label_text(label)),
        )
        for picture, old, new, label in zip(pictures.itertuples(index=False), *columns, strict=True)
    ]
