"""Limits that decide whether a run answers a picture: the default, and those that a user chose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.evaluation.strangers.limits import USUAL_SHARE, choose_limit
from core.evaluation.strangers.measuring import Scored
from core.evaluation.strangers.results import has_strangers, read_known_scores
from core.records import Record, read_record, write_record


@dataclass(frozen=True, kw_only=True)
class AnswerLimits(Record):
    """Limits of one run; ``evaluation/limits.json`` where a user chose them."""

    # Stranger score above which a picture looks like none of the classes; None: none does.
    stranger_limit: float | None = None
    # Probability of the whole answer below which it is unsure; None: it never is.
    least_confidence: float | None = None


def limits_in_use(run: Path, dataset: Dataset) -> AnswerLimits:
    """The limits that a user chose for a run, else the default."""
    if has_chosen_limits(run):
        return read_record(_file(run), AnswerLimits)
    if not has_strangers(run):
        return AnswerLimits()
    return AnswerLimits(stranger_limit=limit_of(known_scores(run, dataset, Split.VALIDATION), USUAL_SHARE))


def limit_of(validation: Scored, share: float) -> float | None:
    """Choose the stranger limit that turns away this share of known pictures; None without validation pictures."""
    limit = choose_limit(validation.scores, share, validation.groups)
    return None if math.isinf(limit) else limit


def known_scores(run: Path, dataset: Dataset, split: Split) -> Scored:
    """Scores of one part of a run's pictures, in the order of ``dataset.rows``; erased pictures are left out."""
    rows = dataset.rows(split)
    stored = read_known_scores(run).set_index("id")["score"]
    return Scored(
        scores=stored.loc[dataset.pictures["id"].iloc[rows]].to_numpy(),
        groups=pd.factorize(pd.Series(dataset.groups[rows]))[0],
    )


def write_chosen_limits(run: Path, limits: AnswerLimits) -> None:
    write_record(_file(run), limits)


def has_chosen_limits(run: Path) -> bool:
    """True if a user chose limits for the run."""
    return _file(run).exists()


def forget_chosen_limits(run: Path) -> None:
    """Go back to the default; another network needs another choice, too."""
    _file(run).unlink(missing_ok=True)


def _file(run: Path) -> Path:
    return run / "evaluation" / "limits.json"
