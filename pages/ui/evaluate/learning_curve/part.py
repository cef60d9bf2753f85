"""Learning curve of a run: what more pictures would bring."""

from __future__ import annotations

import math

import streamlit as st

from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.learning_curve.records import (
    Forecast,
    LearningCurve,
    NoForecast,
    read_learning_curve,
)
from core.jobs.kinds import JobKind
from core.messages import N_
from core.runs.start_measuring import start_learning_curve
from core.training.artifacts import has_own_network
from core.training.config import Recipe
from pages.ui import state
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.learning_curve.chart import curve_chart
from pages.ui.jobs import follow, newest_job_on, show_error, try_to
from pages.ui.text import _, decimal, escape, ngettext, number

_REASONS = {
    NoForecast.TOO_FEW_PICTURES: N_(
        "There are too few pictures to say what more would bring. The points show how it went so far."
    ),
    NoForecast.BAD_FIT: N_(
        "The points do not follow a learning curve, so nothing is said about more pictures. Look for wrong labels or for very different pictures."
    ),
    NoForecast.TOO_UNCERTAIN: N_(
        "There are too few validation pictures to say what more would bring: the range would be too wide to be of use."
    ),
}


def show_part(evaluated: EvaluatedRun) -> None:
    """Draw the curve, the progress of its job, or the button that starts it."""
    job = newest_job_on(evaluated.run, JobKind.LEARNING_CURVE)
    if job is not None and not job.status().state.has_ended:
        follow(job, key="learning-curve-job")
        return
    curve = read_learning_curve(evaluated)
    if curve is not None:
        _result(evaluated, curve)
        return
    if job is not None:
        show_error(job.status())
    _invitation(evaluated)


def _invitation(evaluated: EvaluatedRun) -> None:
    if evaluated.settings.recipe is Recipe.SCRATCH:
        st.info(
            _(
                "This run was trained from scratch. Its learning curve would take as many trainings; only that of a pretrained backbone is quick to measure."
            )
        )
        return
    st.markdown(
        _(
            "Would more pictures help? The classifier is trained on 10%, 20% … of your pictures. From how it improves follows what twice as many would bring."
        )
    )
    if st.button(
        _("Measure the learning curve"),
        type="primary",
        icon=":material/show_chart:",
        key="learning-curve-start",
    ) and try_to(lambda: start_learning_curve(evaluated.run)):
        st.rerun()
    st.caption(_("Seconds to minutes. Scored on validation pictures, so the test stays untouched."))


def _result(evaluated: EvaluatedRun, curve: LearningCurve) -> None:
    if curve.forecast is None:
        st.markdown(_(_REASONS[curve.reason or NoForecast.TOO_FEW_PICTURES]))
    else:
        _headline(curve.forecast)
    live_chart(curve_chart(curve), mode_bar=False, key="learning-curve")
    sentences = [
        ngettext(
            "Measured on {n} validation picture, with heads on the frozen backbone and without augmentation.",
            "Measured on {n} validation pictures, with heads on the frozen backbone and without augmentation.",
            curve.validation_pictures,
        ).format(n=number(curve.validation_pictures))
    ]
    if has_own_network(evaluated.run):
        sentences.append(
            _(
                "This run fine-tuned its backbone. The curve is that of the backbone before, so it can lie lower."
            )
        )
    st.caption(" ".join(sentences))
    if curve.forecast is not None and st.button(
        _("Add pictures"), key="learning-curve-add", icon=":material/add_photo_alternate:"
    ):
        state.choose_section("add")
        st.switch_page("data.py")


def _headline(forecast: Forecast) -> None:
    low, high = forecast.interval
    st.markdown(
        "### "
        + ngettext(
            "Twice as many pictures would bring about {gain} point ({low} to {high})",
            "Twice as many pictures would bring about {gain} points ({low} to {high})",
            _plural(forecast.gain),
        ).format(
            gain=_points(forecast.gain),
            low=number(math.floor(round(100 * low, 6))),
            high=number(math.ceil(round(100 * high, 6))),
        ),
        help=_(
            "An inverse power law fitted to the measured points (Hestness 2017, Viering and Loog 2021), if it goes on as it began and new pictures are like these. In 95 of 100 cases the next training gains as much as the interval says, its luck with the pictures included."
        ),
    )
    if forecast.classes:
        listed = ", ".join(
            ngettext("{name} (about {gain} point)", "{name} (about {gain} points)", _plural(row.gain)).format(
                name=escape(row.name), gain=_points(row.gain)
            )
            for row in forecast.classes[:3]
        )
        st.markdown(_("Most would gain: {classes}.").format(classes=listed))


def _points(gain: float) -> str:
    """Format percentage points: whole ones, below 1 with one digit."""
    points = 100 * gain
    return decimal(points, 0 if points >= 1 or points < 0.05 else 1)


def _plural(gain: float) -> int:
    """Return 1 where ``_points`` is exactly one point, for ``ngettext``."""
    return 1 if _points(gain) == "1" else 2
