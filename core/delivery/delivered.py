"""Check of a delivered file by whoever has Darkroom: its sums and recorded answers, or its certificate here."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.data.sources.zips import ARCHIVE_ERRORS, ZIP_MAGIC
from core.delivery.certificate import verify
from core.delivery.certificate.certifying import certify
from core.delivery.certificate.records import Agreement, Certificate, RecordedAnswers
from core.delivery.certificate.sample import draw_sample
from core.delivery.certificate.store import read_certificate, sum_of
from core.delivery.export import EXPORTERS
from core.delivery.exporter import Exporter
from core.errors import DeliveryError, NotFoundError
from core.evaluation.foreign.facts import Runtime
from core.evaluation.foreign.sandbox.client import isolated_model
from core.messages import N_
from core.records import Record, decode_record
from core.workspace import list_projects

# Patterns of the networks that can run isolated. A SavedModel is a folder.
_RUNTIMES = {"*.tflite": Runtime.LITERT, "*.onnx": Runtime.ONNX, "saved_model.pb": Runtime.SAVED_MODEL}
_MOST_BYTES = 4 << 30


@dataclass(frozen=True, kw_only=True)
class SealCheck(Record):
    """Check of a zip by what it holds itself."""

    # files whose sum was compared
    files: int
    # Of any probability, to the recorded answers; None: its network cannot run here.
    largest_difference: float | None
    # inside the zip; None: it was delivered without one
    certificate: Certificate | None


@dataclass(frozen=True, kw_only=True)
class KnownCheck(Record):
    """Check of a file that a run of this workspace made."""

    certificate: Certificate
    # measured now
    agreement: Agreement | None


def check_delivered(file: Path) -> SealCheck | KnownCheck:
    """Check a delivered file. Nothing in it is executed.

    Raises:
        NotFoundError: there is no such file, or nothing is known about it.
        DeliveryError: it is damaged, was changed, or answers differently.
        DamagedFileError, SchemaVersionError: a record in it cannot be read.
    """
    if not file.is_file():
        raise NotFoundError(N_("There is no file {file}."), file=str(file))
    with _opened_zip(file) as archive:
        if archive is not None and verify.SUMS in archive.namelist():
            return _check_seal(file, archive)
    return _check_known(file)


@contextmanager
def _opened_zip(file: Path) -> Iterator[zipfile.ZipFile | None]:
    """Open a zip; yields None for a file of another kind."""
    try:
        with file.open("rb") as stream:
            is_zip = stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        archive = zipfile.ZipFile(file) if is_zip else None
    except ARCHIVE_ERRORS as error:
        raise _unreadable(file, error) from error
    with archive or nullcontext():
        yield archive


def _check_seal(file: Path, archive: zipfile.ZipFile) -> SealCheck:
    with TemporaryDirectory(prefix="darkroom-") as name:
        folder = Path(name, "delivered")
        files = _unpack(file, archive, folder)
        certificate = folder / verify.CERTIFICATE
        return SealCheck(
            files=files,
            largest_difference=_difference(file, folder, Path(name, "runtime.log")),
            certificate=decode_record(certificate.read_bytes(), Certificate, certificate.name)
            if certificate.exists()
            else None,
        )


def _unpack(file: Path, archive: zipfile.ZipFile, folder: Path) -> int:
    """Unpack a sealed zip; returns the number of files whose sums were compared.

    Raises:
        DeliveryError: it is too large or damaged, or is not as it was delivered.
    """
    if sum(info.file_size for info in archive.infolist()) > _MOST_BYTES:
        raise DeliveryError(
            N_("{file} unpacks to more than 4 GB, so it is no export of Darkroom."), file=file.name
        )
    try:
        archive.extractall(folder)
        changed = verify.changed_files(folder)
        sums = (folder / verify.SUMS).read_text(encoding="utf-8").splitlines()
    # The last two: a certificate of another form.
    except (*ARCHIVE_ERRORS, KeyError, TypeError) as error:
        raise _unreadable(file, error) from error
    listed = {line.partition("  ")[2] for line in sums} | {verify.SUMS, verify.CERTIFICATE}
    added = [name for name in archive.namelist() if not name.endswith("/") and name not in listed]
    if changed or added:
        raise DeliveryError(
            N_("{file} was changed after it was delivered: {names}. Do not use it; get it again."),
            file=file.name,
            names=", ".join([*changed, *added][:5]),
        )
    return len(sums)


def _unreadable(file: Path, error: Exception) -> DeliveryError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DeliveryError(
        N_("{file} is damaged or cannot be read ({reason}). Copy or download it again."),
        file=file.name,
        reason=reason[:200] or type(error).__name__,
    )


def _difference(file: Path, folder: Path, log: Path) -> float | None:
    """Largest difference to the recorded answers."""
    network = _network(folder)
    if network is None:
        return None
    recorded = _recorded(folder)
    runtime, path = network
    with isolated_model(runtime, path, log) as model:
        probabilities = verify.answers_of(model.answer, recorded.input_size, list(recorded.class_names))
    difference = verify.largest_difference(probabilities, list(map(list, recorded.probabilities)))
    if not difference <= recorded.tolerance:
        raise DeliveryError(
            N_(
                "{file} answers differently from what was recorded: probabilities differ by up to {difference:.4f}."
            ),
            file=file.name,
            difference=difference,
        )
    return difference


def _recorded(folder: Path) -> RecordedAnswers:
    file = folder / verify.ANSWERS
    content = file.read_bytes() if file.is_file() else b""
    return decode_record(content, RecordedAnswers, file.name)


def _network(folder: Path) -> tuple[Runtime, Path] | None:
    for pattern, runtime in _RUNTIMES.items():
        for path in sorted(folder.rglob(pattern)):
            return runtime, path.parent if runtime is Runtime.SAVED_MODEL else path
    return None


def _check_known(file: Path) -> KnownCheck:
    run, exporter, certificate = _find_maker(file)
    if certificate.check is None:
        return KnownCheck(certificate=certificate, agreement=None)
    with TemporaryDirectory(prefix="darkroom-") as name:
        again = certify(
            file,
            exporter,
            draw_sample(run),
            allowed_loss=certificate.allowed_loss,
            log=Path(name, "runtime.log"),
            environments=Path(name, "environments"),
        )
    if again.refusal is not None:
        raise DeliveryError(N_("{file}: {reason}"), file=file.name, reason=again.refusal)
    return KnownCheck(certificate=certificate, agreement=again.check.agreement if again.check else None)


def _find_maker(file: Path) -> tuple[Path, Exporter, Certificate]:
    """Run, format and certificate of a file, by its SHA-256."""
    digest = sum_of(file)
    for project in list_projects():
        for run in sorted(project.runs.iterdir()) if project.runs.is_dir() else ():
            for exporter in EXPORTERS:
                certificate = read_certificate(run, exporter)
                if certificate is not None and certificate.sha256 == digest:
                    return run, exporter, certificate
    raise NotFoundError(
        N_("Nothing is known about {file}: it holds no sums, and no run here was checked with this content."),
        file=file.name,
    )
