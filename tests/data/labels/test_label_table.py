"""Label tables give pictures their classes, in many notations of tables and paths."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from core.data.labels import tables
from core.data.labels.label_table import (
    TableColumns,
    assignments_from_table,
    find_label_table,
    guess_columns,
    read_label_table,
    safe_cell,
)
from core.data.labels.layout import FileAssignment, Split
from core.data.sources.opening import Listing, Member, open_source
from core.errors import DataError
from tests.support.pictures import digit, write_folder, write_zip


def members(*names: str) -> list[Member]:
    return [Member(name=name, parts=tuple(name.split("/")), read=bytes) for name in names]


def table(text: str, encoding: str = "utf-8") -> list[tuple[str, ...]]:
    """Header and rows of a CSV file."""
    table = read_label_table(text.encode(encoding), "labels.csv")
    return [table.columns, *table.rows]


def labels(text: str, *names: str, columns: TableColumns | None = None) -> dict[str, str | None]:
    """The class that a table gives each file; None where it names none."""
    files = members(*names)
    said = assignments_from_table(read_label_table(text.encode(), "labels.csv"), files, columns)
    return {name: place.label if place else None for name, place in zip(names, said.assignments, strict=True)}


PLAIN = [("file", "label"), ("1.jpg", "cat"), ("2.jpg", "dog")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_delimiter_is_detected(delimiter: str, end: str) -> None:
    assert table(end.join(delimiter.join(row) for row in PLAIN)) == PLAIN


def test_a_comma_in_a_class_does_not_part_it() -> None:
    assert table("file;label\n1.jpg;cat, black\n2.jpg;dog\n") == [
        ("file", "label"),
        ("1.jpg", "cat, black"),
        ("2.jpg", "dog"),
    ]
    assert table('file,label\n1.jpg,"cat, ""Tom"""\n2.jpg,dog\n')[1] == ("1.jpg", 'cat, "Tom"')


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", "猫"),
        ("utf-8-sig", "猫"),
        ("utf-16", "猫"),
        ("utf-16-le", "Käse"),
        ("utf-16-be", "Käse"),
        ("gbk", "英国短毛猫"),
        ("gb18030", "橘猫"),
        ("cp932", "三毛ネコ"),
        ("cp1252", "Käse"),
        ("cp1252", "señal à droite"),
    ],
)
def test_any_common_encoding_is_detected(encoding: str, label: str) -> None:
    """Excel in China writes GBK, “Unicode text” is UTF-16, and an old European one says nothing."""
    assert table(f"file,label\n1.jpg,{label}\n2.jpg,cat\n", encoding)[1] == ("1.jpg", label)


