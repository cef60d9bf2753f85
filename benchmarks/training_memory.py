"""The most memory that a worker takes while it trains 5,000 and 50,000 pictures.

The recipe *balanced* on pictures of random pixels, decoded and looked at already: the
head is fitted, what the frozen part says is computed, and the last blocks are trained
for half a minute; then the worker is ended. What the model itself takes, batches and
TensorFlow included, is what the same run takes with a few hundred pictures. Needs
about 12 GB of disk.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.commands import log
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.synthetic import synthetic_project, write_decoded, write_features
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.litert.conversion import feature_engine
from core.progress import Stage
from core.runs.start_runs import start_training
from core.training.config import Recipe, TrainingConfig

_FEW, _SIZES = 500, (5_000, 50_000)
_QUICK_FEW, _QUICK_SIZES = 100, (200,)
_CLASSES = 10
_EPOCHS = 1000  # more than there is time for
_MOST_GIGABYTES = 2.0  # above the model's own
_WATCHED_SECONDS, _QUICK_WATCHED_SECONDS = 30.0, 3.0
_LOOK_SECONDS = 0.1


def run(options: Options) -> list[Figure]:
    few = _QUICK_FEW if options.quick else _FEW
    watched = _QUICK_WATCHED_SECONDS if options.quick else _WATCHED_SECONDS
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["DARKROOM_HOME"] = temporary
        engine = feature_engine(get_backbone(DEFAULT_BACKBONE))
        own = _peak_gigabytes(few, engine, watched)
        return [
            Figure(
                name=f"peak memory of a worker that trains {count:,} pictures",
                measured=_peak_gigabytes(count, engine, watched),
                unit="GB",
                reference=Reference(name=f"the model's own, with {few} pictures", value=own),
                less_is_better=True,
                target=Target(of="difference", at_most=_MOST_GIGABYTES),
            )
            for count in (_QUICK_SIZES if options.quick else _SIZES)
        ]


def _peak_gigabytes(pictures: int, engine: Path, watched_seconds: float) -> float:
    backbone = get_backbone(DEFAULT_BACKBONE)
    log(f"writing {pictures} decoded pictures")
    project = synthetic_project(f"random-{pictures}", pictures, _CLASSES)
    dataset = write_decoded(project, backbone.input_size)
    write_features(dataset, engine, backbone.feature_size)
    log(f"training {pictures} pictures")
    without_end = TrainingConfig(
        dataset_version=dataset.version, recipe=Recipe.BALANCED, epochs=_EPOCHS, patience=_EPOCHS
    )
    job = start_training(project, without_end)
    peak = _watch(job, watched_seconds)
    for leftover in (dataset.folder / "arrays").iterdir():
        leftover.unlink()  # gigabytes, which the next one needs
    return peak / 1e9


def _watch(job: JobDirectory, watched_seconds: float) -> int:
    """The most bytes that the worker held until it had trained the last blocks for so long; it is ended then.

    Raises:
        RuntimeError: it ended by itself before.
    """
    process_id = job.process_id()
    assert process_id is not None, "the launcher has noted it"
    process, peak, end = psutil.Process(process_id), 0, None
    while end is None or time.monotonic() < end:
        status = job.status()
        if status.state.has_ended:
            if status.state is not JobState.FINISHED or end is None:
                raise RuntimeError(f"the run ended as {status.state}: {status.error or job.path}")
            return peak
        if end is None and status.stage == Stage.FINE_TUNING:
            end = time.monotonic() + watched_seconds
        peak = max(peak, _peak_bytes(process))
        time.sleep(_LOOK_SECONDS)
    process.kill()
    process.wait()
    return peak


def _peak_bytes(process: psutil.Process) -> int:
    """The most that a process held so far; where the system does not tell, what it holds now."""
    if sys.platform != "linux":
        return int(process.memory_info().rss)
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0  # it has just ended
