"""The metric that matters in a project: its choice, and its value on test pictures with a 95% interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.evaluation.baseline import always_answered
from core.evaluation.metrics.bootstrap import RESAMPLES, weights_of_groups
from core.evaluation.metrics.intervals import Interval, bootstrap_interval, fraction_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.messages import N_, Message
from core.records import read_record, write_record
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project

LEADING_LABELS = {
    LeadingKind.ACCURACY: N_("Accuracy"),
    LeadingKind.BALANCED_ACCURACY: N_("Balanced accuracy"),
    LeadingKind.MACRO_F1: N_("F1, mean of the classes"),
    LeadingKind.RECALL: N_("Recall of “{name}”"),
    LeadingKind.PRECISION: N_("Precision of “{name}”"),
    LeadingKind.F1: N_("F1 of “{name}”"),
    LeadingKind.COST: N_("Mean cost of an answer"),
}


@dataclass(frozen=True, kw_only=True)
class Leading:
    """The metric that leads in a project, ready to measure classifiers of one dataset version."""

    metric: LeadingMetric

    @property
    def label(self) -> Message:
        """Its name for users."""
        return Message(LEADING_LABELS[self.metric.kind], {"name": self.metric.class_name})

    @property
    def is_fraction(self) -> bool:
        """True if it is shown in percent."""
        return self.metric.kind is not LeadingKind.COST

    def value(self, test: TestPredictions) -> float:
        """Compute the metric on the test pictures; NaN where it is undefined."""
        return float(self.metric.value(_columns(self.metric, test).sum(axis=0, dtype=np.float64)))

    def resampled(self, test: TestPredictions, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
        """Compute the metric on bootstrap resamples of the groups: float64 (resamples,).

        Two classifiers tested on the same pictures get the same resamples, so that the interval of
        their difference is a paired one.
        """
        groups, columns = test.group_indices, _columns(self.metric, test)
        count = int(groups.max()) + 1
        # float32 holds whole numbers to 16 million, more than pictures; costs need not be whole.
        kind = np.float64 if self.metric.kind is LeadingKind.COST else np.float32
        of_groups = np.stack(
            [np.bincount(groups, weights=column, minlength=count).astype(kind) for column in columns.T],
            axis=1,
        )
        return np.concatenate(
            [
                self.metric.value((times.astype(kind) @ of_groups).T.astype(np.float64))
                for times in weights_of_groups(count, resamples=resamples, seed=seed)
            ]
        )

    def interval(self, test: TestPredictions) -> Interval | None:
        """95% interval by group: of a fraction of pictures by formula, of other metrics by the bootstrap."""
        fraction = self._fraction(test)
        if fraction is not None:
            chosen, is_right = fraction
            return fraction_interval(is_right[chosen], test.group_indices[chosen])
        value, samples = self.value(test), self.resampled(test)
        return bootstrap_interval(value, samples, self.groups(test), is_fraction=self.is_fraction)

    def groups(self, *tests: TestPredictions) -> int:
        """Number of groups that the metric depends on, for predictions of the same pictures.

        That of one class depends on the pictures that show it or were given it; there may be few.
        """
        if not self.metric.kind.needs_class:
            is_mean = self.metric.kind in {LeadingKind.BALANCED_ACCURACY, LeadingKind.MACRO_F1}
            return tests[0].groups_behind(is_mean_of_classes=is_mean)
        index = self.metric.class_names.index(self.metric.class_name)
        needed = {
            LeadingKind.RECALL: [test.targets for test in tests],
            LeadingKind.PRECISION: [test.predicted for test in tests],
            LeadingKind.F1: [each for test in tests for each in (test.targets, test.predicted)],
        }[self.metric.kind]
        return tests[0].groups_among(np.any([each[:, index] for each in needed], axis=0))

    def _fraction(self, test: TestPredictions) -> tuple[np.ndarray, np.ndarray] | None:
        """Pictures that the fraction is of, and those that are right; None for other metrics."""
        kind = self.metric.kind
        if kind is LeadingKind.ACCURACY:
            return np.ones(len(test.targets), bool), test.exact_matches
        if kind not in {LeadingKind.RECALL, LeadingKind.PRECISION}:
            return None
        index = self.metric.class_names.index(self.metric.class_name)
        shows, given = test.targets[:, index], test.predicted[:, index]
        return (shows, given) if kind is LeadingKind.RECALL else (given, shows)


def leading_metric(project: Project, class_names: Sequence[str]) -> Leading:
    """The metric that leads in a project, for the classes of a dataset version.

    It is the accuracy, unless the user chose another one, and if that does not suit the classes any more.
    """
    chosen = chosen_metric(project).for_classes(class_names)
    return Leading(metric=chosen or LeadingMetric())


def chosen_metric(project: Project) -> LeadingMetric:
    """The user's choice, for the classes of its time; accuracy without one."""
    file = goal_file(project)
    return read_record(file, LeadingMetric) if file.exists() else LeadingMetric()


def choose_metric(project: Project, metric: LeadingMetric) -> None:
    """Store the metric that leads from now on."""
    write_record(goal_file(project), metric)


def majority_value(leading: Leading, test: TestPredictions, majority: str, names: Sequence[str]) -> float:
    """The metric of always giving one answer.

    Args:
        majority: the most frequent label of the training pictures.
    """
    return leading.value(always_answered(test, majority, names))


def least_cost_value(leading: Leading, test: TestPredictions) -> float:
    """Mean cost of the answers of least expected cost, by a matrix of costs."""
    answers = least_cost_answers(test.probabilities, leading.metric.costs)
    return leading.value(replace(test, predicted=np.eye(test.targets.shape[1], dtype=bool)[answers]))


def least_cost_answers(probabilities: np.ndarray, costs: Sequence[Sequence[float]]) -> np.ndarray:
    """Class of least expected cost for each picture: int64 (n,) (Elkan 2001).

    Args:
        probabilities: float (n, classes).
        costs: (classes, classes); rows are true classes, columns answers.
    """
    return np.asarray((probabilities @ np.array(costs, np.float64)).argmin(axis=1))


def _columns(metric: LeadingMetric, test: TestPredictions) -> np.ndarray:
    return metric.columns(test.task, test.targets, test.predicted)


def goal_file(project: Project) -> Path:
    """Path of the stored choice; without the file, accuracy leads."""
    return project.path / "goal.json"
