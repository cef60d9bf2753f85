"""Facts inside a LiteRT file, read as other tools read them."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest

from core.delivery.export import use_new_labels
from core.delivery.facts import read_facts
from core.delivery.files import keras_file, labels_file, read_labels, tflite_file, write_labels
from core.delivery.formats.litert.metadata import with_metadata
from core.delivery.formats.litert.network import Network
from core.files import read_json
from core.models.litert.engine import Engine


def test_labels_and_facts_are_files_in_the_run_s_file(small_run: Path) -> None:
    with zipfile.ZipFile(tflite_file(small_run)) as archive:
        assert archive.namelist() == ["labels.txt", "darkroom.json"]
        # Readers of LiteRT metadata refuse compressed ones.
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.read("labels.txt").decode() == "3\n5\n8\n"
        facts = json.loads(archive.read("darkroom.json"))
    labels = read_json(labels_file(small_run))
    for name in ("class_names", "input_size", "thresholds", "stranger_limit", "pixel_range"):
        assert facts[name] == labels[name]
    assert facts == json.loads(json.dumps(read_facts(small_run).to_json()))


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_opens_the_file_without_a_complaint(small_run: Path) -> None:
    outcome = subprocess.run(
        ["unzip", "-t", tflite_file(small_run)], capture_output=True, text=True, check=True
    )
    assert "No errors detected" in outcome.stdout
    assert not outcome.stderr


def test_the_metadata_names_the_labels_of_the_probabilities(content: bytes) -> None:
    """Positions of fields by metadata_schema.fbs of tflite-support 0.4.4."""
    root = Metadata.of(content)
    (graph,) = root.tables(3)
    (picture,), (probabilities, score) = graph.tables(2), graph.tables(3)
    assert [tensor.text(0) for tensor in (picture, probabilities, score)] == [
        "picture",
        "probabilities",
        "stranger_score",
    ]
    (labels,) = probabilities.tables(6)
    assert (labels.text(0), labels.byte(2)) == ("labels.txt", TENSOR_AXIS_LABELS)
    assert picture.table(3).byte(0) == IMAGE_PROPERTIES
    image = picture.table(3).table(1)
    assert (image.byte(0), image.table(1).whole(0), image.table(1).whole(1)) == (RGB, 96, 96)
    assert root.text(7) == "1.0.0"


def test_facts_can_be_replaced(small_run: Path, content: bytes, pictures: np.ndarray) -> None:
    """A threshold that is chosen later replaces the one in the file, and the network stays."""
    facts = replace(read_facts(small_run), class_names=("三", "5", "8"))
    changed = with_metadata(with_metadata(content, facts), facts)
    path = small_run / "changed.tflite"
    path.write_bytes(changed)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["labels.txt", "darkroom.json"]
        assert archive.read("labels.txt").decode() == "三\n5\n8\n"
    assert [entry.name for entry in Network(changed).model.metadata].count(b"TFLITE_METADATA") == 1
    np.testing.assert_array_equal(Engine(path).run(pictures), Engine(content).run(pictures))


def test_new_labels_reach_the_files_of_the_run(small_run: Path) -> None:
    """Measurements name a network by the time of its file, so that stays."""
    files = tflite_file(small_run), keras_file(small_run)
    written = [file.stat().st_mtime_ns for file in files]
    write_labels(small_run, replace(read_labels(small_run), stranger_limit=12.5))
    use_new_labels(small_run)
    for file in files:
        with zipfile.ZipFile(file) as archive:
            assert json.loads(archive.read("darkroom.json"))["stranger_limit"] == 12.5
    assert [file.stat().st_mtime_ns for file in files] == written


def test_equal_facts_make_equal_files(small_run: Path, content: bytes) -> None:
    """The certificate names a file by its digest."""
    facts = read_facts(small_run)
    assert with_metadata(content, facts) == with_metadata(content, facts)


TENSOR_AXIS_LABELS, IMAGE_PROPERTIES, RGB = 2, 2, 1


class Metadata:
    """A table of the metadata schema; its fields are named by their positions."""

    def __init__(self, table: flatbuffers.table.Table) -> None:
        self._table = table

    @classmethod
    def of(cls, content: bytes) -> Metadata:
        model = Network(content).model
        (entry,) = (entry for entry in model.metadata if entry.name == b"TFLITE_METADATA")
        data = bytes(model.buffers[entry.buffer].data)
        assert data[4:8] == b"M001"
        return cls(flatbuffers.table.Table(data, int.from_bytes(data[:4], "little")))

    def _offset(self, position: int) -> int:
        return int(self._table.Offset(4 + 2 * position))

    def text(self, position: int) -> str:
        return self._table.String(self._offset(position) + self._table.Pos).decode()

    def byte(self, position: int) -> int:
        return int(
            self._table.Get(flatbuffers.number_types.Int8Flags, self._offset(position) + self._table.Pos)
        )

    def whole(self, position: int) -> int:
        return int(
            self._table.Get(flatbuffers.number_types.Uint32Flags, self._offset(position) + self._table.Pos)
        )

    def table(self, position: int) -> Metadata:
        place = self._table.Indirect(self._offset(position) + self._table.Pos)
        return Metadata(flatbuffers.table.Table(self._table.Bytes, place))

    def tables(self, position: int) -> list[Metadata]:
        offset = self._offset(position)
        start = self._table.Vector(offset)
        return [
            Metadata(flatbuffers.table.Table(self._table.Bytes, self._table.Indirect(start + 4 * number)))
            for number in range(self._table.VectorLen(offset))
        ]
