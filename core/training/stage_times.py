"""How long the short stages of a run took on this machine: what no count of pictures tells."""

from __future__ import annotations

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


def measured_seconds(
    settings: TrainingConfig, stage: Stage, *, own_network: bool, is_cold: bool
) -> float | None:
    """How long the stage took when it was done last; None before it ever was.

    Args:
        own_network: the run trained another network than the backbone as it came.
        is_cold: the stage begins by importing Keras, because none before it did.
    """
    return _known().get(_key(settings, stage, own_network=own_network, is_cold=is_cold))


@contextmanager
def timed(settings: TrainingConfig, stage: Stage, *, own_network: bool) -> Iterator[None]:
    """Remember how long the block took, if it ends well."""
    is_cold, began = "keras" not in sys.modules, time.monotonic()
    yield
    key = _key(settings, stage, own_network=own_network, is_cold=is_cold)
    write_json(_file(), _known() | {key: round(time.monotonic() - began, 2)})


def _known() -> dict[str, float]:
    return dict(read_json(_file())) if _file().exists() else {}


def _file() -> Path:
    return backbones_folder() / "stages.json"


def _key(settings: TrainingConfig, stage: Stage, *, own_network: bool, is_cold: bool) -> str:
    kind = "own" if own_network else "frozen"
    return "/".join((speed_key(settings.sized_backbone), stage, kind, *(["cold"] if is_cold else [])))
