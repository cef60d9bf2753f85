"""12-bit pictures mean the same from the import to a prediction, and in every later version."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude
from core.data.editing.versions import restore_version
from core.data.exports.export import write_cleaned_dataset
from core.data.images.depth import PixelRange
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, add_to_class, import_dataset
from core.data.notes import NoteKind
from core.data.pixels.arrays import PictureStore
from core.data.pixels.decoding import load_picture
from core.data.pixels.viewing import view_picture
from core.data.reading import read_source
from core.data.version_record import read_version_record
from core.errors import ConfigError
from core.progress import QuietProgress
from tests.support.deep_pictures import png, tiff
from tests.support.pictures import class_folders, digit_scans, encoded, small_photograph, write_folder

Writer = Callable[[np.ndarray], bytes]


def grey(number: int) -> np.ndarray:
    """A scanned digit, 32 × 32, with values from 6 to 238."""
    image = Image.fromarray(digit_scans()[number]).resize((32, 32), Image.Resampling.BILINEAR)
    return np.rint(6 + np.asarray(image) * (232 / 255)).astype(np.uint8)


def files(write: Writer, start: int = 0, per_class: int = 6) -> dict[str, bytes]:
    return {
        f"{label}/{index}.png": write(grey(start + per_class * position + index))
        for position, label in enumerate(("a", "b"))
        for index in range(per_class)
    }


def bits_12(picture: np.ndarray) -> bytes:
    return png(picture.astype("u2") * 16)


def bits_16(picture: np.ndarray) -> bytes:
    return png(picture.astype("u2") * 600)


def imported(tmp_path: Path, content: dict[str, bytes], config: ImportConfig | None = None) -> Dataset:
    return open_dataset(import_dataset(write_folder(tmp_path / "source", content), "Deep", config).project)


def notes_of(dataset: Dataset) -> list[tuple[NoteKind, dict[str, object]]]:
    record = read_version_record(dataset.folder, dataset.version)
    return [(note.kind, dict(note.values)) for note in record.notes]


def originals(dataset: Dataset) -> list[np.ndarray]:
    numbers = [6 * "ab".index(name[0]) + int(name[2:-4]) for name in dataset.pictures["name"]]
    return [grey(number).astype(int) for number in numbers]


@pytest.mark.parametrize("write", [bits_12, lambda picture: tiff(picture.astype("u2") * 16)])
def test_12_bits_look_like_their_originals_everywhere(tmp_path: Path, workspace: Path, write: Writer) -> None:
    dataset = imported(tmp_path, files(write))
    assert dataset.pixel_range == PixelRange(0, 4095)
    for row, original in enumerate(originals(dataset)):
        shown = np.asarray(Image.open(io.BytesIO(dataset.thumbnail(row))).convert("L")).astype(int)
        assert np.abs(shown - original).mean() <= 2
        loaded = load_picture(dataset.picture_bytes(row), 32, dataset.pixel_range)[..., 0].astype(int)
        assert np.abs(loaded - original).max() <= 1
        assert dataset.pictures["brightness"].iloc[row] == pytest.approx(original.mean(), abs=2)
    with PictureStore(dataset, 32) as store:
        assert np.abs(store.read([0])[0, ..., 0].astype(int) - originals(dataset)[0]).max() <= 1


def test_the_large_view_has_the_range(tmp_path: Path, workspace: Path) -> None:
    project = import_dataset(write_folder(tmp_path / "source", files(bits_12)), "Deep").project
    dataset = open_dataset(project)
    content, _ = view_picture(project, dataset.pictures["sha256"].iloc[0])
    shown = np.asarray(Image.open(io.BytesIO(content)).convert("L")).astype(int)
    assert np.abs(shown - originals(dataset)[0]).max() <= 1


def test_the_report_names_the_range(tmp_path: Path, workspace: Path) -> None:
    dataset = imported(tmp_path, files(bits_12))
    assert notes_of(dataset) == [(NoteKind.PIXEL_RANGE, {"count": 12, "low": 0, "high": 4095})]


def test_exposures_that_leave_most_of_12_bits_empty_are_stretched(tmp_path: Path, workspace: Path) -> None:
    """Values from 96 to 1504 of 4095, as cameras give that must not clip."""

    def dark(picture: np.ndarray) -> bytes:
        return png(96 + np.rint((picture - 6) * (1408 / 232)).astype("u2"))

    dataset = imported(tmp_path, files(dark))
    assert dataset.pixel_range == PixelRange(96, 1504)
    loaded = load_picture(dataset.picture_bytes(0), 32, dataset.pixel_range)[..., 0].astype(int)
    assert np.abs(loaded - np.rint((originals(dataset)[0] - 6) * (255 / 232))).max() <= 1


def test_8_bits_have_no_range(tmp_path: Path, workspace: Path) -> None:
    dataset = imported(tmp_path, class_folders({"cats": 4, "dogs": 4}))
    assert dataset.pixel_range is None
    assert notes_of(dataset) == []
    assert dataset.decoded_keys == dataset.pictures["sha256"].tolist()


def test_the_users_range_is_applied(tmp_path: Path, workspace: Path) -> None:
    dataset = imported(tmp_path, files(bits_12), ImportConfig(pixel_range=(0, 1504)))
    assert dataset.pixel_range == PixelRange(0, 1504)
    loaded = load_picture(dataset.picture_bytes(0), 32, dataset.pixel_range)[..., 0].astype(int)
    expected = np.minimum(originals(dataset)[0] * 16 * 255 / 1504, 255)
    assert np.abs(loaded - np.rint(expected)).max() <= 1
    assert dataset.pictures["brightness"].iloc[0] == pytest.approx(loaded.mean(), abs=2)


def test_an_empty_range_is_refused(tmp_path: Path, workspace: Path) -> None:
    with pytest.raises(ConfigError, match="no range from 7 to 7"):
        imported(tmp_path, files(bits_12), ImportConfig(pixel_range=(7, 7)))


def test_additions_have_the_range_of_their_project(tmp_path: Path, workspace: Path) -> None:
    project = import_dataset(write_folder(tmp_path / "source", files(bits_12)), "Deep").project
    add_pictures(project, write_folder(tmp_path / "more", files(bits_16, start=50)))
    dataset = open_dataset(project)
    assert dataset.pixel_range == PixelRange(0, 4095)
    limits = {"count": 12, "low": 0, "high": 4095}
    assert notes_of(dataset) == [(NoteKind.PIXEL_RANGE, limits), (NoteKind.PIXEL_RANGE_MISFIT, limits)]
    with pytest.raises(ConfigError, match=r"range from 0 to 4095\. Change it for all"):
        add_pictures(project, tmp_path / "more", ImportConfig(pixel_range=(0, 65535)))


def test_every_later_version_keeps_the_range(tmp_path: Path, workspace: Path) -> None:
    project = import_dataset(write_folder(tmp_path / "source", files(bits_12)), "Deep").project
    add_to_class(project, "a", [("shot.png", bits_12(grey(99)))])
    exclude(project, [open_dataset(project).pictures["id"].iloc[0]])
    restore_version(project, 1)
    assert [open_dataset(project, version).pixel_range for version in (1, 2, 3, 4)] == [
        PixelRange(0, 4095)
    ] * 4


def test_the_first_deep_pictures_of_a_project_set_its_range(tmp_path: Path, workspace: Path) -> None:
    source = write_folder(tmp_path / "source", class_folders({"a": 4, "b": 4}))
    project = import_dataset(source, "Shallow").project
    add_pictures(project, write_folder(tmp_path / "more", files(bits_12)))
    assert open_dataset(project, 1).pixel_range is None
    assert open_dataset(project).pixel_range == PixelRange(0, 4095)


def test_deep_pictures_of_an_earlier_darkroom_keep_their_pixels(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have no range, so neither have additions; the report says that 12 bits do not suit."""
    source = write_folder(tmp_path / "source", files(bits_16))
    with monkeypatch.context() as earlier:
        earlier.setattr("core.data.reading.settle_range", lambda *_: (None, ()))
        project = import_dataset(source, "Old").project
    add_pictures(project, write_folder(tmp_path / "more", files(bits_12, start=50)))
    dataset = open_dataset(project)
    assert dataset.pixel_range is None
    assert notes_of(dataset)[1] == (NoteKind.PIXEL_RANGE_MISFIT, {"count": 12, "low": 0, "high": 65535})


