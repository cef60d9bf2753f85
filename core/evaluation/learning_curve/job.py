"""Learning curve job: heads on growing shares of the training pictures, scored on validation.

Each head is what the run fits on its frozen backbone, without augmented copies. A fine-tuned
run's curve is therefore that of its backbone before fine-tuning. Test pictures are not used.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.errors import ConfigError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.learning_curve.forecast import Share, Trials, forecast
from core.evaluation.learning_curve.records import (
    CurvePoint,
    Forecast,
    LearningCurve,
    LearningCurveRequest,
    write_learning_curve,
)
from core.evaluation.learning_curve.subsets import nested_subsets
from core.messages import N_
from core.models.augmentation import AugmentationConfig
from core.models.litert.engine import FeatureExtractor
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject
from core.training.config import DEFAULT_EPOCHS, Recipe, TrainingConfig
from core.training.features.cache import cached_features
from core.training.heads.best import fit_best_head
from core.training.heads.data import HeadData, prepared_engine, reduction_of
from core.training.heads.fitting import linear_phases
from core.training.heads.linear import FeatureSet
from core.workspace import project_of

SHARES, REPEATS = (0.1, 0.2, 0.35, 0.6, 1.0), 3
_EPOCHS = DEFAULT_EPOCHS[Recipe.QUICK] // 2


def has_learning_curve(settings: TrainingConfig) -> bool:
    """Return True if a run has a frozen backbone to fit heads on."""
    return settings.recipe is not Recipe.SCRATCH


def measure_run(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: measure the run of a ``LearningCurveRequest``, and store the result beside its evaluation.

    Raises:
        ConfigError: the run was trained from scratch.
        JobStopped, JobPaused: the user asked for it; nothing is stored.
    """
    request = LearningCurveRequest.from_json(config)
    evaluated = EvaluatedRun.open(project_of(directory).runs / request.run)
    if not has_learning_curve(evaluated.settings):
        raise ConfigError(
            N_("Run “{name}” was trained from scratch, so it has no frozen backbone. Choose another run."),
            name=request.run,
        )
    settings = replace(evaluated.settings, augmentation=AugmentationConfig())
    data = _head_data(evaluated.dataset, settings, progress)
    trials = _fit_all(evaluated.dataset, settings, data, progress)
    found = forecast(trials, evaluated.dataset.class_names)
    curve = LearningCurve(
        points=tuple(
            CurvePoint(
                pictures=round(share.pictures), accuracies=tuple((1 - share.wrong.mean(axis=1)).tolist())
            )
            for share in trials.shares
        ),
        validation_pictures=len(trials.targets),
        forecast=found if isinstance(found, Forecast) else None,
        reason=None if isinstance(found, Forecast) else found,
    )
    write_learning_curve(evaluated, curve)
    return {"run": request.run}


def _head_data(dataset: Dataset, settings: TrainingConfig, progress: Progress) -> HeadData:
    """Read the features of training and validation pictures from the cache; missing ones are computed."""
    engine = prepared_engine(settings, progress)
    reduce = reduction_of(dataset, settings, FeatureExtractor(engine).output_size)
    train, validation = dataset.rows(Split.TRAIN), dataset.rows(Split.VALIDATION)
    features = cached_features(
        dataset,
        engine,
        progress,
        timed=settings.sized_backbone,
        rows=np.concatenate([train, validation]),
        reduce=reduce,
    )
    targets = dataset.targets
    return HeadData(
        train=FeatureSet(features=features[: len(train)], targets=targets[train]),
        validation=FeatureSet(
            features=features[len(train) :],
            targets=targets[validation],
            groups=dataset.groups[validation],
        ),
        is_reduced=reduce is not None,
    )


def _fit_all(dataset: Dataset, settings: TrainingConfig, data: HeadData, progress: Progress) -> Trials:
    """Fit the heads of all shares and repeats."""
    groups = dataset.groups[dataset.rows(Split.TRAIN)]
    subsets = _distinct_subsets(data.train.targets, groups, settings.seed)
    total, done = sum(len(rows) for repeats in subsets for rows in repeats), 0
    progress.stage(Stage.TRAINING)
    progress.advance(0, total)
    targets, shares = data.validation.targets > 0.5, list[Share]()
    for repeats in subsets:
        wrong, missed = list[np.ndarray](), list[np.ndarray]()
        for rows in repeats:
            predicted = _predictions(dataset, settings, _part(data, rows), progress)
            wrong.append((predicted != targets).any(axis=1))
            missed.append(targets & ~predicted)
            done += len(rows)
            progress.advance(done, total)
        pictures = float(np.mean([len(rows) for rows in repeats]))
        shares.append(Share(pictures=pictures, wrong=np.stack(wrong), missed=np.stack(missed)))
    validation_groups = dataset.groups[dataset.rows(Split.VALIDATION)]
    return Trials(
        shares=shares,
        targets=targets,
        groups=np.unique(validation_groups, return_inverse=True)[1],
        training_groups=len(np.unique(groups)),
    )


def _distinct_subsets(targets: np.ndarray, groups: np.ndarray, seed: int) -> list[list[np.ndarray]]:
    """Subsets of each share that differ in size, for each repeat; all pictures are fitted once."""
    drawn = [nested_subsets(targets, groups, SHARES, seed=seed + repeat) for repeat in range(REPEATS)]
    by_share = [list(repeats) for repeats in zip(*drawn, strict=True)]
    by_share[-1] = by_share[-1][:1]
    sizes = [np.mean([len(rows) for rows in repeats]) for repeats in by_share]
    return [
        repeats
        for index, repeats in enumerate(by_share)
        # Of few pictures, two shares can be the same.
        if index == len(sizes) - 1 or sizes[index] < sizes[index + 1]
    ]


def _part(data: HeadData, rows: np.ndarray) -> HeadData:
    train = FeatureSet(features=data.train.features[rows], targets=data.train.targets[rows])
    return replace(data, train=train)


def _predictions(
    dataset: Dataset, settings: TrainingConfig, data: HeadData, progress: Progress
) -> np.ndarray:
    """Fit the best head and predict the validation pictures: bool (v, classes)."""
    best = fit_best_head(
        data.weighed(settings, dataset),
        linear_phases(settings, reduced=data.is_reduced),
        task=dataset.task,
        epochs=_EPOCHS,
        check=lambda: raise_if_stopped(progress),
        l2=settings.head.l2 or None,
        label_smoothing=settings.loss.label_smoothing,
    )
    logits = best.validation_logits
    if dataset.task is Task.MULTI_LABEL:
        return np.asarray(logits >= 0)
    return np.eye(logits.shape[1], dtype=bool)[logits.argmax(axis=1)]
