"""Records of the robustness test: its request, and its result ``evaluation/robustness.json``."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.intervals import Interval
from core.files import whole_file
from core.records import Record, write_record

USUAL_PICTURES = 300
# Accuracy, 0 to 1, whose proven loss counts as a break.
BREAKING_DROP = 0.05


@dataclass(frozen=True, kw_only=True)
class RobustnessRequest(Record):
    """Config of the job."""

    run: str
    # a judged model of this name, not a run
    is_judged: bool = False
    # test pictures in the sample, at most
    pictures: int = USUAL_PICTURES
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Condition(Record):
    """Scores on the sample at one strength of one corruption; fractions, with 95% intervals."""

    # in the unit of the corruption; 0: the pictures as they are
    strength: float
    accuracy: float
    accuracy_interval: Interval
    # accuracy on the pictures as they are, less that here
    drop: float
    # of the paired difference, by group
    drop_interval: Interval
    # of each class in ``RobustnessReport.class_names``
    recalls: tuple[float, ...]
    recall_intervals: tuple[Interval, ...]

    @property
    def is_break(self) -> bool:
        """True if the loss is proven to exceed ``BREAKING_DROP``."""
        return self.drop_interval[0] > BREAKING_DROP


@dataclass(frozen=True, kw_only=True)
class CorruptionResult(Record):
    """Scores at every strength of one corruption, the mildest first."""

    # code of the corruption
    code: str
    conditions: tuple[Condition, ...]

    @property
    def breaks_at(self) -> int | None:
        """Index of the strength from which every loss is proven; None without one.

        Strengths are tested from the strongest down to the first that is not proven, so that
        looking at five of them needs no correction (fixed sequence, Maurer et al. 1995).
        """
        first = None
        for index in reversed(range(len(self.conditions))):
            if not self.conditions[index].is_break:
                break
            first = index
        return first

    @property
    def mean_accuracy(self) -> float:
        return sum(condition.accuracy for condition in self.conditions) / len(self.conditions)


@dataclass(frozen=True, kw_only=True)
class RobustnessReport(Record):
    """Robustness of a run on a sample of its test pictures."""

    # in the sample, and of all
    pictures: int
    test_pictures: int
    # of pictures in the sample that belong together
    groups: int
    # those that pictures of the sample show
    class_names: tuple[str, ...]
    support: tuple[int, ...]
    # the sample as it is
    clean: Condition
    corruptions: tuple[CorruptionResult, ...]

    @property
    def weakest_first(self) -> list[CorruptionResult]:
        return sorted(self.corruptions, key=lambda result: result.mean_accuracy)

    @property
    def broken(self) -> list[CorruptionResult]:
        """Corruptions with a proven break, the weakest first."""
        return [result for result in self.weakest_first if result.breaks_at is not None]


def write_robustness(evaluated: EvaluatedRun, report: RobustnessReport, answers: pd.DataFrame) -> None:
    """Write the answers (see ``answer_table``), then the report, whose file marks the test as done."""
    evaluated.require_existing()
    with whole_file(evaluated.file("robustness.parquet")) as temporary:
        answers.to_parquet(temporary, index=False)
    write_record(evaluated.file("robustness.json"), report)


def read_robustness(evaluated: EvaluatedRun) -> RobustnessReport | None:
    """Read the result of the last test; None without one."""
    return evaluated.read_result("robustness.json", RobustnessReport)


def read_answers(evaluated: EvaluatedRun) -> pd.DataFrame:
    """Read the table of ``answer_table``."""
    return pd.read_parquet(evaluated.file("robustness.parquet"))
