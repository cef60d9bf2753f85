"""Learning curves: traces, phases and thinning."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from core.training.phases import Phase
from core.training.records import BatchRecord, EpochRecord
from pages.ui.curves import (
    ACCURACY,
    LEARNING_RATE,
    LOSS,
    MAX_POINTS,
    compared_curves,
    learning_curve,
    thinned,
)
from pages.ui.plotly_types import PlotlyObject


def epoch(number: int, phase: Phase = Phase.GLOBAL_POOLING, **values: Any) -> EpochRecord:
    scores = {"loss": 0.5, "accuracy": 0.8, "validation_loss": 0.6, "validation_accuracy": 0.75}
    return EpochRecord(epoch=number, phase=phase, **scores | values)


def batch(epoch: int, step: int, steps: int, loss: float) -> BatchRecord:
    return BatchRecord(
        phase=Phase.GLOBAL_POOLING, epoch=epoch, step=step, steps=steps, loss=loss,
        accuracy=0.9, learning_rate=1e-3, pictures_per_second=100.0,
    )  # fmt: skip


def lines(figure: PlotlyObject) -> dict[str, Any]:
    return {trace["name"]: trace for trace in figure["data"]}


def test_training_and_validation_are_drawn_over_the_epochs() -> None:
    figure = learning_curve([epoch(1, loss=0.9), epoch(2, loss=0.7), epoch(3, loss=0.6)], [], LOSS)
    assert lines(figure)["training"]["x"] == [1, 2, 3]
    assert lines(figure)["training"]["y"] == [0.9, 0.7, 0.6]
    assert lines(figure)["validation"]["y"] == [0.6, 0.6, 0.6]


def test_accuracy_is_in_percent_and_the_best_epoch_is_marked() -> None:
    figure = learning_curve([epoch(1), epoch(2, validation_accuracy=0.9, best_epoch=2)], [], ACCURACY)
    assert lines(figure)["training"]["y"] == [80, 80]
    assert (lines(figure)["kept"]["x"], lines(figure)["kept"]["y"]) == ([2], [90])


def test_a_new_phase_begins_with_a_gap_and_a_line() -> None:
    later = [epoch(number, Phase.LAST_BLOCKS) for number in (3, 4)]
    figure = learning_curve([epoch(1), epoch(2), *later], [], LOSS)
    assert lines(figure)["training"]["y"] == [0.5, 0.5, None, 0.5, 0.5]
    (mark,) = figure["layout"]["annotations"]
    assert mark["text"] == "last blocks"
    assert figure["layout"]["shapes"][0]["x0"] == 2.5


def test_a_batch_is_drawn_at_its_fraction_of_the_epoch() -> None:
    """Epoch 3 lasts from 2 to 3: half of its steps are done at 2.5."""
    middle = batch(3, 5, 10, 0.4)
    assert lines(learning_curve([], [middle], LOSS))["training, by batch"]["x"] == [2.5]
    assert lines(learning_curve([], [middle], ACCURACY))["training, by batch"]["y"] == [90]


def test_the_learning_rate_has_no_validation() -> None:
    names = set(lines(learning_curve([epoch(1, learning_rate=0.01, best_epoch=1)], [], LEARNING_RATE)))
    assert names == {"training"}


@pytest.mark.parametrize("broken", [math.nan, math.inf, None])
def test_a_nan_loss_leaves_a_gap(broken: float | None) -> None:
    figure = learning_curve([epoch(1), epoch(2, loss=broken, validation_loss=broken, best_epoch=2)], [], LOSS)
    assert lines(figure)["training"]["y"] == [0.5, None]
    assert "kept" not in lines(figure)
    assert "NaN" not in json.dumps(figure)


def test_a_short_line_is_not_thinned() -> None:
    x = np.arange(float(MAX_POINTS))
    assert thinned(x, x)[0] is x


def test_a_thinned_line_keeps_its_ends_and_its_peaks() -> None:
    """One spike among 100,000 points stays visible."""
    x = np.arange(100_000.0)
    y = np.sin(x / 3000)
    y[31_416], y[77_777] = 9.0, -9.0
    few_x, few_y = thinned(x, y)
    assert len(few_x) <= MAX_POINTS
    assert (few_x[0], few_x[-1]) == (0, 99_999)
    assert (few_y.max(), few_y.min()) == (9.0, -9.0)
    assert (np.diff(few_x) > 0).all()


def test_a_thinned_line_keeps_its_gap() -> None:
    y = np.ones(5000)
    y[2500] = np.nan
    few_x, few_y = thinned(np.arange(5000.0), y)
    assert len(few_x) <= MAX_POINTS
    assert few_x[np.isnan(few_y)].tolist() == [2500.0]


def test_a_line_of_gaps_alone_can_be_thinned() -> None:
    few_x, few_y = thinned(np.arange(5000.0), np.full(5000, np.nan))
    assert len(few_x) <= MAX_POINTS
    assert np.isnan(few_y).all()


def test_five_hundred_epochs_with_hours_of_batches_stay_a_small_figure() -> None:
    """The figure sent to the browser does not grow with the run."""
    epochs = [epoch(number) for number in range(1, 501)]
    batches = [batch(1 + number // 40, number % 40 + 1, 40, 1 / (1 + number)) for number in range(20_000)]
    assert len(json.dumps(learning_curve(epochs, batches, LOSS))) < 100_000


def test_compared_runs_are_drawn_by_their_validation() -> None:
    """A run's name is escaped."""
    runs = {"first": [epoch(1), epoch(2)], "<b>second</b>": [epoch(1, validation_loss=0.4)]}
    figure = lines(compared_curves(runs, ("#111111", "#222222"), LOSS))
    assert figure["first"]["y"] == [0.6, 0.6]
    assert figure["&lt;b&gt;second&lt;/b&gt;"]["y"] == [0.4]
