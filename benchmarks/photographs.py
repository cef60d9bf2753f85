"""Sixteen classes of real pictures, cut from photographs and scans that installed packages ship.

A class is the photograph its pictures were cut from. Each picture is a piece of
it at a random place, scale, angle, brightness and sharpness, saved in a random
size, shape, format and quality. Training, validation and test pictures come from
tiles of the photograph that do not overlap, so no pixel is seen on two sides.

Nothing is downloaded. The same number of pictures and seed give the same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

# The first class is the most frequent one; the shares of all add up to 1.
SOURCES = {
    "astronaut": "skimage/data/astronaut.png",
    "temple": "sklearn/datasets/images/china.jpg",
    "coffee": "skimage/data/coffee.png",
    "cat": "skimage/data/chelsea.png",
    "motorcycle": "skimage/data/motorcycle_left.png",
    "flower": "sklearn/datasets/images/flower.jpg",
    "photographer": "skimage/data/camera.png",
    "rocket": "skimage/data/rocket.jpg",
    "galaxies": "skimage/data/hubble_deep_field.jpg",
    "retina": "skimage/data/retina.jpg",
    "tissue": "skimage/data/ihc.png",
    "gravel": "skimage/data/gravel.png",
    "grass": "skimage/data/grass.png",
    "bricks": "skimage/data/brick.png",
    "coins": "skimage/data/coins.png",
    "moon": "skimage/data/moon.png",
}
# For benchmarks that need more classes.
MORE_SOURCES = SOURCES | {
    "cell": "skimage/data/cell.png",
    "page": "skimage/data/page.png",
    "text": "skimage/data/text.png",
    "clock": "skimage/data/clock_motion.png",
}
MAJORITY_SHARE = 0.21
_RAREST_TO_MOST_COMMON = 0.3  # among the classes after the first
_MIN_PICTURES_PER_CLASS = 4
_TEST_FRACTION, _VALIDATION_FRACTION = 0.2, 0.1

# Which part of the dataset each tile of a photograph feeds, row by row. Turned by one column at a time,
# the layout makes each tile a test tile once.
TILES = (
    ("train", "val", "train", "test"),
    ("train", "test", "train", "train"),
    ("val", "train", "test", "train"),
)
TURNS = 4
PARTS = ("train", "val", "test")  # as the folders are called

_SIDES = (200, 900)  # pixels, the longer side
_ASPECTS = (0.5, 2.0)  # width to height
_CUT_SHARES = (0.55, 1.0)  # of the largest cut that fits its tile
_MAX_ANGLE = 30  # degrees, either way
_BRIGHTNESS = _CONTRAST = (0.7, 1.3)
_COLOUR = (0.4, 1.2)  # 0: grey
_BLUR = (0.0, 0.008)  # of the longer side
_NOISE = (0.0, 12.0)  # standard deviation, of 255
_JPEG_QUALITY = (20, 95)
_PNG_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One picture to make: ``<part>/<label>/<number>``, drawn with its own seed."""

    part: str
    label: str
    number: int
    seed: int


def write_photographs(
    folder: Path,
    pictures: int,
    seed: int = 0,
    sources: Mapping[str, str] = SOURCES,
    *,
    parts: Sequence[str] = PARTS,
    turn: int = 0,
) -> None:
    """Write ``train/ val/ test/``, each with a folder for each class.

    Args:
        pictures: their number in all three parts.
        parts: those that are written.
        turn: columns by which the layout of the tiles is turned, 0 to below ``TURNS``.
    """
    photographs = {label: open_photograph(label) for label in sources}
    for part in parts:
        for label in sources:
            (folder / part / label).mkdir(parents=True, exist_ok=True)
    planned = (item for item in plan(pictures, seed, sources) if item.part in parts)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda item: _write(item, photographs[item.label], folder, turn), planned))


def plan(pictures: int, seed: int = 0, sources: Mapping[str, str] = SOURCES) -> Iterator[Planned]:
    """Shapes to draw, by class."""
    seeds = iter(np.random.SeedSequence(seed).generate_state(pictures))
    for label, count in zip(sources, class_counts(pictures, len(sources)), strict=True):
        parts = _parts(count)
        yield from (
            Planned(part=part, label=label, number=number, seed=int(next(seeds)))
            for number, part in enumerate(parts)
        )


