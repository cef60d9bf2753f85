"""Adaptation on the Model page: started, paused, resumed, chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs.directory import list_jobs
from core.jobs.status import JobState
from core.workspace import Project, project_settings
from pages.ui.settings import next_config
from tests.support.adapted import adaptation_job, adapted_backbone
from tests.support.page_queries import parts, said

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)


def keys(app: AppTest) -> list[str]:
    return [button.key for button in parts(app, "button")]


def test_too_few_pictures_are_said_before_anything_starts(open_page: OpenPage, project: Project) -> None:
    app = open_page("model")
    assert "at least 50 training or unlabelled pictures, and there are" in said(app)
    assert "adapt" not in keys(app)


def test_one_button_starts_an_adaptation_of_the_chosen_backbone(
    open_page: OpenPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pages.ui.model.adaptation", "core.training.adaptation.pictures"):
        monkeypatch.setattr(f"{module}.LEAST_PICTURES", 5)
    monkeypatch.setattr("core.runs.start_project_jobs.launch", lambda job: None)
    app = open_page("model")
    app.button(key="adapt").click().run()
    (job,) = list_jobs(project.adaptations)
    assert job.config()["backbone"] == "efficientnet_lite0"
    assert {"pause-adaptation", "stop-adaptation"} <= set(keys(app))
    assert "adapt" not in keys(app)


def test_an_adapted_backbone_is_chosen_for_the_next_run(open_page: OpenPage, project: Project) -> None:
    key = adapted_backbone(project)
    app = open_page("model")
    assert "84 pictures took part. 2 were left out, because they resemble test or validation" in said(app)
    app.button(key=f"choose-{key}").click().run()
    assert project_settings(project)["backbone"] == key
    assert next_config(project).backbone == key
    assert not app.exception


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.INTERRUPTED, JobState.STOPPED])
def test_an_adaptation_that_is_not_whole_can_go_on(
    open_page: OpenPage, project: Project, state: JobState
) -> None:
    adaptation_job(project, state)
    assert "resume-adaptation" in keys(open_page("model"))
