"""Features and heads of real pictures, for benchmarks without a project."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.photographs import write_photographs
from core.data.images.picture import load_picture
from core.data.sources.samples import write_digits
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.head import HeadWeights
from core.models.litert.conversion import feature_engine
from core.models.litert.engine import FeatureExtractor
from core.training.heads.linear import EpochScores, FeatureSet, fit_linear_head

_BATCH = 256  # pictures decoded together


@dataclass(frozen=True, kw_only=True)
class LabelledFeatures:
    """Pictures of several classes, as the backbone that comes with Darkroom sees them."""

    name: str  # “digits” or “photographs”
    features: np.ndarray  # float32 (n, F)
    labels: np.ndarray  # int64 (n,)


def digits_and_photographs(photographs: int, most: int | None) -> list[LabelledFeatures]:
    """Make both kinds of pictures in a workspace of their own, and compute their features.

    Args:
        photographs: number of them.
        most: pictures of each kind that are taken, at random; None: all.
    """
    with own_extractor() as (folder, extractor):
        write_digits(folder / "digits")
        write_photographs(folder / "photographs", photographs)
        return [_labelled(folder / name, extractor, most) for name in ("digits", "photographs")]


@contextmanager
def own_extractor() -> Iterator[tuple[Path, FeatureExtractor]]:
    """Provide a folder for pictures, removed at the end, and the default backbone converted in a workspace below it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["DARKROOM_HOME"] = str(folder / "home")
        report("converting the backbone")
        yield folder, FeatureExtractor(feature_engine(get_backbone(DEFAULT_BACKBONE)))


def report(what: str) -> None:
    """Say what a benchmark is doing."""
    print(f"  {what} …", file=sys.stderr, flush=True)


def _labelled(folder: Path, extractor: FeatureExtractor, most: int | None) -> LabelledFeatures:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = np.sort(np.random.default_rng(0).permutation(len(paths))[:most])
    paths = [paths[index] for index in chosen]
    report(f"features of {len(paths)} {folder.name}")
    names = sorted({path.parent.name for path in paths})
    labels = np.array([names.index(path.parent.name) for path in paths], np.int64)
    return LabelledFeatures(name=folder.name, features=features_of(paths, extractor), labels=labels)


def features_of(paths: Sequence[Path], extractor: FeatureExtractor) -> np.ndarray:
    """Features float32 (n, F) of picture files."""
    features = []
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), _BATCH):
            pixels = pool.map(
                lambda path: load_picture(path.read_bytes(), extractor.input_size),
                paths[start : start + _BATCH],
            )
            features.append(extractor.run(np.stack(list(pixels))))
    return np.concatenate(features)


def fitted_head(
    train: FeatureSet, validation: FeatureSet, *, epochs: int = 120, l2: float | None = None
) -> HeadWeights:
    """Fit a head along the usual path, and keep the epoch with the least validation loss; with ``l2``, the last."""
    best: list[tuple[float, HeadWeights]] = []

    def keep(scores: EpochScores, head: HeadWeights, strength: float) -> None:
        if not best or l2 is not None or scores.validation_loss < best[0][0]:
            best[:] = [(scores.validation_loss, head)]

    fit_linear_head(train, validation, epochs=epochs, on_epoch=keep, l2=l2)
    return best[0][1]
