"""Advice on the Evaluate page, and the places that its buttons open."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.evaluation.advice import advice as links
from core.evaluation.advice import table
from core.evaluation.advice.advice import CHECK_PICTURES, SEE_SLICES, Advice, Link
from core.evaluation.advice.table import Adviser
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.messages import Message
from core.workspace import Project
from pages.ui.evaluate.failures.section import PARTS
from pages.ui.evaluate.sections import SECTIONS
from pages.ui.steps import Step
from tests.support.tables import extend_table

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]
# Sections of pages that are scripts: reading them would draw them.
DATA_SECTIONS, TRAIN_SECTIONS = {"add", "check", "split"}, {"new"}


def adviser(link: Link) -> Adviser:
    advice = Advice(
        message=Message("Look at “{name}”.", {"name": "a_b*"}),
        reason=Message("Because of {n} pictures.", {"n": 3}),
        link=link,
        weight=0.5,
    )
    return Adviser(code="own", function=lambda evidence: advice)


def texts(app: AppTest) -> str:
    return "\n".join(item.value for item in (*app.markdown, *app.caption))


@pytest.mark.parametrize(
    ("link", "section"), [(CHECK_PICTURES, "check"), (SEE_SLICES, "mistakes")], ids=["data", "evaluate"]
)
def test_advice_leads_to_where_it_is_carried_out(
    open_page: OpenPage,
    project: Project,
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    link: Link,
    section: str,
) -> None:
    """Names from pictures are no Markdown."""
    monkeypatch.setattr(table, "ADVISERS", (adviser(link),))
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="next")
    assert r"**Look at “a\_b\*”.**" in texts(app)
    assert "Because of 3 pictures." in texts(app)
    app.button(key="follow-own").click().run()
    assert not app.exception
    assert app.query_params["section"] == section
    if link.part:
        assert app.query_params["part"] == link.part


def test_a_new_adviser_is_heard_on_the_page_and_in_the_command_line(
    open_page: OpenPage,
    project: Project,
    make_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its row in the table is all that it takes."""
    extend_table(monkeypatch, table.ADVISERS, adviser(CHECK_PICTURES))
    run = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    assert "Because of 3 pictures." in texts(open_page("evaluate", section="next"))
    assert main(["evaluate", run.name, "--json"]) == 0
    assert "own" in [advice["code"] for advice in json.loads(capsys.readouterr().out)["advice"]]


def test_without_evidence_nothing_is_advised(
    open_page: OpenPage, project: Project, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "ADVISERS", ())
    make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    app = open_page("evaluate", section="next")
    assert "Nothing stands out" in texts(app)
    app.button(key="evidence-robustness").click().run()
    assert not app.exception
    assert app.query_params["section"] == "robustness"


def test_every_link_leads_somewhere() -> None:
    known = {
        Step.EVALUATE: set(SECTIONS),
        Step.DATA: DATA_SECTIONS,
        Step.TRAIN: TRAIN_SECTIONS,
    }
    all_links = [value for value in vars(links).values() if isinstance(value, Link)]
    assert len(all_links) > 5
    for link in all_links:
        step = Step(link.page)
        assert not link.section or link.section in known[step], link
        assert not link.part or link.part in PARTS, link
