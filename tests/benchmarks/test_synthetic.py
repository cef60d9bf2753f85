"""A project without picture files passes for one whose pictures were decoded and looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import synthetic
from benchmarks.synthetic import synthetic_project, write_decoded, write_features
from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.data.pixels.arrays import PictureStore
from core.progress import QuietProgress
from core.training.features.cache import cached_features, count_missing


def test_nothing_has_to_be_decoded_or_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the benchmark would measure that, and fail for want of files."""
    monkeypatch.setattr(synthetic, "_BLOCK", 70)
    project = synthetic_project("random", 200, classes=4)
    dataset = write_decoded(project, 8)
    assert open_dataset(project).digest == dataset.digest
    assert dataset.counts() == {f"class-0{number}": 50 for number in range(4)}
    for split, least in ((Split.TRAIN, 140), (Split.VALIDATION, 16), (Split.TEST, 36)):
        rows = dataset.rows(split)
        assert len(rows) >= least
        assert len(np.unique(dataset.label_indices[rows])) == 4
    with PictureStore(dataset, 8) as store:
        pictures = store.read([0, 70, 199])
    np.testing.assert_array_equal(pictures[0], pictures[1])  # blocks repeat
    assert pictures[2].std() > 50
    engine = Path("engine.tflite")
    write_features(dataset, engine, 3)
    assert count_missing(dataset, engine) == 0
    features = cached_features(dataset, engine, QuietProgress())
    assert features.shape == (200, 12)
    of_class = [features[dataset.label_indices == label].mean(axis=0) for label in range(4)]
    assert np.abs(of_class[0] - of_class[1]).max() > 0.2
