"""Accuracy of a quick run's head with 5, 10 and 20 pictures a class: cross-validated, and by validation pictures alone.

Three sets of real pictures: handwritten digits, photographs, and grey pieces of textures of equal
brightness and contrast. Each draw takes other pictures; both heads get the same ones: to train, a
third as many to validate, at least one of each class. The heads are tested on pictures that neither
saw; of photographs and textures, these show other parts of the scene. A run cross-validates below 10
pictures a class; with more, the figures say what it would gain or lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import PARTS, open_photograph, tile_boxes, write_photographs
from benchmarks.picture_features import features_of, own_extractor, report
from core.data.labels.task import Task
from core.data.sources.samples import write_digits
from core.models.litert.engine import FeatureExtractor
from core.training.config import DEFAULT_EPOCHS, Recipe
from core.training.heads.best import fit_best_head
from core.training.heads.data import HeadData
from core.training.heads.linear import FeatureSet
from core.training.phases import Phase

_PICTURES_A_CLASS, _QUICK_PICTURES_A_CLASS = (5, 10, 20), (5,)
_DRAWS, _QUICK_DRAWS = 20, 2
_PHOTOGRAPHS, _QUICK_PHOTOGRAPHS = 1600, 400
_MOST_TESTED = 600
_GAIN = 3.0  # points with 5 pictures a class, mean of the sets
_EPOCHS = DEFAULT_EPOCHS[Recipe.QUICK] // 2  # of each pooling
_PHASES = (Phase.GLOBAL_POOLING, Phase.GRID_POOLING)
_TEXTURES = (
    "coffee", "cat", "motorcycle", "flower", "rocket", "galaxies",
    "retina", "tissue", "gravel", "grass", "bricks", "moon",
)  # fmt: skip
_TEXTURES_A_PART = {"train": 26, "val": 8, "test": 30}  # of each class
_TEXTURE_SIDES = (39, 78)  # pixels


@dataclass(frozen=True, kw_only=True)
class PartedFeatures:
    """Features of pictures whose test part shows other scenes; of one part, test pictures are drawn."""

    name: str
    features: np.ndarray  # float32 (n, 4 * F)
    labels: np.ndarray  # int64 (n,)
    parts: np.ndarray  # int64 (n,): index into ``PARTS``; all 0 where pictures have no part

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


def run(options: Options) -> list[Figure]:
    draws = _QUICK_DRAWS if options.quick else _DRAWS
    figures, gains = [], []
    sets = picture_sets(_QUICK_PHOTOGRAPHS if options.quick else _PHOTOGRAPHS)
    for count in _QUICK_PICTURES_A_CLASS if options.quick else _PICTURES_A_CLASS:
        for pictures in sets:
            report(f"{pictures.name}, {count} a class")
            both = np.array([accuracies(pictures, count, seed) for seed in range(draws)])
            figures.append(_figure(f"{pictures.name}, {count} pictures a class, {draws} draws", both))
            if count == min(_PICTURES_A_CLASS):
                gains.append(both)
    return [*figures, _mean_figure(gains)]


def accuracies(pictures: PartedFeatures, count: int, seed: int) -> tuple[float, float]:
    """Percent right of the test pictures: by the cross-validated head, and by the other."""
    train, validation, test = draw(pictures, count, seed)
    data = HeadData(train=_set(pictures, train), validation=_set(pictures, validation), is_reduced=False)
    of_test = HeadData(train=_set(pictures, test), validation=_set(pictures, test), is_reduced=False)

    def accuracy(*, cross_validates: bool) -> float:
        best = fit_best_head(
            data, _PHASES, task=Task.MULTI_CLASS, epochs=_EPOCHS, check=lambda: None, cross_validates=cross_validates
        )  # fmt: skip
        pooled = of_test.globally_pooled() if best.phase is Phase.GLOBAL_POOLING else of_test
        answers = best.head.logits(pooled.train.features).argmax(axis=1)
        return 100 * float((answers == pictures.labels[test]).mean())

    return accuracy(cross_validates=True), accuracy(cross_validates=False)


def draw(pictures: PartedFeatures, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to train on, to validate with and to test, int64."""
    random, of_validation = np.random.default_rng(seed), max(1, count // 3)
    train, validation = list[int](), list[int]()
    has_parts = bool(pictures.parts.any())
    for label in range(pictures.classes):
        own = random.permutation(np.flatnonzero((pictures.labels == label) & (pictures.parts == 0)))
        other = np.flatnonzero((pictures.labels == label) & (pictures.parts == 1))
        train += own[:count].tolist()
        validation += (random.permutation(other) if has_parts else own[count:])[:of_validation].tolist()
    if has_parts:
        test = np.flatnonzero(pictures.parts == PARTS.index("test"))
    else:
        rest = np.setdiff1d(np.arange(len(pictures.labels)), [*train, *validation])
        test = random.permutation(rest)[:_MOST_TESTED]
    return np.array(train), np.array(validation), test


def picture_sets(photographs: int) -> list[PartedFeatures]:
    """Make the three sets in a workspace of their own, and compute their features."""
    with own_extractor() as (folder, extractor):
        write_digits(folder / "digits")
        write_photographs(folder / "photographs", photographs)
        write_textures(folder / "textures")
        return [_looked_at(folder / name, extractor) for name in ("digits", "photographs", "textures")]


def write_textures(folder: Path, seed: int = 0) -> None:
    """Write grey square pieces, ``PART/LABEL/NUMBER.png``, of equal mean and deviation, with noise."""
    random = np.random.default_rng(seed)
    for label in _TEXTURES:
        photograph = open_photograph(label).convert("L")
        for part, count in _TEXTURES_A_PART.items():
            target = folder / part / label
            target.mkdir(parents=True)
            boxes = tile_boxes(part, *photograph.size)
            for number in range(count):
                left, top, right, bottom = boxes[int(random.integers(len(boxes)))]
                side = min(int(random.uniform(*_TEXTURE_SIDES)), right - left, bottom - top)
                x = int(random.integers(left, right - side + 1))
                y = int(random.integers(top, bottom - side + 1))
                grey = np.asarray(photograph.crop((x, y, x + side, y + side)), np.float32)
                grey = 128 + 48 * (grey - grey.mean()) / (grey.std() + 8) + random.normal(0, 8, grey.shape)
                Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(target / f"{number:03d}.png")


def _looked_at(folder: Path, extractor: FeatureExtractor) -> PartedFeatures:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    report(f"features of {len(paths)} {folder.name}")
    names = sorted({path.parent.name for path in paths})
    return PartedFeatures(
        name=folder.name,
        features=features_of(paths, extractor),
        labels=np.array([names.index(path.parent.name) for path in paths], np.int64),
        parts=np.array(
            [PARTS.index(name) if (name := path.parent.parent.name) in PARTS else 0 for path in paths]
        ),
    )


def _set(pictures: PartedFeatures, rows: np.ndarray) -> FeatureSet:
    return FeatureSet.of_labels(pictures.features[rows], pictures.labels[rows], pictures.classes)


def _figure(name: str, both: np.ndarray) -> Figure:
    gains = both[:, 0] - both[:, 1]
    error = standard_error(gains)
    return Figure(
        name=f"accuracy, {name} (difference ± {error:.1f})",
        measured=float(both[:, 0].mean()),
        unit="%",
        reference=Reference(name="head by validation alone", value=float(both[:, 1].mean())),
        details={"gain": float(gains.mean()), "standard_error": error, "by_draw": both.tolist()},
    )


def _mean_figure(sets: Sequence[np.ndarray]) -> Figure:
    """Mean of the sets: their gains have errors of their own."""
    gains = [both[:, 0] - both[:, 1] for both in sets]
    error = float(np.sqrt(sum(standard_error(one) ** 2 for one in gains)) / len(gains))
    return Figure(
        name=f"accuracy, {min(_PICTURES_A_CLASS)} pictures a class, mean of the sets (difference ± {error:.1f})",
        measured=float(np.mean([both[:, 0].mean() for both in sets])),
        unit="%",
        reference=Reference(
            name="head by validation alone", value=float(np.mean([both[:, 1].mean() for both in sets]))
        ),
        target=Target(of="difference", at_least=_GAIN),
        details={"gain": float(np.mean([one.mean() for one in gains])), "standard_error": error},
    )


def standard_error(values: np.ndarray) -> float:
    """Standard error of the mean of draws."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))
