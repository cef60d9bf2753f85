"""Accuracy of a classifier on blurred, turned, covered and otherwise corrupted test pictures."""

from __future__ import annotations

import streamlit as st

from core.data.labels.layout import Split
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.robustness.corruptions import CORRUPTIONS
from core.evaluation.robustness.cost import expected_test_seconds
from core.evaluation.robustness.records import USUAL_PICTURES, RobustnessReport, read_robustness
from core.jobs.kinds import JobKind
from core.runs.start_measuring import start_robustness_test
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.robustness.figures import MOST_CLASSES, class_curves, heat_table
from pages.ui.evaluate.robustness.names import known_results, strength_text
from pages.ui.evaluate.robustness.remedy import show_remedy
from pages.ui.evaluate.robustness.strip import show_strip
from pages.ui.jobs import follow, newest_job_on, show_error, try_to
from pages.ui.text import _, expected_duration, number, percent

_SIZES = (100, USUAL_PICTURES, 1000, 3000)


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the result of the robustness test, its progress, or the button that starts it."""
    job = newest_job_on(evaluated.run, JobKind.ROBUSTNESS)
    if job is not None and not job.status().state.has_ended:
        follow(job, key="robustness-job")
        return
    if job is not None:
        show_error(job.status())
    report = read_robustness(evaluated)
    if report is None:
        _invitation(evaluated)
    else:
        _result(evaluated, report)


def _invitation(evaluated: EvaluatedRun) -> None:
    st.markdown(
        _(
            "In use, pictures are blurred, dark, turned or half covered. This test changes your test pictures in {n} ways, at five strengths each, and counts what is still right."
        ).format(n=len(CORRUPTIONS))
    )
    _start(evaluated, primary=True)


def _start(evaluated: EvaluatedRun, *, primary: bool) -> None:
    """Draw the button that starts the test, its expected time, and the size of the sample."""
    total = len(evaluated.rows(Split.TEST))
    button = st.container(horizontal=True, vertical_alignment="center")
    pictures = min(USUAL_PICTURES, total)
    sizes = [size for size in _SIZES if size < total] + [min(total, _SIZES[-1])]
    if len(sizes) > 1:
        with st.expander(_("Advanced"), key="robustness-advanced") if primary else st.container():
            pictures = st.select_slider(
                _("Test pictures"),
                sizes,
                value=pictures,
                format_func=number,
                key="robustness-pictures",
                help=_("A sample in which every class has its share. More pictures prove smaller losses."),
            )
    with button:
        label = _("Test robustness") if primary else _("Test again")
        if st.button(
            label,
            type="primary" if primary else "secondary",
            icon=":material/shield:",
            key="robustness-start",
        ) and try_to(lambda: start_robustness_test(evaluated.run, pictures)):
            st.rerun()
        st.caption(_size_and_time(evaluated, pictures, total))


def _size_and_time(evaluated: EvaluatedRun, pictures: int, total: int) -> str:
    seconds, counts = (
        expected_test_seconds(evaluated, pictures),
        {"n": number(pictures), "total": number(total)},
    )
    if seconds is None:
        return _("{n} of {total} test pictures").format(**counts)
    return _("{n} of {total} test pictures · about {time}").format(**counts, time=expected_duration(seconds))


def _result(evaluated: EvaluatedRun, report: RobustnessReport) -> None:
    rows = known_results(report.weakest_first)
    if not rows:
        _invitation(evaluated)
        return
    _headline(report)
    live_chart(heat_table(report, rows), mode_bar=False, key="robustness-table")
    st.caption(
        _(
            "Right answers in percent, of {n} test pictures. Unchanged: {clean}. Bold: a loss of more than 5 points is proven."
        ).format(n=number(report.pictures), clean=percent(report.clean.accuracy))
    )
    show_remedy(evaluated, report)
    _one_kind(evaluated, report)
    with st.expander(_("Test again"), key="robustness-again"):
        _start(evaluated, primary=False)


def _headline(report: RobustnessReport) -> None:
    broken = known_results(report.broken)
    if not broken:
        st.markdown("### " + _("Nothing is proven to break it"))
        st.markdown(
            _(
                "No change, up to the strongest tested, is proven to cost more than 5 points of accuracy on these {n} pictures."
            ).format(n=number(report.pictures))
        )
        return
    listed = ", ".join(
        _("{kind} ({strength})").format(kind=_(row.label), strength=strength_text(row, result.breaks_at or 0))
        for row, result in broken
    )
    st.markdown("### " + _("Weakest against {kind}").format(kind=_(broken[0][0].label)))
    st.markdown(
        _("It loses more than 5 points from here on: {listed}.").format(listed=listed),
        help=_(
            "From this strength on, the lower end of the 95% interval of the loss is above 5 points. The same pictures are compared, and pictures that belong together count once."
        ),
    )


def _one_kind(evaluated: EvaluatedRun, report: RobustnessReport) -> None:
    """Draw one kind of change: a picture at its strengths, and the classes that lose most."""
    rows = dict(known_results(report.weakest_first))
    by_code = {row.code: row for row in rows}
    code = st.selectbox(
        _("Look at one change"),
        list(by_code),
        format_func=lambda code: _(by_code[code].label),
        key="robustness-kind",
    )
    corruption = by_code[code]
    st.caption(_(corruption.explanation))
    # Pictures for a model made elsewhere are shaped by its own preprocessing.
    if not evaluated.is_judged:
        show_strip(evaluated, corruption)
    live_chart(class_curves(report, corruption, rows[corruption]), mode_bar=False, key="robustness-classes")
    if len(report.class_names) > MOST_CLASSES:
        st.caption(
            _("The {shown} of {n} classes that lose most.").format(
                shown=MOST_CLASSES, n=number(len(report.class_names))
            )
        )
