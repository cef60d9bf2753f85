"""Training and scoring of one trial, in a folder of its own, by the code that trains runs."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.files import read_json_lines, whole_file, write_json, write_json_lines
from core.progress import Progress, QuietProgress
from core.search.config import Goal, SearchConfig, Tradeoff
from core.search.records import RESULT_FILE
from core.search.trials.features import TrialFeatures
from core.search.trials.folds import folds_of, is_cross_validated, scored_rows, searched_rows
from core.search.trials.predictions import Predictions
from core.training.artifacts import activations_folder, head_file
from core.training.bakeoff.job import milliseconds_a_picture
from core.training.config import TrainingConfig
from core.training.cost.plan import CostRecorder, remember
from core.training.heads.data import prepared_engine
from core.training.heads.held_out import held_out_logits
from core.training.job import Training, require_learnt
from core.training.records import EpochRecord
from core.training.scores import Scores, score_logits

METRICS_FILE = "metrics.jsonl"
_MOST_POINTS = 60  # of a displayed curve
# Other epochs' predictions correct the selection bias of the best epoch, which is large for few pictures.
_MOST_OTHER_EPOCHS, _MOST_OTHER_PREDICTIONS = 10, 20_000
OnEpoch = Callable[[int, float], None]


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """Scores and predictions of a completed trial."""

    value: float  # of the goal
    second: float | None  # bytes or milliseconds, in a search with a trade-off
    measures: Mapping[str, float]
    predictions: Predictions
    other_epochs: list[Predictions]  # the next best epochs; none for a linear head or cross-validation
    curve: list[tuple[int, float]]


class TrialProgress(QuietProgress):
    """Progress of a trial's training, written to its folder."""

    def __init__(
        self, folder: Path, goal: Goal, should_stop: Callable[[], bool], should_pause: Callable[[], bool],
        on_epoch: OnEpoch,
    ) -> None:  # fmt: skip
        """Continue the metrics in the folder.

        Args:
            on_epoch: called with the number of each gradient epoch, from 1, and the goal's
                value; its exceptions end the trial.
        """
        self._file, self._goal = folder / METRICS_FILE, goal
        self._should_stop, self._should_pause, self._on_epoch = should_stop, should_pause, on_epoch
        self._epochs = [EpochRecord.from_json(line) for line in read_json_lines(self._file)]

    def should_stop(self) -> bool:
        return self._should_stop()

    def should_pause(self) -> bool:
        return self._should_pause()

    def metric(self, record: Mapping[str, object]) -> None:
        epoch = replace(EpochRecord.from_json(record), time=round(time.time(), 3))
        self._epochs.append(epoch)
        if epoch.learning_rate is None:
            return  # epochs of linear heads take milliseconds: they are written together
        self.write()
        gradient_epochs = sum(one.learning_rate is not None for one in self._epochs)
        self._on_epoch(gradient_epochs, self._value(epoch))

    def fact(self, fact: object) -> None:
        remember(fact)

    def rewind(self, lines: int) -> None:
        del self._epochs[lines:]

    def write(self) -> None:
        """Write all metrics to the folder."""
        write_json_lines(self._file, [epoch.to_json() for epoch in self._epochs])

    def curve(self) -> list[tuple[int, float]]:
        """Return epochs with the goal's value, thinned to 60 points."""
        points = [(epoch.epoch, self._value(epoch)) for epoch in self._epochs]
        step = -(-len(points) // _MOST_POINTS) or 1
        return points[::step]

    def _value(self, epoch: EpochRecord) -> float:
        return float(getattr(epoch, self._goal.monitor.value))


@dataclass(kw_only=True)
class TrialRunner:
    """Runner of one search's trials in one process."""

    dataset: Dataset
    config: SearchConfig
    progress: Progress
    _costs: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.progress = CostRecorder(self.progress)
        self.is_cross_validated = is_cross_validated(self.config, self.dataset)
        copied = searched_rows(self.dataset) if self.is_cross_validated else self.dataset.rows(Split.TRAIN)
        self._features = TrialFeatures(self.dataset, copied)
        self._folds = (
            folds_of(self.dataset, self.config.folds, self.config.seed) if self.is_cross_validated else []
        )

    @property
    def scored_rows(self) -> np.ndarray:
        """Rows int64 of the pictures that trials are scored on, in the order of the predictions."""
        return scored_rows(self.config, self.dataset)

    def prepare(self, settings: TrainingConfig) -> None:
        """Compute features for the first trials before the search's time begins."""
        self._features.head_data(settings, self.dataset, self.progress)

    def run(
        self, folder: Path, settings: TrainingConfig, should_stop: Callable[[], bool], on_epoch: OnEpoch
    ) -> TrialResult:
        """Train and score; the best weights stay in ``folder``.

        Args:
            on_epoch: as in :class:`TrialProgress`; with cross-validation it is called for folds.
        Raises:
            JobStopped, JobPaused: on request; a second call with the same folder continues.
            TrainingError: nothing was learnt, or memory was insufficient.
        """

        def ignore(epoch: int, value: float) -> None: ...

        report = ignore if self.is_cross_validated else on_epoch
        progress = TrialProgress(folder, self.config.goal, should_stop, self.progress.should_pause, report)
        epochs: list[np.ndarray] = []
        logits = self._trained(folder, settings, self.dataset, progress, epochs.append)
        if self.is_cross_validated:
            epochs = []
            held_out = held_out_logits(folder, self.dataset)  # the training cross-validates by itself
            logits = held_out[1] if held_out else self._out_of_fold(folder, settings, should_stop, on_epoch)
        targets = self.dataset.targets[self.scored_rows]
        scores = score_logits(logits, targets, self.dataset.task, settings.leading_metric)
        return TrialResult(
            value=self._value(scores),
            second=self._second(folder, settings),
            measures={
                "validation_accuracy": scores.accuracy,
                "validation_macro_f1": scores.macro_f1,
                "validation_loss": scores.loss,
            }
            | ({} if scores.leading is None else {"validation_leading": scores.leading}),
            predictions=Predictions.scored(logits, scores, self.dataset.task),
            other_epochs=self._next_best(epochs, logits, settings, targets),
            curve=progress.curve(),
        )

    def _next_best(
        self, epochs: Sequence[np.ndarray], best: np.ndarray, settings: TrainingConfig, targets: np.ndarray
    ) -> list[Predictions]:
        """Return predictions of the epochs next to the best one, ranked by the monitored metric.

        Epochs that diverged are left out.
        """
        goal, task = Goal.of_monitor(settings.monitor), self.dataset.task
        sign = 1.0 if goal.is_better_low else -1.0
        others = [(logits, score_logits(logits, targets, task, settings.leading_metric)) for logits in epochs]
        others = [
            (logits, scores)
            for logits, scores in others
            if math.isfinite(scores.loss) and not np.array_equal(logits, best)
        ]
        others.sort(key=lambda one: sign * getattr(one[1], goal.value))
        most = min(_MOST_OTHER_EPOCHS, _MOST_OTHER_PREDICTIONS // max(1, len(targets)))
        return [Predictions.scored(logits, scores, task) for logits, scores in others[:most]]

    def _trained(
        self,
        folder: Path,
        settings: TrainingConfig,
        dataset: Dataset,
        progress: TrialProgress,
        on_logits: Callable[[np.ndarray], None] = lambda logits: None,
    ) -> np.ndarray:
        """Train; return the validation logits of the best epoch, float32 (v, C).

        Args:
            on_logits: called with the logits of every gradient epoch.
        """
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "logits.npy"

        def save(logits: np.ndarray) -> None:
            with whole_file(file) as temporary:
                np.save(temporary, logits)

        training = Training(
            folder, settings, dataset, progress,
            head_data=self._features.head_data(settings, dataset, progress), on_best=save, hidden_alone=True,
            on_logits=on_logits,
        )  # fmt: skip
        training.run()
        require_learnt(training.curve)
        progress.write()
        write_json(folder / RESULT_FILE, training.curve.result())
        shutil.rmtree(activations_folder(folder), ignore_errors=True)
        (folder / "checkpoints" / "state.npz").unlink(missing_ok=True)
        logits: np.ndarray = np.load(file)
        return logits

    def _out_of_fold(
        self, folder: Path, settings: TrainingConfig, should_stop: Callable[[], bool], on_epoch: OnEpoch
    ) -> np.ndarray:
        """Logits of every scored picture, from the model that was not trained on it."""
        rows = self.scored_rows
        logits = np.zeros((len(rows), len(self.dataset.class_names)), np.float32)
        seen = np.zeros(len(rows), np.bool_)
        for number, fold in enumerate(self._folds, start=1):
            fold_folder = folder / f"fold-{number}"
            progress = TrialProgress(
                fold_folder, self.config.goal, should_stop, self.progress.should_pause, lambda *_: None
            )
            indices = np.searchsorted(rows, fold.rows(Split.VALIDATION))
            logits[indices], seen[indices] = self._trained(fold_folder, settings, fold, progress), True
            shutil.rmtree(fold_folder, ignore_errors=True)
            targets = self.dataset.targets[rows[seen]]
            scores = score_logits(logits[seen], targets, self.dataset.task, settings.leading_metric)
            # A fold may hold no picture of the class that the metric judges.
            if not math.isnan(value := self._value(scores)):
                on_epoch(number, value)
        return logits

    def _value(self, scores: Scores) -> float:
        return float(getattr(scores, self.config.goal.value))

    def _second(self, folder: Path, settings: TrainingConfig) -> float | None:
        """Bytes of the classifier or milliseconds for a picture; None without a trade-off."""
        if self.config.tradeoff is Tradeoff.NONE:
            return None
        key = settings.backbone, settings.picture_size
        if key not in self._costs:  # a fine-tuned network has the same layers
            engine = prepared_engine(settings, self.progress)
            self._costs[key] = engine.stat().st_size, milliseconds_a_picture(engine, self.progress)
        size, milliseconds = self._costs[key]
        return float(
            size + head_file(folder).stat().st_size if self.config.tradeoff is Tradeoff.SIZE else milliseconds
        )
