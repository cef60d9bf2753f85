"""Chosen thresholds in everything that a run delivers."""

from __future__ import annotations

import importlib.util
import sys
import threading
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.delivery.files import Labels, read_labels
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.job import deliver
from core.delivery.limits import use_limits
from core.delivery.prediction import Classifier
from core.delivery.thresholds import use_default_thresholds, use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.job import evaluate
from core.evaluation.strangers.chosen import AnswerLimits
from core.evaluation.thresholds.answers import Thresholds, answered, answered_by, has_chosen_thresholds
from core.jobs.directory import JobDirectory
from core.progress import QuietProgress
from core.reporting.exports import export_file

BUNDLED_PROGRAM = Path(__file__).resolve().parents[2] / "core" / "delivery" / "bundle" / "predict.py"


def bundled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program of a bundle, unpacked."""
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("bundled_predict", folder / "predict.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in [name for name in sys.modules if name.split(".")[0] == "decoder"]:
        del sys.modules[name]
    return module


def test_prediction_and_bundle_answer_by_the_chosen_thresholds(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier bundle is packed again."""
    evaluated = EvaluatedRun.open(finished_run)
    before = export_file(finished_run, BUNDLE).read_bytes()
    # Far from every probability, so that rounding changes no answer.
    lower, higher = np.sort(evaluated.test.probabilities[:, 1])[4:6]
    chosen = (None, float(np.sqrt(lower * higher)), None)
    use_thresholds(evaluated, chosen)
    assert export_file(finished_run, BUNDLE).read_bytes() != before
    expected = answered_by(evaluated.test, chosen).predicted
    assert (expected != evaluated.test.predicted).any()
    with zipfile.ZipFile(export_file(finished_run, BUNDLE)) as bundle:
        bundle.extractall(tmp_path / "bundle")
    program, classifier = bundled(tmp_path / "bundle", monkeypatch), Classifier(finished_run)
    interpreter = program.load_model()
    for row, given in zip(evaluated.rows(Split.TEST)[:4], expected, strict=False):
        data = evaluated.dataset.picture_bytes(int(row))
        answer = [evaluated.dataset.class_names[given.argmax()]]
        assert classifier.chosen_labels(classifier.guesses(data)) == answer
        assert program.labels(program.predict(interpreter, data)) == answer


def test_the_way_back_leaves_no_trace(finished_run: Path) -> None:
    evaluated, before = EvaluatedRun.open(finished_run), read_labels(finished_run)
    use_thresholds(evaluated, (0.2, None, None))
    assert read_labels(finished_run).thresholds == (0.2, None, None)
    use_default_thresholds(evaluated)
    assert read_labels(finished_run) == before
    assert not has_chosen_thresholds(finished_run)


def test_limits_chosen_at_the_same_moment_are_not_lost(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows: the second one chooses between reading and writing of the first."""
    other = threading.Thread(target=use_limits, args=(finished_run, AnswerLimits(least_confidence=0.6)))

    def read_slowly(run: Path) -> Labels:
        labels = read_labels(run)
        other.start()
        other.join(timeout=0.5)
        return labels

    monkeypatch.setattr("core.delivery.thresholds.read_labels", read_slowly)
    use_thresholds(EvaluatedRun.open(finished_run), (0.2, None, None))
    other.join()
    assert read_labels(finished_run).thresholds == (0.2, None, None)
    assert read_labels(finished_run).least_confidence == 0.6


def test_a_choice_outlives_another_delivery_but_no_other_evaluation(small_run: Path) -> None:
    """Other probabilities need other thresholds."""
    job = JobDirectory(small_run)
    use_thresholds(EvaluatedRun.open(small_run), (0.2, None, None))
    deliver(small_run, job.config(), QuietProgress())
    assert read_labels(small_run).thresholds == (0.2, None, None)
    evaluate(small_run, job.config(), QuietProgress())
    deliver(small_run, job.config(), QuietProgress())
    assert read_labels(small_run).thresholds is None


@pytest.mark.parametrize(
    ("task", "thresholds"),
    [
        (Task.MULTI_CLASS, None),
        (Task.MULTI_CLASS, (0.1, None, None)),
        (Task.MULTI_CLASS, (0.1, 0.4, None)),
        (Task.MULTI_CLASS, (0.7, 0.6, 0.8)),
        (Task.MULTI_LABEL, (0.1, 0.6, 0.3)),
    ],
)
def test_the_bundled_rule_is_that_of_the_evaluation(
    task: Task, thresholds: Thresholds | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle has no Darkroom, so its rule is written twice."""
    source = BUNDLED_PROGRAM.read_text(encoding="utf-8")
    names = ["a", "b", "c"]
    scope: dict[str, object] = {"LABELS": {"task": task, "thresholds": thresholds, "class_names": names}}
    exec(source[source.index("def labels(") : source.index("def doubt_of(")], scope)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    rule = scope["labels"]
    assert callable(rule)
    for row, expected in zip(
        probabilities, answered(task, probabilities, thresholds or (None, None, None)), strict=True
    ):
        answer = {names[index]: float(row[index]) for index in np.argsort(-row)}
        assert sorted(rule(answer)) == [
            name for name, is_given in zip(names, expected, strict=True) if is_given
        ]
