"""Results of a batch: counts first, then the pictures as a table or a gallery, and downloads."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.http.answers import answers_address
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.rows import Status
from core.prediction.batch.files.table import RESULT_FORMATS
from core.prediction.batch.records import BatchFacts
from core.prediction.results import Selection, chosen_rows, class_counts, results_of, status_counts
from core.workspace import Project
from pages.ui.components.live_chart import live_chart
from pages.ui.predict.charts import answers_chart
from pages.ui.predict.gallery import show_gallery
from pages.ui.predict.result_table import STATUS_NAMES, show_table
from pages.ui.text import _, ngettext, number
from pages.ui.urls import own_url

_TABLES_KEPT = 2
_SHOWN_STATUS = (Status.UNSURE, Status.STRANGER, Status.UNREADABLE)


def show_results(project: Project, batch: Batch, facts: BatchFacts) -> None:
    """Draw the answers of a batch so far."""
    results = _results(str(batch.path), batch.job.status().updated or 0.0, batch)
    if results.empty:
        return
    _summary(results, facts)
    selection = _selection(facts)
    shown = results.iloc[chosen_rows(results, selection, facts.labels.task)]
    view = st.segmented_control(
        _("View"),
        ["gallery", "table"],
        default="gallery",
        required=True,
        format_func={"gallery": _("Gallery"), "table": _("Table")}.__getitem__,
        label_visibility="collapsed",
        key="batch-view",
    )
    if shown.empty:
        st.info(_("No picture matches the filters."), icon=":material/search_off:")
    elif view == "table":
        show_table(shown, facts.labels)
    else:
        show_gallery(project, batch, shown)
    _downloads(project, batch)


@st.cache_data(max_entries=_TABLES_KEPT, show_spinner=False)
def _results(path: str, updated: float, _batch: Batch) -> pd.DataFrame:
    """Read the results once for all reruns of the page."""
    return results_of(_batch)


def _summary(results: pd.DataFrame, facts: BatchFacts) -> None:
    """Draw how many pictures there are of each class, and how many have no clear answer."""
    counts = status_counts(results)
    helps = {
        Status.UNSURE: _("Less sure than the least confidence that was chosen on the Evaluate page."),
        Status.STRANGER: _("They look like none of the classes."),
        Status.UNREADABLE: _("Files that are no pictures, or damaged. The table says why."),
    }
    with st.container(horizontal=True, key="batch-summary"):
        st.metric(_("Pictures"), number(len(results)), width="content")
        for status in _SHOWN_STATUS:
            # Nothing is unsure as long as no least confidence is chosen.
            if status is Status.UNSURE and facts.labels.least_confidence is None:
                continue
            st.metric(_(STATUS_NAMES[status]), number(counts[status]), width="content", help=helps[status])
    if noted := int(results["misfit"].notna().sum()):
        text = ngettext(
            "{n} answer has a note, which the table shows.",
            "{n} answers have a note, which the table shows.",
            noted,
        )
        st.caption(text.format(n=number(noted)))
    task = facts.labels.task
    answered, unsure = (class_counts(results, status, task) for status in (Status.ANSWERED, Status.UNSURE))
    live_chart(answers_chart(facts.labels.class_names, answered, unsure), mode_bar=False, key="batch-classes")


def _selection(facts: BatchFacts) -> Selection:
    """Draw the filters."""
    first, second, third = st.columns([2, 2, 3], gap="medium", vertical_alignment="bottom")
    status = first.selectbox(
        _("Answers"),
        list(Status),
        index=None,
        placeholder=_("All"),
        format_func=lambda status: _(STATUS_NAMES[status]),
        key="batch-status",
    )
    name = second.selectbox(
        _("Class"), list(facts.labels.class_names), index=None, placeholder=_("All"), key="batch-class"
    )
    low, high = third.slider(
        _("Confidence"),
        0,
        100,
        (0, 100),
        format="%d%%",
        help=_("Probability that the whole answer is right."),
        key="batch-confidence",
    )
    return Selection(status=status, class_name=name, least_confidence=low / 100, most_confidence=high / 100)


def _downloads(project: Project, batch: Batch) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="batch-downloads"):
        for result_format in RESULT_FORMATS:
            st.link_button(
                _(result_format.label),
                own_url(answers_address(project.name, batch.job.name, result_format.code)),
                icon=":material/download:",
                key=f"download-{result_format.code}",
            )
