"""Latency of delivered classifiers on this machine: LiteRT, one picture at a time, on all cores."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.delivery.files import is_delivered, tflite_file
from core.models.litert.engine import Engine
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject, Record, read_record, write_record
from core.workspace import project_of

_SECONDS, _LEAST_CALLS = 2.0, 3


@dataclass(frozen=True, kw_only=True)
class Latency(Record):
    """Median time from decoded picture to probabilities; ``latency.json`` in the run."""

    milliseconds: float


def read_latency(run: Path) -> Latency | None:
    """Read the measured latency of a run; None if its classifier was never measured, or is newer."""
    file = _file(run)
    if not file.exists() or not is_delivered(run):
        return None
    is_newer = tflite_file(run).stat().st_mtime_ns > file.stat().st_mtime_ns
    return None if is_newer else read_record(file, Latency)


def measure_runs(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Measure the delivered classifiers of ``config["runs"]``, names of runs of the project."""
    progress.stage(Stage.MEASURING)
    runs = [project_of(directory).runs / name for name in config["runs"]]
    measured = {}
    for done, run in enumerate(runs):
        progress.advance(done, len(runs))
        raise_if_stopped(progress)
        if is_delivered(run):
            measured[run.name] = median_milliseconds(Engine(tflite_file(run)), progress)
            # It may have been deleted meanwhile.
            if is_delivered(run):
                write_record(_file(run), Latency(milliseconds=measured[run.name]))
    progress.advance(len(runs), len(runs))
    return {"milliseconds": measured}


def median_milliseconds(engine: Engine, progress: Progress) -> float:
    """Measure the median time of one picture; takes 2 s."""
    size = engine.input_size
    picture = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    engine.run(picture)  # the first call plans its memory
    times: list[float] = []
    began = time.monotonic()
    while len(times) < _LEAST_CALLS or time.monotonic() - began < _SECONDS:
        raise_if_stopped(progress)
        start = time.perf_counter()
        engine.run(picture)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def _file(run: Path) -> Path:
    return run / "latency.json"
