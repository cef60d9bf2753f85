"""A classifier split at its last feature map, and the heatmaps of its answers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import numpy as np

from core.evaluation.explanations.class_activation import class_activation_maps, pool
from core.evaluation.explanations.occlusion import PASSES_OF_OCCLUSION, occluded_pictures, occlusion_map
from core.models.head import HeadWeights, MapPooling
from core.models.litert.engine import FeatureExtractor
from core.models.litert.rewriting import with_feature_map, with_shuffled_weights
from core.progress import as_added, ignore_counts, never_stop

# Of probabilities in log-odds: float32 tells 1 - 1e-7 from 1, and hardly less.
_LEAST_PROBABILITY = 1e-6


class Method(StrEnum):
    """Method that makes a heatmap."""

    CAM = "cam"
    OCCLUSION = "occlusion"


@dataclass(frozen=True, kw_only=True)
class Heatmap:
    """Evidence for one class in the cells of a picture."""

    values: np.ndarray  # float32 (H, W); above 0 speaks for the class, below 0 against it
    class_index: int
    probability: float
    method: Method

    @property
    def support(self) -> np.ndarray:
        """The part that speaks for the class, float32 (H, W), from 0 to 1."""
        positive = np.maximum(self.values, 0)
        highest = positive.max()
        scaled: np.ndarray = positive / highest if highest > 0 else positive
        return scaled


class ExplainedClassifier(Protocol):
    """A classifier with heatmaps, and with shuffled copies of itself to test them."""

    @property
    def method(self) -> Method:
        """Method of its heatmaps."""

    @property
    def passes(self) -> int:
        """Forward passes of a heatmap."""

    def passes_under_shuffled_heads(self, seeds: int) -> int:
        """Count the forward passes of ``maps_under_shuffled_heads``."""

    def counted(self, on_passes: Callable[[int], None]) -> ExplainedClassifier:
        """Return the same classifier and shuffled copies, which report the forward passes that they add."""

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, float32 (B, C), of pictures uint8 RGB (B, S, S, 3)."""

    def heatmap(self, picture: np.ndarray, class_index: int | None = None) -> Heatmap:
        """Explain one class, by default the most probable, for a picture uint8 RGB (S, S, 3)."""

    def maps_under_shuffled_heads(
        self, picture: np.ndarray, class_index: int, seeds: Sequence[int]
    ) -> Iterable[np.ndarray]:
        """Make the maps of one class under heads whose weights are shuffled: float32 (H, W) each."""

    def with_shuffled_weights(self, seed: int) -> ExplainedClassifier:
        """Return the classifier with the weights of every layer shuffled."""


