"""Measured throughput and memory of each phase that trains a network on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.files import read_json, write_json
from core.models.speeds import speed_key
from core.records import Record
from core.training.config import TrainingConfig
from core.training.phases import CODES_OF_0_1_0, Phase
from core.workspace import backbones_folder


@dataclass(frozen=True, kw_only=True)
class Throughput(Record):
    """Speed and memory of a phase, measured."""

    pictures_per_second: float  # validation and saving excluded
    memory_bytes: int  # peak of the process
    outputs: int  # numbers in the frozen stem's output for a picture; 0 without a stem


def measured_throughput(settings: TrainingConfig, phase: Phase) -> Throughput | None:
    """Return the throughput of a phase with these settings on this machine, if it was measured."""
    file = _file()
    known = read_json(file) if file.exists() else {}
    # Version 0.1.0 had other codes for phases.
    values = known.get(_key(settings, phase, phase)) or known.get(
        _key(settings, phase, CODES_OF_0_1_0[phase])
    )
    return Throughput.from_json(values) if values else None


def remember_throughput(settings: TrainingConfig, phase: Phase, throughput: Throughput) -> None:
    """Store a phase's throughput."""
    file = _file()
    known = read_json(file) if file.exists() else {}
    write_json(file, known | {_key(settings, phase, phase): throughput.to_json()})


def peak_memory_bytes() -> int:
    """Return the peak memory of this process."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, kilobytes elsewhere


def _file() -> Path:
    return backbones_folder() / "paces.json"


def _key(settings: TrainingConfig, phase: Phase, code: str) -> str:
    depth = f"/{settings.unfreeze:g}" if phase.has_frozen_stem else ""
    return f"{speed_key(settings.sized_backbone)}/{code}{depth}/{settings.batch_size}"
