"""Handing a classifier over: as a Keras file, a LiteRT file, or a bundle that runs anywhere."""

from __future__ import annotations

import io
import shutil
import zipfile
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from core.data.images import picture
from core.delivery.files import bundle_file, keras_file, labels_file, require_delivered, tflite_file
from core.errors import DeliveryError
from core.files import whole_file
from core.messages import N_

_BUNDLE_FILES = Path(__file__).parent / "bundle"
_BUNDLE_PACKAGES = ("ai-edge-litert", "numpy", "pillow")


class ExportFormat(StrEnum):
    """The forms in which a classifier leaves Darkroom."""

    KERAS = "keras"
    TFLITE = "tflite"
    BUNDLE = "bundle"

    @property
    def extension(self) -> str:
        return "zip" if self is ExportFormat.BUNDLE else self.value


def export_run(run: Path, format: ExportFormat, output: Path) -> None:
    """Write the run's classifier to ``output``, whole or not at all.

    Raises:
        NotFoundError: the run has no finished classifier.
        DeliveryError: ``output`` cannot be written.
    """
    require_delivered(run)
    try:
        with whole_file(output) as temporary:
            if format is ExportFormat.BUNDLE:
                _write_bundle(run, temporary)
            else:
                shutil.copyfile(export_file(run, format), temporary)
    except OSError as error:
        raise DeliveryError(
            N_("{path} could not be written: {error}. Choose another place."),
            path=str(output),
            error=error.strerror,
        ) from error


def export_file(run: Path, format: ExportFormat) -> Path:
    """The file of a finished run that is this format; a bundle is made at the first call.

    Raises:
        NotFoundError: the run has no finished classifier.
    """
    require_delivered(run)
    if format is ExportFormat.KERAS:
        return keras_file(run)
    if format is ExportFormat.TFLITE:
        return tflite_file(run)
    path = bundle_file(run)
    if not path.exists():
        with whole_file(path) as temporary:
            _write_bundle(run, temporary)
    return path


def _write_bundle(run: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.write(tflite_file(run), "model.tflite")
        bundle.write(labels_file(run), "labels.json")
        # The very code that training and evaluation read pictures with.
        bundle.write(Path(picture.__file__), "picture.py")
        for file in ("predict.py", "README.md"):
            bundle.write(_BUNDLE_FILES / file, file)
        bundle.writestr("requirements.txt", _requirements())


def _requirements() -> str:
    lines = io.StringIO()
    for package in _BUNDLE_PACKAGES:
        lines.write(f"{package}=={version(package)}\n")
    return lines.getvalue()
