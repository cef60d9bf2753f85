"""The best epoch by the metric that matters."""

from __future__ import annotations

from core.progress import QuietProgress
from core.training.config import Monitor, TrainingConfig
from core.training.curve import LearningCurve
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.training.phases import Phase
from core.training.records import EpochMetrics

RECALL = LeadingMetric(kind=LeadingKind.RECALL, class_names=("a", "b"), class_name="b")


def best_epoch(*epochs: tuple[float | None, float]) -> int | None:
    """Number of the best of epochs, each a value of the metric and a loss."""
    settings = TrainingConfig(dataset_version=1, monitor=Monitor.LEADING, leading_metric=RECALL)
    curve = LearningCurve(settings, QuietProgress())
    curve.begin()
    curve.begin_phase(Phase.SCRATCH, len(epochs))
    for value, loss in epochs:
        curve.add(EpochMetrics(validation_leading=value, validation_loss=loss, learning_rate=0.1))
    return curve.best.epoch if curve.best else None


def test_the_highest_value_wins_whatever_its_loss() -> None:
    assert best_epoch((0.5, 0.2), (0.75, 0.9), (0.5, 0.1)) == 2


def test_of_equal_values_the_lowest_loss_wins() -> None:
    """Else a class that no epoch finds would deliver the first one."""
    assert best_epoch((0.0, 1.1), (0.0, 0.9), (0.0, 0.7), (0.0, 0.8)) == 3


def test_an_undefined_value_is_the_worst() -> None:
    assert best_epoch((float("nan"), 0.1), (0.0, 0.9)) == 2
