"""Pictures of none of the classes: how well they are recognised, and from which score they are turned away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.data.labels.layout import Split
from core.delivery.limits import use_limits
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.intervals import fraction_interval
from core.evaluation.strangers.chosen import has_chosen_limits, known_scores, limit_of, limits_in_use
from core.evaluation.strangers.limits import USUAL_SHARE, likely_shares, reachable_share
from core.evaluation.strangers.materials import KIND_LABELS, StrangerKind
from core.evaluation.strangers.measuring import Scored, Separation, StrangerReport
from core.evaluation.strangers.results import read_stranger_scores, read_strangers
from core.evaluation.thresholds.answers import has_chosen_thresholds
from core.runs.control import finishing_job
from core.runs.start_runs import start_test_again
from core.workspace import project_of
from pages.ui.components.live_chart import live_chart
from pages.ui.evaluate.quality.metric_table import interval_text, table_height
from pages.ui.evaluate.trust.stranger_figures import score_histogram
from pages.ui.evaluate.trust.stranger_pictures import show_known_examples, show_stranger_examples
from pages.ui.jobs import follow, show_error, try_to
from pages.ui.text import _, number, percent

# Of known pictures; 0: none is turned away.
_SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


def show_strangers(evaluated: EvaluatedRun) -> None:
    """Draw the measured score, the choice of its limit, and examples."""
    st.subheader(
        _("None of these classes"),
        anchor=False,
        help=_(
            "A classifier knows nothing but its classes. The stranger score says how little a picture looks like any of them, by the network's features and by how sure the answer is."
        ),
    )
    report = read_strangers(evaluated.run)
    if evaluated.is_ensemble and report is None:
        st.markdown(
            _(
                "An ensemble has the mean stranger score of its members. One of them has none, or an older version joined it: test its members again, and join them once more."
            )
        )
        return
    if not (evaluated.was_trained or evaluated.is_ensemble):
        st.markdown(_("Only a run that was trained here has the features that the score needs."))
        return
    if report is None:
        _test_again(evaluated)
        return
    validation = known_scores(evaluated.run, evaluated.dataset, Split.VALIDATION)
    test = known_scores(evaluated.run, evaluated.dataset, Split.TEST)
    strangers = read_stranger_scores(evaluated.run)
    _quality(report)
    limit = _choose_limit(evaluated, validation)
    _turned_away(test, strangers, limit)
    live_chart(
        score_histogram(test.scores, strangers["score"].to_numpy(), limit),
        mode_bar=False,
        key="stranger-scores",
    )
    _kinds(report, strangers, limit)
    if limit is not None:
        show_known_examples(evaluated, test.scores, limit)
        show_stranger_examples(evaluated, strangers, limit)


def _test_again(evaluated: EvaluatedRun) -> None:
    """Draw the button that tests and exports the run again, or the progress of that."""
    run = evaluated.run
    job = finishing_job(project_of(run), run)
    if job is not None and not job.status().state.has_ended:
        follow(job, lambda ended: None, key="test-again-job")
        return
    st.markdown(
        _(
            "This was not measured for this run: an older version tested it, or it has hardly any training pictures. Testing again takes as long as the first test; the classifier stays the same."
        )
    )
    if has_chosen_thresholds(run) or has_chosen_limits(run):
        st.markdown(_("Thresholds and limits that were chosen go back to their defaults: choose them again."))
    if job is not None:
        show_error(job.status())
    if st.button(_("Test this run again"), type="primary", key="test-again"):
        try_to(lambda: start_test_again(run))
        st.rerun()


def _quality(report: StrangerReport) -> None:
    if report.separation is None:
        st.markdown(_("There is no test picture to measure this with."))
        return
    st.markdown(
        _(
            "A stranger gets a higher score than a picture of your classes in **{share}** of all cases ({interval})."
        ).format(share=percent(report.separation.auroc), interval=interval_text(report.separation.interval)),
        help=_(
            "The area under the ROC curve: 50% is chance. By the highest probability alone it would be {softmax}, by the energy of the logits {energy}."
        ).format(softmax=_area(report.maximum_softmax), energy=_area(report.energy)),
    )


def _area(separation: Separation | None) -> str:
    return percent(separation.auroc) if separation else "–"


def _choose_limit(evaluated: EvaluatedRun, validation: Scored) -> float | None:
    """Draw the choice of the share of known pictures, and the button that uses it; returns the limit."""
    in_use = limits_in_use(evaluated.run, evaluated.dataset)
    limits = {share: limit_of(validation, share) if share else None for share in _SHARES}
    current = [share for share, limit in limits.items() if limit == in_use.stranger_limit]
    share = st.select_slider(
        _("Known pictures that may be turned away"),
        _SHARES,
        USUAL_SHARE if USUAL_SHARE in current or not current else current[0],
        format_func=lambda value: percent(value) if value else _("none"),
        help=_(
            "Every limit turns away some pictures of your classes. The more of them you accept, the more strangers are recognised. The limit is set on the validation pictures."
        ),
        key=f"stranger-share-{evaluated.run.name}",
    )
    if share and share < (reachable := reachable_share(validation.groups)):
        st.caption(
            _(
                "With {n} validation pictures, less than {share} cannot be promised. The limit is the highest of their scores."
            ).format(n=number(len(validation.scores)), share=percent(reachable))
        )
    if share and len(validation.scores):
        low, high = likely_shares(share, validation.groups)
        st.caption(
            _(
                "Of new pictures of your classes, it will be between {low} and {high}, by the number of validation pictures."
            ).format(low=percent(low), high=percent(high))
        )
    limit = limits[share]
    if limit != in_use.stranger_limit and st.button(
        _("Use in predictions and exports") if share else _("Never turn a picture away"),
        key="use-stranger-limit",
    ):
        use_limits(evaluated.run, replace(in_use, stranger_limit=limit))
        st.rerun()
    return limit


def _turned_away(test: Scored, strangers: pd.DataFrame, limit: float | None) -> None:
    """Say how many test pictures and strangers the limit turns away."""
    if limit is None or not len(test.scores):
        return
    known, strange = test.scores > limit, strangers["score"].to_numpy() > limit
    st.markdown(
        _(
            "This limit turns away **{strange}** of the strangers ({strange_interval}) and **{known}** of the test pictures of your classes ({known_interval})."
        ).format(
            strange=percent(strange.mean()) if len(strange) else "–",
            strange_interval=interval_text(fraction_interval(strange, strangers["group"].to_numpy())),
            known=percent(known.mean()),
            known_interval=interval_text(fraction_interval(known, test.groups)),
        )
    )


def _kinds(report: StrangerReport, strangers: pd.DataFrame, limit: float | None) -> None:
    """Draw a table with the strangers of each kind."""
    rows = []
    for kind, separation in report.by_kind.items():
        scores = strangers["score"].to_numpy()[(strangers["kind"] == kind).to_numpy()]
        rows.append(
            {
                "kind": _(KIND_LABELS[StrangerKind(kind)]),
                "pictures": len(scores),
                "area": f"{percent(separation.auroc)} ({interval_text(separation.interval)})",
                "turned": percent(float(np.mean(scores > limit))) if limit is not None else "–",
            }
        )
    if not rows:
        return
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "kind": _("Strangers"),
            "pictures": _("Pictures"),
            "area": _("Higher score than known pictures"),
            "turned": _("Turned away"),
        },
        height=table_height(len(rows)),
        key="stranger-kinds",
    )
