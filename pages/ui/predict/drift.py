"""Section “How is it doing?”: log of answers, and their change since the run was tested."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from core.errors import DarkroomError
from core.prediction.drift.comparing import Drift, Measure, ShareChange, ValueChange
from core.prediction.drift.measuring import (
    LEAST_ANSWERS,
    MeasuredDrift,
    comparable_answers,
    measure_drift,
)
from core.prediction.log.settings import read_log_settings, write_log_settings
from core.prediction.log.store import (
    LoggedAnswer,
    forget_answers,
    kept_picture,
    log_size,
    logged_answers,
)
from core.prediction.viewing import THUMBNAIL_SIDE, view
from core.workspace import Project
from pages.ui.components.live_chart import live_chart
from pages.ui.gallery import Tile, gallery
from pages.ui.predict.charts import shares_chart, values_chart
from pages.ui.text import _, escape, ngettext, number, percent, show, signed

_NAMED = 3  # changed classes in a sentence
_RECENT = 12


def show_section(project: Project, run: Path) -> None:
    logged = _logged(str(project.path), run.name, log_size(project), project)
    if logged:
        _comparison(run, logged)
        _recent(project, logged)
    else:
        st.info(
            _(
                "Log the answers that the classifier gives from now on, and this page says if the pictures change: other classes, less confidence, pictures of another kind."
            ),
            icon=":material/monitoring:",
        )
    _settings(project)


@st.cache_data(max_entries=2, show_spinner=False)
def _logged(path: str, run: str, size: tuple[int, ...], _project: Project) -> list[LoggedAnswer]:
    """Read the log once for all reruns of the page: a full one takes seconds."""
    return logged_answers(_project, run)


def _comparison(run: Path, logged: Sequence[LoggedAnswer]) -> None:
    comparable = comparable_answers(run, logged)
    if len(comparable) < LEAST_ANSWERS:
        st.progress(
            len(comparable) / LEAST_ANSWERS,
            text=_("{n} of {least} answers. With fewer, chance hides every change.").format(
                n=number(len(comparable)), least=number(LEAST_ANSWERS)
            ),
        )
    else:
        _measured(run, comparable)
    if left_out := len(logged) - len(comparable):
        st.caption(
            ngettext(
                "{n} answer by another network or other thresholds is left out.",
                "{n} answers by another network or other thresholds are left out.",
                left_out,
            ).format(n=number(left_out))
        )


def _measured(run: Path, comparable: Sequence[LoggedAnswer]) -> None:
    try:
        measured = measure_drift(run, comparable)
    except DarkroomError as error:
        st.error(show(error.message))
        return
    if measured is not None:
        _verdict(measured, comparable)
        st.caption(
            _(
                "The training pictures are left out: the classifier is surer of what it has learnt from, so every new picture would seem to differ."
            )
        )
        _charts(measured)


def _verdict(measured: MeasuredDrift, logged: Sequence[LoggedAnswer]) -> None:
    """Say in plain words if the pictures have changed, and how."""
    drift = measured.drift
    since = time.strftime("%Y-%m-%d", time.localtime(min(answer.time for answer in logged)))
    count = _("{n} answers since {date}, compared with {m} validation and test pictures.").format(
        n=number(len(measured.now)), date=since, m=number(len(measured.before))
    )
    if not drift.is_proven:
        st.success(
            _("**No change is proven.** The answers are like those at its test.") + f" {count}",
            icon=":material/verified:",
        )
        return
    sentences = [_share_sentence(change) for change in drift.changed_shares[:_NAMED]]
    sentences += [_value_sentence(change) for change in drift.changed_values]
    st.warning(
        "\n".join([_("**The pictures have changed.**") + f" {count}", "", *(f"- {s}" for s in sentences)]),
        icon=":material/trending_down:",
    )
    st.caption(
        _("Label some of the new pictures, and train again."),
        help=_(
            "Tests: Fisher's exact test of each class, Kolmogorov–Smirnov of the numbers, corrected together by Holm (1979), so that chance raises an alarm in at most 5% of all looks. Pictures that belong together are known only among the tested ones."
        ),
    )


def _share_sentence(change: ShareChange) -> str:
    low, high = change.now_interval
    return _("**{name}**: {before} of the answers at its test, now {now} (between {low} and {high}).").format(
        name=escape(change.name),
        before=percent(change.before),
        now=percent(change.now),
        low=percent(low),
        high=percent(high),
    )


def _value_sentence(change: ValueChange) -> str:
    low, high = change.interval
    if change.measure is Measure.CONFIDENCE:
        return _(
            "**Confidence**: {before} on average at its test, now {now} (difference between {low} and {high} points)."
        ).format(
            before=percent(change.before),
            now=percent(change.now),
            low=signed(100 * low, 1),
            high=signed(100 * high, 1),
        )
    return _(
        "**Features**: the pictures look different to the network; their distance from the classes changed by {low} to {high} standard deviations on average."
    ).format(low=signed(low, 2), high=signed(high, 2))


def _charts(measured: MeasuredDrift) -> None:
    drift: Drift = measured.drift
    live_chart(shares_chart(drift), mode_bar=False, key="drift-shares")
    for column, change in zip(st.columns(max(1, len(drift.values))), drift.values, strict=False):
        values = measured.before.values[change.measure], measured.now.values[change.measure]
        with column:
            live_chart(
                values_chart(*values, change.measure), mode_bar=False, key=f"drift-{change.measure.value}"
            )


def _recent(project: Project, logged: Sequence[LoggedAnswer]) -> None:
    """Draw the newest pictures that were kept."""
    kept = [answer for answer in reversed(logged) if kept_picture(project, answer.sha256).is_file()]
    if not kept:
        return
    tiles = [
        Tile(
            picture=_small(str(kept_picture(project, answer.sha256))),
            strong=", ".join(answer.labels) or "–",
            caption=percent(answer.confidence),
        )
        for answer in kept[:_RECENT]
    ]
    with st.expander(_("Latest pictures"), icon=":material/photo_library:"):
        gallery(tiles, key="logged-pictures")


@st.cache_data(max_entries=64, show_spinner=False)
def _small(path: str) -> bytes:
    return view(Path(path).read_bytes(), THUMBNAIL_SIDE)


def _settings(project: Project) -> None:
    """Draw the wish to log. The log is bounded, and stays in the project."""
    settings = read_log_settings(project)
    with st.container(border=True, key="log-settings"):
        is_on = st.toggle(
            _("Log the answers of this project's classifiers"),
            settings.is_on,
            help=_(
                "Time, answer, confidence and a fingerprint of the picture; at most 64 MB, the oldest are dropped."
            ),
            key="log-on",
        )
        keeps = is_on and st.toggle(
            _("Keep the pictures as well"),
            settings.keeps_pictures,
            help=_("The latest 1,000 that were answered one by one. Those of batches stay with the batch."),
            key="log-pictures",
        )
        if (is_on, keeps) != (settings.is_on, settings.keeps_pictures):
            write_log_settings(project, replace(settings, is_on=is_on, keeps_pictures=keeps))
        if not log_size(project):
            return
        with st.popover(_("Delete the log"), type="tertiary", icon=":material/delete:", key="log-delete"):
            st.markdown(_("All logged answers and kept pictures are deleted. **This cannot be undone.**"))
            if st.button(_("Delete for good"), key="log-delete-now"):
                forget_answers(project)
                st.rerun()
