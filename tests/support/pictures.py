"""Real pictures for tests: scanned digits and photographs, as files, folders and archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Files = Mapping[str, bytes]  # a path with / in it, and what stands there
Shown = tuple[bytes, tuple[str, ...]]  # a picture's file, and the classes that it shows


@cache
def digit_scans() -> np.ndarray:
    """scikit-learn's digits, all different: uint8, shape (1797, 8, 8), dark ink on white."""
    from sklearn.datasets import load_digits

    return np.rint(255 - load_digits().images * (255 / 16)).astype(np.uint8)


@cache
def photograph(name: str) -> np.ndarray:
    """A photograph that a test package ships ("china", "flower", "chelsea"): uint8 RGB, read only."""
    if name in {"china", "flower"}:
        from sklearn.datasets import load_sample_image

        pixels = load_sample_image(f"{name}.jpg")
    else:
        import skimage.data

        pixels = getattr(skimage.data, name)()
    pixels.setflags(write=False)
    return pixels


def small_photograph(name: str = "china", width: int = 64, height: int = 48) -> np.ndarray:
    """The same, shrunk: uint8 RGB, shape (height, width, 3)."""
    picture = Image.fromarray(photograph(name)).resize((width, height), Image.Resampling.BOX)
    return np.asarray(picture)


def encoded(picture: np.ndarray | Image.Image, format: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    if format == "HEIF":  # Pillow itself cannot write it
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


@cache
def digit(number: int) -> bytes:
    """The ``number``-th scanned digit as a PNG file; every number gives other bytes."""
    return encoded(digit_scans()[number], "PNG")


def class_folders(counts: Mapping[str, int], start: int = 0) -> dict[str, bytes]:
    """So many different digits in each folder: ``{"cats/0.png": …}``. ``start`` is the first digit taken."""
    files, number = {}, start
    for folder, count in counts.items():
        for index in range(count):
            files[f"{folder}/{index}.png"] = digit(number)
            number += 1
    return files


def write_folder(path: Path, files: Files) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def write_zip(path: Path, files: Files, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@cache
def two_digits(count: int, classes: tuple[str, ...] = ("3", "5", "8"), seed: int = 0) -> dict[str, Shown]:
    """Pictures of two scanned digits side by side, by file name, each with those of ``classes`` that it shows.

    Two digits of three are of the classes, so one picture of nine shows none, and some show one twice.
    """
    from sklearn.datasets import load_digits

    scans, labels = digit_scans(), load_digits().target
    random = np.random.default_rng(seed)
    is_of_class = np.isin(labels.astype(str), classes)
    weights = np.where(is_of_class, 2 / is_of_class.sum(), 1 / (~is_of_class).sum()) / 3
    pictures = {}
    for number in range(count):
        pair = random.choice(len(labels), 2, replace=False, p=weights)
        file = encoded(np.concatenate(scans[pair], axis=1), "PNG")
        shown = sorted({str(labels[place]) for place in pair} & set(classes))
        pictures[f"{number:04}.png"] = file, tuple(shown)
    return pictures


def several_labels_csv(pictures: Mapping[str, Shown], separator: str = ";") -> bytes:
    """A table of file names and labels, such as “3;5”; “none” where a picture shows no class."""
    rows = [f'{name},"{separator.join(shown) or "none"}"' for name, (_, shown) in pictures.items()]
    return "\n".join(["file,labels", *rows]).encode()


def two_digits_folder(path: Path, count: int, classes: tuple[str, ...] = ("3", "5", "8")) -> Path:
    """A folder with ``two_digits`` and their table."""
    pictures = two_digits(count, classes)
    files = {name: data for name, (data, _) in pictures.items()}
    return write_folder(path, files | {"labels.csv": several_labels_csv(pictures)})
