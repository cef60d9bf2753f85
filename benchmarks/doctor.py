"""The doctor: how its time grows with the pictures, and how many copies it finds.

Pictures are double exposures of two pieces of the photographs of ``photographs``, at
random places, scales, angles and in random light: so fifty thousand of them show what
is in no other. They are drawn as thumbnails right away, as of a picture's file the
doctor asks nothing. One in fifty is a copy, made in one of the ways that pictures
change on their way through messengers and web sites. Pieces that share no pixel, and
scanned digits, are different pictures; every pair that is named among those is a mistake.
"""

from __future__ import annotations

import io
import math
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # converts the backbone
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import SOURCES, open_photograph, tile_boxes
from core.data.dataset import Dataset, thumbnail_path
from core.data.manifest import complete_manifest
from core.data.near_duplicates.search import near_duplicate_groups, near_duplicates
from core.data.pixels.decoding import make_thumbnail
from core.data.pixels.statistics import measure
from core.doctor.examination import examine
from core.files import sha256_bytes
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.litert.conversion import feature_engine
from core.models.litert.engine import FeatureExtractor
from core.progress import QuietProgress

_SIZES, _QUICK_SIZES = (1_000, 10_000, 50_000), (100, 200, 400)
_BLOCK = 250  # pictures drawn with one seed
_COPIED_EVERY = 50  # one of so many pictures is a changed copy of another
_SIDE, _LEAST_SIDE = 160, 80  # pixels
_SCALES = (0.25, 0.8)  # of the largest piece that fits
_MAX_ANGLE = 30  # degrees, either way
_LIGHT = (0.75, 1.25)
_WEAK_SHARE = 0.35  # of the second exposure
_MOST_SECONDS = 60.0
_DIGITS = 1797
_LEAST_CONTRAST = 8.0  # grey levels: flatter pieces are not asked for

Change = Callable[[Image.Image], Image.Image]


def run(options: Options) -> list[Figure]:
    sizes = _QUICK_SIZES if options.quick else _SIZES
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _log(f"drawing {sizes[-1]} pictures")
        pictures = _draw_all(sizes[-1], folder)
        return [
            *_growth_figures(pictures, sizes, folder),
            _doctor_figure(pictures.iloc[: sizes[1]], folder),
            *_copy_figures(folder / "copies", options.quick),
        ]


def _growth_figures(pictures: pd.DataFrame, sizes: tuple[int, ...], folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    before: tuple[int, float] | None = None
    for count in sizes:
        _log(f"looking for copies among {count} pictures")
        shutil.rmtree(folder / "similarity", ignore_errors=True)
        some = pictures.iloc[:count]
        began = time.perf_counter()
        pairs = near_duplicates(some, folder)
        groups = near_duplicate_groups(some, folder, pairs)
        seconds = time.perf_counter() - began
        figures.append(
            Figure(
                name=f"near-duplicates of {count:,} pictures",
                measured=seconds,
                unit="s",
                reference=_linear(before, count),
                less_is_better=True,
                # Had each been compared with each, this would be the ratio of the sizes, upside down.
                target=Target(of="ratio", at_least=0.5) if before else None,
                details={"pairs": len(pairs), "largest_group": int(groups.value_counts().iloc[0])},
            )
        )
        before = count, seconds
    return figures


def _linear(before: tuple[int, float] | None, count: int) -> Reference | None:
    if before is None:
        return None
    fewer, seconds = before
    return Reference(name=f"{count / fewer:g} times that of {fewer:,}", value=seconds * count / fewer)


def _doctor_figure(pictures: pd.DataFrame, folder: Path) -> Figure:
    _log(f"features of {len(pictures)} pictures, not timed")
    features = _features(pictures, folder)
    shutil.rmtree(folder / "similarity", ignore_errors=True)
    class_names = tuple(sorted(pictures["label"].unique()))
    dataset = Dataset(
        folder=folder,
        version=1,
        class_names=class_names,
        all_class_names=class_names,
        left_out_classes={},
        skipped=(),
        pictures=pictures,
        all_pictures=pictures,
    )
    _log("examining them")
    began = time.perf_counter()
    report = examine(dataset, features, set(), QuietProgress())
    return Figure(
        name=f"doctor on {len(pictures):,} pictures, after features",
        measured=time.perf_counter() - began,
        unit="s",
        less_is_better=True,
        target=Target(at_most=_MOST_SECONDS),
        details={finding.kind.value: finding.count for finding in report.findings},
    )


def _features(pictures: pd.DataFrame, folder: Path) -> np.ndarray:
    backbone = get_backbone(DEFAULT_BACKBONE)
    extractor = FeatureExtractor(feature_engine(backbone))
    size = (backbone.input_size, backbone.input_size)
    blocks = []
    for start in range(0, len(pictures), _BLOCK):
        squares = []
        for sha256 in pictures["sha256"].iloc[start : start + _BLOCK]:
            with Image.open(thumbnail_path(folder, sha256)) as image:
                squares.append(np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR)))
        blocks.append(extractor.run(np.stack(squares)))
    return np.concatenate(blocks)


