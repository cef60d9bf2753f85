"""Commands for export files: export, certify."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from core.cli.command import Command
from core.cli.terminal import Answer, run_to_end
from core.delivery import export
from core.delivery.certificate.records import USUAL_LOSS, Certificate
from core.delivery.certificate.store import read_certificate
from core.delivery.delivered import KnownCheck, check_delivered
from core.delivery.export import find_exporter, refusal_of
from core.delivery.export_job import ExportResult
from core.delivery.exporter import Exporter, FormatGroup
from core.delivery.files import require_writable
from core.optional_packages import missing_packages
from core.reporting.exports import export_run
from core.runs.start_export import start_export
from core.workspace import find_run

_ALL = "all"


def _export(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    exporters = _exporters(options.format)
    is_single = len(exporters) == 1
    require_writable(options.output if is_single else options.output / exporters[0].download_name(run))
    failed = _make(run, exporters, options.max_loss)
    if is_single:
        return {"run": run.name, **_written(run, exporters[0], options.output)}
    taken = [exporter for exporter in exporters if exporter.code not in failed]
    files = [_written(run, exporter, options.output / exporter.download_name(run)) for exporter in taken]
    return {"run": run.name, "files": files, "failed": failed}


def _exporters(codes: Sequence[str]) -> list[Exporter]:
    """Formats of these codes; “all” are those whose packages are installed, without starter projects."""
    if _ALL in codes:
        formats = (item for item in export.EXPORTERS if item.group is not FormatGroup.STARTERS)
        return [exporter for exporter in formats if not missing_packages(exporter.packages)]
    return [find_exporter(code) for code in dict.fromkeys(codes)]


def _make(run: Path, exporters: Sequence[Exporter], points: float | None) -> dict[str, str]:
    """Make and check the files, and wait for it; Ctrl-C stops it.

    Returns:
        the reasons, by code, for which some of several formats cannot be taken.
    Raises:
        FailedError: no file was made, or the job was stopped.
    """
    codes = [exporter.code for exporter in exporters]
    job = start_export(run, codes, USUAL_LOSS if points is None else points / 100)
    run_to_end(job)
    result = ExportResult.from_json(job.result() or {})
    refused = {
        exporter.code: str(refusal)
        for exporter in exporters
        if (refusal := refusal_of(run, exporter)) is not None
    }
    return refused | {code: str(reason) for code, reason in result.failed.items()}


def _written(run: Path, exporter: Exporter, output: Path) -> Answer:
    export_run(run, exporter, output)
    certificate = read_certificate(run, exporter)
    return {
        "format": exporter.code,
        "path": str(output),
        "bytes": output.stat().st_size,
        "certificate": _certificate_answer(certificate) if certificate else None,
    }


def _certificate_answer(certificate: Certificate) -> Answer:
    agreement = certificate.check.agreement if certificate.check else None
    return certificate.to_json() | {
        "agreement": agreement.share if agreement else None,
        "accuracy_difference": agreement.accuracy.difference if agreement else None,
    }


def _certify(options: argparse.Namespace) -> Answer:
    checked = check_delivered(options.file)
    certificate = checked.certificate
    answer: Answer = {"file": str(options.file)}
    if isinstance(checked, KnownCheck):
        answer["agreement"] = checked.agreement.to_json() if checked.agreement else None
    else:
        answer |= {"files": checked.files, "largest_difference": checked.largest_difference}
    return answer | {"certificate": _certificate_answer(certificate) if certificate else None}


def _add_export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument(
        "--format",
        required=True,
        nargs="+",
        choices=[_ALL, *(exporter.code for exporter in export.EXPORTERS)],
        metavar="FORMAT",
        help="one or several of: %(choices)s",
    )
    parser.add_argument(
        "--output", required=True, type=Path, help="the file; of several formats their folder"
    )
    parser.add_argument(
        "--max-loss",
        type=float,
        metavar="POINTS",
        help="accuracy that a quantised format may lose on the test pictures, in points (default: 1)",
    )


def _add_certify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)


COMMANDS = (
    Command(
        name="export",
        summary="make files of a run's classifier, and check them on the test pictures",
        run=_export,
        add_arguments=_add_export_arguments,
    ),
    Command(
        name="certify",
        summary="check a delivered file by its sums and recorded answers, or on the test pictures of its run",
        run=_certify,
        add_arguments=_add_certify_arguments,
    ),
)
