"""Size and wear of the test set, on the Evaluate page."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import streamlit as st

from core.errors import DarkroomError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.looks import MOST_LOOKS, record_look, use_of_test_set
from core.evaluation.resolution import resolution_of
from core.workspace import list_runs, project_of
from pages.ui import state
from pages.ui.display_names.labels import label_text
from pages.ui.text import _, escape, ngettext, number, percent, show


def show_resolution(evaluated: EvaluatedRun) -> None:
    """Say which differences the test set is too small to show; nothing where it is large enough."""
    report, test = evaluated.report, evaluated.test
    found = resolution_of(
        test.exact_matches, test.group_indices, report.accuracy_interval, report.majority_baseline
    )
    sentences = []
    if found.holds_baseline:
        sentences.append(
            _(
                "On these pictures, the run cannot be told from always guessing {majority}: {baseline} lies in its interval."
            ).format(
                majority=f"“{escape(label_text(report.majority_class))}”",
                baseline=percent(report.majority_baseline),
            )
        )
    if found.is_too_small:
        sentences.append(
            ngettext(
                "With {n} test picture, differences below {points} points cannot be seen; about {wanted} pictures would narrow it to ±5.",
                "With {n} test pictures, differences below {points} points cannot be seen; about {wanted} pictures would narrow it to ±5.",
                found.pictures,
            ).format(
                n=number(found.pictures),
                points=math.ceil(100 * found.difference),
                wanted=number(found.about_wanted),
            )
        )
    if sentences:
        st.info(" ".join(sentences), icon=":material/straighten:")


def show_teachers(evaluated: EvaluatedRun) -> None:
    """Say of which pictures a cross-validated head has learnt, and which it is measured on."""
    if evaluated.learnt_from_validation:
        st.caption(
            _(
                "There are few pictures, so cross-validation chose the head, and it has learnt from the validation pictures as well. Its results on validation pictures are those of heads that had not seen them. No head has seen the test pictures."
            )
        )


def warn_of_nan(evaluated: EvaluatedRun) -> None:
    """Say for how many test pictures the network has no answer; nothing where all are numbers."""
    if count := evaluated.test.unanswered:
        st.warning(
            ngettext(
                "For {n} test picture the network computes no numbers (NaN): it has no answer, which counts as wrong. Train again with a lower learning rate.",
                "For {n} test pictures the network computes no numbers (NaN): they have no answer, which counts as wrong. Train again with a lower learning rate.",
                count,
            ).format(n=number(count)),
            icon=":material/error:",
        )


def remember_look(run: Path) -> None:
    """Record that this run's result was seen. A look that cannot be stored hides no result."""
    with contextlib.suppress(OSError, DarkroomError):
        record_look(run)


def show_use(evaluated: EvaluatedRun) -> None:
    """Say how often this test set has been used, or that the count cannot be read."""
    try:
        use = use_of_test_set(evaluated.run, list_runs(project_of(evaluated.run)))
    except DarkroomError as error:
        st.warning(show(error.message))
        return
    counts = _(
        "Measured on version {version} of the pictures. Runs measured on these test pictures: {runs}. Results seen: {looks}. Runs started after the first was seen: {informed}."
    ).format(
        version=number(evaluated.dataset.version),
        runs=number(use.runs),
        looks=number(use.looks),
        informed=number(use.informed),
    )
    if not use.is_worn:
        st.caption(counts, help=_danger())
        return
    st.warning(
        f"{counts} "
        + _(
            "By now the best result can be luck, by as much as its interval is wide to one side. Add new pictures, and test on them."
        ),
        icon=":material/visibility:",
    )
    if st.button(_("Add new pictures"), key="add-test-pictures", icon=":material/add_photo_alternate:"):
        state.choose_section("add")
        st.switch_page("data.py")


def _danger() -> str:
    return _(
        "Whoever changes settings until the test result is good chooses what suits these pictures by chance (adaptive overfitting, Dwork 2015). The best of {most} equally good runs looks better than it is by half of the 95% interval. In practice it was often less (Recht 2019). To be safe, choose runs by their validation accuracy, and test on new pictures from time to time."
    ).format(most=MOST_LOOKS)
