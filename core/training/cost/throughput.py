"""How fast each way to train proved to be on this machine, and what it needed."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from core.files import read_json, write_json
from core.models.speeds import speed_key
from core.training.config import TrainingConfig
from core.training.phases import Phase
from core.workspace import backbones_folder


@dataclass(frozen=True, kw_only=True)
class Pace:
    """One way to train, as it was measured."""

    pictures_per_second: float  # validation and saving left out
    memory_bytes: int  # the most that the process held
    outputs: int  # numbers that the trunk gives for a picture; 0 where pictures go in


def measured_pace(settings: TrainingConfig, phase: Phase) -> Pace | None:
    """The pace of a phase with these settings on this machine, if it was ever measured."""
    file = _file()
    record = read_json(file).get(_key(settings, phase)) if file.exists() else None
    return Pace(**record) if record else None


def remember_pace(settings: TrainingConfig, phase: Phase, pace: Pace) -> None:
    file = _file()
    known = read_json(file) if file.exists() else {}
    write_json(file, known | {_key(settings, phase): asdict(pace)})


def peak_memory_bytes() -> int:
    """The most memory that this process has held at once."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, kilobytes elsewhere


def _file() -> Path:
    return backbones_folder() / "paces.json"


def _key(settings: TrainingConfig, phase: Phase) -> str:
    depth = f"/{settings.unfreeze:g}" if phase.has_frozen_stem else ""
    return f"{speed_key(settings.sized_backbone)}/{phase}{depth}/{settings.batch_size}"
