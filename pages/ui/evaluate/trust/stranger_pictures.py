"""Examples: pictures of the classes that are turned away, and strangers that are not."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.errors import DarkroomError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.strangers.materials import MATERIALS
from core.evaluation.strangers.pictures import draw_for
from core.workspace import get_project
from pages.ui.display_names.labels import label_text
from pages.ui.gallery import Tile, gallery, jpeg
from pages.ui.text import _, decimal, number

_MOST_SHOWN = 12
_MATERIALS = {material.kind.value: material for material in MATERIALS}


def show_known_examples(evaluated: EvaluatedRun, scores: np.ndarray, limit: float) -> None:
    """Draw the test pictures that the limit turns away, the strangest first."""
    order = np.argsort(-scores, kind="stable")
    turned = order[scores[order] > limit][:_MOST_SHOWN]
    if not len(turned):
        return
    dataset, rows = evaluated.dataset, evaluated.rows(Split.TEST)[turned]
    st.markdown(_("Pictures of your classes that are turned away, the strangest first:"))
    gallery(
        [
            Tile(
                picture=dataset.thumbnail(row),
                strong=label_text(dataset.pictures["label"].iloc[row]),
                caption=_score_text(score),
            )
            for row, score in zip(rows, scores[turned], strict=True)
        ],
        key="known-turned-away",
    )


def show_stranger_examples(evaluated: EvaluatedRun, strangers: pd.DataFrame, limit: float) -> None:
    """Draw strangers: those that are not recognised first, by rising score."""
    ordered = strangers.sort_values("score", kind="stable")
    missed = int((ordered["score"] <= limit).sum())
    tiles = _tiles(evaluated.dataset, ordered.head(2 * _MOST_SHOWN))[:_MOST_SHOWN]
    if not tiles:
        return
    st.markdown(
        _("Strangers that look most like your classes; {n} are taken for one of them:").format(
            n=number(missed)
        )
    )
    gallery(tiles, key="strangers")


def _tiles(dataset: Dataset, strangers: pd.DataFrame) -> list[Tile]:
    row_of = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    tiles = []
    for project, table in strangers.groupby("project", sort=False):
        other = _foreign_dataset(str(project)) if project else None
        rows = row_of if other is None else {code: row for row, code in enumerate(other.pictures["id"])}
        for kind, picture, score in zip(table["kind"], table["id"], table["score"], strict=True):
            # Erased since, or of a project that was deleted.
            if picture in rows and (other is not None or not project):
                thumbnail = (other or dataset).thumbnail(rows[picture])
                made = _made_again(kind, picture, thumbnail) if not project else thumbnail
                tiles.append((score, Tile(picture=made, caption=_score_text(score), strong=str(project))))
    return [tile for _score, tile in sorted(tiles, key=lambda pair: pair[0])]


def _foreign_dataset(name: str) -> Dataset | None:
    try:
        return open_dataset(get_project(name))
    except DarkroomError:
        return None


def _made_again(kind: str, picture: str, thumbnail: bytes) -> bytes:
    """Make the stranger once more, from the small picture."""
    pixels = np.asarray(Image.open(io.BytesIO(thumbnail)).convert("RGB"))
    side = min(pixels.shape[:2])
    square = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR))
    material = _MATERIALS[kind]
    return jpeg(material.make(square, draw_for(material.kind, picture)))


def _score_text(score: float) -> str:
    return _("score {value}").format(value=decimal(score, 1))
