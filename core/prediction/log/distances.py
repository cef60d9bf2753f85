"""Distance of a picture's features from the classes, taken out of its stranger score.

The score is the sum of this distance and of the answer's doubt, so the network need not run again.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data.labels.task import Task
from core.evaluation.strangers.detector import StrangerDetector, doubts
from core.evaluation.strangers.results import read_detector


def distances_of(
    run: Path, task: Task, probabilities: np.ndarray, scores: np.ndarray | None
) -> np.ndarray | None:
    """Distances in standard deviations of validation pictures, float64 (n,); None without scores.

    Args:
        probabilities: float32 (n, classes), as delivered.
        scores: float (n,), stranger scores of the same pictures.
    """
    detector = None if scores is None else _detector(run, _written(run))
    if detector is None or scores is None:
        return None
    distances: np.ndarray = scores.astype(np.float64) - doubts(probabilities, task) / detector.doubt_scale
    return distances


def _written(run: Path) -> int:
    file = run / "labels.json"
    return file.stat().st_mtime_ns if file.exists() else 0


@lru_cache(maxsize=4)
def _detector(run: Path, _written: int) -> StrangerDetector | None:
    return read_detector(run)
