"""Caches of an earlier decoder never mix with the pixels of this one, and are kept where nothing changed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageCms

from core.data.dataset import Dataset, open_dataset
from core.data.decoder_version import DECODER, recorded_decoder
from core.data.images import colour
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, import_dataset
from core.data.near_duplicates.search import near_duplicates
from core.data.pixels.arrays import arrays_path, decoded_pictures, open_pictures
from core.data.pixels.decoder_changes import _is_changed, drop_outdated
from core.data.pixels.decoding import examine_picture, load_picture
from core.data.pixels.statistics import STATISTICS
from core.progress import JobStopped, QuietProgress
from core.workspace import Project
from tests.support.deep_pictures import png, tiff
from tests.support.pictures import class_folders, encoded, small_photograph, write_folder

QUIET = QuietProgress()
DISPLAY_P3 = colour._made_profile(colour._PRIMARIES[12], 13)


def dataset_of(folder: Path, profile: bytes | None) -> Dataset:
    """Twelve digits, and a photograph with a colour profile."""
    files = class_folders({"a": 6, "b": 6})
    files["b/photograph.jpg"] = encoded(small_photograph(), "JPEG", icc_profile=profile)
    return open_dataset(import_dataset(write_folder(folder, files), "Phone").project)


class Stopped(QuietProgress):
    def should_stop(self) -> bool:
        return True


def project_of(dataset: Dataset) -> Project:
    return Project(name="Phone", path=dataset.folder.parent)


def make_older(dataset: Dataset) -> None:
    """Make the caches those of a version that kept no record of its decoder."""
    (dataset.folder / "decoder.json").unlink()


def cache_features(dataset: Dataset) -> Path:
    chunk = dataset.folder / "features" / "engine" / "0123abcd.npz"
    chunk.parent.mkdir(parents=True)
    hashes = np.array(dataset.pictures["sha256"].tolist(), "S64")
    np.savez(chunk, sha256=hashes, features=np.arange(len(hashes), dtype=np.float32)[:, np.newaxis])
    (chunk.parent / "views-0123").mkdir()
    return chunk


def test_pixels_of_an_earlier_decoder_are_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier one left the colours of phones as they were."""
    dataset = dataset_of(tmp_path / "source", DISPLAY_P3)
    with monkeypatch.context() as earlier:
        earlier.setattr("core.data.images.colour.to_srgb", lambda image, *_: image)
        decoded_pictures(dataset, 32, QUIET)
    make_older(dataset)
    expected = [load_picture(dataset.picture_bytes(row), 32) for row in range(len(dataset.pictures))]
    assert np.array_equal(decoded_pictures(dataset, 32, QUIET), expected)


def test_features_of_an_earlier_decoder_are_dropped_for_the_changed_pictures_alone(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "source", DISPLAY_P3)
    chunk = cache_features(dataset)
    make_older(dataset)
    drop_outdated(dataset)
    is_photograph = dataset.pictures["name"].str.endswith("photograph.jpg").to_numpy()
    with np.load(chunk) as left:
        assert left["sha256"].astype(str).tolist() == dataset.pictures.loc[~is_photograph, "sha256"].tolist()
        assert left["features"][:, 0].tolist() == np.flatnonzero(~is_photograph).tolist()
    assert not (chunk.parent / "views-0123").exists()


