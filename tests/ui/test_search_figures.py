"""A search's charts: where each trial stands in them, and which mark tells of which trial."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from core.messages import Message
from core.search.config import Goal, Tradeoff
from core.search.records import TrialState
from core.search.space import DIMENSIONS, Categorical, Numbers, SearchSpace
from pages.ui.curves import Drawing
from pages.ui.search.figures import history
from pages.ui.search.figures.axes import axes_of, axis_of
from pages.ui.search.figures.contour import contour, smoothed
from pages.ui.search.figures.parallel_coordinates import parallel, wrapped
from tests.support.searches import trial

SPACE = SearchSpace(domains={name: DIMENSIONS[name].domain for name in ("pooling", "hidden_layers", "l2")})


def traces(drawing: Drawing) -> dict[str, Any]:
    json.dumps(drawing, allow_nan=False)  # what the browser is sent
    return {trace.get("name", ""): trace for trace in drawing["data"]}


def pruned(number: int, value: float, **facts: Any) -> Any:
    return trial(number, value, state=TrialState.PRUNED, **facts)


def test_the_history_shows_each_trial_where_it_ended_and_the_best_so_far() -> None:
    trials = [trial(0, 0.8), trial(2, 0.9, params={"l2": 0.1}), trial(1, 0.7, params={"l2": 0.5})]
    drawn = traces(history.history(trials, Goal.ACCURACY))
    assert drawn["complete"]["x"] == [1, 2, 3]
    assert drawn["complete"]["y"] == [80, 90, 70]
    assert drawn["complete"]["customdata"] == [0, 2, 1]
    assert drawn["best so far"]["y"] == [80, 90, 90]


def test_of_a_loss_the_lowest_is_the_best_and_failures_stand_at_the_high_end() -> None:
    trials = [trial(0, 0.5), trial(1, 0.25, params={"l2": 0.1}), trial(2, reason=Message("no memory"))]
    drawing = history.history(trials, Goal.LOSS)
    drawn = traces(drawing)
    assert drawn["best so far"]["y"] == [0.5, 0.25, 0.25]
    low, high = drawing["layout"]["yaxis"]["range"]
    assert high - 0.05 * (high - low) < drawn["failed"]["y"][0] < high


def test_the_baseline_is_a_line_across_the_history() -> None:
    drawing = history.history([trial(0, 0.8), trial(1, 0.9, params={"l2": 0.1})], Goal.ACCURACY)
    (line,) = drawing["layout"]["shapes"]
    assert (line["y0"], line["y1"]) == (80, 80)
    assert drawing["layout"]["annotations"][0]["text"] == "baseline: 80%"


def test_the_chosen_trial_has_a_ring_around_it() -> None:
    trials = [trial(0, 0.8), trial(1, 0.9, params={"l2": 0.1})]
    assert "chosen" not in traces(history.history(trials, Goal.ACCURACY))
    ring = traces(history.history(trials, Goal.ACCURACY, chosen=1))["chosen"]
    assert (ring["x"], ring["y"]) == ([2], [90])


def test_one_hopeless_trial_does_not_flatten_the_history() -> None:
    """Ten trials between 90% and 91%, one at 10%: the axis is for the ten."""
    trials = [trial(number, 0.9 + number / 1000) for number in range(10)] + [trial(10, 0.1)]
    low, high = history.value_range(trials, Goal.ACCURACY)
    assert 85 < low < 90
    assert 90.9 < high < 92


def test_what_lies_beyond_the_axis_stands_at_its_end_and_tells_its_value() -> None:
    trials = [trial(number, 0.9 + number / 1000) for number in range(10)] + [trial(10, 0.1)]
    drawing = history.history(trials, Goal.ACCURACY)
    marks = traces(drawing)["complete"]
    assert marks["y"][-1] > drawing["layout"]["yaxis"]["range"][0]
    assert marks["text"][-1] == "10%"


def test_a_search_without_a_complete_trial_can_be_drawn() -> None:
    trials = [trial(0, reason=Message("no memory"))]
    for goal in Goal:
        assert traces(history.history(trials, goal)).keys() == {"failed", "best so far"}


def test_numbers_by_factors_stand_at_their_logarithm() -> None:
    axis = axis_of("l2", [0.001, 0.1], SearchSpace(domains={"l2": Numbers(low=1e-4, high=1.0, log=True)}))
    assert (axis.low, axis.high) == (-4, 0)
    assert axis.place(0.01) == pytest.approx(-2)
    assert axis.share(0.01) == pytest.approx(0.5)
    assert [text for _place, text in axis.ticks()] == ["0.0001", "0.001", "0.01", "0.1", "1"]


def test_names_stand_beside_each_other_and_numbers_to_choose_from_in_their_order() -> None:
    space = SearchSpace(domains={"batch_size": Categorical(choices=(16, 64, 32))})
    axis = axis_of("batch_size", [64, 16, 32], space)
    assert [axis.place(value) for value in (16, 32, 64)] == [0, 1, 2]
    assert axis.place(128) is None


def test_only_what_differs_between_trials_has_an_axis() -> None:
    same = {"pooling": "mean", "l2": 0.1}
    trials = [trial(0, 0.8), trial(1, 0.9, params=same), trial(2, 0.9, params=same | {"l2": 0.2})]
    assert [axis.name for axis in axes_of(trials, SPACE)] == ["l2"]


def test_a_line_of_the_parallel_chart_runs_below_an_axis_its_trial_does_not_have() -> None:
    """Without a hidden layer there is no number of units to show."""
    deep = {"hidden_layers": 1, "hidden_units": 256}
    trials = [
        trial(1, 0.9, params={"hidden_layers": 0, "hidden_units": 64}),
        trial(2, 0.95, params=deep),
        trial(3, 0.8, params={"hidden_layers": 0}),
    ]
    axes = axes_of(trials, SPACE)
    assert [axis.name for axis in axes] == ["hidden_layers", "hidden_units"]
    drawn = traces(parallel(trials, axes, Goal.ACCURACY, best=trials[1]))
    assert drawn["the best"]["y"][:2] == [1, 1]
    lines = [trace for trace in drawn.values() if 3 in trace["customdata"]]
    assert lines[0]["y"][0] == 0
    assert lines[0]["y"][1] < 0


def test_each_fifth_of_the_trials_has_a_line_of_its_own_in_the_parallel_chart() -> None:
    trials = [trial(number, number / 20, params={"l2": 0.01 * (number + 1)}) for number in range(10)]
    drawn = traces(parallel(trials, axes_of(trials, SPACE), Goal.ACCURACY, best=trials[9]))
    assert set(drawn["poorest fifth"]["customdata"]) == {0, 1}
    assert set(drawn["best fifth"]["customdata"]) == {8}  # 9 is the best, drawn above all
    assert set(drawn["the best"]["customdata"]) == {9}


def test_a_slice_has_the_trials_that_had_the_setting() -> None:
    trials = [trial(0, 0.8), trial(1, 0.9, params={"l2": 0.1}), pruned(2, 0.7, params={"l2": 0.2})]
    trials += [trial(3, 0.85, params={"l2": 0.01})]
    (axis,) = axes_of(trials, SPACE)
    (marks,) = history.slice_of(trials, axis, Goal.ACCURACY, best=trials[1])["data"]
    assert marks["customdata"] == [1, 3]
    assert marks["x"] == [pytest.approx(-1), pytest.approx(-2)]
    assert marks["marker"]["symbol"] == ["star", "circle"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Mean of the whole picture", "Mean of<br>the whole<br>picture"),
        ("每个象限的平均", "每个象限<br>的平均"),  # four are as wide as nine Latin letters
        ("0.0003", "0.0003"),
        ("", ""),
    ],
)
def test_words_beside_an_axis_stay_beside_it(text: str, lines: str) -> None:
    """On a small screen the next axis is some 40 pixels away."""
    assert wrapped(text, 9) == lines


def test_the_importances_are_bars_the_longest_on_top() -> None:
    (bars,) = history.importance_bars({"pooling": 0.3, "l2": 0.7})["data"]
    assert bars["y"] == ["Pooling", "L2 penalty"]  # Plotly draws from the bottom
    assert bars["x"] == [30, 70]


def test_curves_tell_the_pruned_from_the_complete_and_the_best() -> None:
    curve = [(1, 0.5), (2, 0.6)]
    trials = [
        trial(0, 0.8, curve=curve),
        pruned(1, 0.5, curve=curve[:1]),
        trial(2, 0.9, params={"l2": 0.1}, curve=[(1, 0.7), (2, 0.9)]),
    ]
    drawn = traces(history.curves(trials, Goal.ACCURACY, best=trials[2]))
    assert drawn["pruned"]["y"] == [50, None]
    assert drawn["complete"]["x"] == [1, 2, None]
    assert drawn["the best"]["y"] == [70, 90, None]
    assert drawn["pruned"]["opacity"] < drawn["complete"]["opacity"]


def test_of_very_many_curves_the_newest_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_CURVE_POINTS", 5)
    trials = [trial(number, 0.8, curve=[(1, 0.5), (2, 0.6)]) for number in range(4)]
    assert [one.number for one in history.drawable(trials)] == [2, 3]


def test_the_front_is_a_line_and_what_is_beaten_in_both_is_beside_it() -> None:
    trials = [
        trial(0, 0.8, second=3e6),
        trial(1, 0.9, second=2e6, params={"l2": 0.1}),
        trial(2, 0.95, second=4e6, params={"l2": 0.2}),
    ]
    drawn = traces(history.pareto(trials, Goal.ACCURACY, Tradeoff.SIZE))
    assert drawn["Pareto front"]["x"] == [2, 4]
    assert drawn["Pareto front"]["customdata"] == [1, 2]
    assert drawn["dominated"]["customdata"] == [0]
    assert drawn["baseline"]["x"] == [3]


def test_the_smoothed_value_between_two_trials_is_their_mean_and_far_from_all_there_is_none() -> None:
    places = np.array([[0.45, 0.0], [0.55, 0.0]])
    between, far = smoothed(places, np.array([80.0, 90.0]), np.array([[0.5, 0.0], [0.5, 1.0]]))
    assert between == pytest.approx(85)
    assert math.isnan(far)


def test_a_contour_has_the_trials_that_had_both_settings() -> None:
    trials = [
        trial(0, 0.8),
        trial(1, 0.9, params={"l2": 0.1, "label_smoothing": 0.1}),
        trial(2, 0.85, params={"l2": 0.2, "label_smoothing": 0.0}),
        trial(3, 0.7, params={"label_smoothing": 0.2}),
    ]
    by_name = {axis.name: axis for axis in axes_of(trials, SPACE)}
    drawing = contour(trials, by_name["l2"], by_name["label_smoothing"], Goal.ACCURACY, best=trials[1])
    json.dumps(drawing, allow_nan=False)
    surface, marks = drawing["data"]
    assert surface["type"] == "contour"
    assert marks["customdata"] == [1, 2]


def test_a_contour_of_nothing_is_empty() -> None:
    trials = [trial(1, 0.9, params={"l2": 0.1}), trial(2, 0.9, params={"l2": 0.2})]
    trials += [trial(3, 0.9, params={"label_smoothing": one}) for one in (0.1, 0.2)]
    by_name = {axis.name: axis for axis in axes_of(trials, SPACE)}
    assert (
        contour(trials, by_name["l2"], by_name["label_smoothing"], Goal.ACCURACY, best=trials[1])["data"]
        == []
    )
