"""What a search's best score is worth: who picks the luckiest of many has been lucky.

The whole choice is done again on bags of validation pictures drawn with replacement, and
the chosen trial is scored on the pictures outside the bag, which had no say in it (BBC:
Tsamardinos, Greasidou & Borboudakis 2018, "Bootstrapping the out-of-sample predictions for
efficient and accurate cross-validation", Machine Learning 107). No test picture is touched.

Each trial's best epoch was told by validation pictures as well: in each bag it is told
anew, among the epochs whose answers are known. What this cannot see: how a linear head
chose the strength of its penalty.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from core.search.analysis.one_standard_error import least_costly
from core.search.config import Goal
from core.search.trials.predictions import Answers, AnswerTable
from core.statistics import wilson_interval

BAGS = 500
FEWEST_BAGS = 200  # for the measure that takes longest to count
FEWEST_GROUPS = 10  # of pictures: of fewer no bag says anything
_F1_WORK = 1e10  # multiplications for which there is time: about a second
_CHUNK = 4_000_000  # numbers in the bags that are held at once: 16 MB

# Outside a bag lie 1/e of the pictures. A mean over so few of them, drawn without
# replacement, spreads this many times as far as the mean over all of them should.
_SPREAD = math.sqrt((1 - 1 / math.e) / (1 / math.e))


@dataclass(frozen=True, kw_only=True)
class Optimism:
    """How much the winner's score flatters it. Scores in the goal's own unit."""

    validation: float  # what it was chosen for
    expected: float  # what to expect of it on new pictures
    optimism: float  # by how much validation is better than that; above 0: it flatters
    low: float  # in which the score on new pictures lies with 95% confidence
    high: float
    pictures: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What the search has brought over the settings it was to beat; above 0 is better, for a loss as well."""

    gain: float  # to expect on new pictures, in the goal's own unit
    low: float  # in which it lies with 95% confidence
    high: float
    is_real: bool  # the whole interval lies above 0; otherwise it may be chance
    pictures: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Epochs:
    """What trials answered in other epochs than the one that they kept."""

    others: Sequence[Sequence[Answers]]  # of each trial
    watch: Goal  # by which a trial keeps an epoch


def optimism(
    answers: Sequence[Answers],
    targets: np.ndarray,
    goal: Goal,
    winner: int,
    *,
    costs: Sequence[float] | None = None,
    groups: np.ndarray | None = None,
    epochs: Epochs | None = None,
    seed: int = 0,
) -> Optimism | None:
    """What the winner's score would be on new pictures.

    Args:
        answers: of all complete trials, in the order in which they were tried: the first of equals wins.
        targets: float (n, C) of 0 and 1, the pictures in the order of the answers.
        goal: by which the winner was chosen.
        winner: its place among the answers.
        costs: bytes or milliseconds of each trial, where the winner is the sensible choice of a trade-off.
        groups: int (n,); pictures that look almost the same share one, and are drawn together.
        epochs: what each trial's other epochs answered.
        seed: decides the bags.

    Returns:
        None where there are too few pictures to say anything.
    """
    candidates = _Candidates.of(answers, targets, epochs)
    table = candidates.table
    drawn = _drawn(candidates, goal, costs, groups, seed, fixed=[winner])
    if drawn is None:
        return None
    validation = candidates.whole(goal, winner)
    shift = validation - drawn.fixed[0].mean()
    expected, low, high = _interval(drawn.chosen + shift, is_better_low=goal.is_better_low)
    flattery = expected - validation if goal.is_better_low else validation - expected
    if goal is not Goal.LOSS:
        # Pictures that are all right leave a bootstrap no doubt; but the next twelve may not be.
        independent = table.pictures if groups is None else len(np.unique(groups))
        floor, ceiling = wilson_interval(round(expected * independent), independent)
        low, high = min(low, floor), min(1.0, max(high, ceiling))
    return Optimism(
        validation=validation,
        expected=expected,
        optimism=flattery,
        low=low,
        high=high,
        pictures=table.pictures,
    )


