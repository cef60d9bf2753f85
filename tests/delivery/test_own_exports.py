"""Darkroom's own exports are judged by what they state: no guess, no question, the accuracy of their run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.delivery.exporter import Exporter, FinishedModel
from core.delivery.formats.graphs.onnx_format import ONNX
from core.delivery.formats.graphs.saved_model_format import SAVED_MODEL
from core.delivery.formats.keras_format import KERAS
from core.delivery.formats.litert.tflite_format import TFLITE
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import InspectionRequest, JudgementRequest
from core.evaluation.foreign.job import inspect, judge
from core.evaluation.foreign.judged_model import read_facts, read_judgement
from core.evaluation.foreign.preprocessing import code_of
from core.progress import QuietProgress
from core.workspace import project_of
from tests.support.tiny_classifier import made


@pytest.mark.parametrize("exporter", [TFLITE, KERAS, SAVED_MODEL, ONNX], ids=lambda row: row.code)
def test_an_export_of_a_run_is_judged_as_the_run(small_run: Path, tmp_path: Path, exporter: Exporter) -> None:
    """The digits are grey, so a guess could not tell red first from blue first."""
    run, project = EvaluatedRun.open(small_run), project_of(small_run)
    source = tmp_path / f"theirs{exporter.suffix}"
    shutil.copyfile(made(exporter, FinishedModel(small_run)), source)
    directory, version = project.jobs / "inspection", run.dataset.version
    directory.mkdir(parents=True)
    request = InspectionRequest(source=source, name="theirs", dataset_version=version)
    inspect(directory, request.to_json(), QuietProgress())
    facts = read_facts(project.judged / "theirs")
    assert (facts.class_names, facts.has_class_names) == (run.dataset.class_names, True)
    assert facts.preprocessing is not None
    assert (code_of(facts.preprocessing), facts.guessed_on, facts.alternatives) == ("bytes", 0, ())
    judge(directory, JudgementRequest(name="theirs", dataset_version=version).to_json(), QuietProgress())
    judgement = read_judgement(project.judged / "theirs")
    assert (judgement.guessed_on, judgement.lacking, judgement.foreign) == (0, (), ())
    judged = EvaluatedRun.open(project.judged / "theirs")
    assert judged.report.accuracy == run.report.accuracy
    np.testing.assert_allclose(judged.test.probabilities, run.test.probabilities, atol=1e-3)
