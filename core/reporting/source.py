"""Everything that a report is written from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.labels.layout import Split
from core.data.version_record import VersionHeader, read_version_record
from core.evaluation.answers_in_use import answers_in_use, chosen_by_class, report_in_use
from core.evaluation.calibration.selective import confidences
from core.evaluation.ensemble import EnsembleConfig, run_backbones
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions, has_numbers
from core.evaluation.predictions import answer_labels
from core.evaluation.report import MultiClassReport, MultiLabelReport
from core.formatting import percent
from core.jobs.directory import JobDirectory
from core.jobs.environment import Environment
from core.jobs.kinds import JobKind
from core.messages import N_, Message, first_of
from core.models.backbone import Backbone
from core.models.views import PLAIN, find_view_set
from core.records import JsonObject
from core.runs.compare import run_about, run_settings, run_title
from core.training.config import TrainingConfig

_CHOSEN_THRESHOLDS = N_(
    "It answers by thresholds that a person chose, and so all scores here are measured: {thresholds}."
)


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """An evaluated run, and the reader's language."""

    evaluated: EvaluatedRun
    translate: Callable[[str], str] = str
    # whether the reader may see pictures of the dataset
    has_pictures: bool = True

    def say(self, template: str, **values: Any) -> str:
        """Translate a sentence and fill in its values."""
        return Message(template, values).render(self.translate)

    @cached_property
    def report(self) -> MultiClassReport | MultiLabelReport:
        """Results on the test pictures of the answers that predictions and exports give."""
        return report_in_use(self.evaluated)

    @cached_property
    def test(self) -> TestPredictions:
        """These answers."""
        return answers_in_use(self.evaluated)

    @property
    def chosen_thresholds(self) -> str:
        """Sentence on the thresholds that a person chose; "" where the run has its default ones."""
        chosen = [f"{name} {percent(value)}" for name, value in chosen_by_class(self.evaluated).items()]
        return self.say(_CHOSEN_THRESHOLDS, thresholds=first_of(chosen)) if chosen else ""

    @property
    def test_table(self) -> pd.DataFrame:
        """Test pictures as in ``prediction_table``, with these answers."""
        evaluated = self.evaluated
        ids = evaluated.dataset.pictures["id"].iloc[evaluated.rows(Split.TEST)]
        table = evaluated.predictions.set_index("id", drop=False).loc[ids].reset_index(drop=True)
        if self.test is evaluated.test:
            return table
        labels = answer_labels(self.test.task, self.test.predicted, evaluated.dataset.class_names)
        is_answered = has_numbers(self.test.probabilities)
        confidence = np.where(is_answered, confidences(self.test), np.nan)
        return table.assign(predicted=labels, confidence=confidence)

    @property
    def run(self) -> Path:
        return self.evaluated.run

    @cached_property
    def job(self) -> JobDirectory:
        return JobDirectory(self.run)

    @property
    def title(self) -> str:
        """Name of the run."""
        return run_title(self.job)

    @property
    def note(self) -> str:
        """Note that a person wrote about the run."""
        return run_about(self.job).note

    @cached_property
    def settings(self) -> JsonObject:
        """Every setting of the run, or of the ensemble."""
        return run_settings(self.job)

    @property
    def backbones(self) -> tuple[Backbone, ...]:
        """The backbone, or those of a committee or of an ensemble's members."""
        return run_backbones(self.evaluated.run)

    @property
    def backbone_names(self) -> str:
        return " + ".join(backbone.name for backbone in self.backbones)

    @property
    def averaged_views(self) -> str:
        """Sentence about the views whose answers the classifier averages; "" for the picture alone."""
        views = find_view_set(self.settings.get("views", PLAIN.code))
        if views == PLAIN:
            return ""
        sentence = N_(
            "Each answer is the mean of the answers to several views, made inside the network: {views}."
        )
        return self.say(sentence, views=self.translate(views.label))

    @property
    def input_size(self) -> int:
        """Pixels a side of the pictures that the classifier sees."""
        if self.job.kind is JobKind.ENSEMBLE:
            return EnsembleConfig.from_json(self.settings).input_size
        return TrainingConfig.from_json(self.settings).sized_backbone.input_size

    @cached_property
    def environment(self) -> Environment:
        """Versions and devices that trained the run."""
        return self.job.environment()

    @cached_property
    def version(self) -> VersionHeader:
        """Record of the dataset version."""
        dataset = self.evaluated.dataset
        return read_version_record(dataset.folder, dataset.version)
