"""CSV files of pixels are pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.formats.understanding import ConfirmationNeededError
from core.errors import DataError
from tests.support.formats import Understood, read, source
from tests.support.pictures import write_folder

PIXELS = np.arange(64).reshape(8, 8) * 4
ROW = ",".join(map(str, PIXELS.ravel()))


def imported(tmp_path: Path, files: dict[str, str]) -> Understood:
    return read(write_folder(tmp_path / "source", {name: text.encode() for name, text in files.items()}))


def header(first: str) -> str:
    return ",".join([first, *(f"pixel{index}" for index in range(64))])


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([header("label"), f"7,{ROW}", f"3,{ROW}"]),
        "\n".join([f"7,{ROW}", f"3,{ROW}"]),
        "\n".join([header("class"), f"7,{ROW}", f"3,{ROW}"]).replace("\n", "\r\n"),
    ],
)
def test_a_row_of_pixels_is_a_picture(tmp_path: Path, text: str) -> None:
    result = imported(tmp_path, {"mnist.csv": text})
    assert result.format == "pixel_tables"
    assert list(result.labels.values()) == ["7", "3"]
    assert result.notes == {"unnamed_classes": True}
    picture = Image.open(io.BytesIO(result.reading.pictures[0][0].read()))
    assert np.array_equal(np.asarray(picture), PIXELS)


def test_train_and_test_files_are_parts(tmp_path: Path) -> None:
    text = "\n".join([header("label"), f"7,{ROW}"])
    unlabelled = "\n".join([",".join(f"pixel{index}" for index in range(64)), ROW])
    result = imported(
        tmp_path, {"mnist_train.csv": text, "mnist_test.csv": text, "kaggle_test.csv": unlabelled}
    )
    splits = {member.name: assignment.split for member, assignment in result.reading.pictures}
    assert splits == {"mnist_train.csv/0000000.png": "train", "mnist_test.csv/0000000.png": "test"}
    assert result.left_out == {"kaggle_test.csv": "not_a_picture"}


def test_pixels_in_one_cell_are_a_picture(tmp_path: Path) -> None:
    """FER2013."""
    row = ROW.replace(",", " ")
    rows = [f"0,{row},Training", f"3,{row},PublicTest", f"3,{row},PrivateTest"]
    result = imported(tmp_path, {"fer2013.csv": "\n".join(["emotion,pixels,Usage", *rows])})
    assert list(result.labels.values()) == ["0", "3", "3"]
    assert [assignment.split for _, assignment in result.reading.pictures] == ["train", "validation", "test"]


def test_numbers_beside_pictures_may_be_features_of_theirs(tmp_path: Path) -> None:
    """Output of a network has 64 positive numbers too; the pictures themselves were left out."""
    table = "\n".join([header("label"), f"7,{ROW}", f"3,{ROW}"])
    folder = source(tmp_path, ["cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png"], {"features.csv": table})
    with pytest.raises(ConfirmationNeededError):
        read(folder)
    assert read(folder, confirmed=True).format == "folders"


def test_classes_may_be_called_as_pandas_calls_nothing(tmp_path: Path) -> None:
    result = imported(
        tmp_path, {"mnist.csv": "\n".join([header("label"), f"NA,{ROW}", f"None,{ROW}", f",{ROW}"])}
    )
    assert list(result.labels.values()) == ["NA", "None", ""]


def test_a_row_that_is_cut_off_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    text = "\n".join([header("label"), f"7,{ROW}", "3,1,2"])
    with pytest.raises(DataError, match=r"mnist\.csv cannot be read: a pixel is blank"):
        imported(tmp_path, {"mnist.csv": text})


def test_many_columns_of_0_and_1_are_no_pixels(tmp_path: Path) -> None:
    names = [f"class{index}" for index in range(255)]
    rows = [
        ",".join(["a.png", *("1" if index == number else "0" for index in range(255))]) for number in (3, 254)
    ]
    folder = tmp_path / "source"
    write_folder(folder, {"a.png": b"x", "l.csv": "\n".join([",".join(["file", *names]), *rows]).encode()})
    with pytest.raises(DataError, match="“class3” and “class254”"):
        read(folder)


def test_a_text_of_64_words_is_no_picture(tmp_path: Path) -> None:
    table = "name,text\n" + "".join(f"{number},{'word ' * 64}\n" for number in range(3))
    assert read(source(tmp_path, ["cat/1.png", "dog/2.png"], {"notes.csv": table})).format == "folders"


def test_columns_of_64_flags_are_no_pixels(tmp_path: Path) -> None:
    header = ",".join(["file", *(f"c{number}" for number in range(64))])
    rows = [
        ",".join([f"{row}.png", *(str(int(number % 4 == row)) for number in range(64))]) for row in range(4)
    ]
    table = "\n".join([header, *rows])
    result = read(source(tmp_path, [f"{row}.png" for row in range(4)], {"labels.csv": table}))
    assert result.format == "table_inside"
    assert len(result.understanding.classes) == 64


def test_a_table_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    table = "001,cat\n002,dog\n003,cat\n"
    result = read(source(tmp_path, ["001.png", "002.png", "003.png"], {"labels.csv": table}))
    assert result.labels == {"001.png": "cat", "002.png": "dog", "003.png": "cat"}


def test_nan_is_a_blank_cell(tmp_path: Path) -> None:
    table = "file,label\n1.png,nan\n2.png,cat\n3.png,dog\n"
    result = read(source(tmp_path, ["1.png", "2.png", "3.png"], {"labels.csv": table}))
    assert result.labels == {"1.png": "", "2.png": "cat", "3.png": "dog"}
    assert result.notes["blank_labels"] == 1


def test_a_table_of_pixels_is_a_source_of_its_own(tmp_path: Path) -> None:
    """It was called a table without pictures, to be zipped with them."""
    path = tmp_path / "mnist_train.csv"
    path.write_text("\n".join([header("label"), f"7,{ROW}", f"3,{ROW}"]))
    result = read(path)
    assert (result.format, list(result.labels.values())) == ("pixel_tables", ["7", "3"])


def test_pixels_from_0_to_16_have_their_own_range(tmp_path: Path) -> None:
    row = ",".join(str(index % 17) for index in range(64))
    result = imported(tmp_path, {"digits.csv": "\n".join([header("label"), f"7,{row}", f"3,{row}"])})
    assert Image.open(io.BytesIO(result.reading.pictures[0][0].read())).mode == "I;16"
