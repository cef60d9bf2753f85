"""Importances of dimensions, also of those that exist in only some trials."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.search.analysis.importances import FEWEST_TRIALS, importances
from core.search.config import Goal
from core.search.records import TrialRecord, TrialState
from core.search.space import Categorical, Numbers, SearchSpace, Speed

SPACE = SearchSpace(
    domains={
        "pooling": Categorical(choices=("global", "grid")),
        "hidden_layers": Numbers(low=0, high=1, whole=True),
        "hidden_units": Categorical(choices=(64, 128, 256)),
        "dropout_rate": Numbers(low=0.0, high=0.6),
        "l2": Numbers(low=3e-4, high=1.0, log=True),
        "label_smoothing": Numbers(low=0.0, high=0.2),
    }
)


def trials(count: int, noise: float = 0.01, seed: int = 0) -> list[TrialRecord]:
    """Pooling matters most, dropout somewhat where there is a hidden layer, the rest not at all."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        params: dict[str, Any] = {
            "pooling": str(rng.choice(["global", "grid"])),
            "hidden_layers": int(rng.integers(0, 2)),
            "label_smoothing": float(rng.uniform(0.0, 0.2)),
        }
        value = 0.8 + 0.1 * (params["pooling"] == "grid") + noise * rng.standard_normal()
        if params["hidden_layers"]:
            params["hidden_units"] = int(rng.choice([64, 128, 256]))
            params["dropout_rate"] = float(rng.uniform(0.0, 0.6))
            value += 0.05 - 0.2 * abs(params["dropout_rate"] - 0.3)
        else:
            params["l2"] = float(np.exp(rng.uniform(np.log(3e-4), 0.0)))
        found.append(complete(number, params, value))
    return found


def complete(number: int, params: dict[str, Any], value: float) -> TrialRecord:
    return TrialRecord(
        number=number,
        state=TrialState.COMPLETE,
        speed=Speed.HEAD,
        params=params,
        settings={},
        value=value,
    )


@pytest.mark.parametrize("count", [40, 200])
def test_the_most_important_dimension_has_the_largest_share(count: int) -> None:
    found = importances(trials(count), SPACE, Goal.ACCURACY)
    assert next(iter(found)) == "pooling"
    assert found["pooling"] > 0.4
    assert sum(found.values()) == pytest.approx(1.0)
    assert set(found) == set(SPACE.domains)


def test_a_conditional_dimension_is_judged_among_the_trials_that_have_it() -> None:
    """Dropout matters where there is a hidden layer; its number of units does not."""
    found = importances(trials(600), SPACE, Goal.ACCURACY)
    assert found["dropout_rate"] > 2 * found["hidden_units"]
    assert found["dropout_rate"] > 2 * found["label_smoothing"]


def test_of_a_loss_the_low_ones_are_good() -> None:
    """Units of 1 make the best ones, batches of 1 the worst: read the other way round these would matter more."""
    rng = np.random.default_rng(0)
    space = SearchSpace(
        domains={name: Categorical(choices=(1, 2, 3, 4)) for name in ("hidden_units", "batch_size")}
    )
    told = []
    for number, (units, batch) in enumerate(rng.integers(1, 5, (300, 2)).tolist()):
        loss = 3.0 + rng.random() - 2.0 * (units == 1) + 2.0 * (batch == 1)
        told.append(complete(number, {"hidden_units": units, "batch_size": batch}, loss))
    assert next(iter(importances(told, space, Goal.LOSS))) == "hidden_units"
    assert next(iter(importances(told, space, Goal.ACCURACY))) == "batch_size"


def test_few_trials_have_no_importances() -> None:
    few = trials(FEWEST_TRIALS - 1)
    others = [
        replace(one, number=100 + place, state=state, value=None)
        for place, one in enumerate(few)
        for state in (TrialState.PRUNED, TrialState.FAILED)
    ]
    default = complete(99, {}, 0.9)
    assert importances([default, *few, *others], SPACE, Goal.ACCURACY) == {}
    assert importances([default, *trials(FEWEST_TRIALS)], SPACE, Goal.ACCURACY) != {}


def test_equal_scores_have_no_importances() -> None:
    equal = [replace(one, value=0.9) for one in trials(30)]
    assert importances(equal, SPACE, Goal.ACCURACY) == {}


def test_importances_are_reduced_by_those_of_chance() -> None:
    """Scores that have nothing to do with a dimension leave it little, with few trials as well."""
    shares = [importances(trials(30, seed=seed), SPACE, Goal.ACCURACY) for seed in range(12)]
    assert np.mean([one["label_smoothing"] for one in shares]) < 0.06


def test_values_from_an_earlier_search_may_lie_outside_the_space() -> None:
    """Its best settings are tried first, in whatever space it had."""
    strange = complete(900, {"pooling": "max", "l2": 5.0, "hidden_layers": 3, "batch_size": 8}, 0.95)
    none_at_all = complete(901, {"pooling": "global", "l2": 0.0, "hidden_layers": 0}, 0.85)
    found = importances([strange, none_at_all, *trials(40)], SPACE, Goal.ACCURACY)
    assert set(found) == set(SPACE.domains)


def test_records_from_a_file_say_the_same() -> None:
    told = trials(40)
    again = [TrialRecord.from_json(one.to_json()) for one in told]
    assert importances(again, SPACE, Goal.ACCURACY) == importances(told, SPACE, Goal.ACCURACY)


def test_reading_a_search_does_not_load_optuna() -> None:
    """The web process shows searches; Optuna would cost it a second and 50 MB."""
    program = (
        "import sys, core.search.trials.predictions, core.search.analysis.one_standard_error, core.search.config, core.search.analysis.selection_bias\n"
        "import core.search.records, core.search.space\n"
        "print('optuna' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
