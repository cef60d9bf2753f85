"""Most similar training pictures, from stored features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.mistakes.neighbours import similar_training_pictures
from core.models.litert.conversion import cached_engine
from core.progress import QuietProgress
from core.training.config import TrainingConfig
from core.training.features.cache import cached_features


def test_the_nearest_are_those_of_a_search_over_all_features(finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    row, training = int(evaluated.rows(Split.TEST)[3]), evaluated.rows(Split.TRAIN)
    found = similar_training_pictures(evaluated, row, 5)
    assert found is not None
    engine = cached_engine(TrainingConfig(dataset_version=1).sized_backbone)
    assert engine is not None
    features = cached_features(evaluated.dataset, engine, QuietProgress())
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = unit[training] @ unit[row]
    order = np.argsort(-cosines, kind="stable")[:5]
    assert found.rows.tolist() == training[order].tolist()
    np.testing.assert_allclose(found.similarities, cosines[order], atol=1e-5)
    assert found.decided


def test_without_stored_features_there_are_none(finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    other = evaluated.dataset.pictures.assign(sha256="0" * 64)
    unknown = EvaluatedRun(
        run=evaluated.run, dataset=replace(evaluated.dataset, pictures=other), report=evaluated.report
    )
    assert similar_training_pictures(unknown, 0, 5) is None
