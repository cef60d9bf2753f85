"""Caches that an earlier decoder filled: what it decoded otherwise is dropped, once in each project.

Caches name a picture's file, not the decoder, so that most of their entries outlive its changes.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image

from core.data.dataset import Dataset, stored_path
from core.data.images import colour, jpeg
from core.data.images.picture import DECODER_ERRORS
from core.files import read_json, whole_file
from core.records import Record, read_record, write_record

# Raised with every change of decoded pixels, together with ``_decodes_as_before``.
# 2: colours of profiles become sRGB; values of TIFF, channels and unmarked CMYK are read right.
_DECODER = 2
_RECORD, _LOCK = "decoder.json", ".decoder.lock"
# Formats of which version 2 converts only pictures that have a colour space of their own; of the
# others it reads some otherwise.
_WITH_PROFILES = {"JPEG", "MPO", "PNG", "WEBP"}
_UNCHANGED = {"GIF", "BMP"}
# Pillow opens MPO as JPEG.
_OPENERS = ("JPEG", "PNG", "WEBP")
_HEADER_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class DecoderRecord(Record):
    """Version of the decoder that filled all caches of a project; ``decoder.json``."""

    decoder: int


def drop_outdated(dataset: Dataset) -> None:
    """Remove pixels and features that an earlier decoder made, of pictures that are decoded otherwise now."""
    if _is_current(dataset.folder):
        return
    with FileLock(dataset.folder / _LOCK):
        # Another process may have done it meanwhile.
        if _is_current(dataset.folder):
            return
        if any((dataset.folder / name).is_dir() for name in ("arrays", "features")):
            _keep_unchanged(dataset)
        write_record(dataset.folder / _RECORD, DecoderRecord(decoder=_DECODER))


def _is_current(folder: Path) -> bool:
    try:
        return read_record(folder / _RECORD, DecoderRecord).decoder >= _DECODER
    except FileNotFoundError:
        return False


def _keep_unchanged(dataset: Dataset) -> None:
    pictures = dataset.all_pictures
    paths = [stored_path(dataset.folder, picture) for _, picture in pictures.iterrows()]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        same = list(pool.map(_decodes_as_before, paths, pictures["format"]))
    unchanged = set(pictures.loc[same, "sha256"])
    for arrays in (dataset.folder / "arrays").glob("[0-9a-f]*.npy"):
        keys = arrays.with_suffix(".json")
        if not keys.exists() or not unchanged.issuperset(read_json(keys)):
            arrays.unlink(missing_ok=True)
            keys.unlink(missing_ok=True)
    for chunk in (dataset.folder / "features").glob("*/[0-9a-f]*.npz"):
        _keep_rows(chunk, unchanged)
    if not all(same):
        # Features of augmented copies do not say which pictures they are of.
        for views in (dataset.folder / "features").glob("*/views-*"):
            shutil.rmtree(views, ignore_errors=True)


def _keep_rows(path: Path, unchanged: set[str]) -> None:
    """Keep the features of these pictures alone in a chunk of the feature cache."""
    with np.load(path, allow_pickle=False) as chunk:
        kept = np.array([digest.decode() in unchanged for digest in chunk["sha256"].tolist()], bool)
        if kept.all():
            return
        rows = {name: chunk[name][kept] for name in ("sha256", "features")}
    if not kept.any():
        path.unlink(missing_ok=True)
        return
    with whole_file(path) as temporary:
        np.savez(temporary, sha256=rows["sha256"], features=rows["features"])


def _decodes_as_before(path: Path, format: str) -> bool:
    """True if a picture has the same pixels as by the first decoder."""
    if format not in _WITH_PROFILES:
        return format in _UNCHANGED
    try:
        with path.open("rb") as stream, Image.open(stream, formats=_OPENERS) as image:
            mode = "L" if image.mode.startswith(("I", "F")) else image.mode
            info = dict(image.info)
            if image.format == "PNG":
                stream.seek(0)
                info[colour.CICP] = colour.read_cicp(stream.read(_HEADER_BYTES))
            return not (colour.is_converted(mode, info) or jpeg.has_plain_ink(image))
    except FileNotFoundError:
        # Cached features of pictures on another disk stay usable.
        return True
    except DECODER_ERRORS:
        return False
