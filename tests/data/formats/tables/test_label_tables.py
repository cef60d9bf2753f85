"""Tables of labels in the shapes of tools and contests are understood, asked about, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from core.data.dataset import open_dataset
from core.data.formats.doubts import DoubtKind
from core.data.formats.summary import Understanding
from core.data.formats.understanding import ConfirmationNeededError
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.label_table import TableColumns
from core.data.notes import NoteKind
from core.data.version_record import read_version_record
from core.errors import DataError
from core.progress import QuietProgress
from tests.support.formats import lines, read, source

PARTS = ("train", "valid", "test")
IN_PARTS = [f"{part}/{part[:2]}{number}.png" for part in PARTS for number in range(2)]
LABELS_IN_PARTS = {f"{part[:2]}{number}.png": ("cat", "dog")[number] for part in PARTS for number in range(2)}
SPLITS_IN_PARTS = {
    f"{part[:2]}{number}.png": {"valid": "validation"}.get(part, part)
    for part in PARTS
    for number in range(2)
}
FLAT = [f"images/{number}.png" for number in range(4)]


def in_each_part(name: str, header: str, first: str, second: str) -> dict[str, object]:
    """A table in each part; rows have the name of their picture for “*”."""
    return {
        f"{part}/{name}": "\n".join(
            [header, first.replace("*", f"{part[:2]}0"), second.replace("*", f"{part[:2]}1")]
        )
        for part in PARTS
    }


def doubts(folder: Path, **config: object) -> tuple[set[DoubtKind], Understanding]:
    """Reasons to ask, and what was understood."""
    with pytest.raises(ConfirmationNeededError) as error:
        read(folder, **config)
    return {doubt.kind for doubt in error.value.understanding.doubts}, error.value.understanding


@pytest.mark.parametrize(
    "tables",
    [
        in_each_part("_classes.csv", "filename, cat, dog", "*.png, 1, 0", "*.png, 0, 1"),
        in_each_part("metadata.csv", "file_name,label", "*.png,cat", "*.png,dog"),
        in_each_part(
            "metadata.jsonl",
            "",
            '{"file_name": "*.png", "label": "cat"}',
            '{"file_name": "*.png", "label": "dog"}',
        ),
    ],
    ids=["roboflow", "imagefolder-csv", "imagefolder-jsonl"],
)
@pytest.mark.parametrize("above", ["", "images/"])
def test_a_table_in_each_part_keeps_the_split(tmp_path: Path, tables: dict[str, object], above: str) -> None:
    folder = source(
        tmp_path, [above + name for name in IN_PARTS], {above + name: text for name, text in tables.items()}
    )
    result = read(folder)
    assert result.format == "table_inside"
    assert result.labels == LABELS_IN_PARTS
    assert result.splits == SPLITS_IN_PARTS
    assert result.left_out == {}


def test_a_row_names_a_picture_of_its_own_part(tmp_path: Path) -> None:
    """Each part numbers its pictures anew; one of train is missing, and its namesake in test is not taken."""
    pictures = [f"{part}/{number}.png" for part in ("train", "test") for number in range(3)]
    pictures.remove("train/2.png")
    tables = {
        "train/metadata.csv": "file_name,label\n0.png,cat\n1.png,dog\n2.png,cat\n",
        "test/metadata.csv": "file_name,label\n0.png,dog\n1.png,cat\n2.png,dog\n",
    }
    result = read(source(tmp_path, pictures, tables))
    assert {member.name: assignment.label for member, assignment in result.reading.pictures} == {
        "train/0.png": "cat",
        "train/1.png": "dog",
        "test/0.png": "dog",
        "test/1.png": "cat",
        "test/2.png": "dog",
    }
    assert [str(reason) for _, reason in result.reading.left_out] == [
        "row 4 of train/metadata.csv names it, but there is no such file"
    ]


@pytest.mark.parametrize("ids", [("000", "001", "002", "003"), ("0", "1", "2", "3")], ids=["ids", "stripped"])
def test_one_table_for_the_train_folder_leaves_the_test_folder_out(
    tmp_path: Path, ids: tuple[str, ...]
) -> None:
    """Kaggle's shape: both folders number their pictures alike, and the example answer has made-up labels."""
    pictures = [f"train/{number:03d}.png" for number in range(4)] + [
        f"test/{number:03d}.png" for number in range(3)
    ]
    rows = "\n".join(f"{name},{label}" for name, label in zip(ids, ["cat", "dog"] * 2, strict=True))
    files = {"train.csv": f"id,breed\n{rows}", "sample_submission.csv": "id,breed\n000,cat\n001,cat\n"}
    result = read(source(tmp_path, pictures, files))
    assert {member.name: assignment.label for member, assignment in result.reading.pictures} == {
        "train/000.png": "cat",
        "train/001.png": "dog",
        "train/002.png": "cat",
        "train/003.png": "dog",
    }
    assert result.left_out == {
        "sample_submission.csv": "not_a_picture",
        **{f"test/{number:03d}.png": "not_in_table" for number in range(3)},
    }


