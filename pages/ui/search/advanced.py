"""Advanced settings of a new search: space, sampler, pruner, scoring and storage."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import streamlit as st

from core.devices import cpu_cores
from core.messages import N_
from core.search.config import MAX_FOLDS, MAX_WORKERS, Pruner, Sampler, Scoring
from core.search.space import SearchSpace, Speed
from core.search.workers.cores import suggested_workers
from core.training.config import TrainingConfig
from core.workspace import Project, list_searches
from pages.ui.search.display_names import PRUNER_NAMES, SAMPLER_NAMES, SCORING_NAMES
from pages.ui.search.reading import search_labels
from pages.ui.search.space import space_editor
from pages.ui.text import _, escape

_SAMPLER_HELP = N_(
    "The sampler proposes the settings of the next trial. TPE (tree-structured Parzen estimator) tries more of what did well; random sampling is the fair comparison; CMA-ES works on numbers only; the grid tries every combination of a few values."
)
_PRUNER_HELP = N_("The pruner stops a trial early if its first epochs do badly. Other trials get the time.")
_SCORING_HELP = N_(
    "Cross-validation trains each trial several times and validates each time on another part of the pictures. It is slower, and chance has less influence."
)
_STORAGE_HELP = N_(
    "Address of a PostgreSQL database that several machines reach, such as postgresql://user:password@host/name. Empty: a file in the search's own folder."
)
_ADDRESS_EXAMPLE = "postgresql://…"  # the same in every language


@dataclass(frozen=True, kw_only=True)
class SearchMethod:
    """Sampler, pruner and scoring of a search."""

    sampler: Sampler
    pruner: Pruner
    scoring: Scoring
    folds: int
    workers: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class AdvancedSettings:
    """Settings of a new search that have good defaults."""

    space: SearchSpace
    method: SearchMethod
    start_from: str
    storage: str


def advanced_settings(project: Project, speed: Speed, base: TrainingConfig) -> AdvancedSettings | None:
    """Draw the settings that few need and return their values; None while one is invalid."""
    with st.expander(_("Advanced"), icon=":material/tune:", key="search-advanced"):
        space = space_editor(speed, base)
        st.markdown(_("**Search method**"))
        method = _search_method(speed)
        start_from, storage = _storage(project)
    if space is None:
        return None
    return AdvancedSettings(space=space, method=method, start_from=start_from, storage=storage)


def _search_method(speed: Speed) -> SearchMethod:
    """Draw sampler, pruner, scoring and number of processes."""
    left, middle, right = st.columns(3)
    with left:
        sampler = st.selectbox(
            _("Sampler"),
            [sampler for sampler in Sampler if sampler is not Sampler.LADDER],
            format_func=lambda one: _(SAMPLER_NAMES[one]),
            help=_(_SAMPLER_HELP),
            key="sampler",
        )
        seed = st.number_input(
            _("Seed"), 0, 2**31 - 1, 0, help=_("The same seed proposes the same first settings."), key="seed"
        )
    with middle:
        pruner = st.selectbox(
            _("Pruner"),
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
            help=_("Number of trials at the same time. This computer has {n} CPU cores.").format(
                n=cpu_cores()
            ),
            key=f"workers-{speed}",
        )
    with right:
        scoring = st.selectbox(
            _("Scored by"),
            list(Scoring),
            format_func=lambda one: _(SCORING_NAMES[one]),
            help=_(_SCORING_HELP),
            key="scoring",
        )
        folds = st.number_input(
            _("Cross-validation folds"), 2, MAX_FOLDS, 5, key="folds",
            disabled=scoring is Scoring.VALIDATION,
        )  # fmt: skip
    return SearchMethod(
        sampler=Sampler(str(sampler)),
        pruner=Pruner(str(pruner)),
        scoring=Scoring(str(scoring)),
        folds=int(folds),
        workers=int(workers),
        seed=int(seed),
    )


def _storage(project: Project) -> tuple[str, str]:
    """Draw the choice of an earlier search to start from, and of a storage shared by several machines."""
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
            _("Storage shared by several machines"),
            placeholder=_ADDRESS_EXAMPLE,
            # The address may contain a password.
            type="password",
            help=_(_STORAGE_HELP),
            key="storage",
        )
    if storage:
        st.caption(escape(_("After the start, other machines with this project join with:")))
        st.code(worker_command(project), language="bash", wrap_lines=True)
    return str(start_from), storage.strip()


def worker_command(project: Project) -> str:
    """Format the command with which another machine joins, without the address: it may contain a password."""
    return f"python -m core search --worker SEARCH --project {shlex.quote(project.name)} --storage ADDRESS"
