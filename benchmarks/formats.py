"""Formats in which people have pictures and labels: how many are understood, asked about and refused.

A source that is read without a question and with other labels than it says, or a picture that is seen
otherwise than it was meant, is silently wrong, which is the worst that can happen. Files come from the
tools themselves where these can be installed, else from the layouts in their documentation. The last
figures are the cost of recognising a large zip.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.format_sources import SOURCES, Files, FormatSource, picture
from benchmarks.options import Options
from benchmarks.tool_sources import TOOL_SOURCES, ToolSource, has_tools, path_of, write_sources
from core.data.formats.summary import Understanding
from core.data.formats.understanding import ConfirmationNeededError, understand
from core.data.import_config import ImportConfig
from core.data.sources.opening import open_source
from core.errors import DarkroomError

_ENTRIES, _QUICK_ENTRIES = 100_000, 2_000
_MOST_ERROR = 3.0  # of 255 levels, in the mean of all pixels
_LAYOUT = "its layout"  # of a file that no tool wrote
_REMEDY = re.compile(r"\b(save|export|install|develop|put|import|choose|download|split)\b", re.IGNORECASE)


class _Outcome(StrEnum):
    UNDERSTOOD = "understood"
    ASKS = "asks"
    REFUSES = "refuses"
    WRONG = "silently wrong"


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A kind of source, and what becomes of it."""

    kind: str
    written_by: str
    outcome: _Outcome
    # Sentence of a refusal.
    reason: str = ""
    # False for pictures that could never be opened: for these, a refusal is no step back.
    was_misread: bool = True


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "large.zip"
        # In a process of its own: what writing takes is no cost of reading.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            pool.submit(_write_large_zip, archive, _QUICK_ENTRIES if options.quick else _ENTRIES).result()
        seconds, megabytes = _recognise_large(archive)
        labels = [*_layout_rows(Path(folder) / "layouts"), *_tool_rows(Path(folder) / "tools")]
        pictures = _picture_rows(Path(folder) / "pictures")
    _print_table([*labels, *pictures])
    return [
        *_counts("sources of labels", labels),
        *_counts("pictures", pictures),
        _without_remedy([*labels, *pictures]),
        *_costs(seconds, megabytes),
    ]


def _counts(name: str, rows: list[_Row]) -> list[Figure]:
    misread = [row for row in rows if row.was_misread]
    targets = {_Outcome.WRONG: Target(at_most=0), _Outcome.REFUSES: Target(at_most=3)}
    figures = []
    for outcome in _Outcome:
        kinds = [row.kind for row in misread if row.outcome is outcome]
        figures.append(
            Figure(
                name=f"{name}: {outcome.value}",
                measured=len(kinds),
                unit=f"of {len(misread)}",
                less_is_better=outcome is not _Outcome.UNDERSTOOD,
                target=targets.get(outcome),
                details={"kinds": kinds},
            )
        )
    others = [row for row in rows if not row.was_misread]
    if others:
        read = [row.kind for row in others if row.outcome is _Outcome.UNDERSTOOD]
        details = {"read": read, "refused": [row.kind for row in others if row.kind not in read]}
        unit = f"of {len(others)}"
        figures.append(
            Figure(name=f"{name}, not opened before: read", measured=len(read), unit=unit, details=details)
        )
    return figures


def _without_remedy(rows: list[_Row]) -> Figure:
    kinds = [row.kind for row in rows if row.outcome is _Outcome.REFUSES and not _REMEDY.search(row.reason)]
    refused = sum(row.outcome is _Outcome.REFUSES for row in rows)
    return Figure(
        name="refusals that name no remedy",
        measured=len(kinds),
        unit=f"of {refused}",
        less_is_better=True,
        target=Target(at_most=0),
        details={"kinds": kinds},
    )


def _layout_rows(folder: Path) -> list[_Row]:
    rows = []
    for number, source in enumerate(SOURCES):
        path = folder / str(number)
        _write(path, source.files())
        outcome, reason = _outcome(path, source)
        rows.append(_Row(kind=source.name, written_by=_LAYOUT, outcome=outcome, reason=reason))
    return rows


def _tool_rows(folder: Path) -> list[_Row]:
    """Sources by the tools themselves; none where their environment was not made."""
    if not has_tools():
        print("  Sources written by the tools themselves: first make test-exports", file=sys.stderr)
        return []
    write_sources(folder)
    rows = []
    for source in TOOL_SOURCES:
        outcome, reason = _outcome(path_of(source, folder), source)
        rows.append(_Row(kind=source.name, written_by=source.tool, outcome=outcome, reason=reason))
    return rows


def _picture_rows(folder: Path) -> list[_Row]:
    # An import loads much, which is no cost of recognition.
    from benchmarks.picture_kinds import PICTURE_KINDS, error_of

    rows = []
    with _workspace(folder / "home"):
        for number, kind in enumerate(PICTURE_KINDS):
            outcome, reason = _outcome_of_picture(error_of(kind, folder / str(number)))
            row = _Row(
                kind=kind.name,
                written_by=kind.tool or _LAYOUT,
                outcome=outcome,
                reason=reason,
                was_misread=kind.was_misread,
            )
            rows.append(row)
    return rows


def _outcome_of_picture(error: float | str) -> tuple[_Outcome, str]:
    if isinstance(error, str):
        return _Outcome.REFUSES, error
    return (_Outcome.UNDERSTOOD if error <= _MOST_ERROR else _Outcome.WRONG), ""


@contextmanager
def _workspace(home: Path) -> Iterator[None]:
    before = os.environ.get("DARKROOM_HOME")
    os.environ["DARKROOM_HOME"] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ["DARKROOM_HOME"]
        else:
            os.environ["DARKROOM_HOME"] = before


def _print_table(rows: list[_Row]) -> None:
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("kind", "written_by")]
    print(f"  {'kind':{widths[0]}}  {'written by':{widths[1]}}  outcome", file=sys.stderr)
    for row in rows:
        outcome = f"{row.outcome.value}: {row.reason}" if row.reason else row.outcome.value
        print(f"  {row.kind:{widths[0]}}  {row.written_by:{widths[1]}}  {outcome}", file=sys.stderr)


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


def _outcome(path: Path, source: FormatSource | ToolSource) -> tuple[_Outcome, str]:
    """Outcome of an import, and the sentence of a refusal."""
    try:
        understanding = _understand(path, ImportConfig(**source.options))
    except ConfirmationNeededError:
        return _Outcome.ASKS, ""
    except DarkroomError as error:
        return _Outcome.REFUSES, str(error)
    if len(understanding.classes) < 2:  # an import then names the reason
        return _Outcome.REFUSES, "fewer than two classes"
    is_right = understanding.classes == source.classes and dict(understanding.splits) == source.splits
    return (_Outcome.UNDERSTOOD if is_right else _Outcome.WRONG), ""


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
