"""Where a model's inputs come from: features, pictures, or what a frozen trunk said of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.models.augmentation import AugmentationConfig, augment, augment_tensor, mix, mix_tensor
from core.models.litert.engine import FeatureExtractor

ReadPictures = Callable[[np.ndarray], np.ndarray]  # rows int64 (B,) to uint8 RGB (B, S, S, 3)


class FeatureSource:
    """Features that lie in memory; row numbers are places in them."""

    def __init__(self, features: np.ndarray) -> None:
        self._features = features

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._features[rows], targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._features[rows]


class PictureSource:
    """Pictures, changed anew each time they are drawn. Inputs are uint8."""

    def __init__(
        self, read: ReadPictures, augmentation: AugmentationConfig, *, on_device: bool = False
    ) -> None:
        """Draw pictures.

        Args:
            on_device: change them where the network is trained (a tensor of the
                backend comes out); else on the processor.
        """
        self._read, self._augmentation, self._on_device = read, augmentation, on_device

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        pictures = self._read(rows)
        if self._on_device and (self._augmentation.is_active or self._augmentation.is_mixing):
            return _changed_on_device(pictures, targets, self._augmentation, seed)
        if self._augmentation.is_active:
            pictures = augment(pictures, self._augmentation, seed)
        if self._augmentation.is_mixing:
            pictures, targets = mix(pictures, targets, self._augmentation, seed)
            pictures = np.rint(pictures).astype(np.uint8)
        return pictures, targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._read(rows)


def _changed_on_device(
    pictures: np.ndarray, targets: np.ndarray, augmentation: AugmentationConfig, seed: int
) -> tuple[Any, np.ndarray]:
    """A tensor uint8 (B, S, S, 3) of the backend, and targets float32 (B, C)."""
    from keras import ops

    x = ops.convert_to_tensor(pictures.astype(np.float32))
    if augmentation.is_active:
        x = augment_tensor(x, augmentation, seed)
    if augmentation.is_mixing:
        x, mixed = mix_tensor(x, targets, augmentation, seed)
        targets = ops.convert_to_numpy(mixed)
    return ops.cast(ops.round(x), "uint8"), targets


class TrunkSource:
    """What a frozen trunk says of pictures, computed as they are drawn."""

    def __init__(self, pictures: PictureSource, trunk: FeatureExtractor) -> None:
        self._pictures, self._trunk = pictures, trunk

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        pictures, targets = self._pictures.draw(rows, targets, epoch, seed)
        return self._trunk.run(pictures), targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._trunk.run(self._pictures.plain(rows))


class KeptSource:
    """What a frozen trunk said of pictures and of changed copies, computed once and kept on disk.

    Each epoch shows every picture in another of its copies.
    """

    def __init__(
        self,
        read: Callable[[np.ndarray], np.ndarray],
        place_of: np.ndarray,
        *,
        trained: int,
        plain: int,
        views: int,
    ) -> None:
        """Read kept outputs.

        Args:
            read: numbers int64 (B,) of kept outputs to float16 (B, h, w, c). First come
                those of all pictures as they came, ``plain`` of them, then ``views``
                times those of changed copies of the first ``trained``.
            place_of: int64, the place of each row of the dataset among the first.
        """
        self._read, self._place_of = read, place_of
        self._trained, self._plain, self._views = trained, plain, views

    def draw(
        self, rows: np.ndarray, targets: np.ndarray, epoch: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        places = self._place_of[rows]
        copy = (epoch + places) % (1 + self._views)  # in one epoch, all copies stand beside each other
        changed = self._plain + (copy - 1) * self._trained + places
        return self._read(np.where(copy == 0, places, changed)).astype(np.float32), targets

    def plain(self, rows: np.ndarray) -> np.ndarray:
        return self._read(self._place_of[rows]).astype(np.float32)
