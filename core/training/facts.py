"""Facts that training reports through ``Progress.fact``: milestones and measured times.

Training does not know who listens. ``core.training.cost.plan`` remembers the times for
later runs and plans the rest of this one anew.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.progress import Progress, Stage
from core.training.config import TrainingConfig
from core.training.phases import Phase

_KERAS = "keras"


@dataclass(frozen=True, kw_only=True)
class EngineReady:
    """The backbone's weights are present and converted; features come next."""


@dataclass(frozen=True, kw_only=True)
class HeadsFitted:
    """No head is left to fit; phases that train a network come next."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Training has ended; evaluation and export come next."""

    own_network: bool  # the run delivers a network of its own, not the pretrained backbone


@dataclass(frozen=True, kw_only=True)
class KerasImported:
    """Keras and its backend were imported."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class StageTimed:
    """A stage whose length no count of pictures predicts has ended; the import of Keras is not included."""

    settings: TrainingConfig
    stage: Stage
    own_network: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ThroughputMeasured:
    """An epoch of a network was timed."""

    settings: TrainingConfig
    phase: Phase
    pictures_per_second: float  # validation and saving excluded
    outputs: int  # numbers that the frozen stem gives for a picture; 0 if pictures go in


@contextmanager
def timed(progress: Progress, settings: TrainingConfig, stage: Stage, *, own_network: bool) -> Iterator[None]:
    """Report how long the block took, if it ends without an error; Keras is imported before it."""
    import_keras(progress)
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    progress.fact(StageTimed(settings=settings, stage=stage, own_network=own_network, seconds=seconds))


def import_keras(progress: Progress) -> None:
    """Import Keras and its backend unless they are loaded, and report how long that took."""
    if is_keras_loaded():
        return
    began = time.monotonic()
    importlib.import_module(_KERAS)
    progress.fact(KerasImported(seconds=time.monotonic() - began))


def is_keras_loaded() -> bool:
    """Return True once this process has imported Keras."""
    return _KERAS in sys.modules
