"""Caches of an earlier decoder never mix with the pixels of this one, and are kept where nothing changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ImageCms

from core.data.dataset import Dataset, open_dataset
from core.data.images import colour
from core.data.importing import import_dataset
from core.data.pixels.arrays import arrays_path, decoded_pictures, open_pictures
from core.data.pixels.decoder_changes import drop_outdated
from core.data.pixels.decoding import load_picture
from core.progress import QuietProgress
from tests.support.pictures import class_folders, encoded, small_photograph, write_folder

QUIET = QuietProgress()
DISPLAY_P3 = colour._made_profile(colour._PRIMARIES[12], 13)


def dataset_of(folder: Path, profile: bytes | None) -> Dataset:
    """Twelve digits, and a photograph with a colour profile."""
    files = class_folders({"a": 6, "b": 6})
    files["b/photograph.jpg"] = encoded(small_photograph(), "JPEG", icc_profile=profile)
    return open_dataset(import_dataset(write_folder(folder, files), "Phone").project)


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


def test_caches_are_looked_through_once(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "source", DISPLAY_P3)
    drop_outdated(dataset)
    chunk = cache_features(dataset)
    drop_outdated(dataset)
    with np.load(chunk) as all_of_them:
        assert len(all_of_them["sha256"]) == len(dataset.pictures)
