"""An evaluated run, opened from its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun


def test_stored_predictions_and_labels_give_the_report_again(finished_run: Path) -> None:
    evaluated = EvaluatedRun.open(finished_run)
    assert evaluated.test.exact_matches.sum() == evaluated.report.correct
    assert len(evaluated.validation.targets) == len(evaluated.rows(Split.VALIDATION))


def test_pictures_erased_since_the_evaluation_are_left_out(finished_run: Path) -> None:
    """The other pictures keep their own predictions."""
    evaluated = EvaluatedRun.open(finished_run)
    rows = evaluated.rows(Split.TEST)
    pictures = evaluated.dataset.pictures.drop(index=evaluated.dataset.pictures.index[rows[0]])
    without = EvaluatedRun(
        run=evaluated.run,
        dataset=replace(evaluated.dataset, pictures=pictures),
        report=evaluated.report,
    )
    np.testing.assert_array_equal(without.test.probabilities, evaluated.test.probabilities[1:])
