"""The label tables of a source are found among its files."""

from __future__ import annotations

from pathlib import Path

from core.data.formats.survey import Survey
from core.data.formats.tables.finding import find_tables
from core.data.import_config import ImportConfig
from core.data.sources.opening import Listing, open_source
from tests.support.pictures import digit, write_folder, write_zip


def tables_in(listing: Listing) -> list[str]:
    return [source.table.name for source in find_tables(Survey(listing, "pets"), ImportConfig()).used]


def test_the_table_of_a_source_is_found(tmp_path: Path) -> None:
    files = {f"images/{i}.png": digit(i) for i in range(6)}
    files["readme/cities.csv"] = b"city,people\nBerlin,3\n"
    files["sample_submission.csv"] = b"id,label\n5,cat\n"
    files["broken.xlsx"] = b"no zip"
    files["train.csv"] = b"id,label\n" + b"".join(b"%d,%s\n" % (i, [b"cat", b"dog"][i % 2]) for i in range(5))
    with open_source(write_zip(tmp_path / "pets.zip", files)) as listing:
        assert tables_in(listing) == ["train.csv"]
        (source,) = find_tables(Survey(listing, "pets"), ImportConfig()).used
        assert source.meaning.labels.count(("cat",)) == 3


def test_a_source_without_a_table_has_none(tmp_path: Path) -> None:
    files = {"cats/1.png": digit(1), "notes.csv": b"a,b\n1,2\n"}
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert tables_in(listing) == []
    assert tables_in(Listing()) == []


def row_tables(count: int, name: str = "days/{}.csv") -> dict[str, bytes]:
    """A picture for each table."""
    files = {f"images/{i}.png": digit(i) for i in range(count)}
    for i in range(count):
        files[name.format(i)] = b"file,label\n%d.png,%s\n" % (i, [b"cat", b"dog"][i % 2])
    return files


def test_no_table_of_many_is_passed_over(tmp_path: Path) -> None:
    """The tables behind the twentieth were, and so were the labels in them."""
    with open_source(write_folder(tmp_path / "pets", row_tables(30))) as listing:
        assert len(tables_in(listing)) == 30


def test_tables_with_further_columns_go_together(tmp_path: Path) -> None:
    """They label other pictures; the larger table alone was used, and the rest left out."""
    files = {f"images/{i}.png": digit(i) for i in range(8)}
    files["first.csv"] = b"file,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n4.png,cat\n"
    files["second.csv"] = b"file,Label,notes\n5.png,cat,dark\n6.png,dog,\n7.png,cat,\n"
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert tables_in(listing) == ["first.csv", "second.csv"]


def test_tables_of_one_class_each_go_together(tmp_path: Path) -> None:
    files = {f"images/{i}.png": digit(i) for i in range(4)}
    files["cats.csv"] = b"file,label\n0.png,cat\n1.png,cat\n"
    files["dogs.csv"] = b"file,label,breed\n2.png,dog,pug\n3.png,dog,boxer\n"
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert tables_in(listing) == ["cats.csv", "dogs.csv"]


def test_two_versions_of_one_table_stay_apart(tmp_path: Path) -> None:
    files = {f"images/{i}.png": digit(i) for i in range(4)}
    files["labels.csv"] = b"file,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n"
    files["older.csv"] = b"file,label,notes\n0.png,dog,x\n1.png,dog,\n2.png,cat,\n"
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert tables_in(listing) == ["labels.csv"]


def test_other_columns_of_other_pictures_are_no_classes(tmp_path: Path) -> None:
    """The test part of a contest has what is known of its pictures, but no labels."""
    files = {f"images/{i}.png": digit(i) for i in range(8)}
    files["train.csv"] = b"file,label,sex\n0.png,cat,m\n1.png,dog,f\n2.png,cat,m\n3.png,dog,f\n4.png,cat,f\n"
    files["test.csv"] = b"file,sex\n5.png,m\n6.png,f\n7.png,m\n"
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert tables_in(listing) == ["train.csv"]
