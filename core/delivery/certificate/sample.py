"""Test pictures that export files are checked on, with the answers of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.delivery.files import Labels, read_labels
from core.errors import DeliveryError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.strangers.results import has_strangers, read_known_scores
from core.evaluation.thresholds.answers import Thresholds, answered
from core.files import digest_of, sha256_bytes
from core.messages import N_

MOST_PICTURES = 2000


@dataclass(frozen=True, kw_only=True)
class TestedSample:
    """Test pictures of a run: all, or 2,000 drawn at random but repeatably."""

    __test__ = False  # pytest takes it for a test case by its name

    labels: Labels
    files: tuple[Path, ...]
    # answers by the thresholds in use
    expected: TestPredictions
    # stranger scores of the evaluation, float (n,); None: not measured
    scores: np.ndarray | None
    is_whole: bool

    @property
    def thresholds(self) -> Thresholds:
        """Probability from which each class is answered; see ``evaluation.thresholds.answers``."""
        return self.labels.thresholds or (None,) * len(self.labels.class_names)

    @property
    def digest(self) -> str:
        """Digest of the pictures, their labels, the answers, and the limits that are in use."""
        expected = self.expected
        arrays = (expected.targets, expected.predicted, expected.probabilities, expected.group_indices)
        contents = [sha256_bytes(np.ascontiguousarray(array).tobytes()) for array in arrays]
        return digest_of([[file.name for file in self.files], contents, self.labels.to_json()])


def draw_sample(run: Path, most: int = MOST_PICTURES) -> TestedSample:
    """Choose the test pictures of an evaluated run.

    Raises:
        DeliveryError: every test picture was erased.
        NotFoundError: the run is not evaluated, or a referenced picture was moved.
    """
    evaluated, labels = EvaluatedRun.open(run), read_labels(run)
    rows = evaluated.rows(Split.TEST)
    if not len(rows):
        raise DeliveryError(
            N_("Every test picture of this run was erased, so its files cannot be proven. Train it again.")
        )
    at = np.arange(len(rows))
    if len(rows) > most:
        at = np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))
    files = tuple(_existing_file(evaluated, int(row)) for row in rows[at])
    return TestedSample(
        labels=labels,
        files=files,
        expected=_expected(evaluated.test, at, labels),
        scores=_scores(evaluated, rows[at]),
        is_whole=len(rows) <= most,
    )


def _existing_file(evaluated: EvaluatedRun, row: int) -> Path:
    path = evaluated.dataset.image_path(row)
    if not path.is_file():
        # Raises the sentence for it.
        evaluated.dataset.picture_bytes(row)
    return path


def _expected(test: TestPredictions, at: np.ndarray, labels: Labels) -> TestPredictions:
    thresholds = labels.thresholds or (None,) * len(labels.class_names)
    return TestPredictions(
        task=test.task,
        targets=test.targets[at],
        predicted=answered(test.task, test.probabilities[at], thresholds),
        probabilities=test.probabilities[at],
        groups=test.group_indices[at],
    )


def _scores(evaluated: EvaluatedRun, rows: np.ndarray) -> np.ndarray | None:
    if not has_strangers(evaluated.run):
        return None
    stored = read_known_scores(evaluated.run).set_index("id")["score"]
    scores: np.ndarray = stored.loc[evaluated.dataset.pictures["id"].iloc[rows]].to_numpy()
    return scores
