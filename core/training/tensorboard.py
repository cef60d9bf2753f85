"""The learning curve as TensorBoard's event files, for those who like it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

_FOLDER = "tensorboard"
_SCALARS = 1  # TensorBoard's DataClass.DATA_CLASS_SCALAR
_NOT_SCALARS = {"epoch", "epochs", "phase", "time", "best_epoch", "patience_left"}


def write_events(directory: Path, metrics: list[dict[str, Any]]) -> None:
    """Write a run's whole learning curve, in place of what was written before.

    Training and validation stand in folders of their own, so that TensorBoard lays
    both curves of a measure over each other.

    Args:
        directory: the run's.
        metrics: its ``metrics.jsonl``, one record an epoch.
    """
    import tensorflow as tf

    folder = directory / _FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    metadata = tf.compat.v1.SummaryMetadata(data_class=_SCALARS)
    metadata.plugin_data.plugin_name = "scalars"
    for part, prefix in (("training", ""), ("validation", "validation_")):
        writer = tf.summary.create_file_writer(str(folder / part))
        with writer.as_default():
            for record in metrics:
                for name, value in _scalars(record, prefix):
                    # tf.summary.scalar would want the package tensorboard, to say no more than this.
                    tf.summary.write(name, np.float32(value), step=int(record["epoch"]), metadata=metadata)
        writer.close()


def _scalars(record: dict[str, Any], prefix: str) -> list[tuple[str, float]]:
    """The measures of one part, named without it."""
    numbers = {
        name: float(value)
        for name, value in record.items()
        if name not in _NOT_SCALARS and isinstance(value, int | float)
    }
    if prefix:
        return [
            (name.removeprefix(prefix), value) for name, value in numbers.items() if name.startswith(prefix)
        ]
    return [(name, value) for name, value in numbers.items() if not name.startswith("validation_")]
