"""Next steps after an evaluation."""

from __future__ import annotations

from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.next.advice import show_advice


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the advice on a run."""
    show_advice(evaluated)
