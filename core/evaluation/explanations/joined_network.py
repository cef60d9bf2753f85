"""An ensemble's classifier, whose heatmaps are made by occlusion of the whole.

Feature maps of its members have no common cells, so it is asked from outside: pictures in,
probabilities out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import numpy as np

from core.evaluation.explanations.network import Heatmap, Method, map_of_occluded
from core.evaluation.explanations.occlusion import PASSES_OF_OCCLUSION, occluded_pictures
from core.models.litert.engine import FeatureExtractor
from core.models.litert.rewriting import with_shuffled_heads, with_shuffled_weights
from core.progress import as_added, ignore_counts


class JoinedNetwork:
    """A converted classifier of several networks. Safe to share between threads."""

    method = Method.OCCLUSION
    passes = PASSES_OF_OCCLUSION

    def __init__(self, content: bytes) -> None:
        """Load the LiteRT file of a classifier, whose first output is the probabilities."""
        self._content = content
        self._on_passes: Callable[[int], None] = ignore_counts

    @cached_property
    def _engine(self) -> FeatureExtractor:
        return FeatureExtractor(self._content)

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, float32 (B, C), of pictures uint8 RGB (B, S, S, 3)."""
        return self._engine.run(pictures, on_batch=as_added(self._on_passes))

    def passes_under_shuffled_heads(self, seeds: int) -> int:
        """Count the forward passes of maps under shuffled heads, each of which needs those of a map."""
        return seeds * self.passes

    def counted(self, on_passes: Callable[[int], None]) -> JoinedNetwork:
        """Return the same classifier, which reports the forward passes that it adds."""
        other = copy.copy(self)
        other._on_passes = on_passes
        return other

    def heatmap(self, picture: np.ndarray, class_index: int | None = None) -> Heatmap:
        """Explain one class, by default the most probable, for a picture uint8 RGB (S, S, 3)."""
        probabilities = self.probabilities(np.concatenate([picture[np.newaxis], occluded_pictures(picture)]))
        index = int(probabilities[0].argmax()) if class_index is None else class_index
        return Heatmap(
            values=map_of_occluded(probabilities[:, index]),
            class_index=index,
            probability=float(probabilities[0, index]),
            method=self.method,
        )

    def maps_under_shuffled_heads(
        self, picture: np.ndarray, class_index: int, seeds: Sequence[int]
    ) -> Iterator[np.ndarray]:
        """Make the maps of one class under members with shuffled last weights: float32 (CELLS, CELLS) each."""
        for seed in seeds:
            other = JoinedNetwork(with_shuffled_heads(self._content, seed)).counted(self._on_passes)
            yield other.heatmap(picture, class_index).values

    def with_shuffled_weights(self, seed: int) -> JoinedNetwork:
        """Return the classifier with the weights of every layer of its members shuffled."""
        return JoinedNetwork(with_shuffled_weights(self._content, seed)).counted(self._on_passes)