def test_caches_do_not_mix_ranges(tmp_path: Path, workspace: Path) -> None:
    from dataclasses import replace

    dataset = imported(tmp_path, files(bits_12))
    other = replace(dataset, pixel_range=PixelRange(0, 1023))
    assert not set(dataset.decoded_keys) & set(other.decoded_keys)
    assert dataset.digest != other.digest


def test_two_imports_at_once_do_not_mix_their_ranges(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thumbnails of the slower one would show its own range, training the other."""
    first = write_folder(tmp_path / "first", class_folders({"a": 6, "b": 6}))
    project = import_dataset(first, "Deep").project

    def overtaken(*arguments: Any) -> Any:
        reading = read_source(*arguments)
        monkeypatch.setattr("core.data.importing.read_source", read_source)
        add_pictures(project, write_folder(tmp_path / "faster", files(bits_16, start=40)))
        return reading

    monkeypatch.setattr("core.data.importing.read_source", overtaken)
    with pytest.raises(ConfigError, match=r"has just been set, from 0 to 65535"):
        add_pictures(project, write_folder(tmp_path / "slower", files(bits_12, start=80)))
    assert open_dataset(project).pixel_range == (0, 65535)


def test_a_range_leaves_the_caches_of_photographs_alone(tmp_path: Path, workspace: Path) -> None:
    """Features of 50,000 JPEGs stay valid when the first deep picture comes."""
    dataset = imported(tmp_path, files(bits_12) | {"a/photograph.jpg": encoded(small_photograph(), "JPEG")})
    is_plain = np.array(dataset.decoded_keys) == dataset.pictures["sha256"].to_numpy()
    assert is_plain.tolist() == (dataset.pictures["format"] == "JPEG").tolist()


def test_pictures_that_stay_where_they_are_have_the_range(tmp_path: Path, workspace: Path) -> None:
    dataset = imported(tmp_path, files(bits_12), ImportConfig(refer=True))
    assert dataset.pictures["brightness"].iloc[0] == pytest.approx(originals(dataset)[0].mean(), abs=2)


@pytest.mark.parametrize("format", ["folders", "coco", "parquet", "webdataset"])
def test_an_export_carries_the_range_to_the_next_import(tmp_path: Path, workspace: Path, format: str) -> None:
    """A range that the user chose cannot be found again in the pictures."""
    chosen = ImportConfig(pixel_range=(200, 1200))
    dataset = imported(tmp_path, files(bits_12), chosen)
    write_cleaned_dataset(dataset, tmp_path / "export.zip", QuietProgress(), format=format)
    again = import_dataset(tmp_path / "export.zip", "Again", ImportConfig(confirmed=True))
    assert open_dataset(again.project).pixel_range == (200, 1200)
    assert [item.file for item in again.skipped if "range" in item.file] == []