def test_one_table_for_all_parts_keeps_the_split_of_the_folders(tmp_path: Path) -> None:
    rows = "\n".join(f"{name},{LABELS_IN_PARTS[name.partition('/')[2]]}" for name in IN_PARTS)
    result = read(source(tmp_path, IN_PARTS, {"labels.csv": f"file,label\n{rows}"}))
    assert (result.labels, result.splits) == (LABELS_IN_PARTS, SPLITS_IN_PARTS)


def test_the_names_of_tables_are_parts(tmp_path: Path) -> None:
    files = {"train.csv": "file,label\n0.png,cat\n1.png,dog", "val.csv": "file,label\n2.png,cat\n3.png,dog"}
    result = read(source(tmp_path, FLAT, files))
    assert result.splits == {"0.png": "train", "1.png": "train", "2.png": "validation", "3.png": "validation"}


def test_the_word_test_in_a_folder_of_pictures_is_no_part(tmp_path: Path) -> None:
    pictures = ["lab/test tube/0.png", "lab/test tube/1.png", "lab/flask/2.png", "lab/flask/3.png"]
    rows = "\n".join(f"{number}.png,{'a' if number % 2 else 'b'}" for number in range(4))
    result = read(source(tmp_path, pictures, {"labels.csv": f"file,label\n{rows}"}), format="table_inside")
    assert set(result.splits.values()) == {""}


def test_the_same_labels_in_folders_and_a_table_keep_what_only_the_table_says(tmp_path: Path) -> None:
    pictures = [f"{label}/{label}{number}.png" for label in ("cat", "dog") for number in range(2)]
    rows = "\n".join(f"{name},{name.partition('/')[0]},p{index % 2}" for index, name in enumerate(pictures))
    result = read(source(tmp_path, pictures, {"labels.csv": f"file,label,patient\n{rows}"}))
    assert result.format == "table_inside"
    assert {assignment.group for _, assignment in result.reading.pictures} == {"p0", "p1"}


# Columns of 0 and 1.


@pytest.mark.parametrize(
    ("rows", "labels", "notes"),
    [
        (
            ("1,0,1", "0,1,", "1,1,0", "0,0,1"),
            ["cat; red", "dog", "cat; dog", "red"],
            {"blank_cells": 1},
        ),
        (
            ("1.0,0.0,1.0", "0.0,1.0,0.0", "1.0,1.0,0.0", "0.0,0.0,1.0"),
            ["cat; red", "dog", "cat; dog", "red"],
            {"numbers_as_flags": True},
        ),
        (
            ("1,-1,1", "-1,1,-1", "1,1,-1", "-1,-1,1"),
            ["cat; red", "dog", "cat; dog", "red"],
            {"numbers_as_flags": True},
        ),
        (
            ("TRUE,FALSE,TRUE", "FALSE,TRUE,FALSE", "TRUE,TRUE,FALSE", "FALSE,FALSE,TRUE"),
            ["cat; red", "dog", "cat; dog", "red"],
            {"numbers_as_flags": True},
        ),
        (
            ("1.0,,-1.0", "0.0,1.0,", ",,", "1.0,1.0,1.0"),
            ["cat", "dog", "–", "cat; dog; red"],
            {"numbers_as_flags": True, "blank_cells": 2, "uncertain_cells": 1, "none_of_the_classes": 1},
        ),
        (("1,0,0", "0,1,0", "0,1,0", "1,0,0"), ["cat", "dog", "dog", "cat"], {"empty_classes": True}),
    ],
    ids=["blank", "floats", "celeba", "excel", "chexpert", "class-without-picture"],
)
def test_every_notation_of_flags_is_read_and_counted(
    tmp_path: Path, rows: tuple[str, ...], labels: list[str], notes: dict[str, object]
) -> None:
    text = "\n".join(["file,cat,dog,red", *(f"{number}.png,{row}" for number, row in enumerate(rows))])
    result = read(source(tmp_path, FLAT, {"labels.csv": text}))
    assert [result.labels[f"{number}.png"] for number in range(4)] == labels
    assert result.notes == {"table_columns": True, **notes}
    assert result.understanding.multi_label is any(";" in label or label == "–" for label in labels)


