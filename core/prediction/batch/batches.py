"""Batches of a project: opening and listing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.errors import NotFoundError
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.kinds import JobKind
from core.messages import N_
from core.prediction.batch.answer_table import read_answers
from core.prediction.batch.records import BatchFacts, BatchRequest, has_facts, read_facts
from core.prediction.batch.sources import BatchFiles
from core.workspace import Project, find_owned, home, project_of


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch of pictures, at work or at its end, as it was when it was opened."""

    job: JobDirectory
    request: BatchRequest
    # None until its worker has begun.
    facts: BatchFacts | None

    @property
    def path(self) -> Path:
        return self.job.path

    @property
    def run(self) -> Path:
        """Directory of the run, which may be deleted since."""
        return project_of(self.path).runs / self.request.run

    def answers(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read the answers so far; see ``answer_table`` for the columns. None: all but the features."""
        return read_answers(self.path, columns)

    def files(self) -> BatchFiles:
        """Open the picture files, to read some of them again. Close it, or use a ``with`` block."""
        return BatchFiles(self.path, self.request.sources)


def open_batch(path: Path) -> Batch:
    """Open a batch by its directory."""
    job = JobDirectory(path)
    return Batch(
        job=job,
        request=BatchRequest.from_json(job.config()),
        facts=read_facts(path) if has_facts(path) else None,
    )


def list_batches(project: Project, run: Path | None = None) -> list[Batch]:
    """List the batches of a project, or of one of its runs, newest first."""
    jobs = [job for job in list_jobs(project.predictions) if job.kind is JobKind.PREDICT_BATCH]
    batches = [open_batch(job.path) for job in jobs]
    return [batch for batch in batches if run is None or batch.request.run == run.name]


def find_batch(name: str) -> Batch:
    """Find a batch by its name, by ``PROJECT/NAME``, or by its path.

    Raises:
        NotFoundError: there is no such batch.
        AmbiguousNameError: several projects have one of this name.
    """
    owned = find_owned(name, lambda project: [batch.path for batch in list_batches(project)])
    if owned is None:
        raise NotFoundError(
            N_("There is no batch called “{name}” in {folder}."), name=name[:80], folder=str(home())
        )
    return open_batch(owned[1])
