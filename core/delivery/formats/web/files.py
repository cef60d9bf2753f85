"""Files that the classifier in the browser opens: labels, network and LiteRT.js."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from core.delivery.files import labels_file, read_labels, tflite_file
from core.delivery.formats.litert.fixed_batch import with_batch_of_one
from core.errors import DeliveryError
from core.files import whole_file
from core.messages import N_

LABELS, MODEL = "labels.json", "model.tflite"
_RUNTIME = Path(__file__).parent / "litertjs"
# Of LiteRT.js, by the names that classifier.js opens.
RUNTIME_FILES: Mapping[str, Path] = {
    f"runtime/{name}": _RUNTIME / f"{name}.gz"
    for name in ("litert.js", "wasm-utils.js", "litert_wasm.js", "litert_wasm.wasm")
}
RUNTIME_LICENCE = _RUNTIME / "LICENSE"


def web_files(run: Path) -> dict[str, bytes]:
    """All files by name, compressed with gzip.

    Raises:
        DeliveryError: the classifier needs pictures that browsers cannot read.
    """
    if not reads_browser_pictures(run):
        raise DeliveryError(
            N_(
                "Browsers read pictures with three channels of 8 bits. This classifier learnt from others, so a web page would answer differently. Choose “Ready to run”."
            )
        )
    own = {LABELS: labels_file(run), MODEL: web_model(run)}
    return {name: gzip.compress(path.read_bytes(), mtime=0) for name, path in own.items()} | {
        name: path.read_bytes() for name, path in RUNTIME_FILES.items()
    }


def web_model(run: Path) -> Path:
    """The run's LiteRT file with a batch of one, which is all that LiteRT.js runs; made at the first call."""
    source, path = tflite_file(run), run / "model_web.tflite"
    if not path.exists() or path.stat().st_mtime_ns < source.stat().st_mtime_ns:
        with whole_file(path) as temporary:
            temporary.write_bytes(with_batch_of_one(source.read_bytes()))
    return path


def reads_browser_pictures(run: Path) -> bool:
    """False for a classifier of pictures with many channels, or with more than 8 bits a channel."""
    labels = read_labels(run)
    return not labels.expects_depth and labels.channels is None