def gain(
    answers: Sequence[Answers],
    targets: np.ndarray,
    goal: Goal,
    winner: int,
    default: int | None,
    *,
    costs: Sequence[float] | None = None,
    groups: np.ndarray | None = None,
    epochs: Epochs | None = None,
    seed: int = 0,
) -> Gain | None:
    """What searching has brought over trial ``default``, both scored on pictures that had no say in the choice.

    Arguments as for ``optimism``; with the same seed, the bags are the same.

    Returns:
        None without a default, or where there are too few pictures to say anything.
    """
    if default is None:
        return None
    if winner == default:
        return Gain(gain=0.0, low=0.0, high=0.0, is_real=False, pictures=len(targets))
    candidates = _Candidates.of(answers, targets, epochs)
    drawn = _drawn(candidates, goal, costs, groups, seed, fixed=[winner, default])
    if drawn is None:
        return None
    whole = candidates.whole(goal, winner) - candidates.whole(goal, default)
    shift = whole - (drawn.fixed[0] - drawn.fixed[1]).mean()
    more = drawn.chosen - drawn.fixed[1] + shift
    found, low, high = _interval(-more if goal.is_better_low else more, is_better_low=False)
    return Gain(gain=found, low=low, high=high, is_real=low > 0, pictures=candidates.table.pictures)


