"""Training and search by the metric that matters: it is stored in the run's settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.data.dataset import open_dataset
from core.data.editing.labels import relabel
from core.data.labels.layout import Split
from core.errors import ConfigError
from core.evaluation.leading import choose_metric
from core.jobs.directory import JobDirectory
from core.runs.start_runs import start_search, start_training
from core.search.config import Goal, SearchConfig
from core.training.config import Monitor, TrainingConfig
from core.training.leading_metric import LeadingKind, LeadingMetric
from core.workspace import Project

BY_METRIC = TrainingConfig(dataset_version=1, monitor=Monitor.LEADING)


@pytest.fixture(autouse=True)
def nothing_is_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.start_runs.launch", lambda job, **options: None)


def choose(project: Project, kind: LeadingKind, class_name: str = "") -> LeadingMetric:
    names = ("8", "3", "5") if class_name else ()
    metric = LeadingMetric(kind=kind, class_names=names, class_name=class_name)
    choose_metric(project, metric)
    return metric


def settings_of(job: JobDirectory) -> TrainingConfig:
    return TrainingConfig.from_json(job.config())


def test_a_run_stores_the_metric_for_its_classes(digits_project: Project) -> None:
    """The order of the classes is that of the run's pictures."""
    metric = choose(digits_project, LeadingKind.RECALL, "8")
    stored = settings_of(start_training(digits_project, BY_METRIC)).leading_metric
    assert stored == replace(metric, class_names=open_dataset(digits_project).class_names)


def test_a_run_by_another_metric_stores_none(digits_project: Project) -> None:
    choose(digits_project, LeadingKind.MACRO_F1)
    config = replace(BY_METRIC, monitor=Monitor.LOSS, leading_metric=LeadingMetric())
    assert settings_of(start_training(digits_project, config)).leading_metric is None


def test_a_search_for_the_metric_stores_it(digits_project: Project) -> None:
    metric = choose(digits_project, LeadingKind.MACRO_F1)
    base = replace(BY_METRIC, monitor=Monitor.LOSS)
    job = start_search(digits_project, SearchConfig(base=base, trials=1, goal=Goal.LEADING))
    assert SearchConfig.from_json(job.config()).base.leading_metric == metric


def test_a_class_without_validation_pictures_cannot_judge_training(digits_project: Project) -> None:
    """Every epoch would be as good, and the first would be delivered."""
    choose(digits_project, LeadingKind.F1, "8")
    dataset = open_dataset(digits_project)
    validation = dataset.pictures.iloc[dataset.rows(Split.VALIDATION)]
    relabel(digits_project, validation["id"][validation["label"] == "8"], "3")
    with pytest.raises(ConfigError, match="No validation picture shows “8”"):
        start_training(digits_project, BY_METRIC)
