"""An evaluated run with everything that its evaluation stored, read when it is first asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Dataset, erased_file, open_dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.data.manifest import measured_again_file
from core.errors import DamagedFileError, EvaluationError, NotFoundError, SchemaVersionError
from core.evaluation.assessment import make_report
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.report import (
    MultiClassReport,
    MultiLabelReport,
    chosen_thresholds,
    has_report,
    read_predictions,
    read_report,
    report_file,
)
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.records import AnyRecord, Record, read_record, write_record
from core.training.config import TrainingConfig
from core.training.heads.held_out import held_out_temperature
from core.workspace import project_of


@dataclass(frozen=True, kw_only=True)
class MeasuredOn(Record):
    """Dataset version and classes of a classifier that was not trained here: ``evaluation/dataset.json``."""

    dataset_version: int
    # The dataset's, and perhaps “another answer”, which no picture shows.
    class_names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EvaluatedRun:
    """A run, its report, and the dataset version that it was trained and tested on.

    A judged model (``foreign.judged_model``) is opened by its folder like a run; it has no ``settings``.
    """

    run: Path
    dataset: Dataset
    report: MultiClassReport | MultiLabelReport

    @classmethod
    def open(cls, run: Path) -> EvaluatedRun:
        """Open an evaluated run; the same object again until one of its files changes.

        Raises:
            NotFoundError: the run was not evaluated, or its dataset version was erased.
        """
        folder = project_of(run).dataset
        files = (
            report_file(run),
            _measured_on_file(run),
            erased_file(folder),
            measured_again_file(folder),
            folder / "versions",
        )
        return _open(run, tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files))

    @property
    def was_trained(self) -> bool:
        """False for a judged model and for an ensemble, which have no ``settings``."""
        return not self.is_judged and not self.is_ensemble

    @cached_property
    def is_ensemble(self) -> bool:
        """True if it was joined from other runs, not trained."""
        return not self.is_judged and JobDirectory(self.run).kind is JobKind.ENSEMBLE

    @cached_property
    def learnt_from_validation(self) -> bool:
        """True if cross-validation chose the head, so that it has learnt from the validation pictures as well."""
        return self.was_trained and held_out_temperature(self.run) is not None

    @property
    def is_judged(self) -> bool:
        """True for a model that was made elsewhere."""
        return _measured_on_file(self.run).exists()

    @cached_property
    def settings(self) -> TrainingConfig:
        """Settings that the run was trained with.

        Raises:
            EvaluationError: the run is an ensemble, which was not trained.
        """
        self.require_one_network()
        return TrainingConfig.from_json(JobDirectory(self.run).config())

    @property
    def input_size(self) -> int:
        """Side of the pictures that the run's network sees, in pixels."""
        if self.is_ensemble:
            return int(JobDirectory(self.run).config()["input_size"])
        return self.settings.sized_backbone.input_size

    def require_one_network(self) -> None:
        """Raise EvaluationError for an ensemble, which was not trained and has no features of its own."""
        if self.is_ensemble:
            raise EvaluationError(
                N_(
                    "This run joins the answers of several networks or views, and this looks into one. Choose a run that it was made of."
                )
            )

    def require_existing(self) -> None:
        """Raise NotFoundError if the run was deleted since; call it before a result is written."""
        if not has_report(self.run):
            raise NotFoundError(N_("“{name}” was deleted in the meantime."), name=self.run.name)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Table of ``prediction_table``: validation pictures, then test pictures."""
        table = read_predictions(self.run)
        if self.dataset.task is Task.MULTI_CLASS:
            # Older versions named the first class where there was no answer.
            table.loc[table["confidence"].isna(), "predicted"] = ""
        return table

    @cached_property
    def validation(self) -> TestPredictions:
        """Labels and predictions of the validation pictures, in the order of ``rows(VALIDATION)``."""
        return self._part(Split.VALIDATION)

    @cached_property
    def test(self) -> TestPredictions:
        """Labels and predictions of the test pictures, in the order of ``rows(TEST)``."""
        return self._part(Split.TEST)

    def rows(self, split: Split) -> np.ndarray:
        """Rows of the dataset's ``pictures`` in one part of the split, int64."""
        return self.dataset.rows(split)

    def read_result(self, name: str, kind: type[AnyRecord]) -> AnyRecord | None:
        """Read a result of the run's evaluation; None without one.

        A result older than the report belongs to an earlier state of a run that was continued. Results
        of other versions of Darkroom and damaged ones count as none: they can be computed again.
        """
        file = self.file(name)
        try:
            if file.stat().st_mtime_ns < report_file(self.run).stat().st_mtime_ns:
                return None
            return read_record(file, kind)
        except (FileNotFoundError, DamagedFileError, SchemaVersionError):
            return None

    def file(self, name: str) -> Path:
        """Path of a result of the run's evaluation; results are caches of the run and its dataset version."""
        return self.run / "evaluation" / name

    def _part(self, split: Split) -> TestPredictions:
        rows, thresholds = self.rows(split), chosen_thresholds(self.report)
        classes = len(self.dataset.class_names)
        # Pictures that were erased since have a prediction, but no row.
        stored = self.predictions.set_index("id").loc[self.dataset.pictures["id"].iloc[rows]]
        return TestPredictions.of(
            self.dataset,
            rows,
            # Of the right shape even if all pictures of the part were erased.
            np.array(stored["probabilities"].to_list(), np.float32).reshape(len(rows), classes),
            None if thresholds is None else np.array(thresholds),
        )


def measured_report(run: Path) -> MultiClassReport | MultiLabelReport:
    """Read a run's report; pictures without an answer count as wrong in it, also in an older one.

    That of a run whose pictures were erased is as it was stored.

    Raises:
        NotFoundError: the run was not evaluated.
    """
    report = read_report(run)
    if report.unanswered is not None:
        return report
    with suppress(NotFoundError):
        return EvaluatedRun.open(run).report
    return report


def write_measured_on(folder: Path, measured_on: MeasuredOn) -> None:
    """Write the version that a classifier was tested on, where no job states it."""
    write_record(_measured_on_file(folder), measured_on)


def _dataset_of(run: Path) -> Dataset:
    project = project_of(run)
    if not _measured_on_file(run).exists():
        return open_dataset(project, int(JobDirectory(run).config()["dataset_version"]))
    measured_on = read_record(_measured_on_file(run), MeasuredOn)
    dataset = open_dataset(project, measured_on.dataset_version)
    return replace(dataset, class_names=measured_on.class_names)


def _measured_on_file(folder: Path) -> Path:
    return folder / "evaluation" / "dataset.json"


# The advice opens a run beside four others.
@lru_cache(maxsize=8)
def _open(run: Path, _written: tuple[int, ...]) -> EvaluatedRun:
    """Open a run once for all reruns of a page: with 10,000 pictures of 1,000 classes it takes 1 s."""
    report = read_report(run)
    evaluated = EvaluatedRun(run=run, dataset=_dataset_of(run), report=report)
    if evaluated.report.unanswered is not None or not len(evaluated.rows(Split.TEST)):
        return evaluated
    return replace(evaluated, report=_measured_again(evaluated))


def _measured_again(evaluated: EvaluatedRun) -> MultiClassReport | MultiLabelReport:
    """Report of an older evaluation by today's rule: a picture without an answer is wrong."""
    stored, test = evaluated.report, evaluated.test
    thresholds = chosen_thresholds(stored)
    report = make_report(
        evaluated.dataset,
        evaluated.rows(Split.TEST),
        test.probabilities,
        None if thresholds is None else np.array(thresholds),
    )
    return replace(report, calibration=stored.calibration)