def class_counts(pictures: int, classes: int = len(SOURCES)) -> list[int]:
    """Pictures in each class: one class is much larger, the others get steadily smaller."""
    others = classes - 1
    weights = np.linspace(1.0, _RAREST_TO_MOST_COMMON, others)
    shares = (1 - MAJORITY_SHARE) * weights / weights.sum()
    counts = [max(_MIN_PICTURES_PER_CLASS, int(share * pictures)) for share in shares]
    majority = pictures - sum(counts)
    if majority < max(counts):
        raise ValueError(f"{pictures} pictures are too few for {classes} uneven classes; ask for 100 or more")
    return [majority, *counts]


def tile_boxes(part: str, width: int, height: int, turn: int = 0) -> list[tuple[int, int, int, int]]:
    """The tiles of a photograph that feed one part: left, top, right, bottom in pixels."""
    rows, columns = len(TILES), len(TILES[0])
    return [
        (
            column * width // columns,
            row * height // rows,
            (column + 1) * width // columns,
            (row + 1) * height // rows,
        )
        for row in range(rows)
        for column in range(columns)
        if TILES[row][(column + turn) % columns] == part
    ]


def open_photograph(label: str) -> Image.Image:
    """The whole photograph that a class is cut from, RGB."""
    package, _, inside = MORE_SOURCES[label].partition("/")
    return Image.open(Path(str(files(package))) / inside).convert("RGB")


def _parts(count: int) -> list[str]:
    """The part of each of a class's pictures; every part gets at least one."""
    test = max(1, round(_TEST_FRACTION * count))
    validation = max(1, round(_VALIDATION_FRACTION * count))
    return ["test"] * test + ["val"] * validation + ["train"] * (count - test - validation)


def _write(item: Planned, photograph: Image.Image, folder: Path, turn: int) -> None:
    random = np.random.default_rng(item.seed)
    boxes = tile_boxes(item.part, *photograph.size, turn)
    picture = _spoilt(_cut(photograph, boxes[random.integers(len(boxes))], random), random)
    path = folder / item.part / item.label / f"{item.number:04d}"
    if random.random() < _PNG_SHARE:
        picture.save(path.with_suffix(".png"), compress_level=1)
    else:
        picture.save(path.with_suffix(".jpg"), quality=int(random.integers(*_JPEG_QUALITY)))


def _cut(photograph: Image.Image, box: tuple[int, int, int, int], random: np.random.Generator) -> Image.Image:
    """A turned and scaled piece of one tile; the whole piece lies inside the tile."""
    left, top, right, bottom = box
    width, height = _size(random)
    angle = math.radians(random.uniform(-_MAX_ANGLE, _MAX_ANGLE))
    cosine, sine = math.cos(angle), math.sin(angle)
    # The box around the turned picture, in its own pixels; then in the photograph's.
    box_width = width * cosine + height * abs(sine)
    box_height = width * abs(sine) + height * cosine
    scale = random.uniform(*_CUT_SHARES) * min((right - left) / box_width, (bottom - top) / box_height)
    x = random.uniform(left + scale * box_width / 2, right - scale * box_width / 2)
    y = random.uniform(top + scale * box_height / 2, bottom - scale * box_height / 2)
    a, b = scale * cosine, scale * sine
    to_photograph = (
        a, b, x - a * width / 2 - b * height / 2,
        -b, a, y + b * width / 2 - a * height / 2,
    )  # fmt: skip
    # Cut the tile out first: at its edge, smoothing must not reach across.
    shifted = (*to_photograph[:2], to_photograph[2] - left, *to_photograph[3:5], to_photograph[5] - top)
    tile = photograph.crop((left, top, right, bottom))
    return tile.transform((width, height), Image.Transform.AFFINE, shifted, Image.Resampling.BICUBIC)


def _size(random: np.random.Generator) -> tuple[int, int]:
    longer = int(random.integers(_SIDES[0], _SIDES[1], endpoint=True))
    aspect = math.exp(random.uniform(*np.log(_ASPECTS)))
    return (longer, round(longer / aspect)) if aspect >= 1 else (round(longer * aspect), longer)


def _spoilt(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """Apply the effects of light, lens and sensor to a picture."""
    picture = ImageEnhance.Brightness(picture).enhance(random.uniform(*_BRIGHTNESS))
    picture = ImageEnhance.Contrast(picture).enhance(random.uniform(*_CONTRAST))
    picture = ImageEnhance.Color(picture).enhance(random.uniform(*_COLOUR))
    picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(*_BLUR) * max(picture.size)))
    strength = np.float32(random.uniform(*_NOISE))
    noise = strength * random.standard_normal((*picture.size[::-1], 1), np.float32)
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
