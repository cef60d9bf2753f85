"""Input sources of a model: features, pictures, or outputs of a frozen stem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.models.augmentation import AugmentationConfig, augment, augment_tensor, mix, mix_tensor
from core.models.litert.engine import FeatureExtractor

ReadPictures = Callable[[np.ndarray], np.ndarray]  # rows int64 (B,) to uint8 RGB (B, S, S, 3)


class FeatureSource:
    """Features in memory, indexed by row."""

    def __init__(self, features: np.ndarray) -> None:
        self._features = features

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._features[rows], targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._features[rows]


class PictureSource:
    """Pictures, augmented anew each time they are drawn. Inputs are uint8."""

    def __init__(
        self, read: ReadPictures, augmentation: AugmentationConfig, *, on_device: bool = False
    ) -> None:
        """Prepare a source.

        Args:
            on_device: augment on the device that trains, which gives a tensor of the
                backend; else on the processor.
        """
        self._read, self._augmentation, self._on_device = read, augmentation, on_device

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        pictures = self._read(rows)
        if self._on_device and (self._augmentation.is_active or self._augmentation.is_mixing):
            return _augmented_on_device(pictures, targets, self._augmentation, seed)
        if self._augmentation.is_active:
            pictures = augment(pictures, self._augmentation, seed)
        if self._augmentation.is_mixing:
            pictures, targets = mix(pictures, targets, self._augmentation, seed)
            pictures = np.rint(pictures).astype(np.uint8)
        return pictures, targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._read(rows)


def _augmented_on_device(
    pictures: np.ndarray, targets: np.ndarray, augmentation: AugmentationConfig, seed: int
) -> tuple[Any, np.ndarray]:
    """Return a tensor uint8 (B, S, S, 3) of the backend, and targets float32 (B, C)."""
    from keras import ops

    x = ops.convert_to_tensor(pictures.astype(np.float32))
    if augmentation.is_active:
        x = augment_tensor(x, augmentation, seed)
    if augmentation.is_mixing:
        x, mixed = mix_tensor(x, targets, augmentation, seed)
        targets = ops.convert_to_numpy(mixed)
    return ops.cast(ops.round(x), "uint8"), targets


class StemSource:
    """Outputs of a frozen stem, computed as pictures are drawn."""

    def __init__(self, pictures: PictureSource, stem: FeatureExtractor) -> None:
        self._pictures, self._stem = pictures, stem

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        pictures, targets = self._pictures.draw(rows, targets, epoch, seed)
        return self._stem.run(pictures), targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._stem.run(self._pictures.plain(rows))


class CachedSource:
    """Outputs of a frozen stem for pictures and augmented copies, cached on disk.

    Each epoch uses another copy of every picture.
    """

    def __init__(
        self,
        read: Callable[[np.ndarray], np.ndarray],
        index_of: np.ndarray,
        *,
        trained: int,
        plain: int,
        copies: int,
    ) -> None:
        """Prepare a source.

        Args:
            read: indices int64 (B,) of cached outputs to float16 (B, h, w, c). The ``plain``
                unaugmented pictures come first, then ``copies`` times the augmented copies
                of the first ``trained`` of them.
            index_of: int64, index of each row of the dataset among the unaugmented pictures.
        """
        self._read, self._index_of = read, index_of
        self._trained, self._plain, self._copies = trained, plain, copies

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        indices = self._index_of[rows]
        copy = (epoch + indices) % (1 + self._copies)  # every epoch mixes all copies
        augmented = self._plain + (copy - 1) * self._trained + indices
        return self._read(np.where(copy == 0, indices, augmented)).astype(np.float32), targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._read(self._index_of[rows]).astype(np.float32)
