"""Learning curve of a run: ``evaluation/learning_curve.json``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.intervals import Interval
from core.records import Record, write_record

_FILE = "learning_curve.json"


class NoForecast(StrEnum):
    """Reason why a curve is not extrapolated."""

    TOO_FEW_PICTURES = "too_few_pictures"
    BAD_FIT = "bad_fit"  # the curve is no power law
    TOO_UNCERTAIN = "too_uncertain"  # the interval is too wide to be of use


@dataclass(frozen=True, kw_only=True)
class LearningCurveRequest(Record):
    """Config of a learning curve job."""

    run: str


@dataclass(frozen=True, kw_only=True)
class CurvePoint(Record):
    """Validation accuracies of heads trained on equally many pictures."""

    pictures: int  # mean of the repeats
    accuracies: tuple[float, ...]  # of each repeat, 0 to 1

    @property
    def accuracy(self) -> float:
        return sum(self.accuracies) / len(self.accuracies)


@dataclass(frozen=True, kw_only=True)
class ForecastPoint(Record):
    """Accuracy by the fitted curve, with its 95% interval."""

    pictures: int
    accuracy: float
    interval: Interval


@dataclass(frozen=True, kw_only=True)
class ClassGain(Record):
    """Expected gain of a class's recall, 0 to 1, from twice as many training pictures."""

    name: str
    gain: float
    interval: Interval  # 95%


@dataclass(frozen=True, kw_only=True)
class Forecast(Record):
    """Extrapolation to twice as many training pictures."""

    gain: float  # of the accuracy, 0 to 1
    interval: Interval  # 95%
    curve: tuple[ForecastPoint, ...]  # from the smallest number of pictures to twice the largest
    # those whose gain is proven, the largest first
    classes: tuple[ClassGain, ...]


@dataclass(frozen=True, kw_only=True)
class LearningCurve(Record):
    """Validation accuracy of heads on a frozen backbone, over the number of training pictures."""

    points: tuple[CurvePoint, ...]
    validation_pictures: int
    forecast: Forecast | None = None
    reason: NoForecast | None = None  # why there is no forecast


def write_learning_curve(evaluated: EvaluatedRun, curve: LearningCurve) -> None:
    evaluated.require_existing()
    write_record(evaluated.file(_FILE), curve)


def read_learning_curve(evaluated: EvaluatedRun) -> LearningCurve | None:
    """Read a run's learning curve; None if it was not measured."""
    return evaluated.read_result(_FILE, LearningCurve)
