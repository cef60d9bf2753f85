"""Job that makes files of a delivered run in other formats, and certifies each."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from core.delivery.certificate.certifying import certify
from core.delivery.certificate.client import CheckProcess, check_process
from core.delivery.certificate.records import USUAL_LOSS, Certificate
from core.delivery.certificate.sample import draw_sample
from core.delivery.certificate.sealing import put_certificate
from core.delivery.certificate.store import (
    FileState,
    read_certificate,
    write_certificate,
)
from core.delivery.export import (
    Card,
    changed_file,
    in_order_of_making,
    make_file,
    packages_missing,
    source_refusal,
    state_of,
)
from core.delivery.exporter import Exporter, FinishedModel
from core.delivery.files import changing_labels, require_delivered
from core.delivery.formats.litert.tflite_format import TFLITE
from core.errors import ConfigError, DarkroomError, DeliveryError, NotFoundError
from core.files import whole_file
from core.jobs.directory import JobDirectory
from core.jobs.disk import is_disk_full
from core.messages import N_, Message
from core.optional_packages import missing_packages
from core.progress import JobPaused, JobStopped, PartOf, Progress, Stage, raise_if_stopped
from core.records import JsonObject, Record
from core.workspace import project_of

log = logging.getLogger("darkroom.export")

# Share of a format's progress that is its making; the rest is its check.
_MAKING = 0.4


@dataclass(frozen=True, kw_only=True)
class ExportRequest(Record):
    """Request of the job; its ``config.json``."""

    run: str
    # codes; those that they are made from come by themselves
    formats: tuple[str, ...]
    # accuracy that a quantised format may lose, as a fraction
    allowed_loss: float = USUAL_LOSS

    def __post_init__(self) -> None:
        if not 0 <= self.allowed_loss <= 1:
            raise ConfigError(
                N_("A loss of {loss} points of accuracy is not possible. Allow between 0 and 100."),
                loss=f"{100 * self.allowed_loss:g}",
            )
        in_order_of_making(self.formats)


@dataclass(frozen=True, kw_only=True)
class ExportResult(Record):
    """Result of the job: formats that were not made, with the reasons."""

    failed: Mapping[str, Message] = field(default_factory=dict)


class Doing(StrEnum):
    """Code of the work on one format of a running job."""

    WAITING = "waiting"  # others come first
    MAKING = "making"
    CHECKING = "checking"


@dataclass(frozen=True, kw_only=True)
class ExportWork(Record):
    """Format that the job works on; its ``live.json``."""

    format: str
    doing: Doing


def work_of(job: JobDirectory) -> dict[str, Doing]:
    """Read the work of a running job, by the code of the format; those that are done are left out."""
    request, live = ExportRequest.from_json(job.config()), job.live()
    codes = [exporter.code for exporter in in_order_of_making(request.formats)]
    if live is None:
        return dict.fromkeys(codes, Doing.WAITING)
    work = ExportWork.from_json(live)
    to_come = codes[codes.index(work.format) + 1 :]
    return {work.format: work.doing, **dict.fromkeys(to_come, Doing.WAITING)}


def export_formats(directory: Path, config: JsonObject, progress: Progress, card: Card) -> JsonObject:
    """Make and certify each format of the request, with those that they are made from.

    Args:
        card: writes the model card of the run.
    Raises:
        DarkroomError: not one of the formats that were asked for could be made.
    """
    request = ExportRequest.from_json(config)
    run = project_of(directory).runs / request.run
    require_delivered(run)
    progress.stage(Stage.EXPORTING)
    formats = in_order_of_making(request.formats)
    failed: dict[str, Exception] = {}
    with ExitStack() as resources:
        work = _Work(run, request.allowed_loss, directory, card, resources)
        for position, exporter in enumerate(formats):
            part = PartOf(progress, position / len(formats), (position + 1) / len(formats))
            try:
                _require_sources(exporter, failed)
                work.export(exporter, part)
            except (JobStopped, JobPaused):
                raise
            # Converters raise anything, and the other formats should not suffer.
            except Exception as error:
                if is_disk_full(error, directory):
                    raise
                log.exception("%s could not be made", exporter.code)
                failed[exporter.code] = error
    if request.formats and failed.keys() >= set(request.formats):
        raise failed[request.formats[0]]
    return ExportResult(failed={code: _reason(error) for code, error in failed.items()}).to_json()


class _Work:
    """Files of one run, checked on the same pictures."""

    def __init__(self, run: Path, allowed_loss: float, logs: Path, card: Card, resources: ExitStack) -> None:
        self._run, self._allowed_loss, self._logs, self._card = run, allowed_loss, logs, card
        self._resources = resources
        self._environments = Path(resources.enter_context(TemporaryDirectory(prefix="darkroom-")))
        self._model, self._sample = FinishedModel(run), draw_sample(run)

    def export(self, exporter: Exporter, progress: Progress) -> None:
        """Make a file unless it is there, and certify it unless it is certified.

        Raises:
            DeliveryError: thresholds, or the whole run, changed in the middle of it.
        """
        # The formats that come after a change are not even begun.
        self._require_unchanged()
        try:
            self._export(exporter, progress)
        except (JobStopped, JobPaused):
            raise
        # New thresholds remove the files that this one is read from, so anything can break.
        except Exception:
            self._require_unchanged()
            raise

    def _export(self, exporter: Exporter, progress: Progress) -> None:
        certificate = existing = self._existing(exporter)
        if certificate is None:
            progress.live(ExportWork(format=exporter.code, doing=Doing.MAKING).to_json())
            self._make(exporter)
            raise_if_stopped(progress)
            progress.live(ExportWork(format=exporter.code, doing=Doing.CHECKING).to_json())
            certificate = self._certify(exporter, progress)
        # Under this lock new thresholds remove files and certificates, so that none of earlier ones stay.
        with changing_labels(self._run):
            self._require_unchanged()
            certificate = replace(certificate, allowed_loss=self._allowed_loss)
            if certificate != existing and exporter.suffix == ".zip":
                certificate = put_certificate(exporter.file(self._run), certificate)
            write_certificate(self._run, exporter, certificate)
        progress.advance(1, 1)

    def _existing(self, exporter: Exporter) -> Certificate | None:
        """Certificate of an unchanged file for the same pictures and answers."""
        state, certificate = state_of(self._run, exporter), read_certificate(self._run, exporter)
        if state is FileState.CHANGED and exporter.is_made_in_run:
            raise changed_file(exporter.file(self._run))
        if state is FileState.CHANGED or certificate is None or not exporter.file(self._run).exists():
            return None
        # What it takes, such as a browser, has been installed since.
        if certificate.check is None and exporter.can_be_checked:
            return None
        return certificate if certificate.evaluation == self._sample.digest else None

    def _make(self, exporter: Exporter) -> None:
        file = exporter.file(self._run)
        if exporter.is_made_in_run:
            if not file.exists():
                raise NotFoundError(
                    N_("Run “{name}” has no {suffix} file: it finished before this format existed."),
                    name=self._run.name,
                    suffix=exporter.suffix,
                )
            return
        if missing_packages(exporter.packages):
            raise packages_missing(exporter)
        if (refusal := source_refusal(self._run, exporter)) is not None:
            raise refusal
        with ExitStack() as lock, whole_file(file) as temporary:
            make_file(self._model, exporter, temporary, self._card)
            # Until the file has its name: a packed one is offered as soon as it is there.
            lock.enter_context(changing_labels(self._run))
            self._require_unchanged()

    def _certify(self, exporter: Exporter, progress: Progress) -> Certificate:
        def on_batch(done: int, total: int) -> None:
            raise_if_stopped(progress)
            progress.advance(round(1000 * (_MAKING + (1 - _MAKING) * done / total)), 1000)

        progress.advance(round(1000 * _MAKING), 1000)
        is_measured = exporter.opens is not None and exporter.checks_program
        is_timed = is_measured and exporter.code != TFLITE.code
        return certify(
            exporter.file(self._run),
            exporter,
            self._sample,
            allowed_loss=self._allowed_loss,
            log=self._logs / f"{exporter.code}.log",
            environments=self._environments,
            reference=self._reference if is_timed else None,
            on_batch=on_batch,
        )

    @cached_property
    def _reference(self) -> CheckProcess:
        """Process with the float32 LiteRT file, to which speeds are compared."""
        process = self._resources.enter_context(check_process(self._logs / "reference.log"))
        process.open(TFLITE, TFLITE.file(self._run), self._sample.labels)
        return process

    def _require_unchanged(self) -> None:
        """Raise DeliveryError if thresholds, or the whole run, changed while its files were made."""
        require_delivered(self._run)
        now = draw_sample(self._run)
        if now.labels != self._sample.labels:
            raise DeliveryError(
                N_(
                    "The thresholds or limits of run “{name}” were changed while its files were made. Make them again."
                ),
                name=self._run.name,
            )
        if now.digest != self._sample.digest:
            raise DeliveryError(
                N_("Run “{name}” changed while its files were made. Make them again."), name=self._run.name
            )


def _require_sources(exporter: Exporter, failed: Mapping[str, Exception]) -> None:
    for code in exporter.made_from:
        if code in failed:
            raise DeliveryError(N_("It is made from {format}, which could not be made."), format=code)


def _reason(error: Exception) -> Message:
    if isinstance(error, DarkroomError):
        return error.message
    return Message(
        N_("The converter broke ({error}). The details are in the log of the job."),
        {"error": f"{type(error).__name__}: {error}"[:300]},
    )
