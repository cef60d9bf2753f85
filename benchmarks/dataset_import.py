"""Importing against the bare work: opening, decoding and shrinking the same files with Pillow in two processes.

A picture set is the photographs of ``photographs``, in the larger sets each cut and
compressed again several times, so that every file is another. Each import runs in
a process of its own. Its peak of memory and its processor time include those of its own processes.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs

_SMALL, _MEDIUM, _LARGE = 1_000, 10_000, 50_000
_QUICK = (40, 80, 160)
_SIDE = 224  # pixels, what the bare loop shrinks to
_PROCESSES = 2
_KEPT_SHARE = (0.6, 0.95)  # of each side, when a picture is cut again
_FILES_AT_A_TIME = 64
_ROWS_IN_A_GROUP = 100  # of Parquet, as the library "datasets" writes pictures
_LOOK_SECONDS = 0.2  # between two looks at the memory of all processes


@dataclass(frozen=True, kw_only=True)
class _Cost:
    """Cost of one import, or of the bare loop."""

    seconds: float
    cpu_seconds: float
    peak_mb: float = 0.0


def run(options: Options) -> list[Figure]:
    sizes = _QUICK if options.quick else (_SMALL, _MEDIUM, _LARGE)
    with tempfile.TemporaryDirectory() as folder:
        sources = {count: Path(folder) / str(count) for count in sizes}
        _log(f"writing {sizes[1]} photographs")
        write_photographs(sources[sizes[1]], sizes[1])
        _choose(sources[sizes[1]], sources[sizes[0]], sizes[0])
        _log(f"cutting {sizes[2]} pictures from them")
        _cut_again(sources[sizes[1]], sources[sizes[2]], sizes[2])
        bare = _bare_loop(sources[sizes[1]])
        imports = {}
        for count in sizes:
            _log(f"importing {count} pictures")
            imports[count] = _import_apart(sources[count], Path(folder) / "home")
        _log(f"importing {sizes[1]} pictures from Parquet")
        _write_parquet(sources[sizes[1]], Path(folder) / "parquet")
        parquet = _import_apart(Path(folder) / "parquet", Path(folder) / "home")
    return [*_figures(sizes, bare, imports), _parquet_figure(sizes[1], parquet, imports[sizes[1]])]


def _parquet_figure(count: int, parquet: _Cost, folder: _Cost) -> Figure:
    return Figure(
        name=f"import of {count:,} pictures from Parquet",
        measured=count / parquet.seconds,
        unit="pictures/s",
        reference=Reference(name="from a folder", value=count / folder.seconds),
        target=Target(of="ratio", at_least=0.9),
        details={"peak_mb": parquet.peak_mb, "cpu_ms": 1000 * parquet.cpu_seconds / count},
    )


def _figures(sizes: tuple[int, ...], bare: _Cost, imports: dict[int, _Cost]) -> list[Figure]:
    small, medium, large = sizes
    seconds = {count: imports[count].seconds for count in sizes}
    return [
        Figure(
            name=f"import of {medium:,} pictures, hashes, measures and thumbnails included",
            measured=medium / seconds[medium],
            unit="pictures/s",
            reference=Reference(name="bare Pillow loop, two processes", value=medium / bare.seconds),
            target=Target(of="ratio", at_least=1.0),
            details={"seconds": seconds, "bare_seconds": bare.seconds},
        ),
        # Unlike the rate, comparable on a machine that does other work.
        Figure(
            name=f"processor time of a picture, import of {medium:,}",
            measured=1000 * imports[medium].cpu_seconds / medium,
            unit="ms",
            reference=Reference(
                name="bare Pillow loop, two processes", value=1000 * bare.cpu_seconds / medium
            ),
            target=Target(of="ratio", at_least=1.0),
            less_is_better=True,
        ),
        Figure(
            name=f"time for {medium:,} pictures",
            measured=seconds[medium] / seconds[small],
            unit=f"times that for {small:,}",
            target=Target(at_most=10.5 * medium / small / 10),
            less_is_better=True,
        ),
        Figure(
            name=f"peak memory, {medium:,} pictures",
            measured=imports[medium].peak_mb,
            unit="MB",
            target=Target(at_most=500),
            less_is_better=True,
        ),
        Figure(
            name=f"peak memory, {large:,} pictures",
            measured=imports[large].peak_mb,
            unit="MB",
            reference=Reference(name=f"{medium:,} pictures", value=imports[medium].peak_mb),
            target=Target(at_most=500),
            less_is_better=True,
            details={"pictures_per_second": large / seconds[large]},
        ),
    ]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _choose(source: Path, target: Path, count: int) -> None:
    """Every so manieth file, so that all classes and parts are there."""
    files = _files(source)
    for path in files[:: len(files) // count][:count]:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _write_parquet(source: Path, target: Path) -> None:
    """Write the files as Hugging Face does, a table for each part."""
    # Not loaded in the processes whose memory is taken.
    import pyarrow as pa
    import pyarrow.parquet as pq

    picture = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    schema = pa.schema({"image": picture, "label": pa.string()})
    target.mkdir()
    for part in sorted(source.iterdir()):
        files = _files(part)
        with pq.ParquetWriter(target / f"{part.name}-00000-of-00001.parquet", schema) as writer:
            for start in range(0, len(files), _ROWS_IN_A_GROUP):
                some = files[start : start + _ROWS_IN_A_GROUP]
                pictures = [{"bytes": path.read_bytes(), "path": path.name} for path in some]
                rows = {"image": pictures, "label": [path.parent.name for path in some]}
                writer.write_table(pa.table(rows, schema=schema))


def _cut_again(source: Path, target: Path, count: int) -> None:
    files = _files(source)
    jobs = [(files[i % len(files)], source, target, i) for i in range(count)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_cut, jobs, chunksize=_FILES_AT_A_TIME))


def _cut(job: tuple[Path, Path, Path, int]) -> None:
    path, source, target, number = job
    random = np.random.default_rng(number)
    with Image.open(path) as image:
        picture = image.convert("RGB")
    width, height = (round(side * random.uniform(*_KEPT_SHARE)) for side in picture.size)
    left = int(random.integers(0, picture.width - width + 1))
    top = int(random.integers(0, picture.height - height + 1))
    place = (target / path.relative_to(source)).with_name(f"{path.stem}-{number}.jpg")
    place.parent.mkdir(parents=True, exist_ok=True)
    picture.crop((left, top, left + width, top + height)).save(place, quality=int(random.integers(70, 95)))


def _bare_loop(folder: Path) -> _Cost:
    """Open, decode and shrink every file."""
    files = _files(folder)
    before = _cpu_seconds(resource.RUSAGE_CHILDREN)
    with ProcessPoolExecutor(_PROCESSES) as pool:
        list(pool.map(abs, range(_PROCESSES)))  # the processes are there
        began = time.perf_counter()
        list(pool.map(_shrink, files, chunksize=_FILES_AT_A_TIME))
        seconds = time.perf_counter() - began
    # Known once the processes have ended; their start takes hundredths of a second.
    return _Cost(seconds=seconds, cpu_seconds=_cpu_seconds(resource.RUSAGE_CHILDREN) - before)


def _cpu_seconds(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _shrink(path: Path) -> None:
    with Image.open(path) as image:
        image.convert("RGB").resize((_SIDE, _SIDE))


def _import_apart(source: Path, home: Path) -> _Cost:
    """Import in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcome = pool.submit(_import, source, home).result()
    shutil.rmtree(home)
    return outcome


def _import(source: Path, home: Path) -> _Cost:
    os.environ["DARKROOM_HOME"] = str(home)
    from core.data.importing import import_dataset

    began, before = time.perf_counter(), _cpu_of_all()
    with _memory_watched() as peaks:
        import_dataset(source, "Photographs")
    own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return _Cost(
        seconds=time.perf_counter() - began,
        cpu_seconds=_cpu_of_all() - before,
        peak_mb=max(own_peak, *peaks) / (1 << 20),
    )


def _cpu_of_all() -> float:
    """Processor seconds of this process and of those that it started and that have ended."""
    return _cpu_seconds(resource.RUSAGE_SELF) + _cpu_seconds(resource.RUSAGE_CHILDREN)


@contextmanager
def _memory_watched() -> Iterator[list[int]]:
    """Collect the bytes of this process and of those that it started; shared libraries count in each."""
    peaks, ended = [0], threading.Event()

    def watch() -> None:
        process = psutil.Process()
        while not ended.wait(_LOOK_SECONDS):
            with suppress(psutil.NoSuchProcess):
                every = (process, *process.children(recursive=True))
                peaks.append(sum(one.memory_info().rss for one in every))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def _log(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)