def _copy_figures(folder: Path, quick: bool) -> list[Figure]:
    """Measure recall and false positives of the duplicate check."""
    _log("copies of different pictures")
    different = list(_separate_pieces())[:: 10 if quick else 1]
    originals = _write(folder, different)
    shares = {}
    mistakes = len(near_duplicates(originals, folder))
    for name, change in _CHANGES.items():
        copies = _write(folder, ((label, change(picture)) for label, picture in different))
        both = pd.concat([originals, copies], ignore_index=True)
        pairs = {(pair.first, pair.second) for pair in near_duplicates(both, folder)}
        true = {(row, row + len(originals)) for row in range(len(originals))}
        shares[name] = len(pairs & true) / len(true)
        mistakes += len(pairs - true)
    digits = _write(folder, _digits(100 if quick else _DIGITS))
    return [
        Figure(
            name=f"copies found of {len(originals)} pieces of photographs",
            measured=100 * float(np.mean(list(shares.values()))),
            unit="%",
            target=Target(at_least=95.0),
            details={"by_change": {name: round(100 * share, 1) for name, share in shares.items()}},
        ),
        Figure(
            name="pairs of different pieces that were taken for copies, in all these searches",
            measured=mistakes,
            unit="pairs",
            less_is_better=True,
            target=Target(at_most=2 * len(_CHANGES)),
        ),
        Figure(
            name=f"pairs of {len(digits):,} different digits that were taken for copies",
            measured=len(near_duplicates(digits, folder)),
            unit="pairs",
            less_is_better=True,
            target=Target(at_most=0),
        ),
    ]


def _draw_all(count: int, folder: Path) -> pd.DataFrame:
    """A manifest of so many pictures, their thumbnails below ``folder``; drawn by every core."""
    blocks = [
        (seed, min(_BLOCK, count - start), folder) for seed, start in enumerate(range(0, count, _BLOCK))
    ]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        return complete_manifest(pd.concat(pool.map(_draw_block, blocks), ignore_index=True))


def _draw_block(block: tuple[int, int, Path]) -> pd.DataFrame:
    seed, count, folder = block
    random = np.random.default_rng(seed)
    changes = list(_CHANGES.values())
    drawn: list[tuple[str, Image.Image]] = []
    for number in range(count):
        if number % _COPIED_EVERY == _COPIED_EVERY - 1:
            label, picture = drawn[random.integers(len(drawn))]
            drawn.append((label, changes[random.integers(len(changes))](picture)))
        else:
            label, other = (str(name) for name in random.choice(list(SOURCES), 2))
            size = _size(random)
            strong, weak = (_piece(_photograph(name), size, random) for name in (label, other))
            drawn.append((label, Image.blend(strong, weak, _WEAK_SHARE)))
    return _write(folder, drawn)


def _size(random: np.random.Generator) -> tuple[int, int]:
    """A width and height, the longer 160 pixels."""
    shorter = int(random.integers(_LEAST_SIDE, _SIDE, endpoint=True))
    return (_SIDE, shorter) if random.random() < 0.5 else (shorter, _SIDE)


