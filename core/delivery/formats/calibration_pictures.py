"""Training pictures from which a quantiser learns the range of every activation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.labels.layout import Split
from core.delivery.files import read_labels
from core.evaluation.evaluated_run import EvaluatedRun

COUNT = 200
_SEED = 0


def calibration_pictures(run: Path, count: int = COUNT) -> Iterator[np.ndarray]:
    """Decode training pictures, as many of each class as there are: uint8 RGB (size, size, 3) each.

    Raises:
        NotFoundError: the run's pictures were erased.
    """
    dataset, labels = EvaluatedRun.open(run).dataset, read_labels(run)
    training = dataset.rows(Split.TRAIN)
    chosen = training[drawn_evenly(dataset.pictures["label"].iloc[training], count)]
    return (labels.decode(dataset.picture_bytes(int(row))) for row in chosen)


def drawn_evenly(labels: pd.Series, count: int) -> np.ndarray:
    """Draw positions at random, the same number of each label as far as they reach: int64, at most ``count``."""
    order = np.random.default_rng(_SEED).permutation(len(labels))
    shuffled = labels.iloc[order]
    turn = shuffled.groupby(shuffled.to_numpy()).cumcount().to_numpy()
    return order[np.argsort(turn, kind="stable")[:count]]