def test_one_1_in_each_row_is_one_class(tmp_path: Path) -> None:
    text = "image,MEL,NV,BCC\n0,1.0,0.0,0.0\n1,0.0,1.0,0.0\n2,0.0,0.0,1.0\n3,1.0,0.0,0.0\n"
    result = read(source(tmp_path, FLAT, {"truth.csv": text}))
    assert result.labels == {"0.png": "MEL", "1.png": "NV", "2.png": "BCC", "3.png": "MEL"}
    assert not result.understanding.multi_label


def test_other_columns_beside_many_flags_are_no_classes(tmp_path: Path) -> None:
    """CheXpert: “Sex” and “Frontal/Lateral” repeat as well."""
    text = "Path,Sex,Age,Frontal/Lateral,No Finding,Edema,Fracture,Pneumonia\n" + "\n".join(
        f"{number}.png,{'Male' if number % 2 else 'Female'},6{number % 2},Frontal,{row}"
        for number, row in enumerate(["1.0,,,", ",1.0,-1.0,0.0", ",,1.0,1.0", ",1.0,,"])
    )
    result = read(source(tmp_path, FLAT, {"train.csv": text}))
    assert result.labels == {
        "0.png": "No Finding",
        "1.png": "Edema",
        "2.png": "Fracture; Pneumonia",
        "3.png": "Edema",
    }


def test_a_wrong_cell_among_flags_is_named_rather_than_its_class_lost(tmp_path: Path) -> None:
    pictures = [f"{number}.png" for number in range(8)]
    rows = "\n".join(
        f"{number}.png,1,{number % 2},{'?' if number == 3 else number % 2}" for number in range(8)
    )
    with pytest.raises(DataError, match=r"Row 5 of l\.csv has “\?” in the column “red”"):
        read(source(tmp_path, pictures, {"l.csv": f"file,cat,dog,red\n{rows}"}))


def test_a_label_column_among_flags_is_asked_about(tmp_path: Path) -> None:
    text = "file,label,night,wet\n0.png,1,0,1\n1.png,0,1,0\n2.png,1,1,0\n3.png,0,0,1\n"
    kinds, understanding = doubts(source(tmp_path, FLAT, {"l.csv": text}))
    assert kinds == {DoubtKind.CLASSES_ARE_FLAGS}
    assert understanding.classes == {"0": 2, "1": 2}


