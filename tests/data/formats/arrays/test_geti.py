"""Geti 3: a table of files and labels, whose columns the metadata name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.data.labels.boxes import BoxUse
from core.errors import DataError
from tests.support.formats import read, source


def metadata(*, is_list: bool = False, has_boxes: bool = False) -> dict[str, object]:
    def column(kind: str, **others: object) -> dict[str, object]:
        return {"type": "str", "field": {"type": kind, "semantic": "default", **others}}

    return {
        "version": "1.13.12",
        "schema": {
            "attributes": {
                "image": column("ImagePathField"),
                "label": column("LabelField", multi_label=False, is_list=is_list),
                "subset": column("SubsetField"),
                **({"box": column("BBoxField", format="x1y1x2y2", normalize=False)} if has_boxes else {}),
            },
            "categories": {"label": {"type": "LabelCategories", "labels": ["cat", "dog"]}},
        },
    }


def geti(tmp_path: Path, columns: dict[str, Any], *, is_list: bool = False) -> Path:
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    table = metadata(is_list=is_list, has_boxes="box" in columns)
    files = {"data.parquet": stream.getvalue(), "metadata.json": table}
    return source(tmp_path, ["images/a.png", "images/b.png", "images/c.png"], files)


NAMES = ["a.png", "b.png", "c.png"]
PARTS = ["TRAINING", "TESTING", "UNASSIGNED"]


def test_a_geti_table_names_files_labels_and_parts(tmp_path: Path) -> None:
    result = read(geti(tmp_path, {"image": NAMES, "label": [0, 1, None], "subset": PARTS}))
    assert result.format == "geti"
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.splits == {"a.png": "train", "b.png": "test", "c.png": ""}
    assert result.left_out == {}


def test_boxes_of_geti_label_their_picture(tmp_path: Path) -> None:
    columns = {"image": NAMES, "label": [[0, 0], [1], []], "subset": PARTS}
    result = read(geti(tmp_path, columns, is_list=True))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.notes == {"ignored_boxes": 3, "blank_labels": 1}


def test_boxes_of_geti_can_be_cut_out(tmp_path: Path) -> None:
    places = [[[0.0, 0.0, 20.0, 30.0], [5.0, 5.0, 25.0, 25.0]], [[1.0, 2.0, 31.0, 42.0]], []]
    columns = {"image": NAMES, "label": [[0, 1], [1], []], "subset": PARTS, "box": places}
    result = read(geti(tmp_path, columns, is_list=True), boxes=BoxUse.CROP)
    boxes = [assignment.box for _, assignment in result.reading.pictures if assignment.box]
    assert [(box.label, box.left, box.top, box.right, box.bottom) for box in boxes] == [
        ("cat", 0, 0, 20, 30),
        ("dog", 5, 5, 25, 25),
        ("dog", 1, 2, 31, 42),
    ]


def test_a_geti_table_without_a_column_of_its_metadata_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.parquet has no column “subset”"):
        read(geti(tmp_path, {"image": NAMES, "label": [0, 1, 0]}))


def test_a_geti_class_beyond_the_names_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.parquet is not laid out as Geti 3 writes it"):
        read(geti(tmp_path, {"image": NAMES, "label": [0, 1, 9], "subset": PARTS}))
