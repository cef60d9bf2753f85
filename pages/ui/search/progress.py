"""How far a search is, what it works on, and why trials failed."""

from __future__ import annotations

import time
from collections import Counter

import streamlit as st

from core.jobs.status import JobState, JobStatus
from core.messages import Message
from core.search.records import TrialState, counts
from core.search.space import Speed
from pages.ui.jobs import progress_text
from pages.ui.search.display_names import SPEED_NAMES, dimension_name, dimension_value, value_words
from pages.ui.search.reading import Search
from pages.ui.text import _, duration, escape, ngettext, number, show

_MOST_GOING = 4  # trials at work that are named


def progress(search: Search, status: JobStatus) -> None:
    """A bar, what was found so far, and what is being tried."""
    with st.container(border=True, key="search-progress"):
        st.progress(min(1.0, fraction(search, status)), text=_headline(search, status))
        st.caption(escape(" · ".join(_facts(search, status)) or _("Starting")))
        for going in search.now.going[:_MOST_GOING]:
            chosen = ", ".join(
                f"{dimension_name(name)} {dimension_value(name, value)}"
                for name, value in going.params.items()
            )
            since = duration(time.time() - going.began)
            words = _("Trial {n}, for {time}: {settings}").format(
                n=going.number, time=since, settings=chosen or _("your own settings")
            )
            st.caption(f":material/pending: {escape(words)}")


def fraction(search: Search, status: JobStatus) -> float:
    """How much of the budget is used, 0 to 1, by whichever bound comes first."""
    if status.state is not JobState.RUNNING:
        return status.fraction
    config = search.config
    shares = [status.fraction]
    if config.minutes:
        shares.append(min(0.99, search.now.seconds / (60 * config.minutes)))
    if config.trials:
        shares.append(min(0.99, len(search.trials) / config.trials))
    return max(shares)


def state_counts(search: Search) -> str:
    """How many trials ended how, in plain words."""
    found = counts(search.trials)
    parts = [ngettext("{n} complete", "{n} complete", found["complete"]).format(n=number(found["complete"]))]
    if found["pruned"]:
        parts.append(_("{n} given up early").format(n=number(found["pruned"])))
    if found["failed"]:
        parts.append(_("{n} failed").format(n=number(found["failed"])))
    return ", ".join(parts)


def failures(search: Search) -> None:
    """Why trials failed: each reason once, with how many it ended. A search survives them."""
    failed = [trial for trial in search.trials if trial.state is TrialState.FAILED]
    if not failed:
        return
    unknown = Message(_("The reason is not known."))
    reasons = Counter(show(trial.reason or unknown) for trial in failed)
    words = ngettext(
        "{n} trial failed; the search went on without it.",
        "{n} trials failed; the search went on without them.",
        len(failed),
    )
    lines = [
        f"- {reason} ({times}×)" if times > 1 else f"- {reason}" for reason, times in reasons.most_common()
    ]
    with st.expander(words.format(n=len(failed)), icon=":material/report:", key="failures"):
        st.markdown("\n".join(lines))


def _headline(search: Search, status: JobStatus) -> str:
    if status.state is not JobState.RUNNING or not search.trials:
        return progress_text(status)
    best = search.best
    words = _(SPEED_NAMES[Speed(search.now.stage)])
    if best is None:
        return words
    found = _("best so far {value}").format(value=value_words(best.value, search.config.goal))
    return f"{words} · {found}"


def _facts(search: Search, status: JobStatus) -> list[str]:
    """Trials by how they ended, their pace, and the time left."""
    parts = [state_counts(search)] if search.trials else []
    if search.now.seconds and len(search.trials) > 1:
        pace = 60 * len(search.trials) / search.now.seconds
        parts.append(_("{rate} trials a minute").format(rate=number(float(f"{pace:.2g}"))))
    left = _seconds_left(search, status)
    if left is not None:
        parts.append(_("about {time} left").format(time=duration(left)))
    if search.now.workers > 1:
        parts.append(_("{n} processes").format(n=search.now.workers))
    return parts


def _seconds_left(search: Search, status: JobStatus) -> float | None:
    if status.seconds_left is not None:
        return status.seconds_left
    if search.config.minutes and status.state is JobState.RUNNING:
        return max(0.0, 60 * search.config.minutes - search.now.seconds)
    return None
