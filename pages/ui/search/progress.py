"""Progress of a search: its budget, the running trials, and the reasons of failed ones."""

from __future__ import annotations

import time
from collections import Counter

import streamlit as st

from core.jobs.status import JobState, JobStatus
from core.messages import Message
from core.search.records import TrialState, counts
from pages.ui.jobs import progress_text
from pages.ui.search.display_names import SPEED_NAMES, dimension_name, dimension_value, format_value
from pages.ui.search.reading import Search
from pages.ui.text import _, duration, escape, ngettext, number, show, time_left

_MAX_RUNNING = 4  # running trials that are listed


def progress(search: Search, status: JobStatus) -> None:
    """Show a progress bar, the best value so far, and the running trials."""
    with st.container(border=True, key="search-progress"):
        st.progress(min(1.0, fraction(search, status)), text=_headline(search, status))
        st.caption(escape(" · ".join(_facts(search, status)) or _("Starting")))
        for trial in search.progress.running[:_MAX_RUNNING]:
            chosen = ", ".join(
                f"{dimension_name(name)} {dimension_value(name, value)}"
                for name, value in trial.params.items()
            )
            since = duration(time.time() - trial.began)
            line = _("Trial {n}, for {time}: {settings}").format(
                n=trial.number, time=since, settings=chosen or _("baseline")
            )
            st.caption(f":material/pending: {escape(line)}")


def fraction(search: Search, status: JobStatus) -> float:
    """Compute the used share of the budget, 0 to 1, by the nearer limit."""
    if status.state is not JobState.RUNNING:
        return status.fraction
    config = search.config
    shares = [status.fraction]
    if config.minutes:
        shares.append(min(0.99, search.progress.seconds / (60 * config.minutes)))
    if config.trials:
        shares.append(min(0.99, len(search.trials) / config.trials))
    return max(shares)


def state_counts(search: Search) -> str:
    """Format the numbers of trials by their final state."""
    by_state = counts(search.trials)
    complete = by_state["complete"]
    parts = [ngettext("{n} complete", "{n} complete", complete).format(n=number(complete))]
    if by_state["pruned"]:
        parts.append(_("{n} pruned").format(n=number(by_state["pruned"])))
    if by_state["failed"]:
        parts.append(_("{n} failed").format(n=number(by_state["failed"])))
    return ", ".join(parts)


def failures(search: Search) -> None:
    """Show the distinct reasons of failed trials with their counts; the search continues after them."""
    failed = [trial for trial in search.trials if trial.state is TrialState.FAILED]
    if not failed:
        return
    unknown = Message(_("The reason is not known."))
    reasons = Counter(show(trial.reason or unknown) for trial in failed)
    title = ngettext(
        "{n} trial failed; the search continued.",
        "{n} trials failed; the search continued.",
        len(failed),
    )
    lines = [
        f"- {reason} ({times}×)" if times > 1 else f"- {reason}" for reason, times in reasons.most_common()
    ]
    with st.expander(title.format(n=len(failed)), icon=":material/report:", key="failures"):
        st.markdown("\n".join(lines))


def _headline(search: Search, status: JobStatus) -> str:
    if status.state is not JobState.RUNNING or not search.trials:
        return progress_text(status)
    best = search.best
    stage = _(SPEED_NAMES[search.progress.stage])
    if best is None:
        return stage
    best_value = _("best so far {value}").format(value=format_value(best.value, search.config.goal))
    return f"{stage} · {best_value}"


def _facts(search: Search, status: JobStatus) -> list[str]:
    """Format trials by state, trials a minute, and the time left."""
    parts = [state_counts(search)] if search.trials else []
    if search.progress.seconds and len(search.trials) > 1:
        rate = 60 * len(search.trials) / search.progress.seconds
        parts.append(_("{rate} trials a minute").format(rate=number(float(f"{rate:.2g}"))))
    left = _seconds_left(search, status)
    if left is not None:
        parts.append(time_left(left))
    if search.progress.workers > 1:
        parts.append(_("{n} processes").format(n=search.progress.workers))
    return parts


def _seconds_left(search: Search, status: JobStatus) -> float | None:
    if status.seconds_left is not None:
        return status.seconds_left
    if search.config.minutes and status.state is JobState.RUNNING:
        return max(0.0, 60 * search.config.minutes - search.progress.seconds)
    return None
