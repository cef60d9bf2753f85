"""One of the user's test pictures at every strength of a corruption, with the answer under each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.data.pixels.decoding import load_picture
from core.errors import DarkroomError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import Corruption, corrupt
from core.evaluation.robustness.records import read_answers
from pages.ui import state
from pages.ui.display_names.labels import label_text
from pages.ui.evaluate.robustness.names import strength_text
from pages.ui.gallery import Tile, gallery, jpeg
from pages.ui.text import _, percent, show


def show_strip(evaluated: EvaluatedRun, corruption: Corruption) -> None:
    """Draw a picture whose answer the corruption changes, and a button for the next one."""
    answers = _answers(str(evaluated.run), _written(evaluated.file("robustness.parquet")), evaluated)
    rows = _rows_by_id(evaluated.dataset)
    pictures = [name for name in telling_pictures(answers, corruption.code) if name in rows]
    if not pictures:
        return
    chosen = pictures[state.counter("robustness-picture") % len(pictures)]
    label = evaluated.dataset.pictures["label"].iloc[rows[chosen]]
    try:
        tiles = _tiles(evaluated, corruption, answers, chosen, rows[chosen])
    except DarkroomError as error:
        st.warning(show(error.message))
        return
    gallery(tiles, key="robustness-strip", tile_pixels=110, whole_captions=True)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            _("The label is “{label}”. Answers with their probability.").format(label=label_text(label))
        )
        if st.button(_("Another picture"), icon=":material/skip_next:", key="robustness-another"):
            state.count_up("robustness-picture")
            st.rerun()


def telling_pictures(answers: pd.DataFrame, code: str) -> list[str]:
    """Order the sample's pictures: first those whose answer changes at the mildest strength."""
    unchanged = answers[answers["code"] == ""].set_index("id")["predicted"]
    own = answers[answers["code"] == code]
    is_changed = own["predicted"].to_numpy() != unchanged.loc[own["id"]].to_numpy()
    first = own.assign(first=np.where(is_changed, own["level"], np.iinfo(np.int64).max))
    levels = first.groupby("id", sort=False)["first"].min()
    return [str(name) for name in levels.sort_values(kind="stable").index]


def _tiles(
    evaluated: EvaluatedRun, corruption: Corruption, answers: pd.DataFrame, picture: str, row: int
) -> list[Tile]:
    dataset = evaluated.dataset
    data, side = dataset.picture_bytes(row), evaluated.input_size
    pixels = load_picture(data, side, dataset.pixel_range, dataset.channels)[np.newaxis]
    own = answers[answers["id"] == picture]
    unchanged = own[own["code"] == ""].iloc[0]
    changed = own[own["code"] == corruption.code].sort_values("level")
    tiles = [_tile(pixels, unchanged, _("unchanged"))]
    for level, (_index, answer) in enumerate(changed.iterrows()):
        corrupted = corrupt(corruption, pixels, corruption.strengths[level], [picture])
        tiles.append(_tile(corrupted, answer, strength_text(corruption, level)))
    return tiles


def _tile(pixels: np.ndarray, answer: pd.Series, strength: str) -> Tile:
    return Tile(
        picture=jpeg(pixels[0]),
        strong=label_text(answer["predicted"]),
        caption=percent(float(answer["confidence"])),
        second=strength,
    )


def _rows_by_id(dataset: Dataset) -> dict[str, int]:
    return {name: row for row, name in enumerate(dataset.pictures["id"])}


def _written(file: Path) -> int:
    return file.stat().st_mtime_ns


@st.cache_data(max_entries=4, show_spinner=False)
def _answers(run: str, written: int, _evaluated: EvaluatedRun) -> pd.DataFrame:
    """Read the stored answers once; ``written`` distinguishes a later test of the same run."""
    return read_answers(_evaluated)
