"""Training pictures like a new one are found by the features that its prediction brought along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.delivery.prediction import Classifier
from core.evaluation.evaluated_run import EvaluatedRun
from core.prediction import similar
from core.prediction.similar import similar_to
from tests.support.pictures import digit


def test_the_features_of_a_prediction_are_those_that_are_stored(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the web process holds the network once."""
    evaluated, picture = EvaluatedRun.open(finished_run), digit(1000)
    expected = similar_to(evaluated, picture, 5)
    monkeypatch.delattr(similar, "Engine")
    similar._engine.cache_clear()
    found = similar_to(evaluated, picture, 5, Classifier(finished_run).prediction(picture).cells)
    assert expected is not None
    assert found is not None
    assert found.rows.tolist() == expected.rows.tolist()
    np.testing.assert_allclose(found.similarities, expected.similarities, atol=1e-5)
    assert found.decided
