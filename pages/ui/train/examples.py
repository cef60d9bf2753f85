"""Example pictures of the validation split with their first and current prediction."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.data.dataset import Dataset
from core.training.records import Example
from pages.ui.gallery import Tile, gallery
from pages.ui.text import _, percent


def example_predictions(dataset: Dataset, examples: Sequence[Example]) -> None:
    """Draw the examples that are still in the dataset."""
    row_of = _rows(dataset, [example.id for example in examples])
    tiles = [
        _tile(dataset.thumbnail(row_of[example.id]), example) for example in examples if example.id in row_of
    ]
    if not tiles:
        return
    st.markdown(
        _("**Predictions on a few pictures**, and the first ones"),
        help=_("Validation pictures. In brackets: how sure the classifier is."),
    )
    gallery(tiles, key="examples", columns=4, whole_captions=True)


def _rows(dataset: Dataset, ids: Sequence[str]) -> dict[str, int]:
    column = dataset.pictures["id"]
    return {str(column.iloc[row]): int(row) for row in column.index[column.isin(ids)]}


def _tile(picture: bytes, example: Example) -> Tile:
    is_right = example.predicted == example.label
    first = _("first {answer} ({confidence})").format(
        answer=example.first_predicted, confidence=percent(example.first_confidence)
    )
    return Tile(
        picture=picture,
        strong=f"{'✓' if is_right else '✗'} {example.predicted}",
        caption=f"({percent(example.confidence)})",
        second=first if is_right else _("is {label}").format(label=example.label) + f" · {first}",
    )
