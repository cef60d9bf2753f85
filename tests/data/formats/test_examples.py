"""Example pictures of a source show its labels, and the user sees them before an import."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.data.containers.config import ContainerConfig
from core.data.formats.examples import read_examples
from core.data.formats.understanding import ConfirmationNeededError
from core.data.labels.boxes import Box, CropConfig
from core.data.labels.layout import FileAssignment
from core.data.sources.members import Member
from tests.support.deep_pictures import png
from tests.support.formats import read, source

PARTS = [*(f"train/{number}.png" for number in range(9)), "test/9.png", "test/10.png"]


def test_the_examples_are_spread_over_the_labels(tmp_path: Path) -> None:
    """Six pictures of the first class would say nothing of the others."""
    with pytest.raises(ConfirmationNeededError) as error:
        read(source(tmp_path, PARTS, {}))
    examples = error.value.understanding.examples
    assert [example.label for example in examples] == ["test", "train", "test", "train", "train", "train"]
    assert examples[0].file == "test/10.png"


def test_unreadable_examples_have_no_thumbnail(tmp_path: Path) -> None:
    with pytest.raises(ConfirmationNeededError) as error:
        read(source(tmp_path, PARTS, {"test/0.png": b"no picture"}))
    assert error.value.understanding.examples[0].file == "test/0.png"
    assert sorted(error.value.files.thumbnails) == [1, 2, 3, 4, 5]
    assert Image.open(io.BytesIO(error.value.files.thumbnails[1])).size == (8, 8)


def test_the_columns_of_a_table_that_could_be_read_instead_are_known(tmp_path: Path) -> None:
    """The page lets the user choose among them."""
    rows = "\n".join(f"{number}.png,{'blue' if number % 2 else 'red'},x" for number in range(8))
    pictures = [f"{'cat' if number < 4 else 'dog'}/{number}.png" for number in range(8)]
    with pytest.raises(ConfirmationNeededError) as error:
        read(source(tmp_path, pictures, {"colours.csv": f"file,label,site\n{rows}"}))
    understanding = error.value.understanding
    assert (understanding.format, understanding.table_format) == ("folders", "table_inside")
    assert understanding.column_names == ("file", "label", "site")
    assert [(example.label, example.other_label) for example in understanding.examples[:2]] == [
        ("cat", "red"),
        ("dog", "red"),
    ]
    assert understanding.columns is not None
    assert (understanding.columns.file, understanding.columns.label) == ("file", "label")


def test_examples_with_more_than_8_bits_are_not_black(tmp_path: Path) -> None:
    values = np.tile(np.arange(0, 4080, 16, dtype="u2"), (8, 1))
    with pytest.raises(ConfirmationNeededError) as error:
        read(source(tmp_path, PARTS, {name: png(values) for name in PARTS}))
    shown = np.asarray(Image.open(io.BytesIO(error.value.files.thumbnails[0])).convert("L"))
    assert shown.mean() == pytest.approx(127, abs=2)


def test_crops_of_pictures_with_many_channels_show_the_chosen_ones() -> None:
    """Of five channels only the fifth, which is red, measures anything."""
    values = np.zeros((40, 40, 5), np.uint8)
    values[..., 4] = 200
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, photometric="minisblack", planarconfig="contig")
    member = Member(name="a.tif", parts=("a.tif",), read=stream.getvalue)
    box = Box(label="field", left=0, top=0, right=30, bottom=30, number=1)
    pictures = [(member, FileAssignment(label="field", split=None, box=box))]
    files = read_examples(pictures, CropConfig(), ContainerConfig(), (5, 1, 2))
    shown = np.asarray(Image.open(io.BytesIO(files.thumbnails[0])))
    assert shown[..., 0].mean() == pytest.approx(200, abs=4)
