"""Export of a finished classifier in one of the formats of the table.

A format is one row: adding it here puts it onto the Export page, into the command line
and behind an address for downloads.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from core.delivery.certificate.sealing import seal_zip
from core.delivery.certificate.store import (
    FileState,
    own_state,
    read_certificate,
    remove_certificates,
    sum_of,
    write_certificate,
)
from core.delivery.exporter import DeliveredModel, Exporter, FinishedModel
from core.delivery.facts import read_facts
from core.delivery.files import labels_file, naming_the_path, require_delivered
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.graphs.coreml_format import COREML
from core.delivery.formats.graphs.onnx_float16_format import ONNX_FLOAT16
from core.delivery.formats.graphs.onnx_format import ONNX
from core.delivery.formats.graphs.onnx_int8_format import ONNX_INT8
from core.delivery.formats.graphs.openvino_format import OPENVINO
from core.delivery.formats.graphs.saved_model_format import SAVED_MODEL
from core.delivery.formats.keras_format import KERAS
from core.delivery.formats.litert.dynamic_format import TFLITE_DYNAMIC
from core.delivery.formats.litert.float16_format import TFLITE_FLOAT16
from core.delivery.formats.litert.int8_format import TFLITE_INT8
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.formats.server.server_format import SERVER
from core.delivery.formats.web.folder_format import WEB
from core.delivery.formats.web.page_format import WEB_PAGE
from core.delivery.starters.android import ANDROID
from core.delivery.starters.ios import IOS
from core.delivery.starters.microcontroller.starter import MICROCONTROLLER
from core.delivery.starters.raspberry_pi import RASPBERRY_PI
from core.errors import DarkroomError, DeliveryError, NotFoundError
from core.files import whole_file
from core.messages import N_, Message
from core.optional_packages import install_command, missing_packages

# Text of the model card of an evaluated run, in Markdown. Reporting writes it, from more than delivery knows.
Card = Callable[[Path], str]
# In every zip.
MODEL_CARD = "MODEL_CARD.md"

# In the order of the Export page.
EXPORTERS: tuple[Exporter, ...] = (
    BUNDLE,
    WEB_PAGE,
    WEB,
    TFLITE,
    TFLITE_FLOAT16,
    TFLITE_INT8,
    TFLITE_DYNAMIC,
    KERAS,
    ONNX,
    ONNX_FLOAT16,
    ONNX_INT8,
    OPENVINO,
    COREML,
    SERVER,
    SAVED_MODEL,
    RASPBERRY_PI,
    ANDROID,
    IOS,
    MICROCONTROLLER,
)


def find_exporter(code: str) -> Exporter:
    """Look up an export format.

    Raises:
        NotFoundError: there is none of this code.
    """
    for exporter in EXPORTERS:
        if exporter.code == code:
            return exporter
    raise NotFoundError(
        N_("There is no export format called “{name}”. Choose from: {known}."),
        name=code[:80],
        known=", ".join(exporter.code for exporter in EXPORTERS),
    )


def export_run(run: Path, exporter: Exporter, output: Path, card: Card) -> None:
    """Write the run's classifier to ``output``, atomically.

    Raises:
        NotFoundError: the run has no finished classifier, or none in this format.
        DeliveryError: the file is withheld, or ``output`` cannot be written.
    """
    file = export_file(run, exporter, card)
    with naming_the_path(output), whole_file(output) as temporary:
        shutil.copyfile(file, temporary)


def export_file(run: Path, exporter: Exporter, card: Card) -> Path:
    """The file of a finished run in this format; a packed one is made at the first call.

    Raises:
        NotFoundError: the run has no finished classifier, or none in this format.
        DeliveryError: the file is withheld.
    """
    require_offered(run, exporter)
    path = exporter.file(run)
    while exporter.is_packed and not path.exists():
        packed_from = _state_of_sources(run, exporter)
        with whole_file(path) as temporary:
            make_file(FinishedModel(run), exporter, temporary, card)
        # Thresholds were chosen, or the run was delivered again, in the middle of it.
        if _state_of_sources(run, exporter) != packed_from:
            path.unlink(missing_ok=True)
    return path


def make_file(model: DeliveredModel, exporter: Exporter, path: Path, card: Card) -> None:
    """Write a file in this format; a zip gets the model card and the program that checks it.

    Raises:
        DeliveryError: the LiteRT file whose answers a zip records is withheld.
    """
    if exporter.suffix != ".zip":
        exporter.make(model, path)
        return
    # A quantised network answers as the file that it is made from.
    recorded = TFLITE if exporter.is_exact else find_exporter(exporter.made_from[0])
    if (state := state_of(model.run, recorded)).is_withheld:
        raise _refusal(model.run, recorded, state)
    exporter.make(model, path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MODEL_CARD, card(model.run))
    seal_zip(path, model.run, exporter.tolerance, recorded.file(model.run))


def in_order_of_making(codes: Iterable[str]) -> tuple[Exporter, ...]:
    """Formats of these codes, each after those that it is made from.

    Raises:
        NotFoundError: there is no format of a code.
    """
    order: dict[str, Exporter] = {}

    def add(code: str) -> None:
        exporter = find_exporter(code)
        for source in exporter.made_from:
            add(source)
        order.setdefault(code, exporter)

    for code in codes:
        add(code)
    return tuple(order.values())


def remove_made_later(run: Path) -> None:
    """Remove certificates, and the files made after the run; they hold an earlier state of its labels."""
    remove_certificates(run)
    for exporter in EXPORTERS:
        if not exporter.is_made_in_run:
            exporter.file(run).unlink(missing_ok=True)


def state_of(run: Path, exporter: Exporter) -> FileState:
    """State of a delivered run's file.

    One that was not measured itself is withheld with a file that it is made from.
    """
    state = own_state(run, exporter)
    is_measured = state not in {FileState.PROVEN, FileState.UNCHECKED}
    return state if is_measured or source_refusal(run, exporter) is None else FileState.WITHHELD


def source_refusal(run: Path, exporter: Exporter) -> DeliveryError | None:
    """Error for a format that is made from a withheld file; None where it is not."""
    for source in map(find_exporter, exporter.made_from):
        state = state_of(run, source)
        if state.is_withheld:
            return DeliveryError(
                N_("{format} is withheld with the file that it is made from. {reason}"),
                format=Message(exporter.label),
                reason=_refusal(run, source, state).message,
            )
    return None


def has_export(run: Path, exporter: Exporter) -> bool:
    """True if the delivered run's file in this format can be taken."""
    return state_of(run, exporter).can_be_taken


