"""Importing against the bare work: opening, decoding and shrinking the same files with Pillow in two processes.

A picture set is the photographs of ``photographs``, in the larger sets each cut and
compressed again several times, so that every file is another. Each import runs in
a process of its own, whose peak of memory is taken.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
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
    return _figures(sizes, bare, imports)


def _figures(sizes: tuple[int, ...], bare: float, imports: dict[int, tuple[float, float]]) -> list[Figure]:
    small, medium, large = sizes
    seconds = {count: imports[count][0] for count in sizes}
    return [
        Figure(
            name=f"import of {medium:,} pictures, hashes, measures and thumbnails included",
            measured=medium / seconds[medium],
            unit="pictures/s",
            reference=Reference(name="bare Pillow loop, two processes", value=medium / bare),
            target=Target(of="ratio", at_least=0.8),
            details={"seconds": seconds, "bare_seconds": bare},
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
            measured=imports[medium][1],
            unit="MB",
            target=Target(at_most=500),
            less_is_better=True,
        ),
        Figure(
            name=f"peak memory, {large:,} pictures",
            measured=imports[large][1],
            unit="MB",
            reference=Reference(name=f"{medium:,} pictures", value=imports[medium][1]),
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


def _bare_loop(folder: Path) -> float:
    """Seconds to open, decode and shrink every file."""
    files = _files(folder)
    with ProcessPoolExecutor(_PROCESSES) as pool:
        list(pool.map(abs, range(_PROCESSES)))  # the processes are there
        began = time.perf_counter()
        list(pool.map(_shrink, files, chunksize=_FILES_AT_A_TIME))
        return time.perf_counter() - began


def _shrink(path: Path) -> None:
    with Image.open(path) as image:
        image.convert("RGB").resize((_SIDE, _SIDE))


def _import_apart(source: Path, home: Path) -> tuple[float, float]:
    """Seconds, and the peak of memory in MB, of an import in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcome = pool.submit(_import, source, home).result()
    shutil.rmtree(home)
    return outcome


def _import(source: Path, home: Path) -> tuple[float, float]:
    os.environ["DARKROOM_HOME"] = str(home)
    from core.data.importing import import_dataset

    began = time.perf_counter()
    import_dataset(source, "Photographs")
    seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _log(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)
