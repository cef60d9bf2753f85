"""How long the short stages of a run took on this machine: what no count of pictures tells."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.files import read_json, write_json
from core.models.speeds import speed_key
from core.progress import Stage
from core.training.config import TrainingConfig
from core.workspace import backbones_folder

# Its import counts for itself: which stage comes first, and does it, differs from run to run.
_KERAS = "keras"


def measured_seconds(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> float | None:
    """How long the stage took when it was done last, Keras being there; None before it ever was.

    Args:
        own_network: the run trained another network than the backbone as it came.
    """
    return _known().get(_key(settings, stage, own_network=own_network))


def measured_keras_seconds() -> float | None:
    """How long the import of Keras and its backend took last; None before it was ever timed."""
    return _known().get(_KERAS)


@contextmanager
def timed(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> Iterator[None]:
    """Remember how long the block took, if it ends well; it needs Keras, which is imported before."""
    import_keras()
    began = time.monotonic()
    yield
    _remember(_key(settings, stage, own_network=own_network), time.monotonic() - began)


def is_cold() -> bool:
    """Whether nothing has imported Keras yet in this process."""
    return _KERAS not in sys.modules


def import_keras() -> None:
    """Import Keras and its backend, unless they are, and remember how long that takes."""
    if not is_cold():
        return
    began = time.monotonic()
    importlib.import_module(_KERAS)
    _remember(_KERAS, time.monotonic() - began)


def _remember(key: str, seconds: float) -> None:
    write_json(_file(), _known() | {key: round(seconds, 2)})


def _known() -> dict[str, float]:
    return dict(read_json(_file())) if _file().exists() else {}


def _file() -> Path:
    return backbones_folder() / "stages.json"


def _key(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> str:
    return "/".join((speed_key(settings.sized_backbone), stage, "own" if own_network else "frozen"))
