"""Looks at a test set: once a run, for the same pictures and labels only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from core.evaluation import looks
from core.evaluation.looks import MOST_LOOKS, TestLooks, TestSetUse, record_look, use_of_test_set
from core.evaluation.report import predictions_file
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.records import read_record, write_record

MakeRun = Callable[..., Path]
LABELS = {"a": "cat", "b": "dog"}


@pytest.fixture
def make_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeRun:
    """An evaluated run, created at a time, with these test pictures."""

    def make(name: str, created: float, labels: dict[str, str] | None = None) -> Path:
        with monkeypatch.context() as patch:
            patch.setattr("time.time", lambda: created)
            run = JobDirectory.create(tmp_path / "runs" / name, JobKind.TRAIN, {}).path
        write_json(run / "evaluation" / "report.json", {})
        table = pd.DataFrame([{"id": "v", "split": "validation", "label": "cat"}])
        tested = [{"id": key, "split": "test", "label": value} for key, value in (labels or LABELS).items()]
        pd.concat([table, pd.DataFrame(tested)]).to_parquet(predictions_file(run))
        return run

    return make


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    return lambda seconds: monkeypatch.setattr("time.time", lambda: seconds)


def test_runs_started_after_the_first_look_are_counted(
    make_run: MakeRun, clock: Callable[[float], None]
) -> None:
    runs = [make_run("one", 10), make_run("two", 20), make_run("three", 40)]
    clock(30)
    record_look(runs[1])
    clock(50)
    record_look(runs[2])
    assert use_of_test_set(runs[0], runs) == TestSetUse(runs=3, looks=2, informed=1)


def test_a_second_look_at_the_same_run_changes_nothing(
    make_run: MakeRun, clock: Callable[[float], None], tmp_path: Path
) -> None:
    run = make_run("one", 10)
    clock(30)
    record_look(run)
    before = (tmp_path / "test_looks.json").stat().st_mtime_ns
    clock(60)
    record_look(run)
    assert (tmp_path / "test_looks.json").stat().st_mtime_ns == before
    (of_set,) = read_record(tmp_path / "test_looks.json", TestLooks).looks.values()
    assert of_set == {"one": 30}


def test_other_pictures_or_labels_are_another_test_set(make_run: MakeRun) -> None:
    """The order of the pictures is no difference."""
    run = make_run("one", 10)
    others = [
        make_run("relabelled", 20, {"a": "cat", "b": "cat"}),
        make_run("more", 30, {**LABELS, "c": "cat"}),
        make_run("turned", 40, {"b": "dog", "a": "cat"}),
    ]
    for one in (run, *others):
        record_look(one)
    assert use_of_test_set(run, [run, *others]).looks == 2
    assert use_of_test_set(run, [run, *others]).runs == 2


def test_looks_outlive_a_deleted_run(make_run: MakeRun) -> None:
    one, two = make_run("one", 10), make_run("two", 20)
    record_look(one)
    record_look(two)
    assert use_of_test_set(two, [two]) == TestSetUse(runs=1, looks=2, informed=0)


def test_runs_that_are_not_evaluated_do_not_count(make_run: MakeRun, tmp_path: Path) -> None:
    one = make_run("one", 10)
    bare = JobDirectory.create(tmp_path / "runs" / "bare", JobKind.TRAIN, {}).path
    assert use_of_test_set(one, [one, bare]) == TestSetUse(runs=1, looks=0, informed=0)


def test_a_test_set_wears_out(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("one", 10)
    digest = looks.digest_of_test_set(run)
    for count in (MOST_LOOKS - 1, MOST_LOOKS):
        seen = {f"run-{number}": 1.0 for number in range(count)}
        write_record(tmp_path / "test_looks.json", TestLooks(looks={digest: seen}))
        assert use_of_test_set(run, [run]).is_worn is (count == MOST_LOOKS)
