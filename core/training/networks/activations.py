"""Cache of a frozen stem's outputs (activations) on disk, for the length of a run.

A frozen stem gives the same output in every epoch. Computed once in LiteRT and stored as
float16, its outputs save the forward pass through most of the network in every epoch.
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
from core.training.networks.inputs import CachedSource, PictureSource

_CHUNK = 64  # pictures between two checks for a stop request
_MAX_FREE_FRACTION, _MAX_BYTES = 0.25, 20 << 30
_MAX_FLOAT16 = float(np.finfo(np.float16).max)


@dataclass(frozen=True, kw_only=True)
class ActivationPlan:
    """Cached outputs, in order: unaugmented pictures, then augmented copies of those to train on."""

    train: np.ndarray  # int64 (t,) rows of the dataset
    validation: np.ndarray  # int64 (v,), may be empty
    copies: int  # augmented copies of each training picture
    augmentation: AugmentationConfig
    seed: int

    @property
    def outputs(self) -> int:
        return len(self.train) * (1 + self.copies) + len(self.validation)


def activations_bytes(plan: ActivationPlan, numbers: int) -> int:
    """Return the disk space of the outputs.

    Args:
        numbers: in the output of one picture.
    """
    return plan.outputs * numbers * np.dtype(np.float16).itemsize


def fits_on_disk(size_bytes: int, folder: Path) -> bool:
    """Return True if a cache of this size takes at most a quarter of the free space and 20 GB."""
    return size_bytes <= min(_MAX_BYTES, _MAX_FREE_FRACTION * shutil.disk_usage(folder).free)


def cached_activations(
    plan: ActivationPlan, pictures: PictureSource, stem_file: Path, folder: Path, progress: Progress
) -> CachedSource:
    """Compute the outputs that an earlier attempt did not, and return all as a source.

    Args:
        pictures: augments by ``plan.augmentation``.
        stem_file: the converted stem.
        folder: of the cache; the caller removes it when the run has ended.
    Raises:
        JobStopped, JobPaused: the user asked for it; computed outputs stay.
    """
    stem = FeatureExtractor(stem_file)
    # Keys as version 0.1.0 wrote them, so that the cache of an interrupted run is used.
    key = digest_of(
        {
            "trunk": stem_file.stem,
            "train": plan.train.tolist(),
            "validation": plan.validation.tolist(),
            "views": plan.copies,
            "augmentation": plan.augmentation.to_json(),
            "seed": plan.seed,
        }
    )
    file, marker = folder / f"{key}.npy", folder / f"{key}.json"
    done = int(read_json(marker)["done"]) if marker.exists() and file.exists() else 0
    shape = (plan.outputs, *stem.output_shape)
    cache = RowFile(file, writable=True) if done else RowFile.create(file, shape, np.dtype(np.float16))
    progress.stage(Stage.ACTIVATIONS)
    for first, batch in _batches(plan, pictures, done):
        raise_if_stopped(progress)
        outputs = stem.run(batch)
        cache.write(first, np.clip(outputs, -_MAX_FLOAT16, _MAX_FLOAT16))
        # The file is as long as all rows from the start: those that were lost would be zeros.
        cache.sync()
        write_json(marker, {"done": first + len(batch)})
        progress.advance(first + len(batch), plan.outputs)
    index_of = np.full(max(plan.train.max(), plan.validation.max(initial=-1)) + 1, -1, np.int64)
    index_of[plan.train] = np.arange(len(plan.train))
    index_of[plan.validation] = len(plan.train) + np.arange(len(plan.validation))
    return CachedSource(
        cache.read,
        index_of,
        trained=len(plan.train),
        plain=len(plan.train) + len(plan.validation),
        copies=plan.copies,
    )


def _batches(plan: ActivationPlan, pictures: PictureSource, done: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield pictures in the cache's order from index ``done`` on, each batch with its first index."""
    plain = np.concatenate([plan.train, plan.validation])
    for start in range(0, len(plain), _CHUNK):
        if start >= done:
            yield start, pictures.plain(plain[start : start + _CHUNK])
    no_targets = np.zeros((len(plan.train), 0), np.float32)
    for copy in range(plan.copies):
        for start in range(0, len(plan.train), _CHUNK):
            index = len(plain) + copy * len(plan.train) + start
            if index >= done:
                rows = plan.train[start : start + _CHUNK]
                # Seeded by position: an interrupted run augments the same way again.
                seed = int(digest_of([plan.seed, copy, start])[:7], 16)
                yield index, pictures.draw(rows, no_targets[: len(rows)], copy, seed)[0]
