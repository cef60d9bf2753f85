"""Darkroom reads its own export back as it was."""

from __future__ import annotations

from pathlib import Path

from tests.support.formats import read, source

HEADER = "file,label,split,id,original_name,width,height,findings\n"


def test_labels_and_split_come_from_the_table(tmp_path: Path) -> None:
    """A folder cannot be called “=cats”, and the table marks it so that no spreadsheet computes it."""
    rows = "_cats/a.png,'=cats,train,1,a,8,8,\ndogs/b.png,dogs,test,2,b,8,8,blurred\n_cats/c.png,'=cats,validation,3,c,8,8,\n"
    result = read(
        source(tmp_path, ["_cats/a.png", "dogs/b.png", "_cats/c.png"], {"pictures.csv": HEADER + rows})
    )
    assert result.format == "darkroom"
    assert result.labels == {"a.png": "=cats", "b.png": "dogs", "c.png": "=cats"}
    assert result.splits == {"a.png": "train", "b.png": "test", "c.png": "validation"}
    assert result.left_out == {}


def test_several_labels_stay_several(tmp_path: Path) -> None:
    rows = "pictures/a.png,cat; red,train,1,a,8,8,\npictures/b.png,–,train,2,b,8,8,\n"
    result = read(source(tmp_path, ["pictures/a.png", "pictures/b.png"], {"pictures.csv": HEADER + rows}))
    assert result.understanding.multi_label
    assert result.labels == {"a.png": "cat; red", "b.png": "–"}
