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
