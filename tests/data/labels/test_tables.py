"""Tables are read as text from CSV and Excel files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import time
import tracemalloc
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest

from core.data.labels import tables
from core.data.labels.tables import read_label_table, safe_cell
from core.errors import DataError


def table(text: str, encoding: str = "utf-8") -> list[tuple[str, ...]]:
    """Header and rows of a CSV file."""
    table = read_label_table(text.encode(encoding), "labels.csv")
    return [table.columns, *table.rows]


PLAIN = [("file", "label"), ("1.jpg", "cat"), ("2.jpg", "dog")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_is_detected(delimiter: str, end: str) -> None:
    assert table(end.join(delimiter.join(row) for row in PLAIN)) == PLAIN


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_a_first_line_that_states_the_delimiter_is_no_row(first: str) -> None:
    """Excel writes one in Europe and does not show it, so rows count from the line below."""
    text = f"{first}file;label\n1.jpg;cat, black\n2.jpg;dog\n"
    assert table(text) == [("file", "label"), ("1.jpg", "cat, black"), ("2.jpg", "dog")]
    assert read_label_table(text.encode(), "a.csv").row_numbers == (2, 3)


def test_an_open_quotation_mark_does_not_swallow_the_rows_below() -> None:
    with pytest.raises(DataError, match=r"^Row 2 of labels\.csv cannot be read: a quotation mark"):
        table('file,label\n1.jpg,"12 inch\n2.jpg,dog\n3.jpg,cat\n')
    assert table('file,label\n1.jpg,"12\ninch"\n')[1] == ("1.jpg", "12\ninch")
    assert table('file,label\n1.jpg,12" pipe\n')[1] == ("1.jpg", '12" pipe')


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
        ("cp1251", "Кошка"),
        ("cp1251", "овчарка (немецкая)"),
        ("cp1253", "γάτα και σκύλος"),
        ("cp1250", "łąka"),
        ("cp1250", "Żółta róża"),
        ("cp1252", "Käse"),
        ("cp1252", "señal à droite"),
    ],
)
def test_any_common_encoding_is_detected(encoding: str, label: str) -> None:
    """Excel in China writes GBK, “Unicode text” is UTF-16, and an old European one says nothing."""
    assert table(f"file,label\n1.jpg,{label}\n2.jpg,cat\n", encoding)[1] == ("1.jpg", label)


def test_a_text_that_was_cut_in_a_character_is_utf_8_all_the_same() -> None:
    """Programs that count bytes do so; every class of the table was unreadable then."""
    data = "file,label,note\n1.jpg,猫,很可爱\n2.jpg,狗,很大的".encode()[:-1] + b"\n3.jpg,cat,\n"
    assert [row[1] for row in read_label_table(data, "a.csv").rows] == ["猫", "狗", "cat"]


def test_a_zero_byte_does_not_make_a_text_utf_16() -> None:
    rows = "".join(f"{number}.jpg,cat\n" for number in range(20))
    table = read_label_table(f"file,label\n{rows}x.jpg,do\0g\n".encode(), "a.csv")
    assert table.columns == ("file", "label")


def excel(rows: Sequence[Sequence[object]]) -> bytes:
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


def test_many_columns_of_one_name_are_told_apart_at_once() -> None:
    """Counting from two for each again took minutes for the most that a table may have."""
    began = time.process_time()
    columns = read_label_table(b",".join([b"x"] * 2000) + b"\n1.jpg,cat\n", "a.csv").columns
    assert (columns[:3], columns[-1]) == (("x", "x (2)", "x (3)"), "x (2000)")
    assert time.process_time() - began < 5


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


def test_no_column_of_an_excel_table_is_lost() -> None:
    """A class in column 501 vanished without a word."""
    names = [f"class {number}" for number in range(1, 601)]
    table = read_label_table(excel([["file", *names], ["1.jpg", *[0] * 599, 1]]), "a.xlsx")
    assert table.columns[-1] == "class 600"
    assert table.rows[0][-1] == "1"


def test_an_excel_table_with_too_many_columns_or_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"^a\.xlsx has more than 2,?000 columns"):
        read_label_table(excel([["x"] * 2001]), "a.xlsx")
    monkeypatch.setattr(tables, "_MAX_ROWS", 2)
    with pytest.raises(DataError, match=r"^a\.xlsx has more than 2 rows"):
        read_label_table(excel([["file", "label"], ["1.jpg", "cat"], ["2.jpg", "dog"]]), "a.xlsx")


def test_an_excel_table_takes_no_more_memory_than_its_cells() -> None:
    """Each row took room for 500 cells: 400 MB for 100,000 rows."""
    data = excel([["file", "label"], *[[f"{number}.jpg", "cat"] for number in range(2_000)]])
    tracemalloc.start()
    read_label_table(data, "a.xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_day_in_an_excel_table_has_no_time() -> None:
    rows: list[list[object]] = [
        ["file", "label"],
        ["1.jpg", dt.datetime(2024, 3, 9)],
        ["2.jpg", dt.time(9, 30)],
    ]
    assert [row[1] for row in read_label_table(excel(rows), "a.xlsx").rows] == ["2024-03-09", "09:30:00"]


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
