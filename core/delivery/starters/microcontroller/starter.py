"""Export format: a project for ESP-IDF with the int8 network, run once in TensorFlow Lite Micro."""

from __future__ import annotations

import math
from pathlib import Path
from string import Template

import numpy as np

from core.delivery.certificate.verify import make_pictures
from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.litert.int8_format import TFLITE_INT8
from core.delivery.formats.litert.quantising import PACKAGE as QUANTISER
from core.delivery.starters.microcontroller.boards import boards_table
from core.delivery.starters.microcontroller.headers import labels_header, operators_header
from core.delivery.starters.microcontroller.measuring import PACKAGE, MicroRun, run_in_micro
from core.delivery.starters.packing import read_project_file, write_starter
from core.errors import DeliveryError
from core.messages import N_
from core.models.litert.engine import Engine

_PROJECT = "microcontroller"
# Made-up pictures that TensorFlow Lite Micro answers: its kernels here take seconds a picture.
_PICTURES = 4
# Difference of a probability between kernels that round int8 features otherwise.
_TOLERANCE = 0.05


def make_microcontroller(model: DeliveredModel, path: Path) -> None:
    # Not at the top: pages import the table of formats, and LiteRT's schema takes a while.
    from core.delivery.formats.litert.metadata import with_metadata
    from core.delivery.starters.microcontroller.network import for_micro, resolver_methods

    network = with_metadata(for_micro(TFLITE_INT8.file(model.run).read_bytes()), model.facts)
    measured = run_in_micro(network, make_pictures(model.facts.input_size)[:_PICTURES])
    difference = _require_same(network, measured, model.facts.input_size)
    readme = Template(read_project_file(_PROJECT, "README.md")).substitute(
        network=f"{len(network) / 1e6:.1f} MB",
        arena=f"{measured.arena_bytes / 1e6:.1f} MB",
        # A smaller number would be no bound.
        difference=f"{math.ceil(1000 * difference) / 1000:g}",
        pictures=_PICTURES,
        boards=boards_table(len(network), measured.arena_bytes),
    )
    operators = operators_header(resolver_methods(network), measured.arena_bytes)
    files = {
        "README.md": readme.encode(),
        "main/labels.h": labels_header(model.facts).encode(),
        "main/operators.h": operators.encode(),
        "main/model.tflite": network,
    }
    write_starter(model.run, path, _PROJECT, files)


def _require_same(network: bytes, measured: MicroRun, size: int) -> float:
    """Largest difference of a probability between TensorFlow Lite Micro and LiteRT.

    Raises:
        DeliveryError: it is more than rounding explains.
    """
    engine = Engine(network)
    pictures = make_pictures(size)[: len(measured.probabilities)]
    expected = np.concatenate([engine.run(picture[np.newaxis]) for picture in pictures])
    difference = float(np.abs(measured.probabilities - expected).max())
    if not difference <= _TOLERANCE:
        raise DeliveryError(
            N_(
                "TensorFlow Lite Micro answers otherwise than LiteRT: probabilities differ by up to {difference:.4f}, more than {tolerance}. It is withheld; please report this."
            ),
            difference=difference,
            tolerance=_TOLERANCE,
        )
    return difference


MICROCONTROLLER = Exporter(
    code="microcontroller",
    label=N_("Microcontroller (ESP32-S3)"),
    description=N_(
        "A zip with a project for ESP-IDF, with camera: C++ and TensorFlow Lite Micro. Its README says how much memory this network needs, and the boards that have it."
    ),
    icon=":material/memory:",
    file_name="microcontroller.zip",
    group=FormatGroup.STARTERS,
    make=make_microcontroller,
    made_from=("tflite_int8",),
    packages=(QUANTISER, PACKAGE),
    opens="core.delivery.starters.opener:open_starter",
    checks_program=False,
    is_exact=False,
    tolerance=_TOLERANCE,
)