# Lists in cells.


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (
            ("\"['cat', 'red']\"", "\"['cat']\"", '"[]"', ""),
            {"0.png": "cat; red", "1.png": "cat", "2.png": "–", "3.png": ""},
        ),
        (
            ('"[""cat"", ""red""]"', "cat", "red", '"{""choices"":[""cat"",""red thing""]}"'),
            {"0.png": "cat; red", "1.png": "cat", "2.png": "red", "3.png": "cat; red thing"},
        ),
        (
            ("\"['cat', 'red']\"", "\"['cat']\"", "nan", "<NA>"),
            {"0.png": "cat; red", "1.png": "cat", "2.png": "", "3.png": ""},
        ),
    ],
    ids=["python", "json", "pandas"],
)
def test_explicit_lists_are_several_labels_without_being_told(
    tmp_path: Path, cells: tuple[str, ...], labels: dict[str, str]
) -> None:
    text = "\n".join(["file,labels", *(f"{number}.png,{cell}" for number, cell in enumerate(cells))])
    result = read(source(tmp_path, FLAT, {"l.csv": text}))
    assert result.labels == labels
    assert result.understanding.multi_label


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (("cat; red", "cat", "red", "none"), "cat; red"),
        (("cat|red", "cat", "red", "none"), "cat; red"),
        (('"cat, red"', "cat", "red", "cat"), "cat; red"),
        (
            ("haze primary", "clear primary water", "haze water", "clear water haze primary", "clear"),
            "haze; primary",
        ),
    ],
    ids=["semicolon", "bar", "comma", "space"],
)
def test_separated_names_are_several_labels_once_confirmed(
    tmp_path: Path, cells: tuple[str, ...], first: str
) -> None:
    pictures = [f"{number}.png" for number in range(len(cells))]
    text = "\n".join(["file,labels", *(f"{number}.png,{cell}" for number, cell in enumerate(cells))])
    folder = source(tmp_path, pictures, {"l.csv": text})
    kinds, _ = doubts(folder)
    assert kinds == {DoubtKind.SEVERAL_LABELS}
    assert doubts(folder, format="table_inside")[0] == {DoubtKind.SEVERAL_LABELS}
    assert read(folder, multi_label=True).labels["0.png"] == first
    assert read(folder, confirmed=True).labels["0.png"] == first


def test_chosen_columns_settle_what_separators_mean(tmp_path: Path) -> None:
    text = "file,labels\n0.png,cat; red\n1.png,cat\n2.png,red\n3.png,cat"
    columns = TableColumns(file="file", label="labels")
    result = read(source(tmp_path, FLAT, {"l.csv": text}), columns=columns)
    assert result.labels["0.png"] == "cat; red"
    assert not result.understanding.multi_label


# Columns.


@pytest.mark.parametrize(
    ("header", "rows", "label", "rivals"),
    [
        ("filename,quality,animal", ("good,cat", "bad,cat", "good,dog", "bad,dog"), "cat", "quality"),
        ("filename,colour,site", ("red,a", "blue,a", "red,b", "blue,b"), "red", "site"),
        ("image_id,dx,sex", ("nv,male", "mel,male", "nv,female", "mel,female"), "nv", "sex"),
    ],
)
def test_a_guessed_label_column_is_asked_about(
    tmp_path: Path, header: str, rows: tuple[str, ...], label: str, rivals: str
) -> None:
    text = "\n".join([header, *(f"{number}.png,{row}" for number, row in enumerate(rows))])
    folder = source(tmp_path, FLAT, {"l.csv": text})
    kinds, understanding = doubts(folder)
    assert kinds == {DoubtKind.LABEL_COLUMN_GUESSED}
    assert f"“{rivals}”" in str(understanding.doubts[0].message)
    assert read(folder, confirmed=True).labels["0.png"] == label
    chosen = read(folder, columns=TableColumns(file="", label=rivals))
    assert chosen.labels["0.png"] == rows[0].split(",")[header.split(",").index(rivals) - 1]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        (
            "annotation_id,annotator,image,state,lead_time",
            ("1,ann,0,cat,9", "2,bob,1,dog,9", "3,ann,2,cat,9", "4,bob,3,dog,8"),
        ),
        ("image,id,created_at,kind", ("0,7,2024,cat", "1,7,2024,dog", "2,8,2025,cat", "3,8,2025,dog")),
        ("image,confidence,class_id,class_name", ("0,1,0,cat", "1,1,1,dog", "2,2,0,cat", "3,2,1,dog")),
        ("image,label,label_name", ("0,0,cat", "1,1,dog", "2,0,cat", "3,1,dog")),
    ],
)
def test_columns_about_the_annotation_are_never_classes(
    tmp_path: Path, header: str, rows: tuple[str, ...]
) -> None:
    result = read(source(tmp_path, FLAT, {"l.csv": "\n".join([header, *rows])}))
    assert result.labels == {"0.png": "cat", "1.png": "dog", "2.png": "cat", "3.png": "dog"}


