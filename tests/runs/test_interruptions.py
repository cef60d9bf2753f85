"""Interruptions of work on a run: a choice, a deletion, an erasure, a switched-off computer."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.editing.versions import erase
from core.data.labels.layout import Split
from core.delivery import export
from core.delivery.answering import Answerer, Answers
from core.delivery.exporter import DeliveredModel
from core.delivery.files import Labels, ParityProof, parity_file, tflite_file, write_labels
from core.delivery.formats.bundle_format import BUNDLE, make_bundle
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.job import _proofs
from core.delivery.limits import use_limits
from core.errors import DeliveryError, NotFoundError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.strangers.chosen import AnswerLimits
from core.jobs.directory import JobDirectory
from core.jobs.ending import steps_of
from core.jobs.status import JobState, JobStatus
from core.records import write_record
from core.reporting.exports import export_file
from core.runs.control import resume
from core.workspace import project_of
from tests.support.made_runs import make_evaluated, make_project, sure_answers
from tests.support.pictures import encoded, photograph


@pytest.fixture
def evaluated(workspace: Path) -> EvaluatedRun:
    project = make_project({"a": 6, "b": 6}, {"a": 3, "b": 3}, {"a": 3, "b": 3})
    answers = sure_answers(np.array([0, 0, 0, 1, 1, 1]), 2)
    return make_evaluated(project, "run-1", answers, answers)


def test_an_export_that_broke_off_is_resumed(
    evaluated: EvaluatedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run itself has finished, so nothing else would export it again."""
    launched: list[JobDirectory] = []
    monkeypatch.setattr("core.jobs.ending.launch", launched.append)
    job = JobDirectory(evaluated.run)
    (job.path / "process.json").write_text('{"pid": 4194305, "started": 0.0}')
    job.write_status(JobStatus(state=JobState.FINISHED))
    resume(job)
    assert [step.code for one in launched for step in steps_of(one)] == ["deliver"]


def test_a_bundle_that_was_being_packed_while_limits_changed_is_packed_again(
    evaluated: EvaluatedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two browser tabs: one downloads, the other chooses a limit."""
    # The network is none, so it takes no metadata and answers nothing.
    monkeypatch.setattr(export, "EXPORTERS", (BUNDLE, replace(TFLITE, embed=None)))
    monkeypatch.setattr(export, "seal_zip", lambda *arguments: None)
    run, limits = evaluated.run, iter([0.25, 0.5])
    tflite_file(run).write_bytes(b"network")
    write_labels(run, Labels(class_names=("a", "b"), input_size=8, backbone="x", run=run.name))
    write_record(parity_file(run), ParityProof())

    def slow(model: DeliveredModel, path: Path) -> None:
        make_bundle(model, path)
        if (limit := next(limits, None)) is not None:
            use_limits(run, AnswerLimits(least_confidence=limit))

    export_file(run, replace(BUNDLE, make=slow))
    with zipfile.ZipFile(export_file(run, BUNDLE)) as bundle:
        assert json.loads(bundle.read("labels.json"))["least_confidence"] == 0.5


def test_a_run_that_was_deleted_takes_no_results(evaluated: EvaluatedRun) -> None:
    shutil.rmtree(evaluated.run)
    with pytest.raises(NotFoundError, match="was deleted in the meantime"):
        evaluated.require_existing()


def test_pictures_that_were_erased_take_no_part_in_the_proof(
    evaluated: EvaluatedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erased between evaluation and export, as when the computer was switched off there."""
    run, project = evaluated.run, project_of(evaluated.run)
    test = evaluated.dataset.pictures["id"].iloc[evaluated.rows(Split.TEST)].tolist()
    recorded = evaluated.predictions.set_index("id")["probabilities"]
    expected = np.stack(recorded.loc[sorted(test[1:])].to_list())

    def open_file(file: Path) -> Answerer:
        return lambda pictures: Answers(expected, None)

    write_labels(run, Labels(class_names=("a", "b"), input_size=8, backbone="x", run=run.name))
    monkeypatch.setattr(Dataset, "picture_bytes", lambda dataset, row: encoded(photograph("china"), "JPEG"))
    monkeypatch.setattr("core.delivery.job.named_function", lambda name: open_file)
    erase(project, test[:1])
    assert _proofs(run, EvaluatedRun.open(run).dataset, [TFLITE])["tflite"].pictures == 5
    erase(project, test[1:])
    left = EvaluatedRun.open(run)
    with pytest.raises(DeliveryError, match="Every test picture of this run was erased"):
        _proofs(run, left.dataset, [TFLITE])
