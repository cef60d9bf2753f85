"""The gain of averaged views: validation alone decides, and says no where views do harm."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.errors import ConfigError, EvaluationError
from core.evaluation.averaging.measuring import (
    averaged_config,
    measure_gains,
    require_measurable,
    views_to_answer,
)
from core.evaluation.averaging.records import AveragingReport, read_averaging, write_averaging
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading, choose_metric
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.views import PICTURE, VIEW_SETS, View, ViewSet
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project
from tests.support.evaluated import evaluated_run
from tests.support.tables import extend_table

LEADING = Leading(metric=LeadingMetric())


@pytest.fixture
def evaluated(digits_project: Project) -> EvaluatedRun:
    """A run that is wrong, and not sure, on half of its validation pictures."""
    dataset = open_dataset(digits_project)
    wrong = dataset.rows(Split.VALIDATION)[::2]
    return EvaluatedRun.open(evaluated_run(digits_project, dataset, "run-1", wrong, sure=0.5))


def answers(evaluated: EvaluatedRun, *, right: bool) -> np.ndarray:
    """Answers of a view to the validation pictures: surely right, or surely wrong."""
    targets = evaluated.validation.targets
    shown = targets if right else np.roll(targets, 1, axis=1)
    return np.where(shown, 0.98, 0.01).astype(np.float32)


def measured(evaluated: EvaluatedRun, *, right: bool) -> AveragingReport:
    seen = answers(evaluated, right=right)
    return measure_gains(evaluated, LEADING, dict.fromkeys(views_to_answer(), seen), milliseconds=5.0)


def test_better_views_are_offered_and_the_cheapest_of_equals_is_recommended(evaluated: EvaluatedRun) -> None:
    report = measured(evaluated, right=True)
    assert report.pictures == len(evaluated.rows(Split.VALIDATION))
    assert [(gain.views, gain.passes) for gain in report.gains] == [("mirror", 2), ("crops", 4)]
    for gain in report.gains:
        assert gain.difference.first == pytest.approx(1 - len(range(0, report.pictures, 2)) / report.pictures)
        assert gain.difference.second == 1
        assert gain.is_offered
    assert report.recommended == report.gains[0]


def test_harmful_views_are_not_offered(evaluated: EvaluatedRun) -> None:
    """As the mirror images of digits."""
    report = measured(evaluated, right=False)
    assert all(gain.difference.gain < 0 for gain in report.gains)
    assert report.recommended is None


def test_views_that_change_nothing_are_not_offered(evaluated: EvaluatedRun) -> None:
    same = dict.fromkeys(views_to_answer(), evaluated.validation.probabilities)
    report = measure_gains(evaluated, LEADING, same, milliseconds=5.0)
    assert [gain.difference.gain for gain in report.gains] == [0, 0]
    assert not any(gain.is_offered for gain in report.gains)


def test_a_new_row_of_the_table_is_measured(evaluated: EvaluatedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(share=0.5)
    extend_table(monkeypatch, VIEW_SETS, ViewSet(code="half", label="Half", views=(PICTURE, view)))
    assert view in views_to_answer()
    assert measured(evaluated, right=True).gain_of("half") is not None


def test_only_measured_and_better_views_become_a_classifier(evaluated: EvaluatedRun) -> None:
    with pytest.raises(EvaluationError, match=r"was not measured\. Measure it first"):
        averaged_config(evaluated, "mirror")
    with pytest.raises(ConfigError, match="no views called “flip”"):
        averaged_config(evaluated, "flip")
    write_averaging(evaluated, measured(evaluated, right=False))
    with pytest.raises(EvaluationError, match=r"nothing that exceeds chance\. Keep the run"):
        averaged_config(evaluated, "mirror")
    report = measured(evaluated, right=True)
    write_averaging(evaluated, report)
    assert read_averaging(evaluated) == report
    assert averaged_config(evaluated, "crops") == EnsembleConfig(
        dataset_version=1,
        members=("run-1",),
        weights=(1.0,),
        backbones=("efficientnet_lite0",),
        input_size=224,
        views="crops",
    )


def test_gains_by_another_metric_count_no_more(evaluated: EvaluatedRun, digits_project: Project) -> None:
    write_averaging(evaluated, measured(evaluated, right=True))
    choose_metric(digits_project, LeadingMetric(kind=LeadingKind.MACRO_F1))
    assert read_averaging(evaluated) is None
    with pytest.raises(EvaluationError, match="was not measured"):
        averaged_config(evaluated, "mirror")


def test_an_averaged_run_is_not_averaged_again(evaluated: EvaluatedRun) -> None:
    """An ensemble without views is: its members then answer to each view."""
    config = EnsembleConfig(
        dataset_version=1, members=("run-1",), weights=(1.0,), backbones=(), input_size=224, views="mirror"
    )
    file = JobDirectory.create(evaluated.run.with_name("run-2"), JobKind.ENSEMBLE, config.to_json()).path
    (file / "evaluation").mkdir()
    for part in (evaluated.run / "evaluation").iterdir():
        (file / "evaluation" / part.name).write_bytes(part.read_bytes())
    with pytest.raises(EvaluationError, match="averages several views already"):
        require_measurable(EvaluatedRun.open(file))


def test_a_head_that_has_learnt_from_validation_pictures_is_refused(
    evaluated: EvaluatedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.evaluation.averaging.measuring.held_out_temperature", lambda run: 1.0)
    with pytest.raises(EvaluationError, match="has learnt from the validation pictures too"):
        require_measurable(evaluated)


def test_an_older_ensemble_averages_no_views() -> None:
    stored = EnsembleConfig(
        dataset_version=1, members=("a", "b"), weights=(0.5, 0.5), backbones=(), input_size=32
    ).to_json()
    del stored["views"]
    assert EnsembleConfig.from_json(stored).views == "none"
    with pytest.raises(ConfigError, match="no views called “flip”"):
        EnsembleConfig.from_json(stored | {"views": "flip"})
