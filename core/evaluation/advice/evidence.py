"""Evidence about a run that advisers judge, each part read or computed when it is first asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from core.data.dataset import open_dataset
from core.data.labels.label_sets import named_classes
from core.data.labels.layout import Split
from core.doctor.findings import Finding
from core.doctor.open_findings import open_findings
from core.doctor.report import Report, dismissals, read_report
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import read_mean_heatmaps
from core.evaluation.explanations.shortcuts import Shortcut
from core.evaluation.learning_curve.records import LearningCurve, read_learning_curve
from core.evaluation.report import has_report
from core.evaluation.resolution import TestResolution, resolution_of
from core.evaluation.robustness.records import RobustnessReport, read_robustness
from core.evaluation.slices.measuring import SliceScore, measure_slices, slice_source
from core.evaluation.strangers.measuring import StrangerReport
from core.evaluation.strangers.results import read_strangers
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.training.config import TrainingConfig
from core.training.diagnosis import Diagnosis, judge_curve
from core.training.records import EpochRecord
from core.workspace import list_runs, project_of

# Predictions of a run take a tenth of a second to read.
_MOST_SIBLINGS = 4
# Least probability of an answer that puts its label in doubt.
_SURE = 0.9


class Evidence:
    """Everything that is known about a run."""

    def __init__(self, evaluated: EvaluatedRun) -> None:
        self.evaluated = evaluated
        self.report = evaluated.report

    @property
    def wrong(self) -> float:
        """Share of the test pictures with a wrong answer."""
        return self.report.mistakes / max(1, self.report.pictures)

    @cached_property
    def training_counts(self) -> pd.Series:
        """Number of training pictures of each class."""
        pictures = self.evaluated.dataset.pictures
        training = pictures[pictures["split"] == Split.TRAIN.value]
        counts = named_classes(training["label"], self.evaluated.dataset.task).value_counts()
        return counts.reindex(self.evaluated.dataset.class_names, fill_value=0)

    @cached_property
    def epochs(self) -> list[EpochRecord]:
        """Epochs of the training; empty without any."""
        return [EpochRecord.from_json(line) for line in JobDirectory(self.evaluated.run).metrics()]

    @cached_property
    def settings(self) -> TrainingConfig | None:
        """Settings of the training; None for an ensemble and for a model that was not trained here."""
        return self.evaluated.settings if self.evaluated.was_trained else None

    @cached_property
    def diagnosis(self) -> Diagnosis | None:
        """Diagnosis of the epochs; None without any."""
        settings = self.settings
        if settings is None:
            return None
        return judge_curve(
            self.epochs,
            monitor=settings.monitor,
            patience=settings.patience,
            baseline=self.report.majority_baseline,
        )

    @cached_property
    def check(self) -> Report | None:
        """Newest report of the doctor on the project's pictures; None if they were never checked."""
        return read_report(project_of(self.evaluated.run))

    @cached_property
    def open_findings(self) -> list[Finding]:
        """Findings of the doctor that still hold in the newest version, the most harmful first."""
        if self.check is None:
            return []
        project = project_of(self.evaluated.run)
        items = open_findings(self.check.findings, open_dataset(project), dismissals(project))
        return [item.left for item in items if item.left is not None]

    @cached_property
    def robustness(self) -> RobustnessReport | None:
        return read_robustness(self.evaluated)

    @cached_property
    def learning_curve(self) -> LearningCurve | None:
        return read_learning_curve(self.evaluated)

    @cached_property
    def spots(self) -> tuple[Shortcut, ...]:
        """Spots by which classes are recognised; empty without any, or without mean heatmaps."""
        means = read_mean_heatmaps(self.evaluated)
        return means.shortcuts if means else ()

    @cached_property
    def strangers(self) -> StrangerReport | None:
        return read_strangers(self.evaluated.run)

    @cached_property
    def slices(self) -> list[SliceScore]:
        test = self.evaluated.test
        if not len(test.targets):
            return []
        return measure_slices(slice_source(self.evaluated), test.exact_matches, test.group_indices)

    @cached_property
    def resolution(self) -> TestResolution:
        test, report = self.evaluated.test, self.report
        return resolution_of(
            test.exact_matches, test.group_indices, report.accuracy_interval, report.majority_baseline
        )

    @cached_property
    def siblings(self) -> list[EvaluatedRun]:
        """Other trained and evaluated runs on the same version of the pictures, the newest ones."""
        own, version = self.evaluated, self.evaluated.dataset.version
        runs = [run for run in list_runs(project_of(own.run)) if run != own.run and has_report(run)]
        jobs = [job for job in map(JobDirectory, runs) if job.kind is not JobKind.ENSEMBLE]
        same = [job.path for job in jobs if job.config().get("dataset_version") == version]
        return [EvaluatedRun.open(run) for run in same[:_MOST_SIBLINGS]]

    @cached_property
    def suspected_labels(self) -> np.ndarray:
        """Test pictures whose label is probably wrong: bool (n,).

        Confident learning (Northcutt et al. 2021): the probability of a class that the label denies is
        as high as is usual for pictures of that class, and at least 0.9.
        """
        test = self.evaluated.test
        probabilities = test.probabilities
        shown = test.targets.sum(axis=0)
        usual = (probabilities * test.targets).sum(axis=0) / np.maximum(shown, 1)
        limits = np.where(shown > 0, np.maximum(usual, _SURE), np.inf)
        is_suspect: np.ndarray = (test.predicted & ~test.targets & (probabilities >= limits)).any(axis=1)
        return is_suspect
