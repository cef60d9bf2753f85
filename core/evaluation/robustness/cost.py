"""Expected time of a robustness test."""

from __future__ import annotations

from core.evaluation.ensemble import ensemble_config
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.models.backbones import get_backbone
from core.models.speeds import expected_seconds
from core.models.views import find_view_set


def expected_test_seconds(evaluated: EvaluatedRun, pictures: int) -> float | None:
    """Estimate the seconds that the test of so many pictures takes here; None for a model made elsewhere."""
    if evaluated.is_judged:
        return None
    conditions = 1 + sum(len(row.strengths) for row in CORRUPTIONS)
    if not evaluated.is_ensemble:
        return expected_seconds(evaluated.settings.sized_backbone, conditions * pictures)
    members = ensemble_config(evaluated.run)
    seen = conditions * pictures * len(find_view_set(members.views).views)
    return sum(expected_seconds(get_backbone(key), seen) for key in members.backbones)
