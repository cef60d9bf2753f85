"""Thresholds of a run, as ``evaluate`` sets and prints them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.cli.terminal import Answer
from core.delivery.thresholds import use_default_thresholds, use_thresholds
from core.errors import ConfigError, NotFoundError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import MultiClassReport, MultiLabelReport
from core.evaluation.thresholds.answers import (
    Thresholds,
    has_chosen_thresholds,
    thresholds_in_use,
    with_threshold,
)
from core.messages import N_, first_of


def choose_thresholds(evaluated: EvaluatedRun, pairs: Sequence[str], *, clear: bool) -> None:
    """Set thresholds of a run by pairs ``CLASS=0.7``; others stay, or go back to the default first.

    Raises:
        NotFoundError: the run knows no such class.
        ConfigError: a threshold is no number from 0 to 1.
    """
    names = evaluated.dataset.class_names
    parsed = [_parsed(pair, names) for pair in pairs]
    if clear:
        use_default_thresholds(evaluated)
    thresholds: Thresholds = thresholds_in_use(evaluated.run, evaluated.report, len(names))
    for index, threshold in parsed:
        thresholds = with_threshold(evaluated.dataset.task, thresholds, index, threshold)
    if parsed:
        use_thresholds(evaluated, thresholds)


def thresholds_answer(run: Path, report: MultiClassReport | MultiLabelReport) -> Answer:
    """Thresholds that the run answers by, of the classes that have one."""
    names = [row.name for row in report.classes]
    thresholds = thresholds_in_use(run, report, len(names))
    in_use = {
        name: threshold for name, threshold in zip(names, thresholds, strict=True) if threshold is not None
    }
    return {"chosen": has_chosen_thresholds(run), "in_use": in_use}


def _parsed(pair: str, names: Sequence[str]) -> tuple[int, float]:
    """Read the index of a class and its threshold."""
    name, _, number = pair.rpartition("=")
    if name not in names:
        raise NotFoundError(
            N_("“{pair}” names no class of this run. Write “=” and a threshold behind one of: {known}."),
            pair=pair[:80],
            known=first_of(list(names)),
        )
    try:
        threshold = float(number)
    except ValueError:
        threshold = -1.0
    if not 0 <= threshold <= 1:
        raise ConfigError(
            N_("The threshold “{number}” of {name} is no probability. It must lie between 0 and 1."),
            number=number[:80],
            name=name,
        )
    return names.index(name), threshold