def test_whole_numbers_lose_their_point(tmp_path: Path) -> None:
    """pandas writes 1 as 1.0 as soon as the column held a gap."""
    result = read(source(tmp_path, FLAT, {"l.csv": "file,label\n0.png,1.0\n1.png,2.0\n2.png,1.0\n3.png,\n"}))
    assert result.labels == {"0.png": "1", "1.png": "2", "2.png": "1", "3.png": ""}
    notes = {"table_columns": True, "whole_numbers": True, "blank_labels": 1, "unnamed_classes": True}
    assert result.notes == notes


def test_blank_cells_of_pandas_are_blank_among_several_labels(tmp_path: Path) -> None:
    text = "file,labels\n0.png,cat; red\n1.png,cat\n2.png,nan\n3.png,red\n"
    result = read(source(tmp_path, FLAT, {"l.csv": text}), multi_label=True)
    assert result.labels["2.png"] == ""
    assert sorted(result.understanding.classes) == ["cat", "red"]


def test_a_table_of_names_that_several_pictures_have_is_asked_about(tmp_path: Path) -> None:
    """The folders were taken for the classes without a word about the table."""
    text = "file,label\n1.png,cat\n2.png,dog\n"
    folder = source(tmp_path, ["a/1.png", "b/1.png", "a/2.png", "b/2.png"], {"l.csv": text})
    kinds, understanding = doubts(folder)
    assert kinds == {DoubtKind.TABLE_NOT_UNDERSTOOD}
    assert "names that several pictures have, such as “1.png”" in str(understanding.doubts[0].message)


def test_an_unknown_part_in_a_column_of_parts_is_named(tmp_path: Path) -> None:
    """The whole column was passed over, so that test pictures were learnt from."""
    text = "file,label,split\n0.png,cat,dev\n1.png,dog,train\n2.png,cat,train\n3.png,dog,test\n"
    with pytest.raises(DataError, match=r"^Row 2 of l\.csv has the part “dev”"):
        read(source(tmp_path, FLAT, {"l.csv": text}))


def test_whole_numbers_with_a_decimal_comma_lose_it(tmp_path: Path) -> None:
    result = read(source(tmp_path, FLAT, {"l.csv": "file;label\n0.png;1,0\n1.png;2,0\n2.png;1,0\n3.png;2\n"}))
    assert result.labels == {"0.png": "1", "1.png": "2", "2.png": "1", "3.png": "2"}


def test_names_that_a_spreadsheet_made_dates_of_are_asked_about(tmp_path: Path) -> None:
    text = "file,label\n0.png,0-2\n1.png,9-Mar\n2.png,20-29\n3.png,30-39\n"
    kinds, understanding = doubts(source(tmp_path, FLAT, {"l.csv": text}))
    assert kinds == {DoubtKind.CLASSES_ARE_DATES}
    assert str(understanding.doubts[0].message) == "The classes look like dates: “9-Mar”."


def test_a_class_column_of_people_is_no_group(tmp_path: Path) -> None:
    """“person” is a class of COCO, and a usual name of a group column."""
    text = "file,person,car\n0.png,1,0\n1.png,0,1\n2.png,1,1\n3.png,1,0\n"
    result = read(source(tmp_path, FLAT, {"l.csv": text}))
    assert result.labels == {"0.png": "person", "1.png": "car", "2.png": "person; car", "3.png": "person"}


# Names of pictures.


@pytest.mark.parametrize(
    "name",
    [
        "https://bucket.example/cat{0}.jpg?X-Sig=a%2Fb&e=9",
        "/data/upload/1/1a2b3c4d-cat{0}.jpg",
        "s3://bucket/set/cat{0}.jpg",
        "cat{0}",
        "C:\\Users\\Ann\\set\\cat{0}.jpg",
    ],
)
def test_a_picture_is_found_by_every_kind_of_name(tmp_path: Path, name: str) -> None:
    pictures = [f"cat{number}.jpg" for number in range(4)]
    rows = "\n".join(f"{name.format(number)},{'a' if number % 2 else 'b'}" for number in range(4))
    result = read(source(tmp_path, pictures, {"l.csv": f"picture,label\n{rows}"}))
    assert result.labels == {"cat0.jpg": "b", "cat1.jpg": "a", "cat2.jpg": "b", "cat3.jpg": "a"}


