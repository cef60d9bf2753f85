"""Test of a foreign model on the validation and test pictures of a project."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.data.labels.task import Task
from core.evaluation.assessment import answer_thresholds, make_report
from core.evaluation.evaluated_run import MeasuredOn, write_measured_on
from core.evaluation.foreign.facts import (
    Activation,
    Fitting,
    InputFacts,
    Judgement,
    ModelFacts,
    Preprocessing,
    Sample,
    TensorFacts,
)
from core.evaluation.foreign.faults import ForeignModelError
from core.evaluation.foreign.guessing import Guess, Score, guess, sample_rows
from core.evaluation.foreign.interface import require_as_many
from core.evaluation.foreign.judged_model import JUDGEMENT_FILE, other_class
from core.evaluation.foreign.outputs import activation_of, numbers, of_project, probabilities
from core.evaluation.foreign.preprocessing import load_input, prepare
from core.evaluation.foreign.sandbox.client import IsolatedModel
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.messages import N_, first_of
from core.progress import Progress, QuietProgress, raise_if_stopped
from core.records import write_record

# Pictures of a batch, and pixels in it: 200 MB of float32.
_BATCH, _BATCH_PIXELS = 16, 16 << 20
_SAMPLES = 8


@dataclass(frozen=True, kw_only=True)
class ForeignClassifier:
    """A foreign model that runs, its input, and the position of its answer among its outputs."""

    model: IsolatedModel
    input: InputFacts
    output: int

    def answers(
        self, dataset: Dataset, rows: np.ndarray, preprocessing: Preprocessing, progress: Progress
    ) -> np.ndarray:
        """Run pictures of a dataset.

        Returns:
            float32 (len(rows), foreign classes): probabilities or logits.
        Raises:
            ForeignModelError: the answers are not numbers, or the process ended.
        """
        raw, size = [], _batch_size(self.input)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(rows), size):
                raise_if_stopped(progress)
                load = loader(dataset, self.input, preprocessing.fitting)
                pictures = np.stack(list(pool.map(load, rows[start : start + size])))
                raw.append(self._raw(pictures, preprocessing))
                progress.advance(start + len(pictures), len(rows))
        return self._finite(numbers(np.concatenate(raw), self._output_facts))

    def answers_to(
        self,
        pictures: np.ndarray,
        preprocessing: Preprocessing,
        activation: Activation,
        progress: Progress,
    ) -> np.ndarray:
        """Run pictures uint8 RGB (n, height, width, 3) as ``answers`` does, once its activation is known."""
        raw, size = [], _batch_size(self.input)
        for start in range(0, len(pictures), size):
            raise_if_stopped(progress)
            raw.append(self._raw(pictures[start : start + size], preprocessing))
        return self._finite(numbers(np.concatenate(raw), self._output_facts, activation))

    @property
    def _output_facts(self) -> TensorFacts:
        return self.model.interface.outputs[self.output]

    def _raw(self, pictures: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
        output = self.model.answer(prepare(pictures, self.input, preprocessing))[self.output]
        return output.reshape(len(pictures), -1)

    def _finite(self, values: np.ndarray) -> np.ndarray:
        if not np.isfinite(values).all():
            raise ForeignModelError(
                N_("The model answers with values that are not numbers (NaN). It cannot be judged.")
            )
        return values


def guess_preprocessing(
    classifier: ForeignClassifier,
    dataset: Dataset,
    names: Sequence[str],
    mapping: dict[str, str],
    rows: np.ndarray,
) -> Guess:
    """Try the usual preprocessings on validation pictures.

    Args:
        rows: int64, of ``sample_rows``.
    """
    targets = dataset.targets[rows] > 0.5

    def judge(preprocessing: Preprocessing) -> Score:
        values = classifier.answers(dataset, rows, preprocessing, QuietProgress())
        require_as_many(tuple(names), values.shape[1])
        answers = probabilities(values, activation_of(values), dataset.task)
        return _score(
            of_project(answers, names, mapping, dataset.class_names, dataset.task), targets, dataset
        )

    return guess(classifier.input, judge, dataset.groups[rows])


def answer_samples(
    classifier: ForeignClassifier, dataset: Dataset, names: Sequence[str], preprocessing: Preprocessing
) -> tuple[Sample, ...]:
    """Answer a few validation pictures by the model's own classes."""
    rows = sample_rows(dataset.rows(Split.VALIDATION))[:_SAMPLES]
    values = classifier.answers(dataset, rows, preprocessing, QuietProgress())
    require_as_many(tuple(names), values.shape[1])
    answers = probabilities(values, activation_of(values), Task.MULTI_CLASS)
    return tuple(
        Sample(
            picture=str(dataset.pictures["id"].iloc[row]),
            answer=names[int(answer.argmax())],
            probability=float(answer.max()),
        )
        for row, answer in zip(rows, answers, strict=True)
    )


