"""Raspberry Pi starter: the bundle's program, and one that answers what a camera sees."""

from __future__ import annotations

import zipfile
from importlib.metadata import version
from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.files import labels_file, tflite_file
from core.delivery.formats.bundle_format import PREDICT, decoder_files
from core.delivery.starters.packing import write_starter
from core.messages import N_

# Those of the system will do, and picamera2 needs the system's NumPy.
_SYSTEM_PACKAGES = ("numpy>=1.24", "pillow>=9.4")


def make_raspberry_pi(model: DeliveredModel, path: Path) -> None:
    requirements = (f"ai-edge-litert=={version('ai-edge-litert')}", *_SYSTEM_PACKAGES)
    files: dict[str, bytes | Path] = {
        "model.tflite": tflite_file(model.run),
        "predict.py": PREDICT,
        "requirements.txt": "".join(f"{line}\n" for line in requirements).encode(),
    }
    # Older runs have no labels inside the network's file.
    if not zipfile.is_zipfile(tflite_file(model.run)):
        files["labels.json"] = labels_file(model.run)
    write_starter(model.run, path, "raspberry_pi", files | decoder_files())


RASPBERRY_PI = Exporter(
    code="raspberry_pi",
    label=N_("Raspberry Pi"),
    description=N_(
        "A zip with a program that names what the camera sees, several times a second, and one for picture files. For any Linux board with 64 bits and Python 3.10 or later."
    ),
    icon=":material/developer_board:",
    file_name="raspberry_pi.zip",
    group=FormatGroup.STARTERS,
    make=make_raspberry_pi,
    made_from=("tflite",),
    answers_files="core.delivery.formats.bundle_answers:answer_with_bundle",
)