def test_a_table_that_was_not_understood_is_named_with_what_was_missing(tmp_path: Path) -> None:
    files = {"labels.csv": "id,breed\nx9,cat\nx8,dog\n"}
    message = (
        r"No column of labels\.csv names the pictures.*“id” has “x9”; a picture is called “images/0\.png”"
    )
    with pytest.raises(DataError, match=message):
        read(source(tmp_path, FLAT, files))


def test_a_table_without_classes_is_named(tmp_path: Path) -> None:
    files = {
        "labels.csv": "file,width,height\n" + "\n".join(f"{number}.png,64{number},48" for number in range(4))
    }
    with pytest.raises(DataError, match=r"No column of labels\.csv can be taken for the classes"):
        read(source(tmp_path, FLAT, files))


def test_a_table_that_was_not_used_is_asked_about(tmp_path: Path) -> None:
    pictures = [f"{folder}/{number}.png" for folder in ("images", "masks") for number in range(3)]
    kinds, _ = doubts(source(tmp_path, pictures, {"labels.csv": "file,label\nx.png,cat\ny.png,dog\n"}))
    assert DoubtKind.TABLE_NOT_UNDERSTOOD in kinds


# JSON.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.json", '[{"file": "0.png", "label": "cat"}, {"file": "1.png", "label": "dog"}]'),
        ("labels.json", '{"0.png": "cat", "1.png": "dog"}'),
        ("labels.jsonl", lines({"picture": "0.png", "class": "cat"}, {"picture": "1.png", "class": "dog"})),
    ],
    ids=["list", "object", "lines"],
)
def test_plain_json_is_a_table(tmp_path: Path, name: str, text: str) -> None:
    result = read(source(tmp_path, ["images/0.png", "images/1.png"], {name: text}))
    assert result.labels == {"0.png": "cat", "1.png": "dog"}


def test_further_columns_come_along(tmp_path: Path) -> None:
    """The picture is found by them later: by the device or the age of a patient."""
    rows = [
        f"{number}.png,{'cat' if number % 2 else 'dog'},scan{number % 3},{number * 1.5}"
        for number in range(6)
    ]
    names = [f"{number}.png" for number in range(6)]
    folder = source(tmp_path, names, {"labels.csv": "\n".join(["file,label,device,age", *rows])})
    dataset = import_dataset(folder, "Scans", ImportConfig(confirmed=True), QuietProgress())
    pictures = open_dataset(dataset.project).all_pictures.set_index("name")
    assert json.loads(str(pictures.at["4.png", "fields"])) == {"device": "scan1", "age": "6.0"}
    notes = {note.kind: note for note in read_version_record(dataset.project.dataset, 1).notes}
    assert notes[NoteKind.FURTHER_COLUMNS].values["columns"] == "“age”, “device”"
    dropped = import_dataset(
        folder, "Plain", ImportConfig(confirmed=True, keep_columns=False), QuietProgress()
    )
    assert set(open_dataset(dropped.project).all_pictures["fields"]) == {""}


@pytest.mark.parametrize(
    ("encoding", "classes", "kind"),
    [
        ("cp1252", ("chêne", "pin"), DoubtKind.TEXT_ENCODING_UNSURE),
        ("cp1256", ("قطة", "كلب"), DoubtKind.TEXT_ENCODING_UNKNOWN),
    ],
)
def test_classes_that_may_be_others_in_another_encoding_are_asked_about(
    tmp_path: Path, encoding: str, classes: tuple[str, str], kind: DoubtKind
) -> None:
    text = "\n".join(["file,label", *(f"{number}.png,{classes[number % 2]}" for number in range(4))])
    folder = source(tmp_path, FLAT, {"labels.csv": text.encode(encoding)})
    assert doubts(folder)[0] == {kind}
    assert doubts(folder, format="table_inside")[0] == {kind}
    given = tmp_path / "given.csv"
    given.write_bytes(text.encode(encoding))
    assert doubts(source(tmp_path, FLAT, {}), table=given)[0] == {kind}


