"""Repetition of a run with the same settings on newer pictures, and its comparison with the run before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.dataset import open_dataset
from core.data.history import VersionChanges, changes_between
from core.evaluation.evaluated_run import EvaluatedRun
from core.jobs.directory import JobDirectory
from core.records import Record, read_record, write_record
from core.runs.compare import cloned_config
from core.runs.start_runs import start_training
from core.workspace import list_runs, project_of


@dataclass(frozen=True, kw_only=True)
class Predecessor(Record):
    """The run that was repeated; ``predecessor.json`` in its successor."""

    run: str


def changes_since(evaluated: EvaluatedRun) -> VersionChanges:
    """Count what changed in the dataset since a run was trained."""
    return changes_between(evaluated.dataset, open_dataset(project_of(evaluated.run)))


def train_again(run: Path) -> JobDirectory:
    """Start a run with the same settings on the newest pictures; it remembers its predecessor."""
    successor = start_training(project_of(run), cloned_config(JobDirectory(run)))
    write_record(_file(successor.path), Predecessor(run=run.name))
    return successor


def predecessor_of(run: Path) -> Path | None:
    """Find the run that this one repeats; None if it repeats none, or that was deleted."""
    if not _file(run).exists():
        return None
    before = run.parent / read_record(_file(run), Predecessor).run
    return before if (before / "config.json").exists() else None


def successor_of(run: Path) -> Path | None:
    """Find the newest run that repeats this one."""
    return next((other for other in list_runs(project_of(run)) if predecessor_of(other) == run), None)


def _file(run: Path) -> Path:
    return run / "predecessor.json"