def judge_model(
    classifier: ForeignClassifier,
    folder: Path,
    facts: ModelFacts,
    dataset: Dataset,
    mapping: dict[str, str],
    chosen: Preprocessing | None,
    progress: Progress,
) -> Judgement:
    """Test a model and write its report, predictions and settings.

    Args:
        folder: of the judged model.
        mapping: foreign class to class of the project.
        chosen: by the user. None: as the export states it, else guessed.
    Raises:
        ForeignModelError: no class is mapped, or the model breaks.
    """
    names = facts.class_names
    require_common(mapping, names, dataset.class_names)
    validation, test = dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)
    stated = chosen or facts.preprocessing
    found = (
        Guess(preprocessing=stated)
        if stated is not None
        else guess_preprocessing(classifier, dataset, names, mapping, sample_rows(validation))
    )
    both = np.concatenate([validation, test])
    values = classifier.answers(dataset, both, found.preprocessing, progress)
    require_as_many(names, values.shape[1])
    activation = activation_of(values)
    answers = of_project(
        probabilities(values, activation, dataset.task), names, mapping, dataset.class_names, dataset.task
    )
    # Of an earlier test; without it, a test that is killed from here on counts as none.
    (folder / JUDGEMENT_FILE).unlink(missing_ok=True)
    _write(folder, dataset, validation, test, answers)
    judgement = Judgement(
        mapping=mapping,
        preprocessing=found.preprocessing,
        guessed_on=found.pictures,
        guessed_accuracy=found.accuracy,
        alternatives=found.alternatives,
        activation=activation,
        lacking=tuple(name for name in dataset.class_names if name not in mapping.values()),
        foreign=tuple(name for name in names if name not in mapping),
    )
    write_record(folder / JUDGEMENT_FILE, judgement)
    return judgement


def require_common(mapping: dict[str, str], names: Sequence[str], classes: Sequence[str]) -> None:
    """Check that a class of the model is mapped to one of the project.

    Raises:
        ForeignModelError: none is.
    """
    if not mapping:
        raise ForeignModelError(
            N_(
                "The model and the project have no class in common. The model knows {foreign}; the project {known}. Map the classes that mean the same."
            ),
            foreign=first_of(list(names)),
            known=first_of(list(classes)),
        )


def _write(
    folder: Path, dataset: Dataset, validation: np.ndarray, test: np.ndarray, answers: np.ndarray
) -> None:
    names = dataset.class_names
    if answers.shape[1] > len(names):
        names = (*names, other_class(names))
    judged = replace(dataset, class_names=names)
    thresholds = answer_thresholds(judged, validation, answers[: len(validation)])
    report = make_report(judged, test, answers[len(validation) :], thresholds)
    rows = np.concatenate([validation, test])
    write_measured_on(folder, MeasuredOn(dataset_version=dataset.version, class_names=names))
    write_report(folder, report, prediction_table(judged, rows, answers, thresholds))


def _score(answers: np.ndarray, targets: np.ndarray, dataset: Dataset) -> Score:
    """Score answers on labels.

    Args:
        answers: float32 (n, classes), perhaps with the column “another answer”.
        targets: bool (n, classes).
    """
    known = np.clip(answers[:, : targets.shape[1]], np.finfo(np.float32).eps, 1)
    if dataset.task is Task.MULTI_LABEL:
        right = ((known >= 0.5) == targets).mean(axis=1)
        likelihood = np.log(np.where(targets, known, np.clip(1 - known, np.finfo(np.float32).eps, 1))).mean()
    else:
        predicted = np.eye(answers.shape[1], dtype=bool)[answers.argmax(axis=1)]
        right = (predicted[:, : targets.shape[1]] & targets).any(axis=1)
        likelihood = np.log((known * targets).sum(axis=1)).mean()
    return Score(right=right.astype(np.float64), likelihood=float(likelihood))


def _batch_size(facts: InputFacts) -> int:
    return max(1, min(_BATCH, _BATCH_PIXELS // (facts.width * facts.height)))


def loader(dataset: Dataset, facts: InputFacts, fitting: Fitting) -> Callable[[int], np.ndarray]:
    """Make the function that decodes a row's picture to the size of an input."""
    return lambda row: load_input(dataset, int(row), facts, fitting)
