"""Microscope pictures with one page a channel are one picture in colour."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from core.data.dataset import open_dataset
from core.data.images.picture import decode_picture, measured_values, open_picture
from core.data.importing import import_dataset
from core.data.metadata.removal import strip_metadata
from core.data.notes import NoteKind
from core.data.version_record import read_version_record
from tests.support.pictures import class_folders, small_photograph, write_folder

PHOTOGRAPH = small_photograph("flower")
CHANNELS = PHOTOGRAPH.transpose(2, 0, 1)


def written(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def ome(pixels: np.ndarray, axes: str) -> bytes:
    return written(pixels, ome=True, photometric="minisblack", metadata={"axes": axes})


def imagej(pixels: np.ndarray, axes: str) -> bytes:
    return written(pixels, imagej=True, metadata={"axes": axes})


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(decode_picture(open_picture(data)))


@pytest.mark.parametrize("make", [ome, imagej])
def test_three_channels_are_red_green_and_blue(make: Any) -> None:
    assert np.array_equal(decoded(make(CHANNELS, "CYX")), PHOTOGRAPH)


def test_of_more_channels_the_first_three_are_taken() -> None:
    five = np.concatenate([CHANNELS, CHANNELS[:2] // 2])
    image = open_picture(ome(five, "CYX"))
    assert image.info["channels"] == 5
    assert np.array_equal(np.asarray(decode_picture(image)), PHOTOGRAPH)


def test_two_channels_leave_blue_black() -> None:
    pixels = decoded(ome(CHANNELS[:2], "CYX"))
    assert np.array_equal(pixels[:, :, :2], PHOTOGRAPH[:, :, :2])
    assert not pixels[:, :, 2].any()


def test_slices_in_between_are_stepped_over() -> None:
    """Three channels of two slices each: the first slice of each channel."""
    stack = np.stack([CHANNELS, CHANNELS // 2], axis=1)
    assert np.array_equal(decoded(ome(stack, "CZYX")), PHOTOGRAPH)
    assert np.array_equal(decoded(ome(stack.transpose(1, 0, 2, 3), "ZCYX")), PHOTOGRAPH)


def test_channels_of_16_bits_keep_their_values() -> None:
    """The range of the dataset maps them, as for all deep pictures."""
    deep = CHANNELS.astype(np.uint16) * 16
    data = ome(deep, "CYX")
    values = measured_values(open_picture(data))
    assert values is not None
    assert np.array_equal(values, deep.transpose(1, 2, 0))
    pixels = decode_picture(open_picture(data), pixel_range=(0, 255 * 16))
    assert np.array_equal(np.asarray(pixels), PHOTOGRAPH)


def test_slices_without_channels_stay_pages() -> None:
    assert np.array_equal(decoded(ome(CHANNELS, "ZYX")), np.repeat(CHANNELS[0][:, :, None], 3, axis=2))


def test_channels_of_floats_keep_their_values() -> None:
    floats = CHANNELS.astype(np.float32) / 7
    values = measured_values(open_picture(ome(floats, "CYX")))
    assert values is not None
    assert np.array_equal(values, floats.transpose(1, 2, 0))


def test_the_import_says_so(workspace: Path, tmp_path: Path) -> None:
    files = {f"a/{i}.ome.tif": ome(np.roll(CHANNELS, i, axis=1), "CYX") for i in range(3)}
    report = import_dataset(write_folder(tmp_path / "cells", files | class_folders({"b": 3})), "Cells")
    dataset = open_dataset(report.project)
    record = read_version_record(dataset.folder, dataset.version)
    counts = {note.kind: note.values["count"] for note in record.notes}
    assert counts[NoteKind.CHANNELS] == 3


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_without_its_description_it_is_the_same_picture(depth: type) -> None:
    """An export removes descriptions, and the pages would be no channels any more."""
    data = ome(CHANNELS.astype(depth) * (1 if depth is np.uint8 else 257), "CYX")
    stripped = strip_metadata(data, "TIFF")
    assert b"OME" not in stripped
    assert np.array_equal(decoded(stripped), decoded(data))
