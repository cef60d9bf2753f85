"""Export of a finished classifier in one of the formats of the table.

A format is one row: adding it here puts it onto the Export page, into the command line
and behind an address for downloads.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.facts import read_facts
from core.delivery.files import labels_file, naming_the_path, require_delivered
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.keras_format import KERAS
from core.delivery.formats.litert.tflite_format import TFLITE
from core.errors import NotFoundError
from core.files import whole_file
from core.messages import N_

# In the order of the Export page.
EXPORTERS: tuple[Exporter, ...] = (BUNDLE, TFLITE, KERAS)


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


def export_run(run: Path, exporter: Exporter, output: Path) -> None:
    """Write the run's classifier to ``output``, atomically.

    Raises:
        NotFoundError: the run has no finished classifier, or none in this format.
        DeliveryError: ``output`` cannot be written.
    """
    file = export_file(run, exporter)
    with naming_the_path(output), whole_file(output) as temporary:
        shutil.copyfile(file, temporary)


def export_file(run: Path, exporter: Exporter) -> Path:
    """The file of a finished run in this format; a packed one is made at the first call.

    Raises:
        NotFoundError: the run has no finished classifier, or none in this format.
    """
    require_export(run, exporter)
    path = exporter.file(run)
    while not path.exists():
        packed_from = _state_of_sources(run, exporter)
        with whole_file(path) as temporary:
            exporter.make(DeliveredModel(run), temporary)
        # Thresholds were chosen, or the run was delivered again, in the middle of it.
        if _state_of_sources(run, exporter) != packed_from:
            path.unlink(missing_ok=True)
    return path


def _state_of_sources(run: Path, exporter: Exporter) -> list[int]:
    """Times at which the files were written that a packed file is made from."""
    sources = [labels_file(run), *(find_exporter(code).file(run) for code in exporter.made_from)]
    return [file.stat().st_mtime_ns for file in sources]


def use_new_labels(run: Path) -> None:
    """Bring the labels, as they are now, into everything that the run delivers."""
    for exporter in EXPORTERS:
        file = exporter.file(run)
        if exporter.embed is None or not file.exists():
            continue
        written = file.stat()
        with whole_file(file) as temporary:
            shutil.copyfile(file, temporary)
            exporter.embed(temporary, read_facts(run))
            # The network stayed, so what was measured with it still holds.
            os.utime(temporary, ns=(written.st_atime_ns, written.st_mtime_ns))
    # Now, because they are made from those.
    remove_made_later(run)


def remove_made_later(run: Path) -> None:
    """Remove the files that were made after the run; they hold an earlier state of its labels."""
    for exporter in EXPORTERS:
        if not exporter.is_made_in_run:
            exporter.file(run).unlink(missing_ok=True)


def require_export(run: Path, exporter: Exporter) -> None:
    """Raise NotFoundError for a run without a finished classifier in this format."""
    require_delivered(run)
    if not has_export(run, exporter):
        raise NotFoundError(
            N_("Run “{name}” has no {suffix} file: it finished before this format existed."),
            name=run.name,
            suffix=exporter.suffix,
        )


def has_export(run: Path, exporter: Exporter) -> bool:
    """True if the finished run's file in this format exists or can be packed."""
    return exporter.is_packed or exporter.file(run).exists()
