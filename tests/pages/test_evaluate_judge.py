"""Section of the Evaluate page for models made elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import open_dataset
from core.evaluation.evaluated_run import MeasuredOn, write_measured_on
from core.evaluation.foreign.facts import (
    ChannelOrder,
)
from core.evaluation.foreign.preprocessing import scaled
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.workspace import Project
from tests.support.judged_models import store_judgement, store_model

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]


def texts(app: AppTest) -> str:
    shown = "\n".join(item.value for item in (*app.markdown, *app.caption))
    return shown.replace("\\", "")


def captions(app: AppTest) -> str:
    """The captions below pictures."""
    return "".join(element.proto.body for element in app.get("html"))


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    jobs: list[JobDirectory] = []
    monkeypatch.setattr("core.runs.judging.launch", jobs.append)
    return jobs


def test_one_press_tests_the_model_with_matched_classes(
    open_page: OpenPage, project: Project, make_run: MakeRun, launched: list[JobDirectory]
) -> None:
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    store_model(project, ("0", "one", "2"))
    app = open_page("evaluate", section="judge")
    shown = texts(app)
    assert "**TFLite** · theirs.tflite" in shown
    assert "96 × 96 pixels, channels last, float32" in shown
    assert "values 0 to 1, red, green, blue, stretched to the input (guessed:" in shown
    assert "The model does not know: 1. Their pictures count as wrong." in shown
    assert "The project does not know: one." in shown
    app.button(key="judge-start-theirs").click().run()
    assert not app.exception
    (job,) = launched
    assert job.kind is JobKind.JUDGE_MODEL
    assert job.config()["changes"] == {"0": "0", "one": "", "2": "2"}
    assert job.config()["preprocessing"] is None


def test_without_an_equal_name_order_is_offered(
    open_page: OpenPage, project: Project, make_run: MakeRun, launched: list[JobDirectory]
) -> None:
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    store_model(project, ("a", "b", "c"))
    app = open_page("evaluate", section="judge")
    assert app.button(key="judge-start-theirs").disabled
    assert "None of its classes has the name" in app.info[-1].value
    app.checkbox(key="judge-order-theirs").check().run()
    app.selectbox(key="judge-scale-theirs").select("symmetric").run()
    app.selectbox(key="judge-colours-theirs").select("bgr").run()
    app.button(key="judge-start-theirs").click().run()
    assert not app.exception
    (job,) = launched
    assert job.config()["changes"] == {"a": "0", "b": "1", "c": "2"}
    assert job.config()["preprocessing"] == scaled("symmetric", ChannelOrder.BGR).to_json()


def test_a_model_without_names_answers_by_the_projects_classes(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """“0” says nothing; its order is taken until the box is unticked."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    store_model(project, ("no. 1", "no. 2", "no. 3"), has_names=False)
    app = open_page("evaluate", section="judge")
    assert app.checkbox(key="judge-order-theirs").value
    assert not app.button(key="judge-start-theirs").disabled
    assert "<b>0</b>" in captions(app)
    app.checkbox(key="judge-order-theirs").uncheck().run()
    assert "<b>class no. 1</b>" in captions(app)


def test_a_model_is_judged_in_a_project_that_never_trained(
    open_page: OpenPage, project: Project, launched: list[JobDirectory]
) -> None:
    """A dataset with a split is enough, as on the command line."""
    store_judgement(project, store_model(project, ("0", "one", "2")))
    app = open_page("evaluate")
    assert "There is no trained classifier yet." in app.info[0].value
    assert [metric.value for metric in app.metric] == ["33.3%"]
    app.button(key="judge-start-theirs").click().run()
    assert not app.exception
    assert launched[0].config()["dataset_version"] == open_dataset(project).version


def test_a_model_whose_pictures_are_gone_is_one_sentence(
    open_page: OpenPage, project: Project, make_run: MakeRun
) -> None:
    """It was tested on a version that is no longer there."""
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    folder = store_model(project, ("0", "one"))
    store_judgement(project, folder)
    dataset = open_dataset(project)
    write_measured_on(folder, MeasuredOn(dataset_version=99, class_names=dataset.class_names))
    app = open_page("evaluate", section="judge")
    assert not app.exception
    assert "no pictures in version 99" in app.info[0].value


def test_its_score_stands_beside_the_runs(open_page: OpenPage, project: Project, make_run: MakeRun) -> None:
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    folder = store_model(project, ("0", "one"))
    store_judgement(project, folder)
    app = open_page("evaluate", section="judge")
    scores = {metric.label: metric.value for metric in app.metric}
    assert scores["theirs"] == "33.3%"
    assert len(scores) == 2
    assert "The model does not know: 2." in texts(app)
    assert "red, green, blue, cropped from the middle (45%)" in texts(app)
    assert app.button(key="robustness-start").label == "Test robustness"
    app.button(key="judge-remove-theirs").click().run()
    assert not app.exception
    assert not folder.exists()
