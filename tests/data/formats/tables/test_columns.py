"""Columns of a label table get their roles, and its rows find their pictures."""

from __future__ import annotations

import pytest

from core.data.formats.import_format import FormatReading
from core.data.formats.picture_index import PictureIndex
from core.data.formats.survey import Survey
from core.data.formats.tables.columns import find_roles
from core.data.formats.tables.finding import open_table
from core.data.formats.tables.reading import read_tables
from core.data.import_config import ImportConfig
from core.data.labels.label_table import TableColumns
from core.data.labels.layout import FileAssignment, Split
from core.data.labels.tables import read_label_table
from core.data.sources.members import Listing, Member
from core.errors import DataError


def members(*names: str) -> list[Member]:
    return [Member(name=name, parts=tuple(name.split("/")), read=bytes) for name in names]


def reading(text: str, *names: str, columns: TableColumns | None = None) -> FormatReading:
    survey = Survey(Listing(members=members(*names)), "pets")
    config = ImportConfig(columns=columns)
    return read_tables(
        [open_table(read_label_table(text.encode(), "l.csv"), None, survey, config)], survey, config
    )


def labels(text: str, *names: str, columns: TableColumns | None = None) -> dict[str, str | None]:
    """The class that a table gives each file; None where it names none."""
    found = {
        member.name: assignment.label
        for member, assignment in reading(text, *names, columns=columns).pictures
    }
    return {name: found.get(name) for name in names}


# Which column says what.


def guessed(text: str, *names: str) -> TableColumns:
    roles = find_roles(read_label_table(text.encode(), "labels.csv"), PictureIndex(members(*names)))
    return TableColumns(file=roles.file, label=roles.label, split=roles.split, group=roles.group)


def test_the_file_column_is_the_one_that_names_files() -> None:
    """Whatever it is called; “id” means something else in every table."""
    text = "no,breed,id\n1,beagle,a01\n2,poodle,a02\n3,beagle,a03\n4,poodle,a04\n"
    found = guessed(text, "train/a01.jpg", "train/a02.jpg", "train/a03.jpg", "train/a04.jpg")
    assert found == TableColumns(file="id", label="breed")


@pytest.mark.parametrize(
    "header", ["file,class,patient_id,split", "文件名,类别,患者,划分", "Datei;Klasse;Gruppe;Aufteilung"]
)
def test_columns_are_known_by_their_names(header: str) -> None:
    delimiter = ";" if ";" in header else ","
    rows = [("1.jpg", "cat", "P1", "train"), ("2.jpg", "dog", "P2", "test"), ("3.jpg", "cat", "P2", "test")]
    text = "\n".join([header, *(delimiter.join(row) for row in rows)])
    file, label, group, split = header.split(delimiter)
    assert guessed(text, "1.jpg", "2.jpg", "3.jpg") == TableColumns(
        file=file, label=label, group=group, split=split
    )


def test_columns_without_names_are_detected_by_their_contents() -> None:
    text = "a/1.jpg,0.93,cat,train\na/2.jpg,0.21,dog,train\na/3.jpg,0.4,dog,val\na/4.jpg,0.5,cat,test\n"
    found = guessed(text, "a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg")
    assert found == TableColumns(file="A", label="C", split="D")


def test_a_table_without_file_names_is_refused() -> None:
    with pytest.raises(DataError, match=r"No column of labels\.csv names the pictures"):
        guessed("city,people\nBerlin,3\nRome,4\n", "1.jpg", "2.jpg")
    with pytest.raises(DataError, match="can be taken for the classes"):
        guessed("file,w,h\n1.jpg,640,480\n2.jpg,641,481\n3.jpg,64,48\n", "1.jpg", "2.jpg", "3.jpg")


# Which file a row means.


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("cats/1.jpg", "cats/1.jpg"),
        ("1.jpg", "cats/1.jpg"),
        ("cats/1.jpg", "data/cats/1.jpg"),
        ("./cats/1.jpg", "cats/1.jpg"),
        ("cats\\1.jpg", "cats/1.jpg"),
        ("C:\\Users\\Ann\\cats\\1.jpg", "cats/1.jpg"),
        ("/home/ann/set/cats/1.jpg", "set/cats/1.jpg"),
        ("C:\\Users\\Ann\\OneDrive - Firm\\Documents\\2024\\set\\images\\cats\\1.jpg", "cats/1.jpg"),
        ("1", "cats/1.jpg"),
        ("cats/1", "cats/1.jpg"),
        ("CATS/1.JPG", "cats/1.jpg"),
        ("Blu\u0308te.jpg", "Bl\u00fcte.jpg"),
        ("v1.2", "v1.2.jpg"),
    ],
)
def test_a_file_is_found_by_path_name_or_stem(written: str, file: str) -> None:
    text = f"file,label\n{written},cat\n"
    columns = TableColumns(file="file", label="label")
    assert labels(text, file, "other/9.jpg", columns=columns) == {file: "cat", "other/9.jpg": None}


