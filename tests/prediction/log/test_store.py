"""Log of answers: bounded, and each picture counts once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.prediction.log import store
from core.prediction.log.settings import LogSettings, log_folder, read_log_settings, write_log_settings
from core.prediction.log.store import (
    AnswerSource,
    LoggedAnswer,
    append_answers,
    forget_answers,
    keep_picture,
    kept_picture,
    logged_answers,
)
from core.workspace import Project


@pytest.fixture
def project(workspace: Path) -> Project:
    return Project(name="P", path=workspace / "projects" / "P")


def line(number: int, run: str = "run-1", label: str = "a") -> LoggedAnswer:
    return LoggedAnswer(
        time=float(number),
        run=run,
        source=AnswerSource.PAGE,
        sha256=f"{number:064x}",
        labels=(label,),
        confidence=0.5,
    )


def test_nothing_is_logged_until_somebody_wants_it(project: Project) -> None:
    assert read_log_settings(project) == LogSettings(is_on=False, keeps_pictures=False)
    write_log_settings(project, LogSettings(is_on=True))
    assert read_log_settings(project).is_on


def test_answers_are_read_by_run_in_their_order(project: Project) -> None:
    append_answers(project, [line(1), line(2, run="run-2")])
    append_answers(project, [line(3)])
    assert [answer.time for answer in logged_answers(project, "run-1")] == [1.0, 3.0]


def test_a_picture_asked_about_twice_counts_once_with_its_last_answer(project: Project) -> None:
    append_answers(project, [line(1, label="a"), line(2), line(1, label="b")])
    assert [answer.labels for answer in logged_answers(project, "run-1")] == [("a",), ("b",)]


def test_the_log_never_exceeds_its_bound(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FILE_BYTES", 300)
    monkeypatch.setattr(store, "MOST_FILES", 3)
    for number in range(40):
        append_answers(project, [line(number)])
    assert len(list(log_folder(project).glob("log-*.jsonl"))) == 3
    kept = [answer.time for answer in logged_answers(project, "run-1")]
    assert kept == list(map(float, range(int(kept[0]), 40)))
    assert 2 <= len(kept) <= 9


def test_a_torn_line_costs_only_itself(project: Project) -> None:
    append_answers(project, [line(1)])
    with next(log_folder(project).glob("log-*.jsonl")).open("a") as stream:
        stream.write('{"time": 2.0, "run"')
    append_answers(project, [line(3), line(4)])
    assert [answer.time for answer in logged_answers(project, "run-1")] == [1.0, 3.0, 4.0]


def test_kept_pictures_are_bounded_and_forgotten_with_the_log(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_PICTURES", 2)
    for number in range(3):
        keep_picture(project, f"{number:064x}", b"picture")
    assert sum(kept_picture(project, f"{number:064x}").exists() for number in range(3)) == 2
    append_answers(project, [line(1)])
    forget_answers(project)
    assert logged_answers(project, "run-1") == []
    assert not any(kept_picture(project, f"{number:064x}").exists() for number in range(3))
