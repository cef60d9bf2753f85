"""Formats in which people have pictures and labels: how many are understood, asked about and refused.

A source that is read without a question and with other labels than it says is silently wrong,
which is the worst that can happen. The last figures are the cost of recognising a large zip.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.format_sources import SOURCES, Files, FormatSource, picture
from benchmarks.options import Options
from core.data.formats.summary import Understanding
from core.data.formats.understanding import ConfirmationNeededError, understand
from core.data.import_config import ImportConfig
from core.data.sources.opening import open_source
from core.errors import DarkroomError

_UNDERSTOOD, _ASKS, _REFUSES, _WRONG = "understood", "asks", "refuses", "silently wrong"
_ENTRIES, _QUICK_ENTRIES = 100_000, 2_000


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "large.zip"
        # In a process of its own: what writing takes is no cost of reading.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            pool.submit(_write_large_zip, archive, _QUICK_ENTRIES if options.quick else _ENTRIES).result()
        seconds, megabytes = _recognise_large(archive)
        outcomes: dict[str, list[str]] = defaultdict(list)
        for source in SOURCES:
            outcome = _outcome(source, Path(folder) / "sources" / source.name.replace("/", "-"))
            outcomes[outcome].append(source.name)
            print(f"  {source.name}: {outcome}", file=sys.stderr)
    return [*_counts(outcomes), *_costs(seconds, megabytes)]


def _counts(outcomes: dict[str, list[str]]) -> list[Figure]:
    targets = {_WRONG: Target(at_most=0), _REFUSES: Target(at_most=3)}
    return [
        Figure(
            name=f"kinds of sources: {outcome}",
            measured=len(outcomes[outcome]),
            unit=f"of {len(SOURCES)}",
            less_is_better=outcome != _UNDERSTOOD,
            target=targets.get(outcome),
            details={"kinds": outcomes[outcome]},
        )
        for outcome in (_UNDERSTOOD, _ASKS, _REFUSES, _WRONG)
    ]


def _costs(seconds: float, megabytes: float) -> list[Figure]:
    return [
        Figure(
            name="recognition of a zip with 100,000 files",
            measured=seconds,
            unit="s",
            less_is_better=True,
            target=Target(at_most=5),
        ),
        Figure(
            name="its peak memory, Python included",
            measured=megabytes,
            unit="MB",
            less_is_better=True,
            target=Target(at_most=300),
        ),
    ]


def _outcome(source: FormatSource, folder: Path) -> str:
    _write(folder, source.files())
    try:
        understanding = _understand(folder, ImportConfig(**source.options))
    except ConfirmationNeededError:
        return _ASKS
    except DarkroomError:
        return _REFUSES
    if len(understanding.classes) < 2:  # an import then names the reason
        return _REFUSES
    is_right = understanding.classes == source.classes and dict(understanding.splits) == source.splits
    return _UNDERSTOOD if is_right else _WRONG


def _understand(path: Path, config: ImportConfig) -> Understanding:
    with open_source(path) as listing:
        return understand(listing, config, path.name)[1]


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(content)


def _write_large_zip(path: Path, entries: int) -> None:
    """Two classes without folders, named by a table and by a JSON file."""
    labels = {f"p{number}": number % 2 for number in range(entries)}
    with zipfile.ZipFile(path, "w") as archive:
        for stem in labels:
            archive.writestr(f"data/{stem}.png", picture(0))
        archive.writestr("labels.json", json.dumps({"classes": ["cat", "dog"], "labels": labels}))


def _recognise_large(path: Path) -> tuple[float, float]:
    """Seconds, and peak memory of this process in MB, which has done nothing else before."""
    began = time.perf_counter()
    _understand(path, ImportConfig(confirmed=True))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
