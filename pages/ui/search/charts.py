"""The charts of a search on the page: its history, and of the others the one that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.messages import N_
from core.search.config import Tradeoff
from core.search.records import TrialState
from core.search.space import DIMENSIONS
from pages.ui import state
from pages.ui.components.live_chart import clicked_mark, live_chart
from pages.ui.search.figures import history
from pages.ui.search.figures.axes import Axis, axes_of
from pages.ui.search.figures.contour import contour
from pages.ui.search.figures.parallel_coordinates import parallel
from pages.ui.search.reading import Search
from pages.ui.text import _

CHART_NAMES = {
    "pareto": N_("Trade-off"),
    "importances": N_("What mattered"),
    "slices": N_("One by one"),
    "parallel": N_("All at once"),
    "contour": N_("Two together"),
    "curves": N_("Learning curves"),
}
_MOST_AXES = 5  # beside each other, where nobody chose
_MOST_SLICES = 6
_SLICES_A_ROW = 2
_SLICE_PIXELS, _TALL_PIXELS = 240, 400
_BAR_PIXELS = 34


def read_clicks(search: Search) -> None:
    """Look at the trial whose mark was clicked in any chart."""
    for key in _chart_keys(search):
        number = clicked_mark(key)
        if number is not None and number != state.chosen_trial():
            state.choose_trial(number)
            state.count_up("trial-table")  # its row is marked anew


def history_chart(search: Search) -> None:
    live_chart(
        history.history(search.trials, search.config.goal, chosen=state.chosen_trial()),
        key=f"history-{search.job.name}",
        clickable=True,
    )


def chosen_chart(search: Search) -> None:
    """A choice of charts, and the one chosen; drawn only where there is something to compare."""
    complete = [trial for trial in search.trials if trial.state is TrialState.COMPLETE]
    axes = _by_importance(axes_of(search.trials, search.config.space), search)
    if len(complete) < 2 or not axes:
        return
    known = [name for name in CHART_NAMES if name != "pareto" or search.config.tradeoff is not Tradeoff.NONE]
    chosen = st.segmented_control(
        _("Chart"),
        known,
        default=known[0],
        required=True,
        format_func=lambda name: _(CHART_NAMES[name]),
        label_visibility="collapsed",
        key=f"chart-{search.job.name}",
    )
    _DRAWN[str(chosen)](search, axes)


def _importances(search: Search, axes: Sequence[Axis]) -> None:
    found = search.progress.importances
    if not found:
        st.caption(_("What mattered is told once a few more trials are complete."))
        return
    live_chart(
        history.importance_bars(found),
        key=_key("importances", search),
        height=90 + _BAR_PIXELS * len(found),
    )
    st.caption(
        _(
            "How much of the differences between trials each setting explains (fANOVA). "
            "What mattered little here need not be searched again."
        )
    )


def _slices(search: Search, axes: Sequence[Axis]) -> None:
    for start in range(0, min(len(axes), _MOST_SLICES), _SLICES_A_ROW):
        row = axes[start : min(start + _SLICES_A_ROW, _MOST_SLICES)]
        for axis, column in zip(row, st.columns(_SLICES_A_ROW), strict=False):
            with column:
                live_chart(
                    history.slice_of(
                        search.trials, axis, search.config.goal, best=search.best, titled=axis is row[0]
                    ),
                    key=_key(f"slice-{axis.name}", search),
                    height=_SLICE_PIXELS,
                    clickable=True,
                )
    st.caption(
        _(
            "Each mark is a trial, later ones darker; ★ is the best. The settings that mattered most come first."
        )
    )


def _parallel(search: Search, axes: Sequence[Axis]) -> None:
    shown = _chosen_axes(search, axes)
    live_chart(
        parallel(search.trials, shown, search.config.goal, best=search.best),
        key=_key("parallel", search),
        height=_TALL_PIXELS,
        clickable=True,
    )
    st.caption(
        _(
            "Each line is a trial that is complete. Where the blue ones run together, that value does well. "
            "A line that runs below an axis did not have that setting."
        )
    )


def _chosen_axes(search: Search, axes: Sequence[Axis]) -> list[Axis]:
    """The axes to show, in the order in which settings depend on each other."""
    names = [axis.name for axis in axes]
    if len(axes) <= _MOST_AXES:
        return _in_order(axes, names)
    titles = {axis.name: axis.title for axis in axes}
    wanted = st.pills(
        _("Settings to show"),
        names,
        selection_mode="multi",
        default=names[:_MOST_AXES],
        format_func=titles.__getitem__,
        key=f"axes-{search.job.name}",
    )
    return _in_order(axes, wanted or names[:_MOST_AXES])


def _contour(search: Search, axes: Sequence[Axis]) -> None:
    if len(axes) < 2:
        st.caption(_("Only one setting was varied: see it under “One by one”."))
        return
    by_name = {axis.name: axis for axis in axes}
    left, right = st.columns(2)
    with left:
        across = _axis_picker(_("To the right"), list(by_name), by_name, 0, f"across-{search.job.name}")
    with right:
        others = [name for name in by_name if name != across]
        upwards = _axis_picker(_("Upwards"), others, by_name, 0, f"upwards-{search.job.name}")
    drawing = contour(search.trials, by_name[across], by_name[upwards], search.config.goal, best=search.best)
    if not drawing["data"]:
        st.caption(_("No complete trial had both of these settings."))
        return
    live_chart(drawing, key=_key("contour", search), height=_TALL_PIXELS, clickable=True)
    st.caption(_("Smoothed between the trials, which are the dots; empty where none is near. ★ is the best."))


def _axis_picker(label: str, names: list[str], axes: dict[str, Axis], index: int, key: str) -> str:
    return st.selectbox(label, names, index=index, format_func=lambda name: axes[name].title, key=key)


def _curves(search: Search, axes: Sequence[Axis]) -> None:
    drawn = history.drawable(search.trials)
    if not drawn:
        st.caption(_("No trial has learnt over epochs yet: linear heads are fitted at once."))
        return
    live_chart(
        history.curves(search.trials, search.config.goal, best=search.best, chosen=state.chosen_trial()),
        key=_key("curves", search),
        height=_TALL_PIXELS,
        clickable=True,
    )
    with_curves = sum(bool(trial.curve) for trial in search.trials)
    words = _(
        "Validation over the epochs. Grey ones were given up early, so that promising ones get the time."
    )
    if len(drawn) < with_curves:
        words += " " + _("Only the newest {n} are drawn.").format(n=len(drawn))
    st.caption(words)


def _pareto(search: Search, axes: Sequence[Axis]) -> None:
    live_chart(
        history.pareto(
            search.trials, search.config.goal, search.config.tradeoff, chosen=state.chosen_trial()
        ),
        key=_key("pareto", search),
        height=_TALL_PIXELS,
        clickable=True,
    )
    st.caption(
        _(
            "On the line, more of one costs some of the other. Click a mark to see its settings and make it a run."
        )
    )


_DRAWN: dict[str, Callable[[Search, Sequence[Axis]], None]] = {
    "pareto": _pareto,
    "importances": _importances,
    "slices": _slices,
    "parallel": _parallel,
    "contour": _contour,
    "curves": _curves,
}


def _by_importance(axes: Sequence[Axis], search: Search) -> list[Axis]:
    """Those that mattered most first, as far as that is known."""
    return sorted(axes, key=lambda axis: -search.progress.importances.get(axis.name, 0.0))


def _in_order(axes: Sequence[Axis], names: Sequence[str]) -> list[Axis]:
    order = list(DIMENSIONS)
    return sorted((axis for axis in axes if axis.name in names), key=lambda axis: order.index(axis.name))


def _key(chart: str, search: Search) -> str:
    return f"{chart}-{search.job.name}"


def _chart_keys(search: Search) -> list[str]:
    slices = [f"slice-{name}" for name in search.config.space.domains]
    return [_key(chart, search) for chart in ("history", "parallel", "contour", "curves", "pareto", *slices)]