class ExplainedNetwork:
    """A converted classifier whose last feature map can be seen. Safe to share between threads."""

    def __init__(
        self, content: bytes, head: HeadWeights, pooling: MapPooling, *, has_local_map: bool
    ) -> None:
        """Load a classifier.

        Args:
            content: LiteRT file of the classifier, or of its feature extractor.
            head: from the pooled features to the probabilities.
            has_local_map: a cell of the last feature map sees mainly its own part of the picture.
                False for transformers, whose attention mixes all parts.
        """
        self._content, self._has_local_map = content, has_local_map
        self.head, self.pooling = head, pooling
        is_linear = len(head.layers) == 1
        self.method = Method.CAM if is_linear and has_local_map else Method.OCCLUSION
        self.passes = 1 if self.method is Method.CAM else PASSES_OF_OCCLUSION
        self._on_passes: Callable[[int], None] = ignore_counts

    @cached_property
    def _engine(self) -> FeatureExtractor:
        return FeatureExtractor(with_feature_map(self._content, self.pooling))

    @property
    def input_size(self) -> int:
        return self._engine.input_size

    def feature_maps(self, pictures: np.ndarray, should_stop: Callable[[], bool] = never_stop) -> np.ndarray:
        """Last feature maps, float32 (B, H, W, F), of pictures uint8 RGB (B, S, S, 3)."""
        return self._engine.run(pictures, on_batch=as_added(self._on_passes), should_stop=should_stop)

    def passes_under_shuffled_heads(self, seeds: int) -> int:
        """Count the forward passes of maps under shuffled heads, which all read the same features."""
        return self.passes

    def counted(self, on_passes: Callable[[int], None]) -> ExplainedNetwork:
        """Return the same network, which reports the forward passes that it adds."""
        other = copy.copy(self)
        other._on_passes = on_passes
        return other

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, float32 (B, C), of pictures uint8 RGB (B, S, S, 3)."""
        return self.head.probabilities(pool(self.feature_maps(pictures), self.pooling))

    def heatmap(self, picture: np.ndarray, class_index: int | None = None) -> Heatmap:
        """Explain one class, by default the most probable, for a picture uint8 RGB (S, S, 3)."""
        return self.heatmaps(picture, None if class_index is None else [class_index])[0]

    def heatmaps(self, picture: np.ndarray, classes: Sequence[int] | None = None) -> list[Heatmap]:
        """Explain several classes of one picture at the price of one."""
        seen = self._look(picture)
        chosen = [int(seen.probabilities(self.head).argmax())] if classes is None else classes
        return [self._heatmap(seen, self.head, index) for index in chosen]

    def maps_under_shuffled_heads(
        self, picture: np.ndarray, class_index: int, seeds: Sequence[int]
    ) -> list[np.ndarray]:
        """Make the maps of one class under heads whose weights are shuffled: float32 (H, W) each."""
        seen = self._look(picture)
        return [self._heatmap(seen, _shuffled(self.head, seed), class_index).values for seed in seeds]

    def with_shuffled_weights(self, seed: int) -> ExplainedNetwork:
        """Return the network with the weights of every layer shuffled, under the same head."""
        content = with_shuffled_weights(self._content, seed)
        other = ExplainedNetwork(content, self.head, self.pooling, has_local_map=self._has_local_map)
        return other.counted(self._on_passes)

    def _look(self, picture: np.ndarray) -> _Seen:
        if self.method is Method.CAM:
            maps = self.feature_maps(picture[np.newaxis])
            return _Seen(maps=maps, features=pool(maps, self.pooling))
        pictures = np.concatenate([picture[np.newaxis], occluded_pictures(picture)])
        return _Seen(maps=None, features=pool(self.feature_maps(pictures), self.pooling))

    def _heatmap(self, seen: _Seen, head: HeadWeights, index: int) -> Heatmap:
        probabilities = seen.probabilities(head)
        if seen.maps is not None:
            (values,) = class_activation_maps(seen.maps, head, self.pooling, np.array([index]))
        else:
            values = map_of_occluded(head.probabilities(seen.features)[:, index])
        return Heatmap(
            values=values, class_index=index, probability=float(probabilities[index]), method=self.method
        )


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A picture as the network sees it, before the head."""

    maps: np.ndarray | None  # float32 (1, H, W, F) for class activation maps
    features: np.ndarray  # float32 (n, F): of the picture, then of its occluded copies if there are any

    def probabilities(self, head: HeadWeights) -> np.ndarray:
        return head.probabilities(self.features[:1])[0]


def _shuffled(head: HeadWeights, seed: int) -> HeadWeights:
    random = np.random.default_rng(seed)
    layers = tuple(
        (random.permutation(kernel.ravel()).reshape(kernel.shape), bias) for kernel, bias in head.layers
    )
    return replace(head, layers=layers)


def map_of_occluded(probabilities: np.ndarray) -> np.ndarray:
    """Make the map, float32 (CELLS, CELLS), of a class's probabilities float (1 + CELLS²,).

    The first is that of the whole picture, the others those of ``occluded_pictures``.
    """
    whole, *hidden = log_odds(probabilities)
    return occlusion_map(np.array(hidden), whole)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Evidence for a class: the logarithm of p / (1 - p), float64, bounded where float32 ends."""
    bounded = np.clip(probabilities.astype(np.float64), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    evidence: np.ndarray = np.log(bounded / (1 - bounded))
    return evidence
