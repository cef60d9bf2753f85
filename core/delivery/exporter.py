"""Record of an export format, and the run that files are made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.report import read_report
from core.evaluation.strangers.results import read_detector
from core.models.head import HeadWeights


class DeliveredModel:
    """A run's classifier as a Keras model; built at the first use, in workers only."""

    def __init__(self, run: Path) -> None:
        self.run = run

    @cached_property
    def keras_model(self) -> Any:
        """The classifier from picture to probabilities: ``keras.Model``, frozen."""
        model = self.build()
        model.trainable = False
        return model

    def build(self) -> Any:
        """Build the classifier: ``keras.Model``."""
        from core.delivery.files import read_labels
        from core.jobs.directory import JobDirectory
        from core.models.architectures.classifier import build_classifier
        from core.training.artifacts import load_extractor
        from core.training.config import TrainingConfig

        config = TrainingConfig.from_json(JobDirectory(self.run).config())
        head = delivered_head(self.run)
        return build_classifier(load_extractor(self.run, config), head, read_labels(self.run).class_names)

    @cached_property
    def scored_model(self) -> Any:
        """The same with the stranger score as second output; without it if the score was not fitted."""
        detector = read_detector(self.run)
        if detector is None:
            return self.keras_model
        from core.delivery.formats.stranger_output import with_stranger_score

        model = with_stranger_score(self.keras_model, detector)
        model.trainable = False
        return model


def delivered_head(run: Path) -> HeadWeights:
    """Load the best head of an evaluated run, with the temperatures chosen for it."""
    from core.training.artifacts import head_file

    head, calibration = HeadWeights.load(head_file(run)), read_report(run).calibration
    return head.with_temperatures(np.array(calibration.temperatures)) if calibration else head


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One export format: its sentences, its file in the run's directory, and its functions."""

    # in addresses and on the command line; never renamed
    code: str
    label: str
    # one sentence: for whom, and what it needs
    description: str
    icon: str
    file_name: str
    # Writes the file. With ``made_from``, no TensorFlow and no Keras may be imported.
    make: Callable[[DeliveredModel, Path], None]
    # Codes of the formats whose files it is packed from, when it is first downloaded;
    # none: it is made in the run's last step.
    made_from: tuple[str, ...] = ()
    # Probabilities, float32 (n, classes), that the run's file gives for picture files;
    # None: it holds proven files only.
    predict: Callable[[Path, Sequence[bytes]], np.ndarray] | None = None
    # Stranger scores, float (n,), that the run's file gives for picture files; None: it gives none.
    stranger_scores: Callable[[Path, Sequence[bytes]], np.ndarray] | None = None
    # test pictures that the proof compares
    proof_pictures: int = 64

    @property
    def suffix(self) -> str:
        """The file's extension, with its dot."""
        return Path(self.file_name).suffix

    def file(self, run: Path) -> Path:
        return run / self.file_name
