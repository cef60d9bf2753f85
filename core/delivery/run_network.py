"""Network of a finished run in memory, with a picture's features beside its answers.

The pooled feature map is computed on the way to the probabilities. It becomes a further output, so
features cost neither a second pass nor a second copy of the network.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from core.evaluation.strangers.detector import unit_features
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.head import MapPooling
from core.models.litert.engine import Engine, FeatureExtractor
from core.models.litert.rewriting import with_pooled_features
from core.training.artifacts import map_pooling
from core.training.config import TrainingConfig

AnyEngine = TypeVar("AnyEngine", Engine, FeatureExtractor)


@dataclass(frozen=True, kw_only=True)
class NetworkOutputs:
    """Outputs of a run's network for n pictures."""

    # float32 (n, classes)
    probabilities: np.ndarray
    # float32 (n,); None: the network gives no score
    stranger_scores: np.ndarray | None
    # Pooled feature map, float32 (n, F), or (n, GRID_CELLS * F) for a grid; None: the network gives none.
    cells: np.ndarray | None


class RunNetwork(Generic[AnyEngine]):
    """A finished run's network, ready to run. Safe to share between threads."""

    def __init__(self, run: Path, content: bytes, engine_of: Callable[[bytes], AnyEngine]) -> None:
        """Load the network.

        Args:
            content: of the run's LiteRT file.
        """
        # None: it gives no features.
        self.pooling: MapPooling | None = None
        # An ensemble has the features of several networks, which nothing compares.
        if has_one_network(run):
            pooling = _pooling_of(run)
            # A network of an older version may pool otherwise.
            with suppress(ValueError):
                content, self.pooling = with_pooled_features(content, pooling), pooling
        self.engine: AnyEngine = engine_of(content)

    @property
    def has_stranger_score(self) -> bool:
        return len(self.engine.output_shapes) > (1 if self.pooling is None else 2)

    def run(self, pictures: np.ndarray) -> NetworkOutputs:
        """Answer pictures, uint8 RGB (n, S, S, 3)."""
        probabilities, *others = self.engine.run_all(pictures)
        cells = None if self.pooling is None else others.pop()
        return NetworkOutputs(
            probabilities=probabilities,
            stranger_scores=others[0][:, 0] if others else None,
            cells=None if cells is None else cells.reshape(len(cells), int(np.prod(cells.shape[1:]))),
        )

    def unit_features(self, cells: np.ndarray) -> np.ndarray:
        """Features of unit length, float32 (n, F), from cells as ``run`` returns them."""
        return unit_features(cells, is_grid=self.pooling == "grid")


def has_one_network(run: Path) -> bool:
    """False for an ensemble: the feature maps of its members have no common cells."""
    return JobDirectory(run).kind is not JobKind.ENSEMBLE


def _pooling_of(run: Path) -> MapPooling:
    return map_pooling(TrainingConfig.from_json(JobDirectory(run).config()))
