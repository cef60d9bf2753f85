"""Network of a batch: a run's LiteRT file, with the picture's features beside its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.delivery.export import require_offered
from core.delivery.files import tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.network_identity import network_digest
from core.delivery.run_network import RunNetwork
from core.files import sha256_bytes
from core.models.head import GRID_CELLS
from core.models.litert.engine import FeatureExtractor


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
            DeliveryError: its LiteRT file is withheld.
        """
        require_offered(run, TFLITE)
        content = tflite_file(run).read_bytes()
        self.digest = network_digest(content)
        self._earlier_digest = sha256_bytes(content)
        self._network = RunNetwork(run, content, FeatureExtractor)

    def has_digest(self, digest: str) -> bool:
        """True for the digest of this network; batches of earlier builds have that of the whole file."""
        return digest in {self.digest, self._earlier_digest}

    @property
    def block_size(self) -> int:
        """Number of pictures that keep every core at work, and that a Stop waits for."""
        return self._network.engine.batch_size * self._network.engine.engines

    @property
    def feature_size(self) -> int:
        """Length of a picture's features; 0: there are none."""
        if self._network.pooling is None:
            return 0
        size = int(np.prod(self._network.engine.output_shapes[-1]))
        return size // GRID_CELLS if self._network.pooling == "grid" else size

    def run(self, pictures: np.ndarray) -> Outputs:
        """Answer pictures, uint8 RGB (n, S, S, 3)."""
        outputs = self._network.run(pictures)
        return Outputs(
            probabilities=outputs.probabilities,
            stranger_scores=outputs.stranger_scores,
            features=None if outputs.cells is None else self._network.unit_features(outputs.cells),
        )
