"""Table of the advisers. Adding a row puts its advice onto the Evaluate page and into the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.evaluation.advice import answer_advisers, data_advisers, training_advisers
from core.evaluation.advice.advice import Advice
from core.evaluation.advice.evidence import Evidence
from core.evaluation.evaluated_run import EvaluatedRun

MOST_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Adviser:
    """One kind of advice."""

    code: str
    # None: the evidence does not suggest it
    function: Callable[[Evidence], Advice | None]


ADVISERS: tuple[Adviser, ...] = (
    Adviser(code="leakage", function=data_advisers.leakage),
    Adviser(code="shortcuts", function=data_advisers.shortcuts),
    Adviser(code="spots", function=data_advisers.spots),
    Adviser(code="open_findings", function=data_advisers.open_findings),
    Adviser(code="wrong_labels", function=data_advisers.wrong_labels),
    Adviser(code="more_pictures", function=data_advisers.more_pictures),
    Adviser(code="weak_slice", function=data_advisers.weak_slice),
    Adviser(code="small_test_set", function=data_advisers.small_test_set),
    Adviser(code="curve", function=training_advisers.curve),
    Adviser(code="twice_the_pictures", function=training_advisers.twice_the_pictures),
    Adviser(code="augmentation", function=training_advisers.augmentation),
    Adviser(code="network", function=training_advisers.network),
    Adviser(code="ensemble", function=training_advisers.ensemble),
    Adviser(code="threshold", function=answer_advisers.threshold),
    Adviser(code="probabilities", function=answer_advisers.probabilities),
    Adviser(code="strangers", function=answer_advisers.strangers),
)


def advise(
    evaluated: EvaluatedRun, *, most: int = MOST_SHOWN, advisers: Sequence[Adviser] | None = None
) -> list[Advice]:
    """Collect advice on a run, that with the largest weight first.

    Args:
        advisers: None: all of ``ADVISERS``.
    """
    evidence = Evidence(evaluated)
    given = [
        replace(advice, code=adviser.code)
        for adviser in (ADVISERS if advisers is None else advisers)
        if (advice := adviser.function(evidence)) is not None
    ]
    return sorted(given, key=lambda advice: -advice.weight)[:most]
