"""Choice of a processor's kernels for the networks that TensorFlow trains.

oneDNN's convolutions are up to twice as fast on processors for which TensorFlow leaves
them off, and they round differently. A short measurement on this machine decides once.
A run keeps the kernels that it began with, also when it is resumed.
"""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.files import read_json
from core.keras_backend import DEFAULT
from core.processes import run_module
from core.progress import Progress, Stage, raise_if_stopped
from core.records import Record, read_record, write_record
from core.workspace import backbones_folder

log = logging.getLogger(__name__)

# TensorFlow reads it when it is imported.
VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
_NO_GPU = ("", "-1")
# A smaller gain is within the noise of the measurement.
_MIN_GAIN = 1.1


@dataclass(frozen=True, kw_only=True)
class Kernels(Record):
    """Kernels that a run trains with; ``kernels.json`` in its directory."""

    # None: as TensorFlow chooses by itself.
    onednn: bool | None = None


@dataclass(frozen=True, kw_only=True)
class KernelTimes(Record):
    """Seconds of the same steps with either kind of kernels on this machine."""

    own: float
    onednn: float

    @property
    def gain(self) -> float:
        """Speed of oneDNN's kernels relative to TensorFlow's own."""
        return self.own / self.onednn

    @property
    def is_faster(self) -> bool:
        """True if oneDNN is faster by more than the noise of the measurement."""
        return self.gain >= _MIN_GAIN


def use_kernels(run: Path, progress: Progress, *, is_resumed: bool) -> None:
    """Make TensorFlow, not imported yet, use the kernels of a run; a new run gets the faster ones.

    What a run began with stays recorded, also where it cannot be had any more.

    Args:
        is_resumed: a network of the run has been trained before. Without a record it was
            trained by a version that left the choice to TensorFlow.
    Raises:
        JobStopped, JobPaused: the user asked for it.
    """
    can_choose = _can_choose()
    if _file(run).exists():
        kernels = read_record(_file(run), Kernels)
        if not can_choose and kernels != _kernels_in_use():
            log.warning("The run began with other kernels than this process has: its last digits can change")
    else:
        kernels = _kernels_for(progress, is_resumed=is_resumed) if can_choose else _kernels_in_use()
        write_record(_file(run), kernels)
    if can_choose:
        _set(kernels)


def use_faster_kernels(progress: Progress) -> None:
    """Make TensorFlow, not imported yet, use the kernels that are faster on this machine.

    Raises:
        JobStopped, JobPaused: the user asked for it.
    """
    if _can_choose():
        _set(_faster_kernels(progress))


def known_times() -> KernelTimes | None:
    """Return what was measured on this machine; None before the first measurement."""
    return read_record(_times_file(), KernelTimes) if _times_file().exists() else None


def _can_choose() -> bool:
    """Return True where TensorFlow will train on the processor and nobody has chosen for it."""
    on_processor = os.environ.get("CUDA_VISIBLE_DEVICES") in _NO_GPU
    is_tensorflow = os.environ.get("KERAS_BACKEND", DEFAULT) == DEFAULT
    return on_processor and is_tensorflow and "tensorflow" not in sys.modules and VARIABLE not in os.environ


def _set(kernels: Kernels) -> None:
    if kernels.onednn is not None:
        os.environ[VARIABLE] = str(int(kernels.onednn))


def _kernels_for(progress: Progress, *, is_resumed: bool) -> Kernels:
    return Kernels() if is_resumed else _faster_kernels(progress)


def _kernels_in_use() -> Kernels:
    return Kernels(onednn={"0": False, "1": True}.get(os.environ.get(VARIABLE, "")))


def _faster_kernels(progress: Progress) -> Kernels:
    return Kernels(onednn=_measured(progress).is_faster)


def _measured(progress: Progress) -> KernelTimes:
    """Return the times on this machine, measured now if they never were."""
    times = known_times()
    if times is not None:
        return times
    progress.stage(Stage.PROFILING)
    seconds = []
    for setting in ("0", "1"):
        raise_if_stopped(progress)
        seconds.append(_timed(setting))
    times = KernelTimes(own=seconds[0], onednn=seconds[1])
    write_record(_times_file(), times)
    log.info("Steps take %.3f s with TensorFlow's own kernels, %.3f s with oneDNN", times.own, times.onednn)
    return times


def _timed(setting: str) -> float:
    with TemporaryDirectory(prefix="darkroom-") as folder:
        answer = Path(folder, "seconds.json")
        run_module(
            "core.training.kernels.timing",
            (answer,),
            failure="the speed of this processor could not be measured",
            environment={VARIABLE: setting, "KERAS_BACKEND": DEFAULT},
        )
        return float(read_json(answer)["seconds"])


def _file(run: Path) -> Path:
    return run / "kernels.json"


def _times_file() -> Path:
    return backbones_folder() / "kernels.json"
