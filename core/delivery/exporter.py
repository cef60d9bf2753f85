"""Record of an export format, and the run that files are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.delivery.facts import ModelFacts, read_facts
from core.evaluation.report import read_report
from core.evaluation.strangers.results import read_detector
from core.models.head import HeadWeights

# Engines sum in different orders; a larger difference of a probability cannot be rounding.
TOLERANCE = 1e-3


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
    def facts(self) -> ModelFacts:
        """Facts that a format stores in its own place."""
        return read_facts(self.run)

    @cached_property
    def scored_model(self) -> Any:
        """The same with the stranger score as second output; without it if the score was not fitted."""
        detector = read_detector(self.run)
        if detector is None:
            return self.keras_model
        from core.evaluation.strangers.network_output import with_stranger_score

        model = with_stranger_score(self.keras_model, detector)
        model.trainable = False
        return model


class FinishedModel(DeliveredModel):
    """The classifier of a run's proven Keras file, for formats that are made after the run."""

    def build(self) -> Any:
        import keras

        from core.delivery.files import keras_file

        return keras.models.load_model(keras_file(self.run), compile=False)


def delivered_head(run: Path) -> HeadWeights:
    """Load the best head of an evaluated run, with the temperatures chosen for it.

    Raises:
        NotFoundError: its weights were deleted since.
    """
    from core.training.artifacts import best_head

    head, calibration = best_head(run), read_report(run).calibration
    return head.with_temperatures(np.array(calibration.temperatures)) if calibration else head


class FormatGroup(StrEnum):
    """Place where a format is used; headings of the Export page."""

    COMPUTER = "computer"
    DEVICES = "devices"
    STARTERS = "starters"
    WEB = "web"
    SERVERS = "servers"
    PROGRAMMERS = "programmers"


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One export format: its sentences, its file in the run's directory, and its functions.

    A function that runs where the format's runtime alone is loaded is named as text, ``module:function``.
    """

    # in addresses and on the command line; never renamed
    code: str
    label: str
    # one sentence: for whom, and what it needs
    description: str
    icon: str
    file_name: str
    group: FormatGroup = FormatGroup.PROGRAMMERS
    # Writes the file, in a worker. A folder is packed as zip; the network in it has the probabilities among
    # its outputs, which the zip's seal compares. Raises DeliveryError for a run that cannot have such a file.
    make: Callable[[DeliveredModel, Path], None]
    # Writes the facts into a file that the run's last step made, in place of those that it has.
    # None: it holds none, or is made again when they change.
    embed: Callable[[Path, ModelFacts], None] | None = None
    # Codes of the formats whose files it is made from.
    made_from: tuple[str, ...] = ()
    # Made in the run's last step and compared there with the evaluation; all others by a job, on request.
    is_made_in_run: bool = False
    # Packed in a moment, without a converter, from files that the run proved: the first download makes it.
    is_packed: bool = False
    # Optional packages that are needed to make it or to check it.
    packages: tuple[str, ...] = ()
    # Name of an ``answering.Opener`` of the file. Without this and the next, it cannot be checked here.
    opens: str | None = None
    # Name of an ``answering.FileAnswerer``, for what decodes pictures itself.
    answers_files: str | None = None
    # False where the program that opens the file is missing, such as a browser.
    has_checker: Callable[[], bool] = lambda: True
    # False: the network in it is checked, but not the program around it, which cannot be built here.
    checks_program: bool = True
    # A float format, which agrees on 99.9% of the answers; False: a quantised one, whose loss is measured.
    is_exact: bool = True
    # Difference of a probability that the rounding of this format explains.
    tolerance: float = TOLERANCE
    # test pictures that the run's last step compares
    proof_pictures: int = 64

    @property
    def suffix(self) -> str:
        """The file's extension, with its dot."""
        return Path(self.file_name).suffix

    @property
    def can_be_checked(self) -> bool:
        """False for a format whose runtime does not exist on this system."""
        return (self.opens is not None or self.answers_files is not None) and self.has_checker()

    def file(self, run: Path) -> Path:
        return run / self.file_name

    def download_name(self, run: Path) -> str:
        """Name under which people receive the file."""
        is_plain = self.suffix == f".{self.code}"
        return f"{run.name}{self.suffix}" if is_plain else f"{run.name}-{self.code}{self.suffix}"
