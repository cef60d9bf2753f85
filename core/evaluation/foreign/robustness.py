"""Judged model as a classifier that is asked about corrupted pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import Judgement, ModelFacts
from core.evaluation.foreign.faults import ForeignModelError
from core.evaluation.foreign.job import opened
from core.evaluation.foreign.judged_model import MODEL_FOLDER, read_facts, read_judgement
from core.evaluation.foreign.judging import ForeignClassifier, loader
from core.evaluation.foreign.outputs import of_project, probabilities
from core.evaluation.robustness.answering import answers_of, thresholds_of
from core.messages import N_
from core.progress import Progress


@dataclass(frozen=True, kw_only=True)
class JudgedClassifier:
    """A foreign model in its process, whose answers are those of its test."""

    model: ForeignClassifier
    facts: ModelFacts
    judgement: Judgement
    evaluated: EvaluatedRun

    def decoded(
        self, dataset: Dataset, chunks: Iterable[Sequence[int]]
    ) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """Decode chunks of rows to the shape of the model's input."""
        load = loader(dataset, self.facts.input, self.judgement.preprocessing.fitting)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for rows in chunks:
                yield rows, np.stack(list(pool.map(load, rows)))

    def answer(self, pictures: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Classify pictures, uint8 RGB (B, S, S, 3): predicted, bool (B, classes), and confidence, float32 (B,).

        Raises:
            JobStopped, JobPaused: the user asked for it.
            ForeignModelError: the process ended, or answers with NaN.
        """
        judgement, dataset = self.judgement, self.evaluated.dataset
        values = self.model.answers_to(pictures, judgement.preprocessing, judgement.activation, progress)
        # “Another answer” stands last among the classes, and only where the model has such classes.
        names = dataset.class_names[:-1] if self._has_other else dataset.class_names
        answers = of_project(
            probabilities(values, judgement.activation, dataset.task),
            self.facts.class_names,
            judgement.mapping,
            names,
            dataset.task,
        )
        return answers_of(answers, thresholds_of(self.evaluated))

    @property
    def _has_other(self) -> bool:
        known = {*self.judgement.mapping.values(), *self.judgement.lacking}
        return self.evaluated.dataset.class_names[-1] not in known


def require_square(facts: ModelFacts) -> None:
    """Raise ForeignModelError for a model whose pictures are not square: corruptions are made for squares."""
    if facts.input.width != facts.input.height:
        raise ForeignModelError(
            N_(
                "The pictures of this model are {width} × {height} pixels. Robustness is tested on square ones alone."
            ),
            width=facts.input.width,
            height=facts.input.height,
        )


@contextmanager
def judged_classifier(evaluated: EvaluatedRun, directory: Path) -> Iterator[JudgedClassifier]:
    """Open a judged model once more.

    Args:
        directory: of the job, which gets the log of the model's process.
    Raises:
        ForeignModelError: it cannot be opened, or its pictures are not square.
    """
    folder = evaluated.run
    facts, judgement = read_facts(folder), read_judgement(folder)
    require_square(facts)
    path = folder / MODEL_FOLDER / facts.path
    with opened(facts.runtime, path, directory, facts.output.name) as (model, _):
        yield JudgedClassifier(model=model, facts=facts, judgement=judgement, evaluated=evaluated)