@pytest.mark.parametrize("has_profile", [False, True])
def test_caches_of_pictures_without_colours_of_their_own_stay(tmp_path: Path, has_profile: bool) -> None:
    """sRGB is no other colour space."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    dataset = dataset_of(tmp_path / "source", srgb if has_profile else None)
    open_pictures(dataset, 32, QUIET).close()
    chunk = cache_features(dataset)
    written = [path.stat().st_mtime_ns for path in (chunk, arrays_path(dataset, 32))]
    make_older(dataset)
    drop_outdated(dataset)
    assert [path.stat().st_mtime_ns for path in (chunk, arrays_path(dataset, 32))] == written
    assert (chunk.parent / "views-0123").exists()


def test_thumbnails_and_statistics_of_an_earlier_decoder_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("core.data.images.colour.to_srgb", lambda image, *_: image)
        older = dataset_of(tmp_path / "older", DISPLAY_P3)
    make_older(older)
    row = int(np.flatnonzero(older.pictures["name"].str.endswith("photograph.jpg"))[0])
    facts = examine_picture(older.picture_bytes(row))
    assert older.thumbnail(row) != facts.thumbnail
    digits = [older.thumbnail(other) for other in range(len(older.pictures)) if other != row]
    near_duplicates(older.pictures, older.folder)
    (windows,) = (older.folder / "similarity").glob("*.npz")
    drop_outdated(older)
    with np.load(windows) as hashes:
        assert set(hashes["sha256"].astype(str)) == set(older.pictures.drop(index=row)["sha256"])
    newer = open_dataset(project_of(older))
    assert newer.thumbnail(row) == facts.thumbnail
    assert [newer.thumbnail(other) for other in range(len(newer.pictures)) if other != row] == digits
    measured = newer.pictures.iloc[row]
    assert {name: measured[name] for name in STATISTICS} == asdict(facts.statistics)
    assert older.pictures["brightness"][row] != measured["brightness"]
    pd.testing.assert_frame_equal(newer.pictures.drop(index=row), older.pictures.drop(index=row))


def test_pictures_of_later_versions_are_made_again_with_the_range_of_the_project(tmp_path: Path) -> None:
    """Whichever version is looked at first."""
    first = dataset_of(tmp_path / "source", None)
    planes = tiff(small_photograph().astype("u2") * 16, separate_planes=True)
    add_pictures(project_of(first), write_folder(tmp_path / "more", {"a/planes.tif": planes}))
    newest = open_dataset(project_of(first))
    row = int(np.flatnonzero(newest.pictures["name"].str.endswith("planes.tif"))[0])
    thumbnail, measured = newest.thumbnail(row), newest.pictures.iloc[row]
    make_older(newest)
    drop_outdated(first)
    again = open_dataset(project_of(first))
    assert again.thumbnail(row) == thumbnail
    pd.testing.assert_series_equal(again.pictures.iloc[row], measured)


def test_a_stop_leaves_the_rest_for_the_next_time(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "source", DISPLAY_P3)
    make_older(dataset)
    with pytest.raises(JobStopped):
        drop_outdated(dataset, Stopped())
    assert recorded_decoder(dataset.folder) == 1
    drop_outdated(dataset)
    assert recorded_decoder(dataset.folder) == DECODER


def test_a_new_project_needs_nothing_made_again(tmp_path: Path) -> None:
    assert recorded_decoder(dataset_of(tmp_path / "source", None).folder) == DECODER


def test_a_file_that_was_changed_since_keeps_its_thumbnail(tmp_path: Path) -> None:
    """Pictures that stay where they are belong to the user."""
    files = {
        **class_folders({"a": 6, "b": 6}),
        "b/p.jpg": encoded(small_photograph(), "JPEG", icc_profile=DISPLAY_P3),
    }
    source = write_folder(tmp_path / "source", files)
    dataset = open_dataset(import_dataset(source, "Phone", ImportConfig(refer=True)).project)
    row = int(np.flatnonzero(dataset.pictures["name"].str.endswith("p.jpg"))[0])
    thumbnail = dataset.thumbnail(row)
    (source / "b" / "p.jpg").write_bytes(encoded(small_photograph("flower"), "JPEG", icc_profile=DISPLAY_P3))
    make_older(dataset)
    drop_outdated(dataset)
    assert dataset.thumbnail(row) == thumbnail


@pytest.mark.parametrize(
    ("picture", "format", "is_changed"),
    [
        (png(np.zeros((8, 8, 2), "u2")), "PNG", True),
        (png(np.zeros((8, 8, 4), "u2")), "PNG", True),
        (png(np.zeros((8, 8), "u2")), "PNG", False),
        (encoded(small_photograph(), "PNG"), "PNG", False),
        (encoded(Image.fromarray(small_photograph()).convert("RGBA"), "TIFF"), "TIFF", True),
        (tiff(np.zeros((8, 8, 3), "u2"), separate_planes=True), "TIFF", True),
        (tiff(np.zeros((8, 8), "u2")), "TIFF", False),
        (encoded(Image.fromarray(small_photograph()).convert("CMYK"), "JPEG"), "JPEG", False),
        (encoded(small_photograph(), "JPEG", icc_profile=DISPLAY_P3), "JPEG", False),
    ],
    ids=["grey alpha", "RGBA", "grey", "8 bits", "TIFF RGBA", "planes", "TIFF grey", "CMYK", "profile"],
)
def test_the_third_decoder_changes_few_pictures(
    tmp_path: Path, picture: bytes, format: str, is_changed: bool
) -> None:
    path = tmp_path / "picture"
    path.write_bytes(picture)
    assert _is_changed(path, format, since=2) == is_changed


def test_caches_are_looked_through_once(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "source", DISPLAY_P3)
    make_older(dataset)
    drop_outdated(dataset)
    chunk = cache_features(dataset)
    drop_outdated(dataset)
    with np.load(chunk) as all_of_them:
        assert len(all_of_them["sha256"]) == len(dataset.pictures)
