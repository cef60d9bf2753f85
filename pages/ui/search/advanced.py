"""Advanced settings of a new search: space, sampler, pruner, scoring and storage."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st

from core.devices import cpu_cores
from core.messages import N_
from core.search.config import MAX_FOLDS, MAX_WORKERS, Pruner, Sampler, Scoring
from core.search.space import Speed
from core.search.workers.cores import suggested_workers
from core.training.config import TrainingConfig
from core.workspace import Project, list_searches
from pages.ui.search.display_names import PRUNER_NAMES, SAMPLER_NAMES, SCORING_NAMES
from pages.ui.search.reading import search_labels
from pages.ui.search.space import space_editor
from pages.ui.text import _, escape

_SAMPLER_HELP = N_(
    "Who proposes the next settings. TPE tries more of what did well before; at random is the honest baseline; "
    "CMA-ES is for numbers alone; the grid tries a few values of each, all combined."
)
_PRUNER_HELP = N_("When a trial that does badly while it learns is given up, so that others get its time.")
_SCORING_HELP = N_(
    "Cross-validation trains each trial several times, each time judged on another part of the pictures: "
    "slower, and less fooled by chance."
)
_STORAGE_HELP = N_(
    "The address of a PostgreSQL database, such as postgresql://user:password@host/name, that several machines "
    "reach. Empty: a file in the search's own folder."
)
_ADDRESS_BEGINS = "postgresql://…"  # no word: the same in every language


def advanced(project: Project, speed: Speed, base: TrainingConfig) -> dict[str, Any] | None:
    """The settings of a search besides the questions, by their names; None while one is impossible."""
    with st.expander(_("Advanced"), icon=":material/tune:", key="search-advanced"):
        space = space_editor(speed, base)
        st.markdown(_("**How it searches**"))
        return None if space is None else {"space": space, **_how(speed), **_where(project)}


def _how(speed: Speed) -> dict[str, Any]:
    left, middle, right = st.columns(3)
    with left:
        sampler = st.selectbox(
            _("Who proposes (sampler)"),
            list(Sampler),
            format_func=lambda one: _(SAMPLER_NAMES[one]),
            help=_(_SAMPLER_HELP),
            key="sampler",
        )
        seed = st.number_input(
            _("Seed"), 0, 2**31 - 1, 0, help=_("The same seed proposes the same first settings."), key="seed"
        )
    with middle:
        pruner = st.selectbox(
            _("Give up early (pruner)"),
            list(Pruner),
            format_func=lambda one: _(PRUNER_NAMES[one]),
            help=_(_PRUNER_HELP),
            key="pruner",
        )
        workers = st.number_input(
            _("Processes on this computer"),
            1,
            MAX_WORKERS,
            suggested_workers(speed),
            help=_("Trials at the same time. There are {n} cores here.").format(n=cpu_cores()),
            key=f"workers-{speed}",
        )
    with right:
        scoring = st.selectbox(
            _("Judged on"),
            list(Scoring),
            format_func=lambda one: _(SCORING_NAMES[one]),
            help=_(_SCORING_HELP),
            key="scoring",
        )
        folds = st.number_input(
            _("Parts of a cross-validation"), 2, MAX_FOLDS, 5, key="folds",
            disabled=scoring is Scoring.VALIDATION,
        )  # fmt: skip
    return {
        "sampler": Sampler(str(sampler)).value,
        "pruner": Pruner(str(pruner)).value,
        "scoring": Scoring(str(scoring)).value,
        "folds": int(folds),
        "workers": int(workers),
        "seed": int(seed),
    }


def _where(project: Project) -> dict[str, Any]:
    """An earlier search to start from, and a storage that several machines share."""
    earlier = search_labels(list_searches(project))
    left, right = st.columns(2)
    with left:
        start_from = st.selectbox(
            _("Start from an earlier search"),
            ["", *earlier],
            format_func=lambda name: earlier[name] if name else _("none"),
            help=_("Its best settings are tried first."),
            disabled=not earlier,
            key="start-from",
        )
    with right:
        storage = st.text_input(
            _("Storage that several machines share"),
            placeholder=_ADDRESS_BEGINS,
            type="password",  # it may hold one
            help=_(_STORAGE_HELP),
            key="storage",
        )
    if storage:
        st.caption(escape(_("Once it runs, each other machine that has this project joins with:")))
        st.code(worker_command(project), language="bash", wrap_lines=True)
    return {"start_from": start_from, "storage": storage.strip()}


def worker_command(project: Project) -> str:
    """Command with which another machine joins; without the address, which may hold a password."""
    return f"python -m core search --worker SEARCH --project {shlex.quote(project.name)} --storage ADDRESS"
