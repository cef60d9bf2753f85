"""Predictions of a run on its training and validation pictures, each by a head that was not trained on it.

A cross-validated head has learnt from every such picture. Temperatures, thresholds and prediction
sets are therefore chosen on these predictions, not on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.files import whole_file
from core.training.artifacts import head_file

_FILE = "held_out.npz"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Logits of the best head's folds."""

    logits: np.ndarray  # float32 (n, C): of training pictures, then validation pictures
    temperature: float  # by which these logits and those of the head are divided already

    def save(self, folder: Path, picture_ids: Sequence[str]) -> None:
        """Write the file into the folder of a best epoch."""
        ids = np.array(picture_ids, np.str_)
        with whole_file(folder / _FILE) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream,
                allow_pickle=False,
                ids=ids,
                logits=self.logits,
                temperature=np.array(self.temperature),
            )


def held_out_temperature(run: Path) -> float | None:
    """Return the temperature inside the head of a run; None where it was not cross-validated."""
    file = _file(run)
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as arrays:
        return float(arrays["temperature"])


def held_out_logits(run: Path, dataset: Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """Return rows int64 (n,) of the dataset, ascending, and their logits float32 (n, C).

    None for a run that was not cross-validated. Pictures that were erased since are missing.
    """
    file = _file(run)
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as arrays:
        ids, logits = arrays["ids"], arrays["logits"]
    rows = pd.Index(dataset.pictures["id"]).get_indexer(ids)
    order = np.argsort(rows)[(rows < 0).sum() :]
    return rows[order].astype(np.int64), logits[order]


def _file(run: Path) -> Path:
    return head_file(run).with_name(_FILE)
