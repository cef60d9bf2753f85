"""Settings of a search, in an expander."""

from __future__ import annotations

import streamlit as st

from core.search.config import SearchConfig
from core.search.space import Categorical, Domain
from pages.ui.search.display_names import (
    GOAL_NAMES,
    PRUNER_NAMES,
    SAMPLER_NAMES,
    SCORING_NAMES,
    SPEED_NAMES,
    TRADEOFF_NAMES,
    baseline_sentence,
    dimension_name,
    dimension_value,
    format_budget,
)
from pages.ui.search.reading import Search
from pages.ui.text import _, number


def settings_of_search(search: Search) -> None:
    """Draw the settings and the search space in tables, on request."""
    with st.expander(
        _("Settings of this search"), icon=":material/tune:", on_change="rerun", key="search-settings"
    ) as fold:
        if not fold.open:
            return
        names = {"setting": _("Setting"), "value": _("Value")}
        rows = [{"setting": name, "value": value} for name, value in _facts(search.config).items()]
        st.dataframe(rows, hide_index=True, column_config=names, key="search-facts")
        st.markdown(_("**Varied settings**"))
        varied = [
            {"setting": dimension_name(name), "value": format_domain(name, domain)}
            for name, domain in search.config.space.domains.items()
        ]
        st.dataframe(varied, hide_index=True, column_config=names, key="search-space")


def format_domain(name: str, domain: Domain) -> str:
    """Format the values that a dimension may have."""
    if isinstance(domain, Categorical):
        return " · ".join(dimension_value(name, value) for value in domain.choices)
    form = _("{low} to {high}, logarithmic") if domain.log else _("{low} to {high}")
    return form.format(low=f"{domain.low:g}", high=f"{domain.high:g}")


def _facts(config: SearchConfig) -> dict[str, str]:
    facts = {
        _("Baseline"): baseline_sentence(config.base),
        _("Budget"): format_budget(config),
        _("Objective"): _(GOAL_NAMES[config.goal]),
        _("Second objective"): _(TRADEOFF_NAMES[config.tradeoff]),
        _("Trained in each trial"): _(SPEED_NAMES[config.speed]),
        _("Sampler"): _(SAMPLER_NAMES[config.sampler]),
        _("Pruner"): _(PRUNER_NAMES[config.pruner]),
        _("Scored by"): _(SCORING_NAMES[config.scoring]),
        _("Processes"): number(config.workers),
        _("Seed"): str(config.seed),
    }
    if config.start_from:
        facts[_("Starts from")] = config.start_from
    if config.storage:
        facts[_("Storage")] = _("a database that several machines share")
    return facts
