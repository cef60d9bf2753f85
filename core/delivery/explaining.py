"""Heatmaps of a finished run's answers, from its LiteRT file, with stored verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.images.channels import ChannelMapping
from core.data.images.depth import PixelRange
from core.data.images.picture import PictureError, decode_picture, open_picture
from core.data.labels.task import Task
from core.data.skip_reasons import unreadable_image
from core.delivery.export import require_offered
from core.delivery.exporter import delivered_head
from core.delivery.files import read_labels, tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.run_network import has_one_network
from core.errors import DarkroomError, NotFoundError
from core.evaluation.explanations.joined_network import JoinedNetwork
from core.evaluation.explanations.network import ExplainedClassifier, ExplainedNetwork, Heatmap
from core.evaluation.explanations.verdict import Verdict, judge
from core.evaluation.thresholds.answers import answered
from core.files import digest_of, sha256_bytes
from core.jobs.directory import JobDirectory
from core.messages import N_
from core.models.litert.rewriting import feature_map_side
from core.progress import ignore_counts
from core.records import read_record, write_record
from core.training.artifacts import map_pooling
from core.training.config import TrainingConfig

# Of the joined maps of a committee that were pooled to cells before, in rows.
_POOLED_SIDE = 2


def _one_network(run: Path, content: bytes) -> ExplainedNetwork:
    settings = TrainingConfig.from_json(JobDirectory(run).config())
    backbone, pooling = settings.sized_backbone, map_pooling(settings)
    # Maps of unequal sides are joined after they were pooled.
    is_pooled = bool(backbone.members) and feature_map_side(content, pooling) <= _POOLED_SIDE
    return ExplainedNetwork(
        content,
        delivered_head(run),
        pooling,
        has_local_map=not (backbone.mixes_positions or is_pooled),
    )


class Explainer:
    """A finished run's classifier, ready to explain its answers. Safe to share between threads."""

    def __init__(self, run: Path) -> None:
        """Load the classifier of a run.

        Raises:
            NotFoundError: the run has no finished classifier.
            DeliveryError: its LiteRT file is withheld, because it answers otherwise than was evaluated.
        """
        require_offered(run, TFLITE)
        self.labels, file = read_labels(run), tflite_file(run)
        self._folder, self._written = run / "evaluation" / "heatmaps", file.stat().st_mtime_ns
        # LiteRT file of the classifier.
        self.content = file.read_bytes()
        # To look inside; None for an ensemble, which has several.
        self.one_network = _one_network(run, self.content) if has_one_network(run) else None
        self.network: ExplainedClassifier = self.one_network or JoinedNetwork(self.content)

    def prepare(self, data: bytes) -> np.ndarray:
        """Decode picture bytes to uint8 RGB, shape (input size, input size, 3).

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        return self.labels.decode(data)

    def upright(self, data: bytes, longest_side: int) -> np.ndarray:
        """Decode picture bytes for people, in their own shape: uint8 RGB (height, width, 3).

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        try:
            image = decode_picture(open_picture(data, self._channels), longest_side, self._pixel_range)
        except PictureError as error:
            raise unreadable_image(error.code, error.values) from error
        image.thumbnail((longest_side, longest_side), Image.Resampling.BILINEAR)
        return np.asarray(image)

    @property
    def _pixel_range(self) -> PixelRange | None:
        return PixelRange(*self.labels.pixel_range) if self.labels.pixel_range else None

    @property
    def _channels(self) -> ChannelMapping | None:
        return ChannelMapping(*self.labels.channels) if self.labels.channels else None

    def class_index(self, name: str) -> int:
        """Look up a class by its name.

        Raises:
            NotFoundError: the classifier does not know it.
        """
        if name not in self.labels.class_names:
            raise NotFoundError(
                N_("The classifier knows no class called “{name}”. It knows: {known}."),
                name=name[:80],
                known=", ".join(self.labels.class_names[:20]),
            )
        return self.labels.class_names.index(name)

    def heatmap(self, data: bytes, class_index: int | None = None) -> Heatmap:
        """Explain one class, by default the answer, for picture bytes.

        Of several labels, or of none, the most probable counts as the answer.

        Raises:
            UnreadableImageError: the bytes are not a picture that can be read.
        """
        picture, labels = self.prepare(data), self.labels
        if class_index is None and labels.task is Task.MULTI_CLASS and labels.thresholds is not None:
            class_index = int(self.answers(picture[np.newaxis]).argmax())
        return self.network.heatmap(picture, class_index)

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Classes that are answered, bool (n, classes), for pictures uint8 RGB (n, S, S, 3)."""
        thresholds = self.labels.thresholds or (None,) * len(self.labels.class_names)
        return answered(self.labels.task, self.network.probabilities(pictures), thresholds)

    def stored_verdict(self, data: bytes, class_index: int) -> Verdict | None:
        """Read the verdict on a picture's heatmap if it was given before."""
        try:
            return read_record(self._verdict_file(data, class_index), Verdict)
        # Another version wrote it, or none did: it is measured again.
        except (FileNotFoundError, DarkroomError):
            return None

    def verdict(
        self, data: bytes, heatmap: Heatmap, on_pass: Callable[[int, int], None] = ignore_counts
    ) -> Verdict:
        """Return the verdict on the heatmap of a picture file; measured at the first call.

        Args:
            on_pass: called with the forward passes that are done and those of a test that takes the
                longest; it can raise to end the work.
        """
        stored = self.stored_verdict(data, heatmap.class_index)
        if stored is not None:
            return stored
        verdict = judge(self.network, self.prepare(data), heatmap, on_pass)
        write_record(self._verdict_file(data, heatmap.class_index), verdict)
        return verdict

    def _verdict_file(self, data: bytes, class_index: int) -> Path:
        # A run that was continued delivers another classifier.
        key = digest_of([sha256_bytes(data), class_index, self._written])
        return self._folder / f"verdict-{key}.json"