def excel(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_an_excel_table_is_read() -> None:
    table = read_label_table(excel([["file", "label"], ["1.jpg", 3], ["2.jpg", 4.0], [3, 0.5]]), "a.xlsx")
    assert table.columns == ("file", "label")
    assert table.rows == (("1.jpg", "3"), ("2.jpg", "4"), ("3", "0.5"))
    assert table.row_numbers == (2, 3, 4)


def test_empty_rows_count_as_the_spreadsheet_counts_them() -> None:
    """An error that names row 5 must mean the row that the user sees as 5."""
    table = read_label_table(excel([[], ["file", "label"], [], [None, None], ["1.jpg", "cat"]]), "a.xlsx")
    assert table.columns == ("file", "label")
    assert table.row_numbers == (5,)
    assert read_label_table(b"\n\nfile,label\n,\n1.jpg,cat\n", "a.csv").row_numbers == (5,)


def test_the_first_page_that_has_rows_counts() -> None:
    book = openpyxl.Workbook()
    page = book.create_sheet("labels")
    page.append(["file", "label"])
    page.append(["1.jpg", "cat"])
    stream = io.BytesIO()
    book.save(stream)
    assert read_label_table(stream.getvalue(), "a.xlsx").rows == (("1.jpg", "cat"),)


def test_a_table_may_have_no_header() -> None:
    assert table("1.jpg,cat\n2.jpg,dog\n") == [("A", "B"), ("1.jpg", "cat"), ("2.jpg", "dog")]


def test_columns_get_names_that_differ() -> None:
    table = read_label_table(b"file,label,,label\n1.jpg,cat,x,y\n2.jpg\n", "a.csv")
    assert table.columns == ("file", "label", "C", "label (2)")
    assert table.rows[1] == ("2.jpg", "", "", "")


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.csv", "needs two columns"),
        (b"one\ntwo\n", "a.csv", "needs two columns"),
        (b"file,label\n" + b'"' + b"x" * 200_000 + b'",cat\n', "a.csv", r"^Row 2 of a\.csv cannot be read"),
        (b"no zip", "a.xlsx", "cannot be read as an Excel file"),
        (excel([["file", "label"]])[:-60], "a.xlsx", "cannot be read as an Excel file"),
        (b"\xd0\xcf\x11\xe0", "old.xls", r"Save it as \.xlsx or \.csv"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read_label_table(data, name)


def test_two_cells_far_apart_do_not_fill_the_memory() -> None:
    """A reader that lays out the whole rectangle between them would need half a terabyte."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page["A1"], page["B1"], page["XFD1000000"] = "file", "label", "x"
    stream = io.BytesIO()
    book.save(stream)
    table = read_label_table(stream.getvalue(), "a.xlsx")
    assert (table.columns, table.rows) == (("file", "label"), ())


def test_an_excel_table_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_EXCEL_UNPACKED_BYTES", 1 << 20)
    stream = io.BytesIO(excel([["file", "label"], ["1.jpg", "cat"]]))
    assert read_label_table(stream.getvalue(), "a.xlsx").rows == (("1.jpg", "cat"),)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros", bytes(1 << 20))
    with pytest.raises(DataError, match="too large"):
        read_label_table(stream.getvalue(), "a.xlsx")


# Which column says what.


def guessed(text: str, *names: str) -> TableColumns:
    return guess_columns(read_label_table(text.encode(), "labels.csv"), members(*names))


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
    files = members("cats/1.jpg", "cats/2.jpg", "dogs/3.jpg")
    said = assignments_from_table(read_label_table(text.encode(), "l.csv"), files)
    assert [place.label for place in said.assignments if place] == ["cat", "cat", "dog"]
    assert [(name, str(reason)) for name, reason in said.refused] == [
        ("dogs/1.jpg", "row 4 of l.csv names it, but there is no such file")
    ]


def test_an_ambiguous_name_is_refused() -> None:
    text = "file,label\n1.jpg,cat\n2.jpg,dog\n"
    said = assignments_from_table(
        read_label_table(text.encode(), "l.csv"), members("a/1.jpg", "b/1.jpg", "b/2.jpg")
    )
    assert said.assignments == [None, None, FileAssignment(label="dog", split=None)]
    assert [str(reason) for _, reason in said.refused] == [
        "row 2 of l.csv names it, but several files have this name; add their folders"
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
    said = assignments_from_table(
        read_label_table(text.encode(), "l.csv"), members("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    )
    assert said.assignments == [
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
    table = read_label_table(text.encode(), "l.csv")
    present = {word: word for word in ("group", "split") if word in table.columns}
    with pytest.raises(DataError, match=error):
        assignments_from_table(
            table, members("1.jpg", "2.jpg"), TableColumns(file="file", label="label", **present)
        )


def test_a_repeated_row_is_accepted() -> None:
    assert labels("file,label\n1.jpg,cat\n2.jpg,dog\n1.jpg,cat\n", "1.jpg", "2.jpg") == {
        "1.jpg": "cat",
        "2.jpg": "dog",
    }


def test_a_missing_column_is_named() -> None:
    columns = TableColumns(file="file", label="klass")
    with pytest.raises(DataError, match=r"has no column “klass”\. Its columns are: file, label"):
        labels("file,label\n1.jpg,cat\n", "1.jpg", columns=columns)


# Which file is the table.


def test_the_table_of_a_source_is_found(tmp_path: Path) -> None:
    files = {f"images/{i}.png": digit(i) for i in range(6)}
    files["readme/cities.csv"] = b"city,people\nBerlin,3\n"
    files["sample_submission.csv"] = b"id,label\n5,cat\n"
    files["broken.xlsx"] = b"no zip"
    files["train.csv"] = b"id,label\n" + b"".join(b"%d,%s\n" % (i, [b"cat", b"dog"][i % 2]) for i in range(5))
    with open_source(write_zip(tmp_path / "pets.zip", files)) as listing:
        table = find_label_table(listing)
        assert table is not None
        assert table.name == "train.csv"
        places = assignments_from_table(
            read_label_table(table.read(), table.name), listing.members
        ).assignments
        assert [place.label if place else None for place in places].count("cat") == 3


def test_a_source_without_a_table_has_none(tmp_path: Path) -> None:
    files = {"cats/1.png": digit(1), "notes.csv": b"a,b\n1,2\n"}
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert find_label_table(listing) is None
    assert find_label_table(Listing()) is None


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"])
def test_a_cell_is_no_formula(text: str) -> None:
    """A class called =HYPERLINK(…) must not do anything when the table is opened in Excel."""
    safe = safe_cell(text)
    assert safe[0] == "'"
    assert safe[1:] == text


@pytest.mark.parametrize("text", ["cats", "", "a=b", "'quoted", "猫", "1-2"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("label", ["=1+1", "-x", "@cats", "'tis", "cats, dogs"])
def test_a_table_that_was_written_safely_is_read_as_it_was_meant(label: str) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([["file", "label"], ["1.jpg", safe_cell(label)], ["2.jpg", "dog"]])
    assert read_label_table(stream.getvalue().encode(), "a.csv").rows[0] == ("1.jpg", label)