def _piece(photograph: Image.Image, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """A turned and scaled piece of this size, in other light."""
    width, height = size
    angle = math.radians(random.uniform(-_MAX_ANGLE, _MAX_ANGLE))
    cosine, sine = math.cos(angle), math.sin(angle)
    box_width, box_height = width * cosine + height * abs(sine), width * abs(sine) + height * cosine
    scale = random.uniform(*_SCALES) * min(photograph.width / box_width, photograph.height / box_height)
    x = random.uniform(scale * box_width / 2, photograph.width - scale * box_width / 2)
    y = random.uniform(scale * box_height / 2, photograph.height - scale * box_height / 2)
    a, b = scale * cosine, scale * sine
    place = (a, b, x - a * width / 2 - b * height / 2, -b, a, y + b * width / 2 - a * height / 2)
    piece = photograph.transform(size, Image.Transform.AFFINE, place, Image.Resampling.BILINEAR)
    return ImageEnhance.Brightness(piece).enhance(random.uniform(*_LIGHT))


@cache
def _photograph(label: str) -> Image.Image:
    return open_photograph(label)


def _write(folder: Path, pictures: Iterable[tuple[str, Image.Image]]) -> pd.DataFrame:
    """A manifest of pictures with their labels; the thumbnails go below ``folder``."""
    rows = []
    for label, picture in pictures:
        thumbnail = make_thumbnail(picture)
        sha256 = sha256_bytes(thumbnail + label.encode())
        path = thumbnail_path(folder, sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(thumbnail)
        with Image.open(io.BytesIO(thumbnail)) as image:
            measures = asdict(measure(image.convert("RGB")))
        facts = {
            "id": sha256[:16],
            "sha256": sha256,
            "name": f"{label}/{sha256[:16]}.jpg",
            "label": label,
            "width": picture.width,
            "height": picture.height,
            "size_bytes": len(thumbnail),
            "format": "JPEG",
            "extension": "jpg",
            "group": sha256,
            "supplied_split": "",
            "split": "train",
        }
        rows.append(facts | measures)
    return complete_manifest(pd.DataFrame(rows))


def _separate_pieces() -> Iterator[tuple[str, Image.Image]]:
    """The tiles of every photograph that show something; no two share a pixel."""
    for label in SOURCES:
        photograph = _photograph(label)
        for part in ("train", "val", "test"):
            for box in tile_boxes(part, *photograph.size):
                piece = photograph.crop(box)
                if np.asarray(piece.convert("L")).std() >= _LEAST_CONTRAST:
                    yield label, piece


def _digits(count: int) -> Iterator[tuple[str, Image.Image]]:
    """Scans, enlarged smoothly as in the sample."""
    from sklearn.datasets import load_digits

    scans = load_digits()
    for scan, digit in list(zip(scans.images, scans.target, strict=True))[:count]:
        grey = Image.fromarray(np.rint(255 - scan * (255 / 16)).astype(np.uint8))
        yield str(digit), grey.resize((64, 64), Image.Resampling.BICUBIC).convert("RGB")


def _recompressed(picture: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def _resized(picture: Image.Image, scale: float) -> Image.Image:
    return picture.resize(
        (round(scale * picture.width), round(scale * picture.height)), Image.Resampling.BICUBIC
    )


def _cropped(picture: Image.Image, share: float, left: float, top: float) -> Image.Image:
    """The window of this share of each side; ``left`` and ``top`` of what is cut away lie before it."""
    width, height = round(share * picture.width), round(share * picture.height)
    x, y = round(left * (picture.width - width)), round(top * (picture.height - height))
    return picture.crop((x, y, x + width, y + height))


def _lit(picture: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(factor)


_CHANGES: dict[str, Change] = {
    "JPEG quality 40": lambda picture: _recompressed(picture, 40),
    "JPEG quality 60": lambda picture: _recompressed(picture, 60),
    "JPEG quality 90": lambda picture: _recompressed(picture, 90),
    "half the size": lambda picture: _resized(picture, 0.5),
    "0.7 of the size": lambda picture: _resized(picture, 0.7),
    "0.9 of the size": lambda picture: _resized(picture, 0.9),
    "15% darker": lambda picture: _lit(picture, 0.85),
    "15% lighter": lambda picture: _lit(picture, 1.15),
    "2% cropped": lambda picture: _cropped(picture, 0.98, 0.5, 0.5),
    "5% cropped": lambda picture: _cropped(picture, 0.95, 0.5, 0.5),
    "5% cropped at a corner": lambda picture: _cropped(picture, 0.95, 0, 0),
    "10% cropped": lambda picture: _cropped(picture, 0.9, 0.5, 0.5),
    "10% cropped at a corner": lambda picture: _cropped(picture, 0.9, 1, 1),
    "mirrored": ImageOps.mirror,
    "resized, cropped, lighter and compressed": lambda picture: _recompressed(
        _lit(_cropped(_resized(picture, 0.7), 0.95, 0.2, 0.7), 1.1), 60
    ),
}


def _log(message: str) -> None:
    print(f"  {message} …", file=sys.stderr, flush=True)
