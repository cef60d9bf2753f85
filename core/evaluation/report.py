"""Evaluation report of a run: records, and their files ``evaluation/report.json`` and ``predictions.parquet``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

import pandas as pd

from core.data.labels.task import Task
from core.errors import NotFoundError
from core.evaluation.calibration.calibrating import Calibration
from core.evaluation.metrics.averages import Averages
from core.files import whole_file
from core.messages import N_
from core.records import JsonObject, Record, read_record, write_record

Confusion = tuple[tuple[int, ...], ...]  # pictures; rows are true classes, columns predicted classes


@dataclass(frozen=True, kw_only=True)
class ScoreSummary(Record):
    """Scores on the test pictures, 0 to 1: ``test`` in a run's ``result.json``."""

    accuracy: float
    macro_f1: float
    majority_baseline: float


@dataclass(frozen=True, kw_only=True)
class ClassReport(Record):
    """Scores of one class, 0 to 1."""

    name: str
    # of the pictures given this class, the fraction that show it
    precision: float
    # of the pictures that show it, the fraction given it
    recall: float
    f1: float
    # test pictures that show it
    support: int
    # 95% intervals; older reports have none
    precision_interval: tuple[float, float] | None = None
    recall_interval: tuple[float, float] | None = None
    f1_interval: tuple[float, float] | None = None

    @property
    def defined_scores(self) -> dict[str, float | None]:
        """Precision, recall and F1 for people; None for those of a class that no picture shows, stored as 0.

        Such a class has a precision, 0, where a picture was given it. No mean of the classes counts it.
        """
        is_shown = self.support > 0
        # Of no picture, the interval is everything.
        is_given = self.precision_interval not in {None, (0.0, 1.0)}
        return {
            "precision": self.precision if is_shown or is_given else None,
            "recall": self.recall if is_shown else None,
            "f1": self.f1 if is_shown else None,
        }


@dataclass(frozen=True, kw_only=True)
class MultiLabelClassReport(ClassReport):
    """Scores of one class that is predicted by itself: shown or not."""

    # None where no test picture shows the class
    average_precision: float | None
    # probability from which the class is predicted
    threshold: float
    f1_at_half: float
    # fraction of the test pictures that show it
    prevalence: float
    # rows: not shown, shown; columns: no, yes
    confusion: Confusion


@dataclass(frozen=True, kw_only=True)
class EvaluationReport(Record):
    """Results on the test pictures, for either task; read from a file as one of its two kinds."""

    task: Task = Task.MULTI_CLASS
    # test pictures
    pictures: int
    # of those that belong together; each is one observation of the intervals. 0: an older report took none into account
    groups: int = 0
    # of those, with every label right
    correct: int
    # of those, without an answer because their probabilities are NaN; they count as wrong. None: in an
    # older report they count as answers of the first class, see ``evaluated_run.measured_report``
    unanswered: int | None = None
    accuracy: float
    # 95% interval of the true accuracy
    accuracy_interval: tuple[float, float]
    # the most frequent label of the training pictures, and its accuracy on the test pictures
    majority_class: str = ""
    majority_baseline: float = 0.0
    macro: Averages
    # every metric of ``metrics.table`` that is defined here, by code
    metrics: Mapping[str, float] = field(default_factory=dict)
    # their 95% intervals
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    # None: an older report, whose head was delivered as trained
    calibration: Calibration | None = None

    @property
    def mistakes(self) -> int:
        """Number of test pictures with a wrong prediction."""
        return self.pictures - self.correct

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read a report as the kind that its task asks for."""
        kind = MultiLabelReport if values.get("task") == Task.MULTI_LABEL else MultiClassReport
        return cast(Self, kind._read(values, ""))

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Derive the count of right answers and the metrics, which older reports do not hold."""
        if {"accuracy", "pictures"} <= values.keys():
            values.setdefault("correct", round(values["accuracy"] * values["pictures"]))
        if "metrics" not in values:
            values["metrics"] = _metrics_of_older_report(values)
        return values


