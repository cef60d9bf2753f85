"""Answers of a classifier on corrupted pictures.

Pictures are decoded once, in blocks. The next batch is corrupted by a thread of its own while
the network works on the one before, and memory holds two batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from core.data.dataset import Dataset
from core.data.labels.label_sets import joined_labels
from core.data.labels.task import Task
from core.data.pixels.arrays import decoded_ahead
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import most_probable
from core.evaluation.predictions import answer_certainty, class_labels
from core.evaluation.report import chosen_thresholds
from core.evaluation.robustness.corruptions import Corruption, corrupt
from core.evaluation.robustness.measuring import CorruptedAnswers
from core.models.head import HeadWeights
from core.models.litert.engine import FeatureExtractor
from core.progress import Progress, raise_if_stopped
from core.training.artifacts import best_head, engine_path

_BLOCK = 64


class AskedClassifier(Protocol):
    """A classifier that answers pictures which were decoded for it, and corrupted since."""

    def decoded(
        self, dataset: Dataset, chunks: Iterable[Sequence[int]]
    ) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """Decode chunks of rows: the rows, and uint8 RGB (len(rows), S, S, 3)."""

    def answer(self, pictures: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Classify pictures: predicted, bool (B, classes), and confidence, float32 (B,).

        Raises:
            JobStopped, JobPaused: the user asked for it.
        """


@dataclass(frozen=True, kw_only=True)
class RunClassifier:
    """Network and calibrated head of a run, whose answers are those of its evaluation."""

    extractor: FeatureExtractor
    # None: the network answers with probabilities itself
    head: HeadWeights | None
    # float (classes,), of a multi-label run
    thresholds: np.ndarray | None

    @classmethod
    def load(cls, evaluated: EvaluatedRun) -> RunClassifier:
        """Load the files of a trained run; a network of its own is converted on the first call.

        Raises:
            NotFoundError: the weights were deleted since the run was evaluated.
        """
        head, calibration = best_head(evaluated.run), evaluated.report.calibration
        if calibration is not None:
            head = head.with_temperatures(np.array(calibration.temperatures))
        return cls(
            extractor=FeatureExtractor(engine_path(evaluated.run, evaluated.settings)),
            head=head,
            thresholds=thresholds_of(evaluated),
        )

    @classmethod
    def of_file(cls, evaluated: EvaluatedRun, file: Path) -> RunClassifier:
        """Load a run's delivered LiteRT file, whose first output is the probabilities."""
        return cls(extractor=FeatureExtractor(file), head=None, thresholds=thresholds_of(evaluated))

    def decoded(
        self, dataset: Dataset, chunks: Iterable[Sequence[int]]
    ) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        """Decode chunks of rows at the size of the network's pictures."""
        return decoded_ahead(dataset, self.extractor.input_size, chunks)

    def answer(self, pictures: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Classify pictures, uint8 RGB (B, S, S, 3): predicted, bool (B, classes), and confidence, float32 (B,).

        Raises:
            JobStopped, JobPaused: the user asked for it.
        """
        output = self.extractor.run(pictures, should_stop=progress.should_stop)
        if len(output) < len(pictures):
            raise_if_stopped(progress)
        probabilities = output if self.head is None else self.head.probabilities(output)
        return answers_of(probabilities, self.thresholds)


def answers_of(probabilities: np.ndarray, thresholds: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Answer by probabilities, float (B, classes): predicted, bool (B, classes), and confidence, float (B,).

    Args:
        thresholds: float (classes,), of several labels a picture.
    """
    if thresholds is None:
        return most_probable(probabilities), probabilities.max(axis=1)
    return probabilities >= thresholds, answer_certainty(probabilities, thresholds)


def answer_corrupted(
    dataset: Dataset,
    rows: np.ndarray,
    classifier: AskedClassifier,
    corruptions: Sequence[Corruption],
    progress: Progress,
) -> CorruptedAnswers:
    """Classify pictures as they are, and at every strength of each corruption.

    Args:
        rows: int64 row numbers of the pictures.
    Raises:
        JobStopped, JobPaused: the user asked for it.
        NotFoundError, UnreadableImageError: the file of a picture is missing or damaged.
    """
    conditions = 1 + sum(len(row.strengths) for row in corruptions)
    predicted = np.empty((conditions, len(rows), len(dataset.class_names)), bool)
    confidence = np.empty((conditions, len(rows)), np.float32)
    done, total = 0, conditions * len(rows)
    batches = _batches(dataset, rows, classifier, corruptions)
    for condition, start, pictures in _one_ahead(batches):
        raise_if_stopped(progress)
        part = slice(start, start + len(pictures))
        predicted[condition, part], confidence[condition, part] = classifier.answer(pictures, progress)
        done += len(pictures)
        progress.advance(done, total)
    return CorruptedAnswers(
        targets=dataset.targets[rows] > 0.5,
        predicted=predicted,
        confidence=confidence,
        groups=dataset.groups[rows],
    )


def answer_table(
    dataset: Dataset, rows: np.ndarray, answers: CorruptedAnswers, corruptions: Sequence[Corruption]
) -> pd.DataFrame:
    """One row a picture and condition: ``id``, ``code`` ("" as it is), ``level`` (0 the mildest), ``predicted``, ``confidence``."""
    codes = [("", 0), *((row.code, level) for row in corruptions for level in range(len(row.strengths)))]
    ids = dataset.pictures["id"].iloc[rows].tolist()
    names = dataset.class_names
    tables = []
    for (code, level), predicted, confidence in zip(
        codes, answers.predicted, answers.confidence, strict=True
    ):
        labels = (
            class_labels(predicted, names)
            if dataset.task is Task.MULTI_CLASS
            else joined_labels(predicted, names)
        )
        columns = {"id": ids, "code": code, "level": level, "predicted": labels, "confidence": confidence}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def thresholds_of(evaluated: EvaluatedRun) -> np.ndarray | None:
    """Thresholds of a run with several labels a picture, float (classes,); None for one class a picture."""
    thresholds = chosen_thresholds(evaluated.report)
    return None if thresholds is None else np.array(thresholds)


def _batches(
    dataset: Dataset, rows: np.ndarray, classifier: AskedClassifier, corruptions: Sequence[Corruption]
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Make batches: number of the condition, position of the first picture in ``rows``, pictures."""
    starts = range(0, len(rows), _BLOCK)
    chunks = [rows[start : start + _BLOCK].tolist() for start in starts]
    names = dataset.pictures["id"].to_numpy()
    for start, (chunk, pictures) in zip(starts, classifier.decoded(dataset, chunks), strict=True):
        yield 0, start, pictures
        condition, ids = 0, names[chunk].tolist()
        for row in corruptions:
            for strength in row.strengths:
                condition += 1
                yield condition, start, corrupt(row, pictures, strength, ids)


def _one_ahead(
    batches: Iterator[tuple[int, int, np.ndarray]],
) -> Iterator[tuple[int, int, np.ndarray]]:
    """Make each item in a thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(next, batches, None)
        while (batch := waiting.result()) is not None:
            waiting = thread.submit(next, batches, None)
            yield batch