def test_a_missing_file_is_not_taken_for_its_namesake() -> None:
    """Else dogs/1.jpg, which was forgotten, would make a dog of the cat."""
    text = "file,label\ncats/1.jpg,cat\ncats/2.jpg,cat\ndogs/1.jpg,dog\ndogs/3.jpg,dog\n"
    result = reading(text, "cats/1.jpg", "cats/2.jpg", "dogs/3.jpg")
    assert [assignment.label for _, assignment in result.pictures] == ["cat", "cat", "dog"]
    assert [(name, str(reason)) for name, reason in result.left_out] == [
        ("dogs/1.jpg", "row 4 of l.csv names it, but there is no such file")
    ]


def test_an_ambiguous_name_is_refused() -> None:
    text = "file,label\n1.jpg,cat\n2.jpg,dog\n"
    result = reading(text, "a/1.jpg", "b/1.jpg", "b/2.jpg")
    assert [(member.name, assignment.label) for member, assignment in result.pictures] == [("b/2.jpg", "dog")]
    assert [(name, str(reason)) for name, reason in result.left_out] == [
        ("1.jpg", "row 2 of l.csv names it, but several files have this name; add their folders"),
        ("a/1.jpg", "l.csv has no row for it"),
        ("b/1.jpg", "l.csv has no row for it"),
    ]


def test_an_exact_path_wins_over_a_longer_one() -> None:
    """By its whole path, and by its capitals."""
    text = "file,label\n1.jpg,root\nA.jpg,upper\na.jpg,lower\n"
    assert labels(text, "1.jpg", "b/1.jpg", "A.jpg", "a.jpg") == {
        "1.jpg": "root",
        "b/1.jpg": None,
        "A.jpg": "upper",
        "a.jpg": "lower",
    }


def test_the_table_itself_is_no_picture() -> None:
    text = "file,label\nlabels,cat\n1,dog\n"
    assert labels(text, "labels.csv", "1.jpg") == {"labels.csv": None, "1.jpg": "dog"}


def test_parts_groups_and_classes_are_taken_from_their_columns() -> None:
    text = "file,label,split,group\n1.jpg, tom   cats ,Train,P1\n2.jpg,n01440764,validation,\n3.jpg,,TEST,P2\n4.jpg,dog,,\n"
    result = reading(text, "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    assert [assignment for _, assignment in result.pictures] == [
        FileAssignment(label="tom cats", split=Split.TRAIN, group="P1"),
        FileAssignment(label="tench", split=Split.VALIDATION),
        FileAssignment(label="", split=Split.TEST, group="P2"),  # to be labelled later
        FileAssignment(label="dog", split=None),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "file,label\n1.jpg,cat\n2.jpg,dog\n1.jpg,dog\n",
            "Rows 2 and 4 of l.csv give “1.jpg” two classes, “cat” and “dog”",
        ),
        (
            "file,label,group\n1.jpg,cat,P1\n2.jpg,dog,P1\n1.jpg,cat,P2\n",
            "Rows 2 and 4 of l.csv contradict each other about “1.jpg”",
        ),
        (
            "file,label,split\n1.jpg,cat,train\n2.jpg,dog,holdout\n",
            "Row 3 of l.csv has the part “holdout”",
        ),
    ],
)
def test_an_invalid_row_is_named_by_its_number(text: str, error: str) -> None:
    present = {word: word for word in ("group", "split") if word in text.partition("\n")[0]}
    with pytest.raises(DataError, match=error):
        reading(text, "1.jpg", "2.jpg", columns=TableColumns(file="file", label="label", **present))


def test_a_repeated_row_is_accepted() -> None:
    assert labels("file,label\n1.jpg,cat\n2.jpg,dog\n1.jpg,cat\n", "1.jpg", "2.jpg") == {
        "1.jpg": "cat",
        "2.jpg": "dog",
    }


@pytest.mark.parametrize(
    ("chosen", "split", "group"),
    [
        (TableColumns(file="file", label="kind", split="", group=""), "part", "patient"),
        (TableColumns(file="file", label="kind"), None, None),
        (TableColumns(file="file", label="kind", split="", group="ward"), "part", "ward"),
    ],
)
def test_groups_and_parts_are_found_unless_none_was_chosen(
    chosen: TableColumns, split: str | None, group: str | None
) -> None:
    """A patient on both sides of the split would make a test worthless."""
    text = "file,kind,patient,ward,part\n1.jpg,cat,a,w,train\n2.jpg,dog,b,w,test\n"
    table = read_label_table(text.encode(), "l.csv")
    roles = find_roles(table, PictureIndex([]), chosen)
    assert (roles.split, roles.group) == (split, group)


def test_a_missing_column_is_named() -> None:
    columns = TableColumns(file="file", label="klass")
    with pytest.raises(DataError, match=r"has no column “klass”\. Its columns are: file, label"):
        labels("file,label\n1.jpg,cat\n", "1.jpg", columns=columns)
