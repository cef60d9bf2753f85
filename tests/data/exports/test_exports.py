"""A cleaned dataset in each format says the same when it is read again."""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from pyarrow import parquet

from core.cli.dataset import COMMANDS
from core.data.dataset import Dataset, open_dataset
from core.data.exports.export import write_cleaned_dataset
from core.data.exports.export_format import DatasetExportFormat
from core.data.exports.table import DATASET_FORMATS
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.progress import QuietProgress
from tests.support.formats import Understood, read
from tests.support.pictures import class_folders, digit, encoded, small_photograph, write_folder


@pytest.fixture
def pets(workspace: Path, tmp_path: Path) -> Dataset:
    """Two classes whose names no file system takes as they are."""
    files = class_folders({"cats: all": 10, "red/dogs": 0, "dogs": 12})
    return open_dataset(import_dataset(write_folder(tmp_path / "pets", files), "Pets").project)


@pytest.fixture
def labelled(workspace: Path, tmp_path: Path) -> Dataset:
    """Pictures with two labels, one or none."""
    cells = ["cat; red", "cat", "red", "–"]
    rows = "".join(f"{number}.png,{cells[number % 4]}\n" for number in range(24))
    files = {f"{number}.png": digit(number) for number in range(24)}
    source = write_folder(tmp_path / "labelled", files | {"labels.csv": f"file,label\n{rows}".encode()})
    config = ImportConfig(multi_label=True, table_inside=True)
    return open_dataset(import_dataset(source, "Labelled", config).project)


def exported(dataset: Dataset, tmp_path: Path, format: str) -> Path:
    path = tmp_path / f"{format}.zip"
    count = write_cleaned_dataset(dataset, path, QuietProgress(), format=format)
    assert count == len(dataset.pictures)
    return path


def facts(dataset: Dataset) -> list[tuple[str, str]]:
    return sorted(zip(dataset.pictures["label"], dataset.pictures["split"], strict=True))


def facts_read(result: Understood) -> list[tuple[str, str]]:
    return sorted(
        (assignment.label, assignment.split.value if assignment.split else "")
        for _, assignment in result.reading.pictures
    )


@pytest.mark.parametrize("format", DATASET_FORMATS)
def test_labels_and_parts_are_read_back(pets: Dataset, tmp_path: Path, format: str) -> None:
    result = read(exported(pets, tmp_path, format))
    assert facts_read(result) == facts(pets)
    assert result.understanding.doubts == ()
    assert result.left_out == {}


@pytest.mark.parametrize("format", ["folders", "imagefolder", "parquet", "webdataset"])
def test_several_labels_are_read_back(labelled: Dataset, tmp_path: Path, format: str) -> None:
    result = read(exported(labelled, tmp_path, format))
    assert facts_read(result) == facts(labelled)
    assert result.understanding.multi_label


@pytest.mark.parametrize("format", ["coco", "datumaro"])
def test_a_format_without_none_leaves_such_pictures_unlabelled(
    labelled: Dataset, tmp_path: Path, format: str
) -> None:
    expected = sorted((label.replace("–", ""), split) for label, split in facts(labelled))
    assert facts_read(read(exported(labelled, tmp_path, format))) == expected


@pytest.mark.parametrize("format", DATASET_FORMATS)
def test_the_pictures_are_the_same_without_their_metadata(
    workspace: Path, tmp_path: Path, format: str
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    photographs = {
        f"{label}/{number}.jpg": encoded(small_photograph("china", 60 + number + shift), "JPEG", exif=exif)
        for shift, label in ((0, "a"), (20, "b"))
        for number in range(6)
    }
    project = import_dataset(write_folder(tmp_path / "photographs", photographs), "Photographs").project
    path = exported(open_dataset(project), tmp_path, format)
    assert b"SecretCamera" not in path.read_bytes()
    again = import_dataset(path, "Again")
    sizes = open_dataset(again.project).pictures["width"]
    assert sorted(sizes) == [*range(60, 66), *range(80, 86)]


def test_imagefolder_has_a_line_for_each_picture(pets: Dataset, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(pets, tmp_path, "imagefolder")) as archive:
        names = set(archive.namelist())
        for part, count in pets.pictures["split"].value_counts().items():
            lines = archive.read(f"{part}/metadata.jsonl").decode().splitlines()
            entries = [json.loads(line) for line in lines]
            assert len(entries) == count
            assert {f"{part}/{entry['file_name']}" for entry in entries} <= names
            assert {entry["label"] for entry in entries} <= {"cats: all", "dogs"}


def test_parquet_holds_the_files_and_names_its_numbers(pets: Dataset, tmp_path: Path) -> None:
    """As ``datasets`` reads it; tests/exports asks the library itself."""
    found = []
    with zipfile.ZipFile(exported(pets, tmp_path, "parquet")) as archive:
        for name in archive.namelist():
            table = parquet.read_table(io.BytesIO(archive.read(name)))
            noted = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
            assert noted["image"] == {"_type": "Image"}
            assert noted["label"]["_type"] == "ClassLabel"
            found += [
                (row["image"]["bytes"], noted["label"]["names"][row["label"]], name[5:].partition("-")[0])
                for row in table.to_pylist()
            ]
    columns = (pets.pictures[column] for column in ("label", "split"))
    files = [pets.picture_bytes(row) for row in range(len(pets.pictures))]
    assert sorted(found) == sorted(zip(files, *columns, strict=True))


def test_webdataset_numbers_its_classes_in_the_order_of_their_names(pets: Dataset, tmp_path: Path) -> None:
    import tarfile

    with zipfile.ZipFile(exported(pets, tmp_path, "webdataset")) as archive:
        assert archive.read("classes.txt").decode() == "cats: all\ndogs\n"
        with tarfile.open(fileobj=io.BytesIO(archive.read("train-000000.tar"))) as shard:
            first, number, entry = shard.getmembers()[:3]
            assert (first.name, number.name, entry.name) == ("000000.png", "000000.cls", "000000.json")
            stream = shard.extractfile(entry)
            assert stream is not None
            assert json.load(stream)["label"] == "cats: all"


def test_a_new_format_is_offered_and_written_by_its_row_alone(
    pets: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = DatasetExportFormat(
        name="throwaway",
        label="Throwaway",
        caption="Throwaway",
        write=lambda content, archive: archive.writestr("count.txt", str(len(content))),
    )
    monkeypatch.setitem(DATASET_FORMATS, row.name, row)
    with zipfile.ZipFile(exported(pets, tmp_path, "throwaway")) as archive:
        assert archive.read("count.txt") == b"22"
    parser = argparse.ArgumentParser()
    (command,) = [command for command in COMMANDS if command.name == "dataset"]
    command.add_arguments(parser)
    options = parser.parse_args(["--project", "Pets", "--output", "a.zip", "--format", "throwaway"])
    assert options.format == "throwaway"