def test_classes_in_an_older_encoding_are_read_and_stated(tmp_path: Path) -> None:
    text = "file,label\n0.png,고양이\n1.png,강아지\n2.png,고양이\n3.png,강아지\n"
    result = read(source(tmp_path, FLAT, {"labels.csv": text.encode("cp949")}))
    assert set(result.labels.values()) == {"고양이", "강아지"}
    note = next(note for note in result.understanding.notes if note.kind is NoteKind.OLDER_ENCODING)
    assert "labels.csv is not UTF-8. It was read as cp949" in str(note.message)


def test_further_worksheets_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    rows = [("file", "label"), *((f"{number}.png", ("cat", "dog")[number % 2]) for number in range(4))]
    for row in rows:
        page.append(row)
    book.create_sheet("empty")
    book.create_sheet("test").append(("9.png", "bird"))
    book.save(tmp_path / "labels.xlsx")
    result = read(source(tmp_path, FLAT, {"labels.xlsx": (tmp_path / "labels.xlsx").read_bytes()}))
    notes = [note for note in result.reading.notes if note.kind is NoteKind.OTHER_WORKSHEETS]
    assert [str(note.message) for note in notes] == [
        "Only the first worksheet of labels.xlsx is read, not “test”."
    ]


def test_a_second_label_column_is_asked_about(tmp_path: Path) -> None:
    """The labels of the second one were lost without a word."""
    rows = "file,label_1,label_2\n0.png,cat,\n1.png,dog,red\n2.png,cat,red\n3.png,dog,\n"
    assert doubts(source(tmp_path, FLAT, {"labels.csv": rows}))[0] == {DoubtKind.LABEL_COLUMN_GUESSED}


def test_probabilities_are_no_classes(tmp_path: Path) -> None:
    rows = "file,cat,dog\n0.png,0.9,0.1\n1.png,0.2,0.8\n2.png,0.9,0.1\n3.png,0.2,0.8\n"
    assert DoubtKind.CLASSES_ARE_FRACTIONS in doubts(source(tmp_path, FLAT, {"answers.csv": rows}))[0]


def test_two_versions_of_the_labels_that_differ_much_are_asked_about(tmp_path: Path) -> None:
    """Most pictures were labelled later, and the rest made a small data set."""
    tables = {
        f"labels{name}.csv": "file,label\n"
        + "\n".join(f"{number}.png,{label}" for number, label in enumerate(labels))
        for name, labels in (("", ("cat", "dog", "cat", "dog")), ("_old", ("dog", "cat", "dog", "dog")))
    }
    assert doubts(source(tmp_path, FLAT, tables))[0] == {DoubtKind.LABELS_CONTRADICT}


@pytest.mark.parametrize(
    ("column", "yes", "no"),
    [("is_valid", "validation", "train"), ("is_test", "test", "train"), ("Is Train", "train", "test")],
)
def test_a_column_of_yes_and_no_is_a_split(tmp_path: Path, column: str, yes: str, no: str) -> None:
    """fastai writes “is_valid”; among columns of 0 and 1 it was a class."""
    rows = f"file,cat,dog,{column}\n0.png,1,0,True\n1.png,0,1,False\n2.png,1,0,False\n3.png,0,1,True\n"
    result = read(source(tmp_path, FLAT, {"labels.csv": rows}))
    assert result.splits == {"0.png": yes, "1.png": no, "2.png": no, "3.png": yes}
    assert set(result.labels.values()) == {"cat", "dog"}


def test_parts_have_names_in_other_languages(tmp_path: Path) -> None:
    rows = "file,label,split\n0.png,cat,entrenamiento\n1.png,dog,prueba\n2.png,cat,Validación\n3.png,dog,\n"
    result = read(source(tmp_path, FLAT, {"labels.csv": rows}))
    assert list(result.splits.values()) == ["train", "test", "validation", ""]


def test_a_column_of_percentages_for_each_class_is_asked_about(tmp_path: Path) -> None:
    rows = "file,cat,dog\n0.png,100,0\n1.png,0,100\n2.png,100,0\n3.png,0,100\n"
    assert doubts(source(tmp_path, FLAT, {"labels.csv": rows}))[0] == {DoubtKind.LABEL_COLUMN_GUESSED}