def standard_error(
    answers: Answers, targets: np.ndarray, goal: Goal, *, groups: np.ndarray | None = None, seed: int = 0
) -> float:
    """By how much the score of one trial would differ, typically, on other pictures; in the goal's own unit."""
    return _standard_error(
        AnswerTable.of([answers], targets), goal, _group_numbers(groups, len(targets)), seed
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Candidates:
    """All epochs of all trials in one table, a trial's own answers first."""

    table: AnswerTable
    firsts: np.ndarray  # int (k,): the place of each trial's own answers
    watch: Goal  # by which an epoch is chosen

    @classmethod
    def of(cls, answers: Sequence[Answers], targets: np.ndarray, epochs: Epochs | None) -> Self:
        others = epochs.others if epochs else [()] * len(answers)
        together = [one for own, more in zip(answers, others, strict=True) for one in (own, *more)]
        sizes = [1 + len(more) for more in others]
        return cls(
            table=AnswerTable.of(together, targets),
            firsts=np.cumsum([0, *sizes[:-1]]),
            watch=epochs.watch if epochs else Goal.LOSS,
        )

    def best_epochs(self, weights: np.ndarray) -> np.ndarray:
        """The place int (b, k) of the epoch that each trial would have kept, the pictures weighted by (b, n)."""
        if self.table.trials == len(self.firsts):
            return np.broadcast_to(self.firsts, (len(weights), len(self.firsts)))
        watched = self.table.scores(self.watch, weights) * (1.0 if self.watch.is_better_low else -1.0)
        ends = [*self.firsts[1:], self.table.trials]
        parts = [
            first + watched[:, first:end].argmin(axis=1) for first, end in zip(self.firsts, ends, strict=True)
        ]
        return np.stack(parts, axis=1)

    def whole(self, goal: Goal, trial: int) -> float:
        """A trial's score on all pictures."""
        weights = np.ones((1, self.table.pictures), np.float32)
        return float(self.table.only(self.firsts[trial]).scores(goal, weights)[0, 0])


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Scores outside the bags.

    Those of a trial that is always the same tell what is due to counting few pictures:
    nothing for a mean, but F1 of few pictures is lower than F1 of many.
    """

    chosen: np.ndarray  # float64 (b,): of the trial that the bag chose
    fixed: np.ndarray  # float64 (m, b): of trials that are the same for every bag


def _drawn(
    candidates: _Candidates,
    goal: Goal,
    costs: Sequence[float] | None,
    groups: np.ndarray | None,
    seed: int,
    *,
    fixed: Sequence[int],
) -> _Drawn | None:
    """Choose in each bag, score outside it; None with too few groups of pictures."""
    table = candidates.table
    numbers = _group_numbers(groups, table.pictures)
    if numbers.max(initial=-1) + 1 < FEWEST_GROUPS:
        return None
    margin = 0.0 if costs is None else _best_one_s_error(candidates, goal, numbers, seed)
    found = []
    for weights in _bags(numbers, _bags_for(table, goal), seed):
        kept = candidates.best_epochs(weights)
        scores = np.take_along_axis(table.scores(goal, weights), kept, axis=1)
        trials = _choose(scores, goal, costs, margin)
        picks = kept[np.arange(len(kept)), trials]
        outside = (weights == 0).astype(np.float32)
        others = [np.full(len(picks), candidates.firsts[trial]) for trial in fixed]
        found.append([table.scores_of(goal, outside, places) for places in (picks, *others)])
    together = np.concatenate(found, axis=1)
    return _Drawn(chosen=together[0], fixed=together[1:])


def _choose(scores: np.ndarray, goal: Goal, costs: Sequence[float] | None, margin: float) -> np.ndarray:
    """Which trial int (b,) the search would have taken, had these been its scores (b, k)."""
    merits = -scores if goal.is_better_low else scores
    if costs is None:
        places: np.ndarray = merits.argmax(axis=1)
        return places
    return least_costly(merits, np.asarray(costs, float), margin)


def _interval(scores: np.ndarray, *, is_better_low: bool) -> tuple[float, float, float]:
    """The mean of scores outside the bags, and a 95% interval around it.

    On the worse side the scores' spread is taken back to that of all pictures. On the better
    side it stays: a bag holds 63% of the pictures, chooses less well than the search did,
    and so the mean itself errs to the worse. In simulated searches, such as those of
    ``tests/search/analysis/test_selection_bias.py``, this holds the truth in 92 to 100%, and claims a gain
    where there is none in 0 to 4%; plain percentiles miss most gains that are real but small.
    """
    low, high = np.percentile(scores, (2.5, 97.5))
    middle = scores.mean()
    if is_better_low:
        high = middle + (high - middle) / _SPREAD
    else:
        low = middle + (low - middle) / _SPREAD
    return float(middle), float(low), float(high)


def _bags(numbers: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    """How often each picture is in each bag, float32 (b, n), some bags at a time; none holds every group."""
    rng = np.random.default_rng(seed)
    groups = int(numbers.max()) + 1
    step = max(1, _CHUNK // len(numbers))
    for start in range(0, count, step):
        size = min(step, count - start)
        places = rng.integers(0, groups, (size, groups)) + groups * np.arange(size)[:, None]
        times = np.bincount(places.ravel(), minlength=size * groups).reshape(size, groups)
        yield times[(times == 0).any(axis=1)][:, numbers].astype(np.float32)


def _bags_for(table: AnswerTable, goal: Goal) -> int:
    """As many bags as there is time for: F1 counts every class by itself."""
    if goal is not Goal.MACRO_F1:
        return BAGS
    work = table.trials * table.pictures * table.shows.shape[1]
    return int(np.clip(_F1_WORK / work, FEWEST_BAGS, BAGS))


def _best_one_s_error(candidates: _Candidates, goal: Goal, numbers: np.ndarray, seed: int) -> float:
    table = candidates.table
    scores = table.scores(goal, np.ones((1, table.pictures), np.float32))[0, candidates.firsts]
    best = int(scores.argmin() if goal.is_better_low else scores.argmax())
    return _standard_error(table.only(candidates.firsts[best]), goal, numbers, seed)


def _standard_error(table: AnswerTable, goal: Goal, numbers: np.ndarray, seed: int) -> float:
    """The spread of a one-trial table's score over bags; 0 where there is but one group."""
    scores = [table.scores(goal, weights)[:, 0] for weights in _bags(numbers, FEWEST_BAGS, seed)]
    together = np.concatenate(scores)
    return float(together.std()) if len(together) else 0.0


def _group_numbers(groups: np.ndarray | None, pictures: int) -> np.ndarray:
    """The groups as int (n,) from 0 on, without gaps; without any, every picture is its own."""
    if groups is None:
        return np.arange(pictures)
    numbers: np.ndarray = np.unique(groups, return_inverse=True)[1]
    return numbers.reshape(-1)
