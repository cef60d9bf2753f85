"""Forecast of the accuracy with twice as many training pictures, or the reason why there is none.

Its interval is a prediction interval. Repeats of each share, and groups of validation pictures,
are drawn again by the bootstrap, and the curve is fitted to each resample; then the luck of the
training pictures is added, today's and those to come. Not included is that the curve may not go on
as it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.learning_curve.power_law import PowerLaws, fit_power_laws
from core.evaluation.learning_curve.records import ClassGain, Forecast, ForecastPoint, NoForecast
from core.evaluation.metrics.bootstrap import weights_of_groups

LEAST_TRAINING_GROUPS, LEAST_VALIDATION_GROUPS = 50, 30
# Validation pictures of a class whose gain is estimated.
_LEAST_OF_CLASS = 10
# Accuracy of 0 to 1: mean distance of the points from the curve, width of the interval, least gain of a class.
_MOST_RESIDUAL, _MOST_WIDTH, _LEAST_GAIN = 0.02, 0.08, 0.005
_MOST_CLASSES = 10
_RESAMPLES, _CURVE_POINTS = 500, 25
_QUANTILES = (0.025, 0.975)
# Classes in one array of all resamples.
_CLASSES_AT_ONCE = 64


@dataclass(frozen=True, kw_only=True)
class Share:
    """Mistakes on the v validation pictures by heads trained on one share of the pictures."""

    pictures: float  # mean of the repeats
    wrong: np.ndarray  # bool (repeats, v)
    missed: np.ndarray  # bool (repeats, v, classes): shows the class, but was not given it


@dataclass(frozen=True, kw_only=True)
class Trials:
    """All heads of a learning curve, and the validation pictures."""

    shares: Sequence[Share]  # ascending
    targets: np.ndarray  # bool (v, classes)
    groups: np.ndarray  # int64 (v,): 0 to the largest, every number occurs
    training_groups: int

    @property
    def pictures(self) -> np.ndarray:
        """Training pictures of each share, float64 (shares,)."""
        return np.array([share.pictures for share in self.shares])


def forecast(trials: Trials, class_names: Sequence[str], *, seed: int = 0) -> Forecast | NoForecast:
    """Extrapolate the curve, unless there are too few pictures, it is no power law, or too uncertain."""
    groups = int(trials.groups.max()) + 1
    if trials.training_groups < LEAST_TRAINING_GROUPS or groups < LEAST_VALIDATION_GROUPS:
        return NoForecast.TOO_FEW_PICTURES
    errors = np.array([share.wrong.mean() for share in trials.shares])
    fitted = fit_power_laws(trials.pictures, errors[None])
    # Chance alone moves the points by their standard error.
    chance = np.sqrt((errors * (1 - errors)).max() / groups)
    if fitted.residual[0] > max(_MOST_RESIDUAL, chance):
        return NoForecast.BAD_FIT
    resamples = _Resamples.of(trials, groups, seed)
    everyone = np.ones((len(trials.targets), 1), bool)
    overall = [share.wrong[:, :, None] for share in trials.shares]
    resampled = resamples.errors(overall, everyone)[:, 0]
    laws = fit_power_laws(trials.pictures, resampled)
    of_one = _variance_of_one(trials, overall, everyone)[0]
    low, high = np.quantile(_next_gains(trials.pictures, resampled, of_one, seed), _QUANTILES).tolist()
    if high - low > _MOST_WIDTH:
        return NoForecast.TOO_UNCERTAIN
    return Forecast(
        gain=float(fitted.gain_of_twice()[0]),
        interval=(low, high),
        curve=_curve(trials.pictures, fitted, laws, of_one, seed),
        classes=_class_gains(trials, class_names, resamples, seed),
    )


@dataclass(frozen=True, kw_only=True)
class _Resamples:
    """Bootstrap resamples of validation groups and of the repeats of each share."""

    weights: np.ndarray  # float32 (resamples, v): how often each validation picture was drawn
    repeats: Sequence[np.ndarray]  # of each share: float32 (resamples, repeats), rows sum to 1

    @classmethod
    def of(cls, trials: Trials, groups: int, seed: int) -> _Resamples:
        of_groups = np.concatenate(list(weights_of_groups(groups, resamples=_RESAMPLES, seed=seed)))
        counts = [len(share.wrong) for share in trials.shares]
        random = np.random.default_rng(seed)
        chosen = [
            random.multinomial(count, np.full(count, 1 / count), _RESAMPLES) / count for count in counts
        ]
        return cls(
            weights=of_groups[:, trials.groups], repeats=[times.astype(np.float32) for times in chosen]
        )

    def errors(self, mistakes: Sequence[np.ndarray], among: np.ndarray) -> np.ndarray:
        """Errors in each resample: float64 (resamples, columns, shares); NaN where no picture counts.

        Args:
            mistakes: of each share, bool (repeats, v, columns).
            among: bool (v, columns): pictures that count.
        """
        totals = self.weights @ among.astype(np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = [
                sum(
                    times[:, None] * (self.weights @ wrong.astype(np.float32))
                    for times, wrong in zip(repeats.T, each, strict=True)
                )
                / totals
                for repeats, each in zip(self.repeats, mistakes, strict=True)
            ]
        return np.stack(shares, axis=-1).astype(np.float64)


def _variance_of_one(trials: Trials, mistakes: Sequence[np.ndarray], among: np.ndarray) -> np.ndarray:
    """Variance of the error over draws of n training pictures, times n: float64 (columns,).

    As that of a mean, it falls with 1 / n. It is estimated from the repeats of each share,
    which overlap: this hides a part of it (finite population correction, Cochran 1977).

    Args:
        mistakes, among: as in ``_Resamples.errors``.
    """
    totals, largest = np.maximum(among.sum(axis=0), 1), trials.pictures[-1]
    found = [
        pictures * (each.sum(axis=1) / totals).var(axis=0, ddof=1) / (1 - pictures / largest)
        for pictures, each in zip(trials.pictures, mistakes, strict=True)
        if len(each) > 1
    ]
    return np.mean(found, axis=0) if found else np.zeros(among.shape[1])


def _next_gains(pictures: np.ndarray, errors: np.ndarray, of_one: np.ndarray, seed: int) -> np.ndarray:
    """Gains when as many pictures are added to those at hand, in each resample.

    Luck with the pictures at hand moves the curve, and the difference to the next training.
    Half of the next training's pictures are those at hand, so half of its luck is the same.

    Args:
        errors: float64 (resamples, ..., shares).
        of_one: from ``_variance_of_one``.
    """
    deviation = np.sqrt(of_one / pictures[-1])
    luck, new_luck = deviation * np.random.default_rng(seed).standard_normal((2, *errors.shape[:-1]))
    lucky = errors.copy()
    lucky[..., -1] = np.maximum(lucky[..., -1] + luck, 0)
    expected = fit_power_laws(pictures, errors).gain_of_twice()
    bent = fit_power_laws(pictures, lucky).gain_of_twice() - expected
    gains: np.ndarray = expected - bent + (luck - new_luck) / 2
    return gains


def _curve(
    pictures: np.ndarray, fitted: PowerLaws, laws: PowerLaws, of_one: float, seed: int
) -> tuple[ForecastPoint, ...]:
    points, chance = [], np.random.default_rng(seed).standard_normal(_RESAMPLES)
    for count in np.geomspace(pictures[0], 2 * pictures[-1], _CURVE_POINTS):
        errors, error = laws.errors(count), float(fitted.errors(count)[0])
        low, high = np.quantile(1 - errors + chance * np.sqrt(of_one / count), _QUANTILES).tolist()
        interval = (max(0.0, low), min(1.0, high))
        points.append(ForecastPoint(pictures=round(count), accuracy=1 - error, interval=interval))
    return tuple(points)


def _class_gains(
    trials: Trials, class_names: Sequence[str], resamples: _Resamples, seed: int
) -> tuple[ClassGain, ...]:
    """Classes that gain for sure, the largest gain first."""
    large = np.flatnonzero(trials.targets.sum(axis=0) >= _LEAST_OF_CLASS)
    found: list[ClassGain] = []
    for start in range(0, len(large), _CLASSES_AT_ONCE):
        columns = large[start : start + _CLASSES_AT_ONCE]
        among, missed = trials.targets[:, columns], [share.missed[:, :, columns] for share in trials.shares]
        own = np.stack([each.mean(axis=0).sum(axis=0) / among.sum(axis=0) for each in missed], axis=-1)
        gains = fit_power_laws(trials.pictures, own).gain_of_twice()
        of_one = _variance_of_one(trials, missed, among)
        samples = _next_gains(trials.pictures, resamples.errors(missed, among), of_one, seed)
        low, high = np.nanquantile(samples, _QUANTILES, axis=0)
        found += [
            ClassGain(name=class_names[column], gain=gain, interval=(below, above))
            for column, gain, below, above in zip(
                columns.tolist(), gains.tolist(), low.tolist(), high.tolist(), strict=True
            )
            if below > _LEAST_GAIN
        ]
    return tuple(sorted(found, key=lambda row: -row.gain)[:_MOST_CLASSES])
