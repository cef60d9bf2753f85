"""Files of a delivered run: the classifier, its labels and the measured proof."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from filelock import FileLock

from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.labels.task import Task
from core.data.pixels.decoding import load_picture
from core.errors import DeliveryError, NotFoundError
from core.evaluation.report import proof_file
from core.messages import N_
from core.records import JsonObject, Record, read_record, write_record


@dataclass(frozen=True, kw_only=True)
class Labels(Record):
    """Facts needed to use the network; ``labels.json`` in the run and in every bundle."""

    # in the order of the probabilities
    class_names: tuple[str, ...]
    # pictures are stretched to so many pixels a side
    input_size: int
    backbone: str
    run: str
    task: Task = Task.MULTI_CLASS
    # Probability from which each class is answered. With several labels each class has one; otherwise only
    # classes for which the user chose one, see ``core.evaluation.thresholds.answers``.
    thresholds: tuple[float | None, ...] | None = None
    # Measured values that are black and white in pictures with more than 8 bits; see ``PixelRange``.
    pixel_range: tuple[float, float] | None = None
    # Channels that are red, green and blue in pictures of many; see ``ChannelMapping``.
    channels: tuple[int, int, int] | None = None
    # Range of all measured values in training, where the user chose another ``pixel_range``.
    measured_range: tuple[float, float] | None = None
    # All pictures in training had more than 8 bits.
    expects_depth: bool = False
    # Limits of an answer, see ``core.evaluation.strangers.chosen``; the score is the second output of the LiteRT file.
    stranger_limit: float | None = None
    least_confidence: float | None = None

    def decode(self, data: bytes) -> np.ndarray:
        """Decode picture bytes to uint8 RGB, shape (input size, input size, 3).

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        pixel_range = PixelRange(*self.pixel_range) if self.pixel_range else None
        channels = ChannelMapping(*self.channels) if self.channels else None
        return load_picture(data, self.input_size, pixel_range, channels)


@dataclass(frozen=True, kw_only=True)
class FileProof(Record):
    """Comparison of one exported file with the evaluation, from picture file to probability."""

    # test pictures compared
    pictures: int
    # largest difference of any probability
    max_difference: float
    # largest difference of any stranger score; None: the file gives none
    score_difference: float | None = None


@dataclass(frozen=True, kw_only=True)
class ParityProof(Record):
    """Measured proof that the exported files agree with the evaluation; ``parity.json``."""

    # by the code of the format
    files: Mapping[str, FileProof] = field(default_factory=dict)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Older files hold the formats at the top level."""
        return values if "files" in values else {"files": values}

    @property
    def pictures(self) -> int:
        """Test pictures that at least one file was compared on."""
        return max((proof.pictures for proof in self.files.values()), default=0)

    @property
    def max_difference(self) -> float:
        return max((proof.max_difference for proof in self.files.values()), default=0.0)


@contextmanager
def changing_labels(run: Path) -> Iterator[None]:
    """Hold the lock of ``labels.json`` and of the choices in it, so that simultaneous changes both count."""
    with FileLock(run / ".labels.lock"):
        yield


def write_labels(run: Path, labels: Labels) -> None:
    write_record(labels_file(run), labels)


def read_labels(run: Path) -> Labels:
    return read_record(labels_file(run), Labels)


def labels_thresholds(thresholds: tuple[float | None, ...]) -> tuple[float | None, ...] | None:
    """Thresholds as ``labels.json`` has them: None where no class has one."""
    return None if all(threshold is None for threshold in thresholds) else thresholds


def read_proof(run: Path) -> ParityProof:
    return read_record(parity_file(run), ParityProof)


def keras_file(run: Path) -> Path:
    return run / "model.keras"


def tflite_file(run: Path) -> Path:
    return run / "model.tflite"


def labels_file(run: Path) -> Path:
    return run / "labels.json"


def parity_file(run: Path) -> Path:
    return proof_file(run)


def is_delivered(run: Path) -> bool:
    """True once every file is there and proven: the proof is written last."""
    return parity_file(run).exists()


def require_delivered(run: Path) -> None:
    """Raise NotFoundError for a run whose classifier is not proven yet."""
    if not is_delivered(run):
        raise NotFoundError(
            N_("Run “{name}” has no finished classifier. Train it to the end, or resume it, first."),
            name=run.name,
        )


def require_parity(difference: float, tolerance: float, suffix: str) -> None:
    """Raise DeliveryError if the probabilities of an exported file differ from the evaluation's."""
    if not difference <= tolerance:
        raise DeliveryError(
            N_(
                "The {what} file answers differently from the evaluated classifier: probabilities differ by up to "
                "{difference:.4f}, more than {tolerance}. It is withheld; please report this."
            ),
            what=suffix,
            difference=difference,
            tolerance=tolerance,
        )


@contextmanager
def naming_the_path(output: Path) -> Iterator[None]:
    """Raise DeliveryError, with the path, where a file for a person cannot be written."""
    try:
        yield
    except OSError as error:
        raise DeliveryError(
            N_("{path} could not be written: {error}. Choose another path."),
            path=str(output),
            error=error.strerror,
        ) from error


def require_writable(output: Path) -> None:
    """Raise DeliveryError, with the path, where a file for a person could not be written; asked before long work."""
    with naming_the_path(output):
        if output.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=output.parent):
            pass
