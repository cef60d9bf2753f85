"""A fourth band of a TIFF is transparency only where it looks like it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from core.data.images.picture import decode_picture, open_picture
from core.data.importing import import_dataset
from core.data.notes import NoteKind
from tests.support.pictures import class_folders, encoded, small_photograph, write_folder

COLOURS = small_photograph()
INFRARED = COLOURS[::-1, :, 0]
MASK = np.where(np.arange(64) < 20, 0, 255).astype("u1") * np.ones((48, 1), "u1")
SOFT_MASK = np.clip((np.arange(64) - 20) * 16, 0, 255).astype("u1") * np.ones((48, 1), "u1")
HALF = np.full((48, 64), 128, "u1")


def pixels(fourth: np.ndarray, format: str) -> np.ndarray:
    data = encoded(Image.fromarray(np.dstack([COLOURS, fourth])), format)
    return np.asarray(decode_picture(open_picture(data))).astype(int)


def test_infrared_that_is_stored_as_transparency_is_left_out() -> None:
    assert np.array_equal(pixels(INFRARED, "TIFF"), COLOURS)


@pytest.mark.parametrize("mask", [MASK, SOFT_MASK, HALF], ids=["hard", "soft", "half"])
def test_masks_show_white(mask: np.ndarray) -> None:
    opacity = mask[..., np.newaxis] / 255
    assert np.abs(pixels(mask, "TIFF") - (COLOURS * opacity + 255 * (1 - opacity))).max() <= 1.5


def test_other_formats_have_no_bands() -> None:
    assert not np.array_equal(pixels(INFRARED, "PNG"), COLOURS)


def test_an_import_says_whose_fourth_band_is_left_out(tmp_path: Path) -> None:
    """One states it as transparency, one as a band; a third has a mask."""
    files = {
        "a/stated.tif": encoded(Image.fromarray(np.dstack([COLOURS, INFRARED])), "TIFF"),
        "b/plain.tif": written(np.dstack([COLOURS[:, ::-1], INFRARED]), extrasamples=["unspecified"]),
        "b/mask.tif": encoded(Image.fromarray(np.dstack([COLOURS[::-1], MASK])), "TIFF"),
        **class_folders({"a": 3, "b": 3}),
    }
    report = import_dataset(write_folder(tmp_path / "land", files), "Land")
    assert report.understanding is not None
    counts = {note.kind: note.values["count"] for note in report.understanding.notes}
    assert counts[NoteKind.FOURTH_BAND] == 2


def written(bands: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, bands, photometric="rgb", **options)
    return stream.getvalue()
