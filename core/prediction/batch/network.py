"""Network of a batch: a run's LiteRT file, with the picture's features beside its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.delivery.explaining import has_one_network
from core.delivery.files import require_delivered, tflite_file
from core.delivery.network_identity import network_digest
from core.evaluation.strangers.detector import unit_features
from core.jobs.directory import JobDirectory
from core.models.head import GRID_CELLS, MapPooling
from core.models.litert.engine import FeatureExtractor
from core.models.litert.rewriting import with_pooled_features
from core.training.artifacts import map_pooling
from core.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Outputs of the network for n pictures."""

    # float32 (n, classes)
    probabilities: np.ndarray
    # float32 (n,); None: the network gives no score
    stranger_scores: np.ndarray | None
    # float32 (n, feature size), of unit length; None: the network gives none
    features: np.ndarray | None


def joined_outputs(parts: Sequence[Outputs]) -> Outputs:
    """Join the outputs for pictures that follow one another."""
    scores = [part.stranger_scores for part in parts if part.stranger_scores is not None]
    features = [part.features for part in parts if part.features is not None]
    return Outputs(
        probabilities=np.concatenate([part.probabilities for part in parts]),
        stranger_scores=np.concatenate(scores) if scores else None,
        features=np.concatenate(features) if features else None,
    )


class BatchNetwork:
    """A finished run's network, which answers many pictures on every core."""

    def __init__(self, run: Path) -> None:
        """Load the network.

        Raises:
            NotFoundError: the run has no finished classifier.
        """
        require_delivered(run)
        content = tflite_file(run).read_bytes()
        self.digest = network_digest(content)
        # An ensemble has the features of several networks, which nothing compares.
        self._pooling = _pooling_of(run) if has_one_network(run) else None
        if self._pooling:
            content = with_pooled_features(content, self._pooling)
        self._extractor = FeatureExtractor(content)

    @property
    def block_size(self) -> int:
        """Number of pictures that keep every core at work, and that a Stop waits for."""
        return self._extractor.batch_size * self._extractor.engines

    @property
    def feature_size(self) -> int:
        """Length of a picture's features; 0: there are none."""
        if self._pooling is None:
            return 0
        size = int(np.prod(self._extractor.output_shapes[-1]))
        return size // GRID_CELLS if self._pooling == "grid" else size

    def run(self, pictures: np.ndarray) -> Outputs:
        """Answer pictures, uint8 RGB (n, S, S, 3)."""
        probabilities, *others = self._extractor.run_all(pictures)
        features = None
        if self._pooling is not None:
            cells = others.pop()
            rows = cells.reshape(len(cells), int(np.prod(cells.shape[1:])))
            features = unit_features(rows, is_grid=self._pooling == "grid")
        return Outputs(
            probabilities=probabilities,
            stranger_scores=others[0][:, 0] if others else None,
            features=features,
        )


def _pooling_of(run: Path) -> MapPooling:
    return map_pooling(TrainingConfig.from_json(JobDirectory(run).config()))
