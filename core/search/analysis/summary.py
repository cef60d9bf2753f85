"""Summary of a search: the selected trial, its selection bias, and its gain over the baseline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import optuna

from core.data.dataset import Dataset
from core.messages import N_, Message
from core.search.analysis.ladder import last_proven
from core.search.analysis.one_standard_error import select_by_one_standard_error
from core.search.analysis.selection_bias import (
    OtherEpochs,
    estimate_gain,
    estimate_selection_bias,
    standard_error,
)
from core.search.config import Goal, Sampler, SearchConfig, Tradeoff
from core.search.records import (
    Baseline,
    BestTrial,
    SearchSummary,
    TrialRecord,
    TrialState,
    counts,
    pareto_front,
    ranked,
)
from core.search.study.trials import StudyTrialRecord, record_of
from core.search.trials.predictions import Predictions

_PROVEN = N_(
    "Each rung replaces the one before it only where validation proves it better, by the goal, or by the loss where the goal is as good."
)


def summarize(
    study: optuna.Study,
    config: SearchConfig,
    dataset: Dataset,
    rows: np.ndarray,
    trials: Sequence[TrialRecord],
    *,
    seconds: float,
    weights_elsewhere: Message | None = None,
) -> SearchSummary:
    """Select the best trial and estimate its score on new pictures.

    Args:
        rows: int64, the pictures that the predictions are for.
        trials: at least one of them complete.
        seconds: work so far.
    """
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    frozen = study.get_trials(deepcopy=False)
    records = [record_of(frozen[trial.number]) for trial in complete]
    predictions = [Predictions.unpacked(one.predictions) for one in records if one.predictions]
    targets = dataset.targets[rows]
    groups = np.unique(dataset.pictures["group"].to_numpy()[rows], return_inverse=True)[1]
    best, reason = _selected(complete, predictions, targets, groups, config)
    baseline = next((trial for trial in complete if trial.is_baseline), None)
    index = {trial.number: index for index, trial in enumerate(complete)}
    costs = None if config.tradeoff is Tradeoff.NONE else [float(trial.second or 0.0) for trial in complete]
    other_epochs = _other_epochs(records, config)
    bias = gain = None
    # They repeat a selection by the best value, which a climb's is not.
    if config.sampler is not Sampler.LADDER:
        bias = estimate_selection_bias(
            predictions, targets, config.goal, index[best.number],
            costs=costs, groups=groups, epochs=other_epochs, leading=config.base.leading_metric, seed=config.seed,
        )  # fmt: skip
        gain = estimate_gain(
            predictions, targets, config.goal, index[best.number],
            None if baseline is None else index[baseline.number],
            costs=costs, groups=groups, epochs=other_epochs, leading=config.base.leading_metric, seed=config.seed,
        )  # fmt: skip
    assert best.value is not None  # of a complete trial
    return SearchSummary(
        trials=counts(trials),
        seconds=seconds,
        best=BestTrial(number=best.number, value=best.value, settings=dict(best.settings)),
        reason=reason,
        baseline=_baseline_of(baseline),
        pareto_front=_front(trials, config),
        selection_bias=bias,
        gain=gain,
        weights_elsewhere=weights_elsewhere,
    )


def _selected(
    complete: Sequence[TrialRecord],
    predictions: Sequence[Predictions],
    targets: np.ndarray,
    groups: np.ndarray,
    config: SearchConfig,
) -> tuple[TrialRecord, Message | None]:
    """The best trial; in a search with a trade-off the one of the one-standard-error rule, of a climb the last proven rung."""
    if config.sampler is Sampler.LADDER:
        rung = last_proven(
            predictions, targets, config.goal, groups=groups, leading=config.base.leading_metric
        )
        return complete[rung], Message(_PROVEN)
    first = ranked(complete, config.goal)[0]
    if config.tradeoff is Tradeoff.NONE:
        return first, None
    margin = standard_error(
        predictions[complete.index(first)],
        targets,
        config.goal,
        groups=groups,
        leading=config.base.leading_metric,
    )
    selected = select_by_one_standard_error(complete, config.goal, config.tradeoff, margin)
    return (selected.trial, selected.reason) if selected else (first, None)


def _other_epochs(records: Sequence[StudyTrialRecord], config: SearchConfig) -> OtherEpochs:
    return OtherEpochs(
        predictions=[[Predictions.unpacked(one) for one in record.other_epochs] for record in records],
        monitor=Goal.of_monitor(config.base.monitor),
    )


def _baseline_of(trial: TrialRecord | None) -> Baseline | None:
    if trial is None or trial.value is None:
        return None
    return Baseline(number=trial.number, value=trial.value)


def _front(trials: Sequence[TrialRecord], config: SearchConfig) -> tuple[int, ...]:
    if config.tradeoff is Tradeoff.NONE:
        return ()
    return tuple(trial.number for trial in pareto_front(trials, config.goal))
