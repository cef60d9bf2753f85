"""A batch of JPEG files, against bare decoding and a bare LiteRT loop that run at the same time.

The two bare loops do the same work on the same cores and nothing else: one decodes every file, the
other runs the network on as many random pictures. The slower of them is the limit of any
pipeline. Both ways take turns, and the best turn of each counts.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.commands import darkroom, log, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from core.delivery.files import Labels, read_labels, tflite_file
from core.devices import cpu_cores
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.litert.engine import FeatureExtractor
from core.prediction.batch.job import predict_batch
from core.prediction.batch.records import BatchRequest
from core.progress import QuietProgress
from core.workspace import project_of

PICTURES, _QUICK_PICTURES = 5000, 100
TRAINING_PICTURES, _QUICK_TRAINING_PICTURES = 640, 160
LEAST_RATIO, MOST_GROWTH = 0.85, 50.0
_ROUNDS = 3
_BLOCK = 64  # random pictures that the bare loop runs on again and again
_SETTLED = 0.2  # share of the pictures after which memory should not grow


def run(options: Options) -> list[Figure]:
    count = _QUICK_PICTURES if options.quick else PICTURES
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["DARKROOM_HOME"] = str(folder / "home")
        run_folder = _trained(folder, _QUICK_TRAINING_PICTURES if options.quick else TRAINING_PICTURES)
        files = _jpeg_files(folder / "new", count)
        return _figures(run_folder, files, 1 if options.quick else _ROUNDS)


def _figures(run_folder: Path, files: list[Path], rounds: int) -> list[Figure]:
    labels, extractor = read_labels(run_folder), FeatureExtractor(tflite_file(run_folder))
    growths, turns = [], []
    for number in range(rounds):
        log(f"round {number + 1}")
        memory = _Memory(len(files))
        batch = _seconds(lambda: _classify(run_folder, files[0].parent, number, memory))  # noqa: B023
        growths.append(memory.growth)
        bare = _seconds(lambda: _both_bare(files, labels, extractor))
        turns.append((batch, bare))
    batch, bare = (min(column) for column in zip(*turns, strict=True))
    count = len(files)
    return [
        Figure(
            name=f"batch of {count:,} JPEG files",
            measured=count / batch,
            unit="pictures/s",
            reference=Reference(name="slower of bare decoding and bare LiteRT at once", value=count / bare),
            target=Target(of="ratio", at_least=LEAST_RATIO),
            details={
                "turns_seconds": turns,
                "bare_decoding_alone": count / _seconds(lambda: _decode_all(files, labels)),
                "bare_litert_alone": count / _seconds(lambda: _run_all(count, extractor)),
            },
        ),
        Figure(
            name="growth of memory during the batch",
            measured=max(growths),
            unit="MB",
            reference=Reference(name="these pictures, decoded", value=count * 3 * labels.input_size**2 / 1e6),
            less_is_better=True,
            target=Target(at_most=MOST_GROWTH),
        ),
    ]


class _Memory(QuietProgress):
    """Growth of this process from a share of the pictures on, in MB."""

    def __init__(self, count: int) -> None:
        self._first, self._process = _SETTLED * count, psutil.Process()
        self._settled = self._most = 0

    @property
    def growth(self) -> float:
        return (self._most - self._settled) / 1e6

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        if done < self._first:
            return
        used = self._process.memory_info().rss
        self._settled, self._most = self._settled or used, max(self._most, used)


def _classify(run_folder: Path, source: Path, number: int, progress: QuietProgress) -> None:
    """A batch as its worker runs it, from the listing of the folder to the table of answers."""
    request = BatchRequest(run=run_folder.name, sources=(source,))
    path = project_of(run_folder).predictions / f"batch-{number}"
    job = JobDirectory.create(path, JobKind.PREDICT_BATCH, request.to_json())
    predict_batch(job.path, job.config(), progress)


def _both_bare(files: list[Path], labels: Labels, extractor: FeatureExtractor) -> None:
    with ThreadPoolExecutor(1) as other:
        decoding = other.submit(_decode_all, files, labels)
        _run_all(len(files), extractor)
        decoding.result()


def _decode_all(files: list[Path], labels: Labels) -> None:
    with ThreadPoolExecutor(cpu_cores()) as pool:
        for _ in pool.map(lambda path: labels.decode(path.read_bytes()), files):
            pass


def _run_all(count: int, extractor: FeatureExtractor) -> None:
    size = extractor.input_size
    block = np.random.default_rng(0).integers(0, 256, (_BLOCK, size, size, 3), np.uint8)
    for start in range(0, count, _BLOCK):
        extractor.run(block[: count - start])


def _trained(folder: Path, pictures: int) -> Path:
    """A run on photographs, by the recipe “quick”."""
    write_photographs(folder / "photographs", pictures)
    home = folder / "home"
    darkroom(home, "import", str(folder / "photographs"), "--project", "photographs")
    run_name = train(home, "photographs").answer["run"]
    return home / "projects" / "photographs" / "runs" / str(run_name)


def _jpeg_files(folder: Path, count: int) -> list[Path]:
    """Photographs that the run has not seen, all as JPEG, in one folder."""
    log(f"writing {count:,} JPEG files")
    made = folder.with_name("made")
    write_photographs(made, count, seed=1)
    folder.mkdir()
    paths = sorted(path for path in made.rglob("*") if path.is_file())

    def write(item: tuple[int, Path]) -> Path:
        number, path = item
        target = folder / f"{number:05d}.jpg"
        if path.suffix == ".jpg":
            return path.rename(target)
        with Image.open(path) as picture:
            picture.convert("RGB").save(target, quality=90)
        return target

    with ThreadPoolExecutor() as pool:
        return list(pool.map(write, enumerate(paths)))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
