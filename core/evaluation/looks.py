"""Use of a test set: runs measured on it, and results that people have seen.

Each look at a result can influence the next run, until the best run fits the test pictures by
chance (adaptive overfitting: Dwork 2015). The project stores the first look at each run in
``test_looks.json``, by a digest of the test pictures and their labels. The file outlives runs
that are deleted.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pandas as pd
from filelock import FileLock

from core.data.labels.layout import Split
from core.evaluation.report import has_report, predictions_file
from core.files import digest_of
from core.jobs.directory import JobDirectory
from core.records import Record, read_record, write_record
from core.workspace import Project, project_of

# The best of 25 equally good runs is expected 1.97 standard errors above their true accuracy, which
# is half of the 95% interval. (Runs that make the same mistakes differ less.)
MOST_LOOKS = 25
_LOCK_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class TestLooks(Record):
    """First look at each run's result: digest of the test pictures -> name of the run -> seconds since 1970."""

    __test__ = False  # pytest takes it for a test case by its name

    looks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TestSetUse(Record):
    """Use of one test set within a project."""

    __test__ = False

    runs: int  # evaluated on it
    looks: int  # runs whose result was seen, including deleted ones
    informed: int  # of ``runs``: started after the first result had been seen

    @property
    def is_worn(self) -> bool:
        """True if the best result is as likely luck as the interval is wide."""
        return self.looks >= MOST_LOOKS


def digest_of_test_set(run: Path) -> str:
    """Digest of an evaluated run's test pictures and their labels."""
    file = predictions_file(run)
    return _digest_of(file, file.stat().st_mtime_ns)


def record_look(run: Path) -> None:
    """Store that a run's result was seen, once a run.

    Raises:
        OSError: the project's folder cannot be written, or is locked for long.
        DamagedFileError, SchemaVersionError: see ``read_record``.
    """
    project, digest = project_of(run), digest_of_test_set(run)
    if run.name in _read(project).get(digest, {}):
        return
    with FileLock(project.path / ".test_looks.lock", timeout=_LOCK_TIMEOUT_SECONDS):
        looks = _read(project)
        of_set = {run.name: time.time(), **looks.get(digest, {})}
        write_record(_file(project), TestLooks(looks={**looks, digest: of_set}))


def use_of_test_set(run: Path, runs: Sequence[Path]) -> TestSetUse:
    """Count the runs on the same test pictures.

    Args:
        run: an evaluated run.
        runs: all of its project.
    """
    digest = digest_of_test_set(run)
    seen = _read(project_of(run)).get(digest, {})
    same = [one for one in runs if has_report(one) and digest_of_test_set(one) == digest]
    first = min(seen.values(), default=float("inf"))
    informed = sum(JobDirectory(one).created > first for one in same)
    return TestSetUse(runs=len(same), looks=len(seen), informed=informed)


def _file(project: Project) -> Path:
    return project.path / "test_looks.json"


def _read(project: Project) -> Mapping[str, Mapping[str, float]]:
    file = _file(project)
    return read_record(file, TestLooks).looks if file.exists() else {}


@lru_cache(maxsize=512)
def _digest_of(file: Path, _written: int) -> str:
    predictions = pd.read_parquet(file, columns=["id", "split", "label"])
    test = predictions[predictions["split"] == Split.TEST.value]
    pairs = zip(test["id"].astype(str), test["label"].astype(str), strict=True)
    return digest_of(sorted(pairs))
