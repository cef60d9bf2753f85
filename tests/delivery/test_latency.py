"""Latency of delivered classifiers, measured by a job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.delivery import latency
from core.delivery.files import tflite_file
from core.delivery.latency import measure_runs, read_latency
from core.progress import QuietProgress
from core.workspace import project_of


def test_the_latency_of_a_delivered_run_is_stored_with_it(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "_SECONDS", 0.0)
    assert read_latency(finished_run) is None
    directory = project_of(finished_run).jobs / "measure"
    result = measure_runs(directory, {"runs": [finished_run.name, "run-gone"]}, QuietProgress())
    stored = read_latency(finished_run)
    assert stored is not None
    assert result == {"milliseconds": {finished_run.name: stored.milliseconds}}
    assert stored.milliseconds > 0


def test_a_classifier_that_was_delivered_again_has_no_latency_yet(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "_SECONDS", 0.0)
    measure_runs(project_of(finished_run).jobs / "measure", {"runs": [finished_run.name]}, QuietProgress())
    measured = (finished_run / "latency.json").stat().st_mtime_ns
    os.utime(tflite_file(finished_run), ns=(measured + 10, measured + 10))
    assert read_latency(finished_run) is None