def require_offered(run: Path, exporter: Exporter) -> None:
    """Check that a run's file in this format can be taken.

    Raises:
        NotFoundError: the run has no finished classifier, or none in this format.
        DeliveryError: the file is withheld.
    """
    require_delivered(run)
    if (refusal := refusal_of(run, exporter)) is not None:
        raise refusal


def refusal_of(run: Path, exporter: Exporter) -> DarkroomError | None:
    """Error that says why a delivered run's file cannot be taken; None where it can."""
    state = state_of(run, exporter)
    return None if state.can_be_taken else _refusal(run, exporter, state)


def _state_of_sources(run: Path, exporter: Exporter) -> list[int]:
    """Times at which the files were written that a packed file is made from."""
    sources = [labels_file(run), *(find_exporter(code).file(run) for code in exporter.made_from)]
    return [file.stat().st_mtime_ns for file in sources]


def use_new_labels(run: Path) -> None:
    """Bring the labels, as they are now, into everything that the run delivers.

    A file that is withheld stays so: new labels make no other network.
    """
    embedding = [item for item in EXPORTERS if item.embed is not None and item.file(run).exists()]
    states = [own_state(run, exporter) for exporter in embedding]
    certificates = [read_certificate(run, exporter) for exporter in embedding]
    for exporter, state in zip(embedding, states, strict=True):
        # Whoever changed a file may have broken it.
        if state is not FileState.CHANGED:
            _embed_facts(run, exporter)
    # Now, because they are made from those.
    remove_made_later(run)
    for exporter, state, certificate in zip(embedding, states, certificates, strict=True):
        if certificate is not None and state is FileState.WITHHELD:
            write_certificate(run, exporter, replace(certificate, sha256=sum_of(exporter.file(run))))
        elif certificate is not None and state is FileState.CHANGED:
            write_certificate(run, exporter, certificate)


def _embed_facts(run: Path, exporter: Exporter) -> None:
    file = exporter.file(run)
    written = file.stat()
    with whole_file(file) as temporary:
        shutil.copyfile(file, temporary)
        if exporter.embed is not None:
            exporter.embed(temporary, read_facts(run))
        # The network stayed, so what was measured with it still holds.
        os.utime(temporary, ns=(written.st_atime_ns, written.st_mtime_ns))


def _refusal(run: Path, exporter: Exporter, state: FileState) -> DarkroomError:
    """Reason why a file cannot be taken."""
    label = Message(exporter.label)
    certificate = read_certificate(run, exporter)
    if state is FileState.WITHHELD and certificate is not None and certificate.refusal is not None:
        return DeliveryError(
            N_("{format} of run “{name}”: {reason}"),
            format=label,
            name=run.name,
            reason=certificate.refusal,
        )
    if state is FileState.CHANGED:
        return changed_file(exporter.file(run))
    if state is FileState.WITHHELD and (refusal := source_refusal(run, exporter)) is not None:
        return refusal
    if state is FileState.PACKAGE_MISSING:
        return packages_missing(exporter)
    if exporter.is_made_in_run:
        return NotFoundError(
            N_("Run “{name}” has no {suffix} file: it finished before this format existed."),
            name=run.name,
            suffix=exporter.suffix,
        )
    return NotFoundError(
        N_("{format} of run “{name}” is not made yet. Make and check it on the Export page."),
        format=label,
        name=run.name,
    )


def changed_file(file: Path) -> DeliveryError:
    """Error for a file with another SHA-256 than its certificate states."""
    return DeliveryError(
        N_("{file} was changed after it was checked, so it is withheld. Test the run again to make it anew."),
        file=file.name,
    )


def packages_missing(exporter: Exporter) -> NotFoundError:
    """Error for a format whose optional packages are not installed."""
    return NotFoundError(
        N_("{format} needs packages that are not installed here: {command}"),
        format=Message(exporter.label),
        command=install_command(missing_packages(exporter.packages)),
    )
