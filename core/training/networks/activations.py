"""What the frozen trunk of a network says of every picture, computed once and kept while a run lasts.

A trunk that is not trained answers the same in every epoch. Computed once in
LiteRT and kept as float16, its answers take the forward pass through most of the
network out of every epoch but the first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.pixels.row_file import RowFile
from core.files import digest_of, read_json, write_json
from core.models.augmentation import AugmentationConfig
from core.models.litert.engine import FeatureExtractor
from core.progress import Progress, Stage, raise_if_stopped
from core.training.networks.inputs import KeptSource, PictureSource

_CHUNK = 64  # pictures between two looks at the stop button
_MOST_SHARE_OF_FREE, _MOST_BYTES = 0.25, 20 << 30
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Which outputs are kept: all pictures as they came, then changed copies of those to train on."""

    train: np.ndarray  # int64 (t,) rows of the dataset
    validation: np.ndarray  # int64 (v,)
    views: int  # changed copies of each picture to train on
    augmentation: AugmentationConfig
    seed: int

    @property
    def outputs(self) -> int:
        return len(self.train) * (1 + self.views) + len(self.validation)


def kept_bytes(plan: Plan, numbers: int) -> int:
    """Disk space for outputs of so many numbers a picture."""
    return plan.outputs * numbers * np.dtype(np.float16).itemsize


def fits_on_disk(size_bytes: int, folder: Path) -> bool:
    """Whether so much may be kept there: a quarter of what is free, 20 GB at most."""
    return size_bytes <= min(_MOST_BYTES, _MOST_SHARE_OF_FREE * shutil.disk_usage(folder).free)


def kept_source(
    plan: Plan, pictures: PictureSource, trunk_file: Path, folder: Path, progress: Progress
) -> KeptSource:
    """The kept outputs as a source; what an earlier attempt computed is not computed again.

    Args:
        pictures: draws changed pictures by ``plan.augmentation``.
        trunk_file: the converted trunk.
        folder: where the outputs are kept; the caller removes it when the run has ended.
    Raises:
        JobStopped, JobPaused: the user said so; what was computed stays.
    """
    trunk = FeatureExtractor(trunk_file)
    key = digest_of(
        {
            "trunk": trunk_file.stem,
            "train": plan.train.tolist(),
            "validation": plan.validation.tolist(),
            "views": plan.views,
            "augmentation": plan.augmentation.to_json(),
            "seed": plan.seed,
        }
    )
    file, marker = folder / f"{key}.npy", folder / f"{key}.json"
    done = int(read_json(marker)["done"]) if marker.exists() and file.exists() else 0
    shape = (plan.outputs, *trunk.output_shape)
    kept = RowFile(file, writable=True) if done else RowFile.create(file, shape, np.dtype(np.float16))
    progress.stage(Stage.ACTIVATIONS)
    for first, batch in _batches(plan, pictures, done):
        raise_if_stopped(progress)
        outputs = trunk.run(batch)
        kept.write(first, np.clip(outputs, -_LARGEST, _LARGEST))
        write_json(marker, {"done": first + len(batch)})
        progress.advance(first + len(batch), plan.outputs)
    place_of = np.full(max(plan.train.max(), plan.validation.max()) + 1, -1, np.int64)
    place_of[plan.train] = np.arange(len(plan.train))
    place_of[plan.validation] = len(plan.train) + np.arange(len(plan.validation))
    return KeptSource(
        kept.read,
        place_of,
        trained=len(plan.train),
        plain=len(plan.train) + len(plan.validation),
        views=plan.views,
    )


def _batches(plan: Plan, pictures: PictureSource, done: int) -> Iterator[tuple[int, np.ndarray]]:
    """Pictures in the order in which they are kept, from number ``done`` on, each with its number."""
    plain = np.concatenate([plan.train, plan.validation])
    for start in range(0, len(plain), _CHUNK):
        if start >= done:
            yield start, pictures.plain(plain[start : start + _CHUNK])
    no_targets = np.zeros((len(plan.train), 0), np.float32)
    for view in range(plan.views):
        for start in range(0, len(plan.train), _CHUNK):
            number = len(plain) + view * len(plan.train) + start
            if number >= done:
                rows = plan.train[start : start + _CHUNK]
                # Seeded by place: an interrupted run draws the same changes again.
                seed = int(digest_of([plan.seed, view, start])[:7], 16)
                yield number, pictures.draw(rows, no_targets[: len(rows)], view, seed)[0]
