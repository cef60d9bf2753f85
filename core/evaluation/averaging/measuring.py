"""Gain of averaged views on validation pictures, by the leading metric and paired picture by picture.

Test pictures are not used: they judge the classifier that is made of the chosen views.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.errors import EvaluationError
from core.evaluation.assessment import answer_thresholds
from core.evaluation.averaging.records import AveragingReport, ViewGain, read_averaging
from core.evaluation.comparison.differences import leading_difference
from core.evaluation.ensemble import EnsembleConfig, ensemble_config
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import Leading
from core.evaluation.metrics.predictions import TestPredictions
from core.messages import N_
from core.models.views import PICTURE, PLAIN, VIEW_SETS, View, ViewSet, find_view_set
from core.training.heads.held_out import held_out_temperature


def require_measurable(evaluated: EvaluatedRun) -> None:
    """Check that validation pictures can tell what averaged views of a run gain.

    Raises:
        EvaluationError: it was made elsewhere, averages views already, or has learnt from validation pictures.
    """
    run = evaluated.run
    if evaluated.is_judged:
        raise EvaluationError(
            N_("“{name}” was made elsewhere, so its views cannot be averaged. Choose a run of this project."),
            name=run.name,
        )
    if averaged_views(evaluated) != PLAIN.code:
        raise EvaluationError(
            N_("“{name}” averages several views already. Choose the run that it was made of."), name=run.name
        )
    if any(held_out_temperature(member) is not None for member in members_of(evaluated)):
        raise EvaluationError(
            N_(
                "“{name}” has learnt from the validation pictures too, because there were few. So nothing here "
                "can tell what averaged views gain. Add pictures and train again."
            ),
            name=run.name,
        )
    validation = evaluated.dataset.pictures["id"].iloc[evaluated.rows(Split.VALIDATION)]
    if validation.empty or not validation.isin(evaluated.predictions["id"]).all():
        raise EvaluationError(
            N_("The answers of “{name}” to validation pictures were not stored. Train it again."),
            name=run.name,
        )


def averaged_views(evaluated: EvaluatedRun) -> str:
    """Code of the views that a run averages."""
    if not evaluated.is_ensemble:
        return PLAIN.code
    return ensemble_config(evaluated.run).views


def members_of(evaluated: EvaluatedRun) -> list[Path]:
    """Runs that an ensemble is made of; of another run the run itself."""
    if not evaluated.is_ensemble:
        return [evaluated.run]
    config = ensemble_config(evaluated.run)
    return [evaluated.run.parent / name for name in config.members]


def averaged_config(evaluated: EvaluatedRun, views: str) -> EnsembleConfig:
    """Settings of the classifier that averages these views of a run's pictures.

    Raises:
        ConfigError: there are no such views.
        EvaluationError: they were not measured, or do not gain more than their standard error.
    """
    find_view_set(views)
    require_measurable(evaluated)
    report = read_averaging(evaluated)
    gain = report.gain_of(views) if report else None
    if gain is None:
        raise EvaluationError(
            N_("What these views gain for “{name}” was not measured. Measure it first."),
            name=evaluated.run.name,
        )
    if not gain.is_offered:
        raise EvaluationError(
            N_("On validation these views gain “{name}” nothing that exceeds chance. Keep the run as it is."),
            name=evaluated.run.name,
        )
    if evaluated.is_ensemble:
        return replace(ensemble_config(evaluated.run), views=views)
    backbone = evaluated.settings.sized_backbone
    return EnsembleConfig(
        dataset_version=evaluated.dataset.version,
        members=(evaluated.run.name,),
        weights=(1.0,),
        backbones=(backbone.key,),
        input_size=backbone.input_size,
        views=views,
    )


def views_to_answer() -> tuple[View, ...]:
    """Views of all sets but the picture as it is, whose answers are stored; each once."""
    views = dict.fromkeys(view for row in VIEW_SETS for view in row.views)
    return tuple(view for view in views if view != PICTURE)


def measure_gains(
    evaluated: EvaluatedRun, leading: Leading, answers: Mapping[View, np.ndarray], milliseconds: float
) -> AveragingReport:
    """Measure every view set of the table against the picture alone.

    Args:
        answers: probabilities of the validation pictures, float32 (n, classes), of each of ``views_to_answer``.
        milliseconds: of an answer to the picture alone.
    """
    alone = evaluated.validation
    known = {PICTURE: alone.probabilities, **answers}
    rows = [row for row in VIEW_SETS if row != PLAIN]
    differences = [leading_difference(leading, alone, _averaged(evaluated, row, known)) for row in rows]
    return AveragingReport(
        metric=leading.metric,
        pictures=len(alone.targets),
        gains=tuple(
            ViewGain(views=row.code, difference=difference)
            for row, difference in zip(rows, differences, strict=True)
            # Undefined where no validation picture shows the class that matters.
            if not math.isnan(difference.difference)
        ),
        milliseconds=milliseconds,
    )


def _averaged(evaluated: EvaluatedRun, row: ViewSet, answers: Mapping[View, np.ndarray]) -> TestPredictions:
    """Answers by the mean of the views; thresholds of several labels are chosen for it anew."""
    dataset, rows = evaluated.dataset, evaluated.rows(Split.VALIDATION)
    mean = np.stack([answers[view] for view in row.views]).mean(axis=0, dtype=np.float32)
    return TestPredictions.of(dataset, rows, mean, answer_thresholds(dataset, rows, mean))
