"""Records of averaged views: the request, and the result ``evaluation/averaging.json``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.evaluation.comparison.differences import MetricDifference
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import leading_metric
from core.models.views import find_view_set
from core.records import Record, write_record
from core.statistics import Z_95
from core.training.leading_metric import LeadingMetric
from core.workspace import project_of

_FILE = "averaging.json"


@dataclass(frozen=True, kw_only=True)
class AveragingRequest(Record):
    """Config of the job."""

    run: str


@dataclass(frozen=True, kw_only=True)
class ViewGain(Record):
    """One view set against the picture alone, by the leading metric on the validation pictures."""

    views: str  # code of the view set
    difference: MetricDifference

    @property
    def passes(self) -> int:
        """Forward passes of an answer."""
        return len(find_view_set(self.views).views)

    @property
    def standard_error(self) -> float:
        """That of the paired difference; infinite where nothing varies."""
        interval = self.difference.interval
        return math.inf if interval is None else (interval[1] - interval[0]) / (2 * Z_95)

    @property
    def is_offered(self) -> bool:
        """True if it gains more than one standard error."""
        return self.difference.gain > self.standard_error


@dataclass(frozen=True, kw_only=True)
class AveragingReport(Record):
    """Gain of each view set of the table, the cheapest first."""

    metric: LeadingMetric  # that led in the project
    pictures: int  # of validation
    gains: tuple[ViewGain, ...]
    milliseconds: float  # of an answer to the picture alone, on the computer that measured

    def gain_of(self, views: str) -> ViewGain | None:
        """Gain of a view set, by its code; None for one that was not measured."""
        return next((gain for gain in self.gains if gain.views == views), None)

    @property
    def recommended(self) -> ViewGain | None:
        """The cheapest offered set within one standard error of the best; None where none is offered."""
        offered = [gain for gain in self.gains if gain.is_offered]
        if not offered:
            return None
        best = max(offered, key=lambda gain: gain.difference.gain)
        enough = best.difference.gain - best.standard_error
        return next(gain for gain in offered if gain.difference.gain >= enough)


def write_averaging(evaluated: EvaluatedRun, report: AveragingReport) -> None:
    """Store the result beside the run's evaluation."""
    evaluated.require_existing()
    write_record(evaluated.file(_FILE), report)


def read_averaging(evaluated: EvaluatedRun) -> AveragingReport | None:
    """Read the result of the last measurement; None without one, and where another metric leads since."""
    report = evaluated.read_result(_FILE, AveragingReport)
    leading = leading_metric(project_of(evaluated.run), evaluated.dataset.class_names)
    return report if report and report.metric == leading.metric else None
