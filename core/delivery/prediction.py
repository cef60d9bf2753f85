"""Prediction on new pictures with a finished run, in LiteRT: no TensorFlow, about 10 ms a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.labels.task import Task
from core.delivery.decisions import sets_of
from core.delivery.export import require_offered
from core.delivery.files import read_labels, tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.misfits import find_misfit, misfit_message
from core.delivery.run_network import NetworkOutputs, RunNetwork
from core.evaluation.thresholds.answers import answered
from core.messages import Message
from core.models.litert.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Guess:
    """One class and its probability, 0 to 1."""

    name: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Answer to one picture."""

    # every class, the most probable first
    guesses: list[Guess]
    # higher for pictures of none of the classes; None: the run's file gives no score
    stranger_score: float | None
    # Pooled feature map, float32 (F,), or (GRID_CELLS * F,) for a grid; None: the network gives none.
    cells: np.ndarray | None = field(default=None, compare=False, repr=False)


class Classifier:
    """A run's classifier, loaded and ready. Safe to share between threads."""

    def __init__(self, run: Path, *, proven: bool = True) -> None:
        """Load the classifier of a run.

        Args:
            proven: False also opens files that are not proven against the evaluation yet, or are withheld.
        Raises:
            NotFoundError: the run has no classifier, or none that is proven.
            DeliveryError: its LiteRT file is withheld, because it answers otherwise than was evaluated.
        """
        if proven:
            require_offered(run, TFLITE)
        self.labels = read_labels(run)
        # Of the usual promise; None: the run's probabilities are not calibrated.
        self.sets = sets_of(run)
        self._network = RunNetwork(run, tflite_file(run).read_bytes(), Engine)

    def prepare(self, data: bytes) -> np.ndarray:
        """Decode picture bytes to uint8 RGB, shape (input size, input size, 3).

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        return self.labels.decode(data)

    def probabilities(self, data: bytes) -> np.ndarray:
        """Probabilities of a picture: float32, shape (classes,), in the order of ``labels.class_names``.

        They add up to 1, except for multi-label classifiers, where each class is independent.

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        answer: np.ndarray = self.answers(self.prepare(data)[np.newaxis])[0][0]
        return answer

    def answers(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities float32 (n, classes), and stranger scores float32 (n,) if the run's file gives them.

        Args:
            pictures: uint8 RGB (n, input size, input size, 3), as ``prepare`` makes them.
        """
        outputs = self._network.run(pictures)
        return outputs.probabilities, outputs.stranger_scores

    def guesses(self, data: bytes) -> list[Guess]:
        """Every class with its probability, the best first.

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        return self.prediction(data).guesses

    def prediction(self, data: bytes) -> Prediction:
        """Every class with its probability, and the stranger score.

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        return self.predictions(self.prepare(data)[np.newaxis])[0]

    def predictions(self, pictures: np.ndarray) -> list[Prediction]:
        """Answer pictures that ``prepare`` has made: uint8 RGB (n, input size, input size, 3)."""
        outputs = self._network.run(pictures)
        return [self._prediction(outputs, index) for index in range(len(pictures))]

    def _prediction(self, outputs: NetworkOutputs, index: int) -> Prediction:
        scores, cells = outputs.stranger_scores, outputs.cells
        return Prediction(
            guesses=self._in_order(outputs.probabilities[index]),
            stranger_score=None if scores is None else float(scores[index]),
            cells=None if cells is None else cells[index],
        )

    def features(self, predictions: Sequence[Prediction]) -> np.ndarray | None:
        """Features of predicted pictures, float32 (n, F), of unit length; None: the network gives none."""
        cells = [prediction.cells for prediction in predictions if prediction.cells is not None]
        return self._network.unit_features(np.stack(cells)) if cells else None

    def _in_order(self, probabilities: np.ndarray) -> list[Guess]:
        names = self.labels.class_names
        order = np.argsort(-probabilities, kind="stable")
        return [Guess(name=names[i], probability=float(probabilities[i])) for i in order]

    def is_stranger(self, prediction: Prediction) -> bool:
        """True for a picture that looks like none of the classes, by the run's limit."""
        limit, score = self.labels.stranger_limit, prediction.stranger_score
        return limit is not None and score is not None and score > limit

    def prediction_set(self, prediction: Prediction) -> list[str] | None:
        """Classes that hold the right one as often as ``sets`` promises, the most probable first; None without sets."""
        if self.sets is None:
            return None
        least = dict(zip(self.labels.class_names, self.sets.least_probabilities, strict=True))
        return [guess.name for guess in prediction.guesses if guess.probability >= least[guess.name]]

    def is_unsure(self, prediction: Prediction) -> bool:
        """True for an answer that is less probable than the least confidence that the user chose."""
        least = self.labels.least_confidence
        return least is not None and self.confidence(prediction.guesses) < least

    def confidence(self, guesses: Sequence[Guess]) -> float:
        """Probability of the whole answer, if classes of several labels were independent."""
        chosen = set(self.chosen_labels(guesses))
        if not self.is_multi_label:
            return sum(guess.probability for guess in guesses if guess.name in chosen)
        return math.prod(
            guess.probability if guess.name in chosen else 1 - guess.probability for guess in guesses
        )

    @property
    def pixel_range(self) -> PixelRange | None:
        """Measured values that are black and white, as in training."""
        return PixelRange(*self.labels.pixel_range) if self.labels.pixel_range else None

    @property
    def channels(self) -> ChannelMapping | None:
        """Channels that are red, green and blue in pictures of many, as in training."""
        return ChannelMapping(*self.labels.channels) if self.labels.channels else None

    def doubt(self, data: bytes) -> Message | None:
        """Return the reason why the answer for a picture means little; None without one.

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        misfit = find_misfit(self.labels, data)
        return None if misfit is None else misfit_message(self.labels, misfit)

    @property
    def is_multi_label(self) -> bool:
        """True if a picture can get any number of labels, also none."""
        return self.labels.task is Task.MULTI_LABEL

    @property
    def has_stranger_score(self) -> bool:
        """True if the run's file gives a stranger score beside the probabilities."""
        return self._network.has_stranger_score

    @property
    def has_thresholds(self) -> bool:
        """True if the answer is not simply the most probable class."""
        return self.labels.thresholds is not None

    def chosen_labels(self, guesses: Sequence[Guess]) -> list[str]:
        """Predicted labels: one class, or for multi-label every class at or above its threshold."""
        names, thresholds = self.labels.class_names, self.labels.thresholds
        if thresholds is None:
            return [guesses[0].name]
        probability_of = {guess.name: guess.probability for guess in guesses}
        probabilities = np.array([[probability_of[name] for name in names]])
        given = answered(self.labels.task, probabilities, thresholds)[0]
        chosen = {name for name, is_given in zip(names, given, strict=True) if is_given}
        return [guess.name for guess in guesses if guess.name in chosen]
