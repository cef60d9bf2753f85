"""Samples of WebDataset: a picture and its label share a name."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from core.data.formats.understanding import ConfirmationNeededError
from core.data.importing import import_dataset
from core.errors import DataError
from tests.support.formats import read, source
from tests.support.pictures import digit


def shard(path: Path, labels: dict[str, str], suffix: str = "cls") -> Path:
    """A tar file with a picture and a label for each key."""
    with tarfile.open(path, "w") as archive:
        for number, (key, label) in enumerate(labels.items()):
            for name, data in ((f"{key}.png", digit(number)), (f"{key}.{suffix}", label.encode())):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def test_one_shard_is_a_source(tmp_path: Path) -> None:
    result = read(shard(tmp_path / "pets.tar", {"000000": "cat", "000001": "dog"}))
    assert (result.format, result.labels) == ("webdataset", {"000000.png": "cat", "000001.png": "dog"})


def test_shards_in_a_folder_are_no_classes(tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    shard(folder / "train-000000.tar", {"000000": "cat", "000001": "dog"})
    shard(folder / "train-000001.tar", {"000002": "dog", "000003": "cat"})
    shard(folder / "test-000000.tar", {"000000": "cat"})
    result = read(folder)
    assert result.understanding.classes == {"cat": 3, "dog": 2}
    assert result.understanding.splits == {"train": 4, "test": 1}


def test_half_a_shard_is_refused(tmp_path: Path) -> None:
    path = shard(tmp_path / "pets.tar", {f"{number:06d}": "cat" for number in range(20)})
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(DataError, match=r"pets.tar is cut off or damaged"):
        import_dataset(path, "Pets")


def test_webdataset_classes_stand_beside_their_pictures(tmp_path: Path) -> None:
    shards = {"000000": "train-000000", "000001": "train-000000", "000002": "val-000000"}
    labels = {"000000": "0", "000001": "1", "000002": "0"}
    files = {f"{shards[key]}/{key}.cls": label for key, label in labels.items()}
    result = read(source(tmp_path, [f"{shards[key]}/{key}.png" for key in labels], files))
    assert result.format == "webdataset"
    assert result.labels == {"000000.png": "0", "000001.png": "1", "000002.png": "0"}
    assert result.splits == {"000000.png": "train", "000001.png": "train", "000002.png": "validation"}
    assert result.notes == {"unnamed_classes": True}
    assert result.left_out == {}


def test_webdataset_classes_have_the_names_beside_them(tmp_path: Path) -> None:
    """The file of the names was passed over without a word."""
    files = {"0.cls": "0", "1.cls": "1", "2.cls": "0", "classes.txt": "lion\ntiger\n"}
    result = read(source(tmp_path, ["0.png", "1.png", "2.png"], files))
    assert (result.format, result.labels) == (
        "webdataset",
        {"0.png": "lion", "1.png": "tiger", "2.png": "lion"},
    )


def test_webdataset_json_holds_the_label(tmp_path: Path) -> None:
    files = {f"{index}.json": {"label": label, "width": 8} for index, label in enumerate(["cat", "dog"])}
    result = read(source(tmp_path, ["0.png", "1.png"], files))
    assert (result.format, result.labels) == ("webdataset", {"0.png": "cat", "1.png": "dog"})


def test_captions_are_no_classes(tmp_path: Path) -> None:
    files = {f"cats/{index}.txt": f"caption {index}" for index in range(3)}
    files |= {f"dogs/{index}.txt": f"caption {index + 9}" for index in range(3)}
    pictures = [name.replace(".txt", ".png") for name in files]
    assert read(source(tmp_path, pictures, files)).format == "folders"


def test_labels_of_which_one_is_broken_are_asked_about(tmp_path: Path) -> None:
    """They name other classes than the folders, which were taken without a word."""
    names = [f"{folder}/{number:04d}" for folder in ("a", "b") for number in range(4)]
    files: dict[str, object] = {
        f"{name}.json": {"label": ("cat", "dog")[i % 2]} for i, name in enumerate(names)
    }
    folder = source(tmp_path, [f"{name}.png" for name in names], {**files, "a/0000.json": "{"})
    with pytest.raises(ConfirmationNeededError, match=r"Labels were not used: Line 1 of a/0000\.json"):
        read(folder)
