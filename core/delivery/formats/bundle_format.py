"""Bundle export: a zip with the LiteRT file, its labels and a small program that predicts."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from core.data import images
from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.files import labels_file, tflite_file
from core.messages import N_

_BUNDLE_FILES = Path(__file__).parent.parent / "bundle"
PREDICT, _README = _BUNDLE_FILES / "predict.py", _BUNDLE_FILES / "README.md"
# Modules of core/data/images that read pictures; they import one another relatively.
_DECODER = (
    "__init__",
    "picture",
    "depth",
    "value_ranges",
    "faults",
    "readers",
    "colour",
    "channels",
    "fourth_band",
    "frames",
    "kinds",
    "jpeg",
    "tiff",
    "tiff_samples",
    "dicom",
)
_BUNDLE_PACKAGES = ("ai-edge-litert", "numpy", "pillow")


def make_bundle(model: DeliveredModel, path: Path) -> None:
    """Pack the proven LiteRT file with everything that running it needs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        add_program(bundle, model.run)
        bundle.write(_README, "README.md")


def add_program(archive: zipfile.ZipFile, run: Path) -> None:
    """Add the proven LiteRT file of a run, its labels, and the program that predicts with them."""
    archive.write(tflite_file(run), "model.tflite")
    archive.write(labels_file(run), "labels.json")
    for name, file in {**decoder_files(), "predict.py": PREDICT}.items():
        archive.write(file, name)
    archive.writestr("requirements.txt", pinned(_BUNDLE_PACKAGES))


def decoder_files() -> dict[str, Path]:
    """Code that training and evaluation read pictures with, by the names that ``PREDICT`` imports."""
    return {f"decoder/{module}.py": Path(images.__file__).with_name(f"{module}.py") for module in _DECODER}


def program_files(folder: Path) -> dict[str, Path]:
    """Files of a program that goes into a zip, by their names in its folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {file.relative_to(folder).as_posix(): file for file in files}


def pinned(packages: Iterable[str]) -> str:
    """Requirements file that asks for the versions of packages that are installed here."""
    return "".join(f"{package}=={version(package)}\n" for package in packages)


BUNDLE = Exporter(
    code="bundle",
    label=N_("Ready to run"),
    description=N_(
        "A zip with the classifier, its labels and a short `predict.py`. Needs Python with three small packages, no TensorFlow."
    ),
    icon=":material/folder_zip:",
    file_name="bundle.zip",
    group=FormatGroup.COMPUTER,
    make=make_bundle,
    made_from=("tflite",),
    is_packed=True,
    answers_files="core.delivery.formats.bundle_answers:answer_with_bundle",
)
