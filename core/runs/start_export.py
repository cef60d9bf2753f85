"""Start of the job that makes and checks export files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.delivery.certificate.records import USUAL_LOSS
from core.delivery.export_job import ExportRequest
from core.delivery.files import require_delivered
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.runs.temporary_jobs import start_temporary
from core.workspace import project_of


def start_export(run: Path, formats: Sequence[str], allowed_loss: float = USUAL_LOSS) -> JobDirectory:
    """Make files of a delivered run in these formats, and check each on the test pictures.

    Args:
        allowed_loss: accuracy that a quantised format may lose, as a fraction.
    Raises:
        NotFoundError: there is no such format, or the run has no finished classifier.
        ConfigError: the loss is no fraction.
    """
    require_delivered(run)
    request = ExportRequest(run=run.name, formats=tuple(formats), allowed_loss=allowed_loss)
    return start_temporary(project_of(run).jobs, JobKind.EXPORT, request.to_json())
