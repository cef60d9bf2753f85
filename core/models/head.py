"""Classification head as plain arrays: from features to probabilities.

Imports NumPy only, so that the web process, training and tests share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import WeightsError
from core.files import whole_file
from core.messages import N_

SCHEMA_VERSION = 1
# Cells of the 2 × 2 average pooling: an extractor gives the features of each.
GRID_CELLS = 4

Activation = Literal["softmax", "sigmoid"]
# Pooling of the last feature map in a network: means of 2 × 2 cells, or the maximum over the map.
MapPooling = Literal["grid", "max"]
FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


@dataclass(frozen=True, kw_only=True)
class HeadWeights:
    """Standardisation and dense layers, with ReLU between the layers.

    F is the number of features, C the number of classes. All arrays are stored as
    float32. ``(features - feature_mean) / feature_scale`` goes into the first layer.
    """

    feature_mean: np.ndarray  # (F,)
    feature_scale: np.ndarray  # (F,), above 0
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]  # kernel (in, out), bias (out,); the last gives logits
    activation: Activation = "softmax"  # "sigmoid" for multi-label: each class by itself

    def __post_init__(self) -> None:
        for name in ("feature_mean", "feature_scale"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))
        layers = tuple((kernel.astype(np.float32), bias.astype(np.float32)) for kernel, bias in self.layers)
        object.__setattr__(self, "layers", layers)
        self._check_shapes()

    def _check_shapes(self) -> None:
        width = self.feature_mean.shape
        if not self.layers or len(width) != 1 or self.feature_scale.shape != width:
            raise ValueError("a head needs a mean and a scale for each feature, and at least one layer")
        if not (self.feature_scale > 0).all():
            raise ValueError("feature_scale must be above 0 everywhere; give constant features the scale 1")
        for kernel, bias in self.layers:
            if kernel.ndim != 2 or kernel.shape[:1] != width or bias.shape != kernel.shape[1:]:
                raise ValueError(f"a kernel {kernel.shape} with a bias {bias.shape} does not follow {width}")
            width = bias.shape

    @property
    def feature_size(self) -> int:
        return len(self.feature_mean)

    @property
    def num_classes(self) -> int:
        return len(self.layers[-1][1])

    def logits(self, features: np.ndarray) -> FloatArray:
        """Scores before softmax, float32 (B, C), for features float (B, F)."""
        x = (np.asarray(features, np.float32) - self.feature_mean) / self.feature_scale
        for position, (kernel, bias) in enumerate(self.layers):
            if position:
                x = np.maximum(x, 0)
            x = x @ kernel + bias
        return x

    def probabilities(self, features: np.ndarray) -> FloatArray:
        """float32 (B, C): the softmax of the logits, each row summing to 1, or the sigmoid of each."""
        return activated(self.logits(features), self.activation)

    def with_temperatures(self, temperatures: np.ndarray) -> HeadWeights:
        """Divide the logits by temperatures, (C,)."""
        *hidden, (kernel, bias) = self.layers
        divided = (kernel / temperatures, bias / temperatures)
        return replace(self, layers=(*hidden, divided))

    def for_grid_features(self) -> HeadWeights:
        """Turn a head for globally pooled features into the same head for 2 × 2 pooled ones.

        The new head takes (B, GRID_CELLS * F) and gives what this one gives for their
        mean over the cells, (B, F).
        """
        (kernel, bias), *rest = self.layers
        return HeadWeights(
            feature_mean=np.tile(self.feature_mean, GRID_CELLS),
            feature_scale=np.tile(GRID_CELLS * self.feature_scale, GRID_CELLS),
            layers=((np.tile(kernel, (GRID_CELLS, 1)), bias), *rest),
            activation=self.activation,
        )

    def for_global_features(self) -> HeadWeights:
        """Turn a head for 2 × 2 pooled features into one for globally pooled features, (B, F).

        Both give the same where all four cells are equal. Undoes ``for_grid_features``.
        """
        (kernel, bias), *rest = self.folded_layers()
        features = self.feature_size // GRID_CELLS
        return HeadWeights(
            feature_mean=np.zeros(features, np.float32),
            feature_scale=np.ones(features, np.float32),
            layers=((kernel.reshape(GRID_CELLS, features, -1).sum(axis=0), bias), *rest),
            activation=self.activation,
        )

    def folded_layers(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Layers for features that are not standardised: the first one standardises too."""
        kernel, bias = (array.astype(np.float64) for array in self.layers[0])
        kernel = kernel / self.feature_scale[:, None].astype(np.float64)
        bias = bias - self.feature_mean.astype(np.float64) @ kernel
        return ((kernel.astype(np.float32), bias.astype(np.float32)), *self.layers[1:])

    def save(self, path: Path) -> None:
        """Write all arrays to one ``.npz`` file, atomically."""
        arrays = {"mean": self.feature_mean, "scale": self.feature_scale}
        arrays["schema_version"] = np.array(SCHEMA_VERSION)
        arrays["activation"] = np.array(self.activation)
        for index, (kernel, bias) in enumerate(self.layers):
            arrays |= {f"kernel_{index}": kernel, f"bias_{index}": bias}
        with whole_file(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> HeadWeights:
        """Read the file of ``save``.

        Raises:
            WeightsError: another version of Darkroom wrote it.
        """
        with np.load(path, allow_pickle=False) as arrays:
            version = int(arrays["schema_version"])
            if version != SCHEMA_VERSION:
                raise WeightsError(
                    N_("{file} has format {found}; this Darkroom reads format {expected}. Update Darkroom."),
                    file=path.name,
                    found=version,
                    expected=SCHEMA_VERSION,
                )
            count = sum(name.startswith("kernel_") for name in arrays.files)
            layers = tuple((arrays[f"kernel_{index}"], arrays[f"bias_{index}"]) for index in range(count))
            activation: Any = str(arrays["activation"]) if "activation" in arrays.files else "softmax"
            return cls(
                feature_mean=arrays["mean"],
                feature_scale=arrays["scale"],
                layers=layers,
                activation=activation,
            )


def pool_globally(features: np.ndarray) -> FloatArray:
    """Average 2 × 2 pooled features (B, GRID_CELLS * F) over the cells: float32 (B, F)."""
    cells = features.reshape(len(features), GRID_CELLS, features.shape[1] // GRID_CELLS)
    mean: FloatArray = cells.mean(axis=1, dtype=np.float32)
    return mean


def activated(logits: np.ndarray, activation: Activation) -> FloatArray:
    """Probabilities of logits float (B, C)."""
    return softmax(logits) if activation == "softmax" else sigmoid(logits)


def join_features(parts: Sequence[np.ndarray], *, is_grid: bool) -> FloatArray:
    """Join the features of several backbones, float32 (B, F) each, as their joint network does.

    Args:
        is_grid: they are 2 × 2 pooled, so they are joined cell by cell; else one after the other.
    """
    cells = GRID_CELLS if is_grid else 1
    count, widths = len(parts[0]), [part.shape[1] // cells for part in parts]
    joined = np.empty((count, cells, sum(widths)), np.float32)
    start = 0
    for part, width in zip(parts, widths, strict=True):
        joined[:, :, start : start + width] = part.reshape(count, cells, width)
        start += width
    return joined.reshape(count, -1)


def softmax(logits: np.ndarray) -> FloatArray:
    """Probabilities of logits float (B, C); stable for logits of any size."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    result: FloatArray = (exponentials / exponentials.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


def sigmoid(logits: np.ndarray) -> FloatArray:
    """Probabilities of each class by itself, for logits float (B, C) of any size."""
    result: FloatArray = (0.5 * (1.0 + np.tanh(0.5 * logits))).astype(np.float32)
    return result
