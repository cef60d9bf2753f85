"""Charts of a search: optimization history, and one more chosen by the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.messages import N_
from core.search.config import Sampler, Tradeoff
from core.search.records import TrialState
from core.search.space import DIMENSIONS
from pages.ui import state
from pages.ui.components.live_chart import clicked_mark, live_chart
from pages.ui.search.figures.axes import Axis, axes_of
from pages.ui.search.figures.contour import contour
from pages.ui.search.figures.intermediate_values import intermediate_values, newest_curves
from pages.ui.search.figures.ladder import ladder
from pages.ui.search.figures.optimization_history import optimization_history
from pages.ui.search.figures.parallel_coordinates import parallel_coordinates
from pages.ui.search.figures.param_importances import param_importances
from pages.ui.search.figures.pareto_front import pareto_front
from pages.ui.search.figures.slice import slice_plot
from pages.ui.search.reading import Search
from pages.ui.text import _

CHART_NAMES = {
    "pareto": N_("Pareto front"),
    "importances": N_("Importance"),
    "slices": N_("Slices"),
    "parallel": N_("Parallel coordinates"),
    "contour": N_("Contour"),
    "curves": N_("Learning curves"),
}
_MAX_AXES = 5  # beside each other, before the user chooses
_MAX_SLICES = 6
_SLICES_A_ROW = 2
_SLICE_PIXELS, _TALL_PIXELS = 240, 400
_BAR_PIXELS = 34


def read_clicks(search: Search) -> None:
    """Select the trial whose mark was clicked in a chart."""
    for key in _chart_keys(search):
        number = clicked_mark(key)
        if number is not None and number != state.chosen_trial():
            state.choose_trial(number)
            state.count_up("trial-table")  # redraws the table with this row selected


def history_chart(search: Search, pictures: int) -> None:
    """Draw the trials in their order, or the ladder of a climb.

    Args:
        pictures: number of those that the rungs are scored on.
    """
    if search.config.sampler is Sampler.LADDER:
        figure = ladder(search.trials, search.config.goal, pictures, best=search.best)
        live_chart(figure, key=_key("history", search), clickable=True)
        return
    live_chart(
        optimization_history(search.trials, search.config.goal, chosen=state.chosen_trial()),
        key=f"history-{search.job.name}",
        clickable=True,
    )


def chosen_chart(search: Search) -> None:
    """Draw the picker and the chosen chart; nothing before there are two complete trials to compare."""
    complete = [trial for trial in search.trials if trial.state is TrialState.COMPLETE]
    axes = _by_importance(axes_of(search.trials, search.config.space), search)
    if len(complete) < 2 or not axes or search.config.sampler is Sampler.LADDER:
        return
    names = [name for name in CHART_NAMES if name != "pareto" or search.config.tradeoff is not Tradeoff.NONE]
    chosen = st.segmented_control(
        _("Chart"),
        names,
        default=names[0],
        required=True,
        format_func=lambda name: _(CHART_NAMES[name]),
        label_visibility="collapsed",
        key=f"chart-{search.job.name}",
    )
    _CHARTS[str(chosen)](search, axes)


def _importances(search: Search, axes: Sequence[Axis]) -> None:
    importances = search.progress.importances
    if not importances:
        st.caption(_("Importance is computed once a few more trials are complete."))
        return
    live_chart(
        param_importances(importances),
        key=_key("importances", search),
        height=90 + _BAR_PIXELS * len(importances),
    )
    st.caption(
        _(
            "Importance: share of the differences between trials that a setting explains (fANOVA). Settings of little importance need not be searched again."
        )
    )


def _slices(search: Search, axes: Sequence[Axis]) -> None:
    for start in range(0, min(len(axes), _MAX_SLICES), _SLICES_A_ROW):
        row = axes[start : min(start + _SLICES_A_ROW, _MAX_SLICES)]
        for axis, column in zip(row, st.columns(_SLICES_A_ROW), strict=False):
            with column:
                live_chart(
                    slice_plot(
                        search.trials, axis, search.config.goal, best=search.best, titled=axis is row[0]
                    ),
                    key=_key(f"slice-{axis.name}", search),
                    height=_SLICE_PIXELS,
                    clickable=True,
                )
    st.caption(
        _(
            "Each mark is a trial; later ones are darker, ★ is the best. The most important settings come first."
        )
    )


def _parallel(search: Search, axes: Sequence[Axis]) -> None:
    shown = _chosen_axes(search, axes)
    live_chart(
        parallel_coordinates(search.trials, shown, search.config.goal, best=search.best),
        key=_key("parallel", search),
        height=_TALL_PIXELS,
        clickable=True,
    )
    st.caption(
        _(
            "Each line is a complete trial. Values where blue lines meet did well. A line below an axis belongs to a trial without that setting."
        )
    )


def _chosen_axes(search: Search, axes: Sequence[Axis]) -> list[Axis]:
    """Draw the choice of axes, and return them in the order of the search space."""
    names = [axis.name for axis in axes]
    if len(axes) <= _MAX_AXES:
        return _in_order(axes, names)
    titles = {axis.name: axis.title for axis in axes}
    wanted = st.pills(
        _("Settings to show"),
        names,
        selection_mode="multi",
        default=names[:_MAX_AXES],
        format_func=titles.__getitem__,
        key=f"axes-{search.job.name}",
    )
    return _in_order(axes, wanted or names[:_MAX_AXES])


def _contour(search: Search, axes: Sequence[Axis]) -> None:
    if len(axes) < 2:
        st.caption(_("Only one setting was varied: see “Slices”."))
        return
    by_name = {axis.name: axis for axis in axes}
    left, right = st.columns(2)
    with left:
        across = _axis_picker(_("Horizontal axis"), list(by_name), by_name, 0, f"across-{search.job.name}")
    with right:
        others = [name for name in by_name if name != across]
        upwards = _axis_picker(_("Vertical axis"), others, by_name, 0, f"upwards-{search.job.name}")
    figure = contour(search.trials, by_name[across], by_name[upwards], search.config.goal, best=search.best)
    if not figure["data"]:
        st.caption(_("No complete trial had both of these settings."))
        return
    live_chart(figure, key=_key("contour", search), height=_TALL_PIXELS, clickable=True)
    st.caption(
        _(
            "Each dot is a trial. Between trials the value is smoothed; far from all of them the chart is empty. ★ is the best."
        )
    )


def _axis_picker(label: str, names: list[str], axes: dict[str, Axis], index: int, key: str) -> str:
    return st.selectbox(label, names, index=index, format_func=lambda name: axes[name].title, key=key)


def _curves(search: Search, axes: Sequence[Axis]) -> None:
    drawable = newest_curves(search.trials)
    if not drawable:
        st.caption(_("No trial has a learning curve yet: linear heads are fitted without epochs."))
        return
    live_chart(
        intermediate_values(search.trials, search.config.goal, best=search.best, chosen=state.chosen_trial()),
        key=_key("curves", search),
        height=_TALL_PIXELS,
        clickable=True,
    )
    with_curves = sum(bool(trial.curve) for trial in search.trials)
    caption = _(
        "Validation results over the epochs. Grey trials were *pruned*: stopped early, so that better ones get the time."
    )
    if len(drawable) < with_curves:
        caption += " " + _("Only the newest {n} are drawn.").format(n=len(drawable))
    st.caption(caption)


def _pareto(search: Search, axes: Sequence[Axis]) -> None:
    live_chart(
        pareto_front(search.trials, search.config.goal, search.config.tradeoff, chosen=state.chosen_trial()),
        key=_key("pareto", search),
        height=_TALL_PIXELS,
        clickable=True,
    )
    st.caption(
        _(
            "Pareto front (the line): no other trial is better in both objectives. The other trials are dominated by those on the front. Click a mark to see its settings or to turn it into a run."
        )
    )


_CHARTS: dict[str, Callable[[Search, Sequence[Axis]], None]] = {
    "pareto": _pareto,
    "importances": _importances,
    "slices": _slices,
    "parallel": _parallel,
    "contour": _contour,
    "curves": _curves,
}


def _by_importance(axes: Sequence[Axis], search: Search) -> list[Axis]:
    """Sort axes by importance, the most important first."""
    return sorted(axes, key=lambda axis: -search.progress.importances.get(axis.name, 0.0))


def _in_order(axes: Sequence[Axis], names: Sequence[str]) -> list[Axis]:
    order = list(DIMENSIONS)
    return sorted((axis for axis in axes if axis.name in names), key=lambda axis: order.index(axis.name))


def _key(chart: str, search: Search) -> str:
    return f"{chart}-{search.job.name}"


def _chart_keys(search: Search) -> list[str]:
    slices = [f"slice-{name}" for name in search.config.space.domains]
    return [_key(chart, search) for chart in ("history", "parallel", "contour", "curves", "pareto", *slices)]
