"""Plots of a search: coordinates of trials, and the trial number of each mark."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.messages import Message
from core.search.config import Goal, Tradeoff
from core.search.records import TrialState
from core.search.space import DIMENSIONS, Categorical, Numbers, SearchSpace
from pages.ui.plotly_types import PlotlyObject
from pages.ui.search.figures import intermediate_values as curves_module
from pages.ui.search.figures.axes import axes_of, axis_of, value_range
from pages.ui.search.figures.contour import contour
from pages.ui.search.figures.intermediate_values import intermediate_values, newest_curves
from pages.ui.search.figures.ladder import ladder
from pages.ui.search.figures.optimization_history import optimization_history
from pages.ui.search.figures.parallel_coordinates import parallel_coordinates, wrapped
from pages.ui.search.figures.param_importances import param_importances
from pages.ui.search.figures.pareto_front import pareto_front
from pages.ui.search.figures.slice import slice_plot
from tests.support.searches import trial

SPACE = SearchSpace(domains={name: DIMENSIONS[name].domain for name in ("pooling", "hidden_layers", "l2")})


def traces(figure: PlotlyObject) -> dict[str, Any]:
    json.dumps(figure, allow_nan=False)  # as it is sent to the browser
    return {trace.get("name", ""): trace for trace in figure["data"]}


def pruned(number: int, value: float, **facts: Any) -> Any:
    return trial(number, value, state=TrialState.PRUNED, **facts)


def test_the_history_has_each_trial_in_the_order_of_their_ends_and_the_best_so_far() -> None:
    trials = [trial(0, 0.8), trial(2, 0.9, params={"l2": 0.1}), trial(1, 0.7, params={"l2": 0.5})]
    by_name = traces(optimization_history(trials, Goal.ACCURACY))
    assert by_name["complete"]["x"] == [1, 2, 3]
    assert by_name["complete"]["y"] == [80, 90, 70]
    assert by_name["complete"]["customdata"] == [0, 2, 1]
    assert by_name["best so far"]["y"] == [80, 90, 90]


def test_the_lowest_loss_is_the_best_and_failures_are_at_the_high_end() -> None:
    trials = [trial(0, 0.5), trial(1, 0.25, params={"l2": 0.1}), trial(2, reason=Message("no memory"))]
    figure = optimization_history(trials, Goal.LOSS)
    by_name = traces(figure)
    assert by_name["best so far"]["y"] == [0.5, 0.25, 0.25]
    low, high = figure["layout"]["yaxis"]["range"]
    assert high - 0.05 * (high - low) < by_name["failed"]["y"][0] < high


def test_the_baseline_is_a_line_across_the_history() -> None:
    figure = optimization_history([trial(0, 0.8), trial(1, 0.9, params={"l2": 0.1})], Goal.ACCURACY)
    (line,) = figure["layout"]["shapes"]
    assert (line["y0"], line["y1"]) == (80, 80)
    assert figure["layout"]["annotations"][0]["text"] == "baseline: 80%"


def test_the_chosen_trial_has_a_ring_around_it() -> None:
    trials = [trial(0, 0.8), trial(1, 0.9, params={"l2": 0.1})]
    assert "chosen" not in traces(optimization_history(trials, Goal.ACCURACY))
    ring = traces(optimization_history(trials, Goal.ACCURACY, chosen=1))["chosen"]
    assert (ring["x"], ring["y"]) == ([2], [90])


def test_an_outlier_does_not_flatten_the_history() -> None:
    """Ten trials between 90% and 91%, one at 10%: the axis shows the ten."""
    trials = [trial(number, 0.9 + number / 1000) for number in range(10)] + [trial(10, 0.1)]
    low, high = value_range(trials, Goal.ACCURACY)
    assert 85 < low < 90
    assert 90.9 < high < 92


def test_a_trial_beyond_the_axis_is_drawn_at_its_end_with_its_true_value() -> None:
    trials = [trial(number, 0.9 + number / 1000) for number in range(10)] + [trial(10, 0.1)]
    figure = optimization_history(trials, Goal.ACCURACY)
    points = traces(figure)["complete"]
    assert points["y"][-1] > figure["layout"]["yaxis"]["range"][0]
    assert points["text"][-1] == "10%"


def test_a_search_without_a_complete_trial_can_be_drawn() -> None:
    trials = [trial(0, reason=Message("no memory"))]
    for goal in Goal:
        assert traces(optimization_history(trials, goal)).keys() == {"failed", "best so far"}


def test_the_coordinate_on_a_logarithmic_axis_is_the_logarithm() -> None:
    axis = axis_of("l2", [0.001, 0.1], SearchSpace(domains={"l2": Numbers(low=1e-4, high=1.0, log=True)}))
    assert (axis.low, axis.high) == (-4, 0)
    assert axis.coordinate(0.01) == pytest.approx(-2)
    assert axis.share(0.01) == pytest.approx(0.5)
    assert [text for _coordinate, text in axis.ticks()] == ["0.0001", "0.001", "0.01", "0.1", "1"]


def test_categories_that_are_numbers_are_in_ascending_order() -> None:
    space = SearchSpace(domains={"batch_size": Categorical(choices=(16, 64, 32))})
    axis = axis_of("batch_size", [64, 16, 32], space)
    assert [axis.coordinate(value) for value in (16, 32, 64)] == [0, 1, 2]
    assert axis.coordinate(128) is None


def test_only_dimensions_that_differ_between_trials_have_an_axis() -> None:
    same = {"pooling": "global", "l2": 0.1}
    trials = [trial(0, 0.8), trial(1, 0.9, params=same), trial(2, 0.9, params=same | {"l2": 0.2})]
    assert [axis.name for axis in axes_of(trials, SPACE)] == ["l2"]


def test_a_line_runs_below_the_axis_of_a_dimension_that_its_trial_does_not_have() -> None:
    """A head without a hidden layer has no number of units."""
    deep = {"hidden_layers": 1, "hidden_units": 256}
    trials = [
        trial(1, 0.9, params={"hidden_layers": 0, "hidden_units": 64}),
        trial(2, 0.95, params=deep),
        trial(3, 0.8, params={"hidden_layers": 0}),
    ]
    axes = axes_of(trials, SPACE)
    assert [axis.name for axis in axes] == ["hidden_layers", "hidden_units"]
    by_name = traces(parallel_coordinates(trials, axes, Goal.ACCURACY, best=trials[1]))
    assert by_name["the best"]["y"][:2] == [1, 1]
    lines = [trace for trace in by_name.values() if 3 in trace["customdata"]]
    assert lines[0]["y"][0] == 0
    assert lines[0]["y"][1] < 0


def test_each_fifth_of_the_trials_is_a_trace_of_the_parallel_coordinates() -> None:
    trials = [trial(number, number / 20, params={"l2": 0.01 * (number + 1)}) for number in range(10)]
    by_name = traces(parallel_coordinates(trials, axes_of(trials, SPACE), Goal.ACCURACY, best=trials[9]))
    assert set(by_name["poorest fifth"]["customdata"]) == {0, 1}
    assert set(by_name["best fifth"]["customdata"]) == {8}  # 9 is the best, drawn above all
    assert set(by_name["the best"]["customdata"]) == {9}


def test_a_slice_has_only_trials_with_the_setting() -> None:
    trials = [trial(0, 0.8), trial(1, 0.9, params={"l2": 0.1}), pruned(2, 0.7, params={"l2": 0.2})]
    trials += [trial(3, 0.85, params={"l2": 0.01})]
    (axis,) = axes_of(trials, SPACE)
    (points,) = slice_plot(trials, axis, Goal.ACCURACY, best=trials[1])["data"]
    assert points["customdata"] == [1, 3]
    assert points["x"] == [pytest.approx(-1), pytest.approx(-2)]
    assert points["marker"]["symbol"] == ["star", "circle"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Mean of the whole picture", "Mean of<br>the whole<br>picture"),
        ("每个象限的平均", "每个象限<br>的平均"),  # four are as wide as nine Latin letters
        ("0.0003", "0.0003"),
        ("", ""),
    ],
)
def test_a_long_label_beside_an_axis_is_wrapped(text: str, lines: str) -> None:
    """On a small screen the next axis is about 40 pixels away."""
    assert wrapped(text, 9) == lines


def test_the_most_important_dimension_is_the_bar_on_top() -> None:
    (bars,) = param_importances({"pooling": 0.3, "l2": 0.7})["data"]
    assert bars["y"] == ["Pooling", "L2 penalty"]  # Plotly draws from the bottom
    assert bars["x"] == [30, 70]


def test_curves_of_pruned_complete_and_best_trials_are_different_traces() -> None:
    curve = [(1, 0.5), (2, 0.6)]
    trials = [
        trial(0, 0.8, curve=curve),
        pruned(1, 0.5, curve=curve[:1]),
        trial(2, 0.9, params={"l2": 0.1}, curve=[(1, 0.7), (2, 0.9)]),
    ]
    by_name = traces(intermediate_values(trials, Goal.ACCURACY, best=trials[2]))
    assert by_name["pruned"]["y"] == [50, None]
    assert by_name["complete"]["x"] == [1, 2, None]
    assert by_name["the best"]["y"] == [70, 90, None]
    assert by_name["pruned"]["opacity"] < by_name["complete"]["opacity"]


def test_only_the_newest_of_very_many_curves_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves_module, "MAX_POINTS", 5)
    trials = [trial(number, 0.8, curve=[(1, 0.5), (2, 0.6)]) for number in range(4)]
    assert [one.number for one in newest_curves(trials)] == [2, 3]


def test_the_pareto_front_is_a_line_and_dominated_trials_are_not_on_it() -> None:
    trials = [
        trial(0, 0.8, second=3e6),
        trial(1, 0.9, second=2e6, params={"l2": 0.1}),
        trial(2, 0.95, second=4e6, params={"l2": 0.2}),
    ]
    by_name = traces(pareto_front(trials, Goal.ACCURACY, Tradeoff.SIZE))
    assert by_name["Pareto front"]["x"] == [2, 4]
    assert by_name["Pareto front"]["customdata"] == [1, 2]
    assert by_name["dominated"]["customdata"] == [0]
    assert by_name["baseline"]["x"] == [3]


def test_a_contour_has_only_trials_with_both_settings() -> None:
    trials = [
        trial(0, 0.8),
        trial(1, 0.9, params={"l2": 0.1, "label_smoothing": 0.1}),
        trial(2, 0.85, params={"l2": 0.2, "label_smoothing": 0.0}),
        trial(3, 0.7, params={"label_smoothing": 0.2}),
    ]
    by_name = {axis.name: axis for axis in axes_of(trials, SPACE)}
    figure = contour(trials, by_name["l2"], by_name["label_smoothing"], Goal.ACCURACY, best=trials[1])
    json.dumps(figure, allow_nan=False)
    surface, points = figure["data"]
    assert surface["type"] == "contour"
    assert points["customdata"] == [1, 2]


def test_a_contour_without_such_trials_is_empty() -> None:
    trials = [trial(1, 0.9, params={"l2": 0.1}), trial(2, 0.9, params={"l2": 0.2})]
    trials += [trial(3, 0.9, params={"label_smoothing": one}) for one in (0.1, 0.2)]
    by_name = {axis.name: axis for axis in axes_of(trials, SPACE)}
    assert (
        contour(trials, by_name["l2"], by_name["label_smoothing"], Goal.ACCURACY, best=trials[1])["data"]
        == []
    )


def test_a_ladder_has_each_rung_at_its_minute_with_its_interval() -> None:
    rungs = [
        trial(0, 0.8, seconds=30.0, ended=1000.0),
        trial(1, 0.9, seconds=60.0, ended=1060.0, params={"backbone": "efficientnet_lite2"}),
    ]
    by_name = traces(ladder(rungs, Goal.ACCURACY, 100, best=rungs[1]))
    assert (by_name["step"]["x"], by_name["step"]["y"]) == ([0.5], [80])
    assert (by_name["kept"]["x"], by_name["kept"]["y"]) == ([1.5], [90])
    assert by_name["kept"]["text"] == ["EfficientNet-Lite2 · Quick · 90%"]
    error = by_name["step"]["error_y"]
    assert 5 < error["array"][0] < error["arrayminus"][0] < 10


def test_a_ladder_by_another_goal_has_no_interval() -> None:
    rungs = [trial(0, 0.5)]
    assert "error_y" not in traces(ladder(rungs, Goal.LOSS, 100, best=None))["step"]
    assert ladder([], Goal.LOSS, 100, best=None)["data"] == []
