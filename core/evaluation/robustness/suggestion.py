"""Augmentation that trains a classifier to stand the corruptions that break it."""

from __future__ import annotations

from core.evaluation.robustness.corruptions import Corruption, find_corruption
from core.evaluation.robustness.records import RobustnessReport
from core.models.augmentation import LIMITS, AugmentationConfig

_MOST_CORRUPTIONS = 3


def suggested_strengths(report: RobustnessReport, current: AugmentationConfig) -> dict[str, float]:
    """Strengths of augmentations that are higher than the current ones, by name; empty if none would be.

    Augmentation draws strengths up to its own, so it has to reach one step beyond the strength
    at which a corruption breaks the classifier. Only the weakest corruptions count: strong changes of
    every kind at once hide what is to be learnt.
    """
    suggested: dict[str, float] = {}
    for result in report.broken[:_MOST_CORRUPTIONS]:
        corruption = find_corruption(result.code)
        if corruption is None or result.breaks_at is None:
            continue
        name, strength = corruption.augmentation, _strength(corruption, result.breaks_at)
        if strength > current[name]:
            suggested[name] = max(strength, suggested.get(name, 0.0))
    return suggested


def with_strengths(config: AugmentationConfig, strengths: dict[str, float]) -> AugmentationConfig:
    """Raise strengths to those given; others stay."""
    raised = {name: max(config[name], strength) for name, strength in strengths.items()}
    return AugmentationConfig.from_json(config.to_json() | raised)


def _strength(corruption: Corruption, breaks_at: int) -> float:
    if corruption.augmentation_strength is not None:
        return corruption.augmentation_strength
    beyond = corruption.strengths[min(breaks_at + 1, len(corruption.strengths) - 1)]
    return min(beyond, LIMITS[corruption.augmentation])
