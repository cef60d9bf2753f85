"""Next steps after an evaluation."""

from __future__ import annotations

from core.evaluation.evaluated_run import EvaluatedRun
from pages.ui.evaluate.next.advice import show_advice
from pages.ui.evaluate.next.averaging import averaging_offer


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the advice on a run, and the offer to average several views of each picture."""
    show_advice(evaluated)
    averaging_offer(evaluated)
