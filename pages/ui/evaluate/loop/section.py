"""Improvement loop: what changed since a run, the same settings once more, and the difference it made."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.data.history import VersionChanges
from core.errors import DarkroomError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.report import has_report
from core.jobs.directory import JobDirectory
from core.runs.repeating import changes_since, predecessor_of, successor_of, train_again
from pages.ui import state
from pages.ui.evaluate.compare.differences import difference_table, headline
from pages.ui.evaluate.compare.disagreement_gallery import disagreement_gallery
from pages.ui.evaluate.compare.paired import paired
from pages.ui.evaluate.quality.test_set import remember_look
from pages.ui.jobs import follow, show_error, try_to
from pages.ui.runs import short_title_of
from pages.ui.shell import page_file
from pages.ui.steps import Step
from pages.ui.text import _, escape, ngettext, number, show


def show_section(evaluated: EvaluatedRun) -> None:
    """Draw the comparison with the run before or after this one, then what changed since."""
    run = evaluated.run
    before, after = predecessor_of(run), successor_of(run)
    if after is not None and not has_report(after):
        _running(after)
    elif after is not None:
        _before_and_after(run, after)
        _open_successor(after)
    elif before is not None and has_report(before):
        _before_and_after(before, run)
    if after is None:
        _changes(evaluated)


def _changes(evaluated: EvaluatedRun) -> None:
    """Say what changed since the run, and offer to train again."""
    if evaluated.is_ensemble:
        st.info(
            _("This run was made of finished runs: train those again, then join them or average their views.")
        )
        return
    changes = changes_since(evaluated)
    if changes.is_empty:
        st.markdown(
            _(
                "The pictures are the same as when this run was trained. Correct labels, add or exclude pictures; then train again here and see what it brought."
            )
        )
        st.page_link(page_file(Step.DATA), label=_("Improve the pictures"), icon=":material/arrow_forward:")
        return
    st.markdown(f"### {_since(changes)}")
    if changes.test_changed:
        st.caption(
            ngettext(
                "Among them is {n} test picture. Both runs will be compared on the test pictures that remain, by the new labels.",
                "Among them are {n} test pictures. Both runs will be compared on the test pictures that remain, by the new labels.",
                changes.test_changed,
            ).format(n=number(changes.test_changed))
        )
    if st.button(
        _("Train again with the same settings"),
        type="primary",
        icon=":material/replay:",
        key="train-again",
        help=_("Starts a run on the newest pictures. When it has ended, both are compared here."),
    ) and try_to(lambda: train_again(evaluated.run)):
        st.rerun()


def _since(changes: VersionChanges) -> str:
    parts = [
        ngettext("{n} label was changed", "{n} labels were changed", changes.relabelled).format(
            n=number(changes.relabelled)
        ),
        ngettext("{n} picture added", "{n} pictures added", changes.added).format(n=number(changes.added)),
        ngettext("{n} picture removed", "{n} pictures removed", changes.removed).format(
            n=number(changes.removed)
        ),
    ]
    counts = (changes.relabelled, changes.added, changes.removed)
    changed = [part for part, count in zip(parts, counts, strict=True) if count]
    if changes.range_changed:
        changed.append(_("another range of the values"))
    if not changed:
        return _("Since this run, the pictures were divided anew")
    return _("Since this run: {changes}").format(changes=_(", ").join(changed))


def _running(successor: Path) -> None:
    """Draw the progress of the new run, or why it ended without a result."""
    job = JobDirectory(successor)
    st.markdown(_("The same settings are trained on the newest pictures. Then both are compared here."))
    if not job.status().state.has_ended:
        follow(job, lambda ended: st.rerun(), key="training-again")
        return
    show_error(job.status())
    if st.button(_("Open the new run"), icon=":material/arrow_forward:", key="open-failed"):
        state.choose_run(successor.name)
        st.switch_page(page_file(Step.TRAIN))


def _open_successor(successor: Path) -> None:
    """Draw the way on: from the new run, the next changes can be tried."""
    if st.button(_("Continue with the new run"), icon=":material/arrow_forward:", key="open-successor"):
        state.choose_run(successor.name)
        st.rerun()


def _before_and_after(before: Path, after: Path) -> None:
    try:
        pair = paired(before, after)
        dataset = EvaluatedRun.open(after).dataset
        remember_look(after)
    except DarkroomError as error:
        st.warning(show(error.message), icon=":material/balance:")
        return
    titles = [escape(short_title_of(JobDirectory(run))) for run in (before, after)]
    headline(pair, *titles)
    disagreement_gallery(pair.disagreements, dataset, key=f"again-{after.name}")
    with st.expander(_("All metrics"), on_change="rerun", key="again-metrics") as fold:
        if fold.open:
            with st.spinner(_("Computing intervals")):
                every = paired(before, after, all_metrics=True)
            difference_table(every.comparison, _("Before"), _("After"), key="again-metric-table")