@dataclass(frozen=True, kw_only=True)
class MultiClassReport(EvaluationReport):
    """Results where each picture has exactly one class."""

    weighted: Averages = field(default_factory=Averages)
    classes: tuple[ClassReport, ...] = ()
    confusion: Confusion = ()
    # of two classes, where both have test pictures: independent of any threshold
    roc_auc: float | None = None
    average_precision: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ThresholdScores(Record):
    """Scores over all classes, with one way to choose thresholds."""

    accuracy: float
    hamming_accuracy: float
    macro: Averages
    micro: Averages


@dataclass(frozen=True, kw_only=True)
class MultiLabelReport(EvaluationReport):
    """Results where a picture has any number of labels; ``accuracy`` counts pictures with all labels right."""

    classes: tuple[MultiLabelClassReport, ...]
    # over each class of each picture
    hamming_accuracy: float
    hamming_baseline: float
    micro: Averages
    mean_average_precision: float | None
    mean_prevalence: float
    # with 0.5 as the threshold of every class
    at_half: ThresholdScores

    @property
    def thresholds(self) -> list[float]:
        """Probability from which each class is predicted."""
        return [row.threshold for row in self.classes]


def chosen_thresholds(report: EvaluationReport) -> list[float] | None:
    """Probability from which each class is predicted; None if a picture has exactly one class."""
    return report.thresholds if isinstance(report, MultiLabelReport) else None


def write_report(run: Path, report: EvaluationReport, predictions: pd.DataFrame) -> None:
    """Write the predictions, then the report, whose file marks the run as evaluated.

    The proof that delivered files agree with the report before is withdrawn first.
    """
    withdraw_proof(run)
    with whole_file(predictions_file(run)) as temporary:
        predictions.to_parquet(temporary, index=False)
    write_record(report_file(run), report)


def has_report(run: Path) -> bool:
    return report_file(run).exists()


def read_report(run: Path) -> MultiClassReport | MultiLabelReport:
    """Read the run's report.

    Raises:
        NotFoundError: the run was not evaluated.
        DamagedFileError, SchemaVersionError: see ``read_record``.
    """
    if not has_report(run):
        raise NotFoundError(
            N_("Run “{name}” has no evaluation: it has not finished. Train it to the end first."),
            name=run.name,
        )
    report = cast(MultiClassReport | MultiLabelReport, read_record(report_file(run), EvaluationReport))
    if report.unanswered is None and not _has_unanswered(run):
        return replace(report, unanswered=0)
    return report


def read_predictions(run: Path) -> pd.DataFrame:
    """Read the table of ``prediction_table``: validation and test pictures of an evaluated run."""
    if not has_report(run):
        read_report(run)
    return pd.read_parquet(predictions_file(run))


def withdraw_proof(run: Path) -> None:
    """Remove the proof of a run's delivered files; call it before a result that they carry changes."""
    proof_file(run).unlink(missing_ok=True)


def proof_file(run: Path) -> Path:
    """Path of the file that marks a run as delivered: its files agree with the report."""
    return run / "parity.json"


def predictions_file(run: Path) -> Path:
    """Path of the table of ``prediction_table``."""
    return run / "evaluation" / "predictions.parquet"


def report_file(run: Path) -> Path:
    """Path of the file that marks a run as evaluated."""
    return run / "evaluation" / "report.json"


def _has_unanswered(run: Path) -> bool:
    """True if a picture has no answer; the confidence is read alone, which takes 10 ms."""
    try:
        confidence = pd.read_parquet(predictions_file(run), columns=["confidence"])["confidence"]
    except FileNotFoundError:
        return False
    return bool(confidence.isna().any())


def _metrics_of_older_report(values: JsonObject) -> dict[str, float]:
    """Metrics by today's codes, as far as a report without ``metrics`` holds them."""
    macro, weighted, micro = (values.get(name, {}) for name in ("macro", "weighted", "micro"))
    known = {
        "accuracy": values.get("accuracy"),
        "macro_precision": macro.get("precision"),
        "macro_recall": macro.get("recall"),
        "macro_f1": macro.get("f1"),
        "weighted_f1": weighted.get("f1"),
        "roc_auc": values.get("roc_auc"),
        "hamming_accuracy": values.get("hamming_accuracy"),
        "micro_f1": micro.get("f1"),
        "mean_average_precision": values.get("mean_average_precision"),
    }
    return {code: value for code, value in known.items() if value is not None}
