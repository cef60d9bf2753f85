"""Choice of the metric that matters in a project, on the Evaluate page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.data.labels.task import Task
from core.errors import ConfigError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.leading import choose_metric, leading_metric
from core.runs.setting_names import LEADING_KIND_NAMES
from core.training.leading_metric import MOST_CLASSES_WITH_MATRIX, LeadingKind, LeadingMetric
from core.workspace import project_of
from pages.ui.text import _, show


def show_choice(evaluated: EvaluatedRun) -> None:
    """Draw the choice of the metric that leads in the project."""
    names, task = evaluated.dataset.class_names, evaluated.dataset.task
    project = project_of(evaluated.run)
    current = leading_metric(project, names).metric
    with st.expander(_("The metric that matters"), key="leading-metric"):
        st.caption(
            _(
                "It leads here and in the comparison of runs. Training can stop by it, and a search can aim at it."
            )
        )
        metric = _chosen(names, task, current)
        if st.button(_("Use this metric"), disabled=metric in {None, current}, key="use-metric"):
            choose_metric(project, metric or current)
            st.rerun()


def _chosen(names: Sequence[str], task: Task, current: LeadingMetric) -> LeadingMetric | None:
    """Draw the fields; returns None as long as costs are missing."""
    # With several labels the mean of the recalls is no accuracy.
    kinds = [
        kind for kind in LeadingKind if task is Task.MULTI_CLASS or kind is not LeadingKind.BALANCED_ACCURACY
    ]
    kind = st.selectbox(
        _("Metric"),
        kinds,
        index=kinds.index(current.kind),
        format_func=lambda kind: _(LEADING_KIND_NAMES[kind]),
        key="leading-kind",
    )
    if kind.needs_class:
        at = names.index(current.class_name) if current.class_name in names else 0
        name = st.selectbox(_("Class"), names, index=at, key="leading-class")
        if kind is not LeadingKind.F1:
            st.caption(
                _(
                    "Alone, it can be perfect for a useless classifier. F1 or costs watch both kinds of mistakes."
                )
            )
        return LeadingMetric(kind=kind, class_names=tuple(names), class_name=name)
    if kind is not LeadingKind.COST:
        return LeadingMetric(kind=kind)
    try:
        return _costs(names, task, current)
    except ConfigError as error:
        st.warning(show(error.message))
        return None


def _costs(names: Sequence[str], task: Task, current: LeadingMetric) -> LeadingMetric:
    """Draw the table of costs: of every mistake, or with many classes of missing each class."""
    metric = LeadingMetric(
        kind=LeadingKind.COST, class_names=tuple(names), miss_costs=current.miss_costs or (1.0,) * len(names)
    )
    if task is Task.MULTI_CLASS and len(names) <= MOST_CLASSES_WITH_MATRIX:
        st.caption(_("Rows are the true classes, columns the answers. Only the ratio of the costs counts."))
        costs = np.array(current.costs) if current.costs else 1.0 - np.eye(len(names))
        table = pd.DataFrame(costs, index=pd.Index(names), columns=pd.Index(names))
        matrix = st.data_editor(table, key="cost-matrix").to_numpy(np.float64)
        return replace(metric, miss_costs=(), costs=tuple(tuple(row) for row in matrix.tolist()))
    st.caption(
        _("The cost of a picture of each class that is missed; a label that is wrongly added costs 1.")
        if task is Task.MULTI_LABEL
        else _("The cost of a wrong answer to a picture of each class.")
    )
    column = _("Cost of a miss")
    table = pd.DataFrame({column: metric.miss_costs}, index=pd.Index(names))
    edited = st.data_editor(table, key="miss-costs")[column].to_numpy(np.float64)
    return replace(metric, miss_costs=tuple(edited.tolist()))
