"""Stranger score of a run, fitted and measured in its evaluation step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.strangers.chosen import forget_chosen_limits
from core.evaluation.strangers.detector import LEAST_PICTURES, Knowns, fit_detector
from core.evaluation.strangers.materials import MATERIALS
from core.evaluation.strangers.measuring import (
    Scored,
    Separation,
    StrangerReport,
    energies,
    joint_energies,
    separation,
)
from core.evaluation.strangers.pictures import MOST_MADE, foreign_strangers, made_strangers
from core.evaluation.strangers.results import remove_strangers, write_strangers
from core.models.head import HeadWeights
from core.models.litert.engine import FeatureExtractor
from core.progress import Progress, raise_if_stopped
from core.training.artifacts import has_own_network, map_pooling
from core.training.config import TrainingConfig
from core.training.cost.estimate import MOST_SCORED_PICTURES
from core.training.features.cache import cached_features
from core.training.features.network import features_of_rows

# From what a network gave for pictures, (n, F), to scores, float (n,), higher for strangers.
Simple = Callable[[np.ndarray], np.ndarray]
# Training pictures whose features are read from the cache; a network of the run's own computes fewer.
_MOST_READ = 5000


@dataclass(frozen=True, kw_only=True)
class EvaluatedPictures:
    """Validation pictures, then test pictures, as the evaluation step has them."""

    rows: np.ndarray  # int64 (n,), of the dataset
    features: np.ndarray  # float32 (n, F)
    probabilities: (
        np.ndarray
    )  # float32 (n, classes), of validation pictures by a head that was not trained on them
    validation_count: int


@dataclass(frozen=True, kw_only=True)
class Strangers:
    """Strangers after the network."""

    table: pd.DataFrame  # ``kind``, ``project``, ``id``, ``group``
    features: np.ndarray  # float32 (m, F)


def measure_strangers(
    run: Path,
    settings: TrainingConfig,
    dataset: Dataset,
    pictures: EvaluatedPictures,
    head: HeadWeights,
    engine: Path,
    progress: Progress,
) -> None:
    """Fit the score, measure it on test pictures and strangers, and write its files.

    Args:
        head: with its temperatures, as delivered.
        engine: the network that gave the features.
    """
    remove_strangers(run)
    forget_chosen_limits(run)
    train = _training_rows(dataset, MOST_SCORED_PICTURES if has_own_network(run) else _MOST_READ)
    if len(train) < LEAST_PICTURES:
        return
    read = features_of_rows if has_own_network(run) else _read_from_cache
    knowns = Knowns(features=read(dataset, train, engine, progress), targets=dataset.targets[train] > 0.5)
    # Distances from features that are no numbers say nothing.
    if not (np.isfinite(knowns.features).all() and np.isfinite(pictures.features).all()):
        return
    validation = pictures.features[: pictures.validation_count]
    detector = fit_detector(
        knowns,
        validation,
        pictures.probabilities[: pictures.validation_count],
        dataset.task,
        is_grid=map_pooling(settings) == "grid",
    )
    if not detector.survives_rounding(pictures.features):
        return
    strangers = pass_strangers(dataset, engine, progress)
    known = known_table(
        dataset, pictures, detector.scores(pictures.features, pictures.probabilities, dataset.task)
    )
    seen = head.probabilities(strangers.features)
    table = strangers.table.assign(score=detector.scores(strangers.features, seen, dataset.task))
    report = report_of(
        dataset,
        pictures,
        strangers,
        known,
        table,
        by_maximum_softmax=lambda features: -head.probabilities(features).max(axis=1),
        by_energy=lambda features: _energies(head.logits(features), dataset.task),
        fitted_on=len(train),
    )
    write_strangers(run, report, detector, known, table)


def _read_from_cache(dataset: Dataset, rows: np.ndarray, engine: Path, progress: Progress) -> np.ndarray:
    return cached_features(dataset, engine, progress, rows=rows)


def _training_rows(dataset: Dataset, most: int) -> np.ndarray:
    """Choose training pictures at random, every answer in turn, so that rare classes are among them."""
    rows = np.random.default_rng(0).permutation(dataset.rows(Split.TRAIN))
    turn = dataset.pictures["label"].iloc[rows].groupby(dataset.pictures["label"].iloc[rows]).cumcount()
    return np.sort(rows[np.argsort(turn.to_numpy(), kind="stable")][:most])


def pass_strangers(dataset: Dataset, engine: Path, progress: Progress) -> Strangers:
    """Pass strangers through the network."""
    extractor = FeatureExtractor(engine)
    tables, features = [], []
    size = extractor.input_size
    done, expected = 0, len(MATERIALS) * min(MOST_MADE, len(dataset.rows(Split.TEST)))
    for batch in chain(made_strangers(dataset, size), foreign_strangers(dataset, size)):
        raise_if_stopped(progress)
        done += len(batch.ids)
        progress.advance(done, max(done, expected))
        features.append(extractor.run(batch.pixels))
        tables.append(
            pd.DataFrame(
                {
                    "kind": batch.kind.value,
                    "project": batch.project,
                    "id": batch.ids,
                    "group": batch.groups,
                }
            )
        )
    columns = {name: pd.Series(dtype=str) for name in ("kind", "project", "id", "group")}
    return Strangers(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns),
        features=np.concatenate(features or [np.empty((0, extractor.output_size), np.float32)]),
    )


def known_table(dataset: Dataset, pictures: EvaluatedPictures, scores: np.ndarray) -> pd.DataFrame:
    """Table of ``write_strangers``: the scores of validation and test pictures."""
    known = dataset.pictures.iloc[pictures.rows]
    return pd.DataFrame({"id": known["id"].to_numpy(), "split": known["split"].to_numpy(), "score": scores})


def report_of(
    dataset: Dataset,
    pictures: EvaluatedPictures,
    strangers: Strangers,
    known: pd.DataFrame,
    table: pd.DataFrame,
    *,
    by_maximum_softmax: Simple,
    by_energy: Simple | None,
    fitted_on: int,
) -> StrangerReport:
    """Measure the score and simple ones on the same pictures.

    Args:
        known, table: those of ``write_strangers``.
        by_maximum_softmax, by_energy: from what the network gave to scores, float (n,).
        fitted_on: training pictures of the score.
    """
    is_test = (known["split"] == Split.TEST.value).to_numpy()
    of_known = pd.factorize(pd.Series(dataset.groups[pictures.rows][is_test]))[0]
    of_strangers = pd.factorize(table["group"])[0]
    kinds = table["kind"].to_numpy()

    def against(scores: np.ndarray, strange: np.ndarray, chosen: np.ndarray) -> Separation | None:
        groups = pd.factorize(pd.Series(of_strangers[chosen]))[0]
        return separation(
            Scored(scores=scores, groups=of_known), Scored(scores=strange[chosen], groups=groups)
        )

    scores, strange = known["score"].to_numpy()[is_test], table["score"].to_numpy()
    everything = np.ones(len(table), bool)
    features = pictures.features[is_test]
    softmax, energy = (
        against(simple(features), simple(strangers.features), everything) if simple else None
        for simple in (by_maximum_softmax, by_energy)
    )
    return StrangerReport(
        fitted_on=fitted_on,
        validation_pictures=pictures.validation_count,
        test_pictures=int(is_test.sum()),
        strangers={str(kind): int((kinds == kind).sum()) for kind in pd.unique(table["kind"])},
        separation=against(scores, strange, everything),
        by_kind={
            kind: found
            for kind in pd.unique(table["kind"])
            if (found := against(scores, strange, kinds == kind)) is not None
        },
        maximum_softmax=softmax,
        energy=energy,
    )


def _energies(logits: np.ndarray, task: Task) -> np.ndarray:
    return joint_energies(logits) if task is Task.MULTI_LABEL else energies(logits)
