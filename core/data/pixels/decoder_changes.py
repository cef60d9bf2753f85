"""Pixels of an earlier decoder: caches drop and thumbnails replace what is decoded otherwise now.

Caches name a picture's file, not the decoder, so that most of their entries outlive its changes.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
from filelock import FileLock
from PIL import Image, ImageFile

from core.data.dataset import Dataset, pictures_of_all_versions, stored_path
from core.data.decoder_version import DECODER, record_decoder, recorded_decoder
from core.data.images import colour, depth, jpeg, tiff, tiff_samples
from core.data.images.picture import DECODER_ERRORS
from core.data.pixels.cache_removal import keep_hashes, keep_pixels
from core.data.pixels.range_changes import follow_range
from core.data.pixels.redrawing import newest_settings, redraw
from core.progress import Progress, QuietProgress

_LOCK = ".decoder.lock"
# Formats of which version 2 converts only pictures that have a colour space of their own; of the
# others it reads some otherwise.
_WITH_PROFILES = {"JPEG", "MPO", "PNG", "WEBP"}
_UNCHANGED_BY_2 = {"GIF", "BMP"}
_CHANGED_BY_3 = {"JPEG", "MPO", "PNG", "TIFF"}
# Pillow opens MPO as JPEG.
_OPENERS = ("JPEG", "PNG", "WEBP", "TIFF")
_HEADER_BYTES = 1 << 16


def drop_outdated(dataset: Dataset, progress: Progress | None = None) -> None:
    """Remove pixels and features that an earlier decoder made of pictures that are decoded otherwise now.

    Their thumbnails and statistics are made again, as are those of another range; a dataset that is opened
    afterwards has them.

    Raises:
        JobStopped, JobPaused: the user asked for it; the rest is done the next time.
    """
    folder = dataset.folder
    follow_range(folder, progress)
    if recorded_decoder(folder) >= DECODER:
        return
    with FileLock(folder / _LOCK):
        since = recorded_decoder(folder)
        # Another process may have done it meanwhile.
        if since >= DECODER:
            return
        pictures = pictures_of_all_versions(folder)
        changed = _changed_pictures(folder, pictures, since)
        if not changed.empty:
            unchanged = set(pictures["sha256"]) - set(changed["sha256"])
            keep_pixels(folder, lambda key: key in unchanged)
            redraw(folder, changed, *newest_settings(folder), progress or QuietProgress())
            outdated = set(changed["sha256"])
            # They were made of the thumbnails before.
            keep_hashes(folder, lambda sha256: sha256 not in outdated)
        record_decoder(folder)


def _changed_pictures(folder: Path, pictures: pd.DataFrame, since: int) -> pd.DataFrame:
    paths = [stored_path(folder, picture) for _, picture in pictures.iterrows()]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        is_changed = list(pool.map(_is_changed, paths, pictures["format"], repeat(since)))
    return pictures[np.array(is_changed, bool)]


def _is_changed(path: Path, format: str, since: int) -> bool:
    """True if a picture has other pixels than by an earlier decoder."""
    if since < 2 and format not in _WITH_PROFILES:
        return format not in _UNCHANGED_BY_2
    if since >= 2 and format not in _CHANGED_BY_3:
        return False
    try:
        with path.open("rb") as stream, Image.open(stream, formats=_OPENERS) as image:
            return (since < 2 and _has_own_colours(image)) or _has_other_samples(image)
    except FileNotFoundError:
        # Cached features of pictures on another disk stay usable.
        return False
    except DECODER_ERRORS:
        return True


def _has_own_colours(image: ImageFile.ImageFile) -> bool:
    """True for pictures whose colours version 2 converts."""
    mode, info = "L" if image.mode.startswith(("I", "F")) else image.mode, dict(image.info)
    if image.format == "PNG":
        info[colour.CICP] = colour.read_cicp(_start_of(image, _HEADER_BYTES))
    return colour.is_converted(mode, info)


def _has_other_samples(image: ImageFile.ImageFile) -> bool:
    """True for pictures that version 3 reads otherwise."""
    if image.format == "TIFF":
        pages = tiff.read_pages(_start_of(image, -1))
        return image.mode == "RGBA" or (bool(pages) and tiff_samples.is_unusual(tiff.main_page(pages)))
    if image.format == "PNG":
        return depth.is_deep(image) and (image.mode == "RGBA" or "transparency" in image.info)
    return jpeg.has_plain_ink(image)


def _start_of(image: ImageFile.ImageFile, size: int) -> bytes:
    """Read the file of an opened picture, at most ``size`` bytes, and return to the place of its pixels."""
    stream = image.fp
    assert stream is not None
    position = stream.tell()
    stream.seek(0)
    data: bytes = stream.read(size)
    stream.seek(position)
    return data
