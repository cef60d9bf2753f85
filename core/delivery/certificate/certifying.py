"""Check of one export file on the test pictures, in a clean process."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from core.delivery.answering import Answers
from core.delivery.certificate.agreement import measure_agreement
from core.delivery.certificate.client import CheckProcess, check_process
from core.delivery.certificate.records import Certificate, FileCheck, Speed
from core.delivery.certificate.sample import TestedSample
from core.delivery.certificate.store import sum_of
from core.delivery.certificate.timing import measure_speed
from core.delivery.exporter import Exporter
from core.errors import DeliveryError
from core.messages import N_
from core.progress import ignore_counts

_REQUIREMENTS = "requirements.txt"


def certify(
    file: Path,
    exporter: Exporter,
    sample: TestedSample,
    *,
    allowed_loss: float,
    log: Path,
    environments: Path,
    reference: CheckProcess | None = None,
    on_batch: Callable[[int, int], None] = ignore_counts,
) -> Certificate:
    """Run a file on test pictures and compare its answers with the evaluation's.

    Args:
        allowed_loss: accuracy that a quantised format may lose.
        log: receives what the runtime prints.
        environments: folder of virtual environments; programs with the same requirements share one.
        reference: holds the float32 LiteRT file; None: ``file`` is that.
        on_batch: called with the finished pictures and their number; it can raise to end the work.
    Raises:
        DeliveryError: the file cannot be loaded, or does not answer.
    """
    check = None
    if exporter.can_be_checked:
        with check_process(log) as process:
            check = _check(file, exporter, sample, process, environments, reference, on_batch)
    return Certificate(
        run=sample.labels.run,
        format=exporter.code,
        sha256=sum_of(file),
        size_bytes=file.stat().st_size,
        checked=time.time(),
        evaluation=sample.digest,
        is_exact=exporter.is_exact,
        tolerance=exporter.tolerance,
        allowed_loss=allowed_loss,
        check=check,
    )


def _check(
    file: Path,
    exporter: Exporter,
    sample: TestedSample,
    process: CheckProcess,
    environments: Path,
    reference: CheckProcess | None,
    on_batch: Callable[[int, int], None],
) -> FileCheck:
    speed: Speed | None = None
    if exporter.answers_files is not None:
        answers = process.answer_files(exporter, file, sample.files, environments)
    else:
        process.open(exporter, file, sample.labels)
        answers = process.answer(sample.files, on_batch)
        # The network of a program for another device runs there, not here.
        if exporter.checks_program:
            speed = measure_speed(process, reference)
    _require_shape(answers, sample)
    facts = process.facts()
    return FileCheck(
        agreement=measure_agreement(sample, answers, exporter.tolerance),
        is_whole=sample.is_whole,
        # A file that answers picture files itself does so in another process.
        peak_memory_bytes=facts.peak_memory_bytes if speed else None,
        speed=speed,
        environment=answers.environment,
        runtime=facts.runtime or _requirements_of(file),
    )


def _require_shape(answers: Answers, sample: TestedSample) -> None:
    expected = len(sample.files), len(sample.labels.class_names)
    if answers.probabilities.shape != expected:
        raise DeliveryError(
            N_(
                "The file gave {got} probabilities; expected were {expected}, one for each picture and class."
            ),
            got=" × ".join(map(str, answers.probabilities.shape)),
            expected=" × ".join(map(str, expected)),
        )


def _requirements_of(file: Path) -> dict[str, str]:
    """Packages that a zip asks for, with their versions."""
    if not zipfile.is_zipfile(file):
        return {}
    with zipfile.ZipFile(file) as archive:
        if _REQUIREMENTS not in archive.namelist():
            return {}
        text = archive.read(_REQUIREMENTS).decode()
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)$", text, re.MULTILINE))
