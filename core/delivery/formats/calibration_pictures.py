"""Training pictures from which a quantiser learns weights and ranges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from core.data.labels.layout import Split
from core.delivery.files import read_labels
from core.errors import DeliveryError
from core.evaluation.evaluated_run import EvaluatedRun
from core.messages import N_

COUNT = 200
_SEED = 0


def calibration_pictures(run: Path, count: int = COUNT) -> np.ndarray:
    """Decode training pictures, the same number of each class as far as they reach: uint8 RGB (n, size, size, 3).

    Raises:
        DeliveryError: every training picture was erased.
    """
    dataset, labels = EvaluatedRun.open(run).dataset, read_labels(run)
    training = dataset.rows(Split.TRAIN)
    chosen = training[drawn_evenly(dataset.pictures["label"].iloc[training], count)]
    if not len(chosen):
        raise DeliveryError(
            N_("Every training picture of this run was erased. They show which numbers int8 must hold.")
        )
    return np.stack([labels.decode(dataset.picture_bytes(int(row))) for row in chosen])


def drawn_evenly(labels: pd.Series, count: int) -> np.ndarray:
    """Draw positions at random, the same number of each label as far as they reach: int64, at most ``count``."""
    order = np.random.default_rng(_SEED).permutation(len(labels))
    shuffled = labels.iloc[order]
    turn = shuffled.groupby(shuffled.to_numpy()).cumcount().to_numpy()
    return order[np.argsort(turn, kind="stable")[:count]]
