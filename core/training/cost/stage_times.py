"""Measured times of a run's short stages, which no count of pictures predicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.files import read_json, write_json
from core.models.speeds import speed_key
from core.progress import QuietProgress, Stage
from core.training import facts
from core.training.config import TrainingConfig
from core.workspace import backbones_folder

# The import of Keras is timed by itself: the stage that does it differs from run to run.
_KERAS = "keras"


def measured_seconds(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> float | None:
    """Return the stage's last time, without the import of Keras; None before the first.

    Args:
        own_network: the run trained a network of its own, not only a head on the backbone.
    """
    return _known().get(_key(settings, stage, own_network=own_network))


def measured_keras_seconds() -> float | None:
    """Return the last time of importing Keras and its backend; None before the first."""
    return _known().get(_KERAS)


def remember_seconds(settings: TrainingConfig, stage: Stage, seconds: float, *, own_network: bool) -> None:
    """Store the time that a stage took."""
    _remember(_key(settings, stage, own_network=own_network), seconds)


def remember_keras_seconds(seconds: float) -> None:
    """Store the time that importing Keras took."""
    _remember(_KERAS, seconds)


@contextmanager
def timed(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> Iterator[None]:
    """Remember the time of the block, if it ends without an error; Keras is imported before it."""
    with facts.timed(_Remembering(), settings, stage, own_network=own_network):
        yield


class _Remembering(QuietProgress):
    """Stores the times of steps that report no other facts: evaluation and export."""

    def fact(self, fact: object) -> None:
        if isinstance(fact, facts.KerasImported):
            remember_keras_seconds(fact.seconds)
        elif isinstance(fact, facts.StageTimed):
            remember_seconds(fact.settings, fact.stage, fact.seconds, own_network=fact.own_network)


def _remember(key: str, seconds: float) -> None:
    write_json(_file(), _known() | {key: round(seconds, 2)})


def _known() -> dict[str, float]:
    return dict(read_json(_file())) if _file().exists() else {}


def _file() -> Path:
    return backbones_folder() / "stages.json"


def _key(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> str:
    return "/".join((speed_key(settings.sized_backbone), stage, "own" if own_network else "frozen"))
