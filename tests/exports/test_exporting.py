"""Exports of Darkroom are read to the bit by the tools that they are for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.tool_sources import PYTHON
from core.data.dataset import Dataset, open_dataset
from core.data.exports.export import write_cleaned_dataset
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.label_sets import label_names
from core.data.labels.task import Task
from core.progress import QuietProgress
from tests.exports.tool_readers import READERS, Facts, digest
from tests.support.pictures import class_folders, digit, encoded, small_photograph, write_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pets(tmp_path: Path) -> Dataset:
    """Scans and photographs in classes whose names no file system takes as they are."""
    files = class_folders({"cats: all": 10, "犬/dogs": 0, "dogs": 12})
    files |= {
        f"cats: all/photograph {number}.jpg": encoded(small_photograph("china", 60 + number), "JPEG")
        for number in range(3)
    }
    return open_dataset(import_dataset(write_folder(tmp_path / "pets", files), "Pets").project)


@pytest.fixture
def labelled(tmp_path: Path) -> Dataset:
    """Pictures with two labels, one or none."""
    cells = ["cat; red", "cat", "red", "–"]
    rows = "".join(f"{number}.png,{cells[number % 4]}\n" for number in range(24))
    files = {f"{number}.png": digit(number) for number in range(24)}
    source = write_folder(tmp_path / "labelled", files | {"labels.csv": f"file,label\n{rows}".encode()})
    config = ImportConfig(multi_label=True, table_inside=True)
    return open_dataset(import_dataset(source, "Labelled", config).project)


def facts(dataset: Dataset) -> list[Facts]:
    several = dataset.task is Task.MULTI_LABEL
    result = []
    for row in range(len(dataset.pictures)):
        picture = dataset.pictures.iloc[row]
        with Image.open(dataset.image_path(row)) as image:
            label = str(picture["label"])
            labels = sorted(label_names(label)) if several else [label]
            result.append((digest(image), labels, str(picture["split"])))
    return sorted(result)


def read_by_tool(dataset: Dataset, tmp_path: Path, reader: str) -> list[Facts]:
    archive, folder = tmp_path / "export.zip", tmp_path / "export"
    write_cleaned_dataset(dataset, archive, QuietProgress(), format=reader.partition(" ")[0])
    shutil.unpack_archive(archive, folder)
    command = [str(PYTHON), "-m", "tests.exports.tool_readers", reader, str(folder)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    lines = subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    values = [json.loads(line) for line in lines.splitlines()]
    return sorted((image, sorted(labels), part) for image, labels, part in values)


@pytest.mark.parametrize("reader", READERS)
def test_a_tool_reads_each_picture_with_its_label_and_part(
    pets: Dataset, tmp_path: Path, reader: str
) -> None:
    assert read_by_tool(pets, tmp_path, reader) == facts(pets)


@pytest.mark.parametrize("reader", READERS)
def test_a_tool_reads_several_labels(labelled: Dataset, tmp_path: Path, reader: str) -> None:
    assert read_by_tool(labelled, tmp_path, reader) == facts(labelled)
