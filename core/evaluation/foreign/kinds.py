"""Table of the exports that are recognised, most specific first.

A kind is one row and a function that looks at a folder's files. A new one needs its function, its
row, a test and the translations.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.evaluation.foreign.darkroom_facts import StatedFacts, facts_beside, facts_inside
from core.evaluation.foreign.facts import ChannelOrder, Fitting, Kind, Preprocessing, Runtime
from core.evaluation.foreign.faults import ForeignModelError, no_model, pickled
from core.evaluation.foreign.label_files import names_behind, names_beside
from core.evaluation.foreign.preprocessing import scaled
from core.messages import N_

MODEL_SUFFIXES = {
    ".keras": Runtime.KERAS,
    ".h5": Runtime.KERAS,
    ".hdf5": Runtime.KERAS,
    ".tflite": Runtime.LITERT,
    ".onnx": Runtime.ONNX,
    ".pb": Runtime.FROZEN_GRAPH,
}
# Files of PyTorch and scikit-learn, which are programs for an unpickler.
PICKLE_SUFFIXES = {".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt"}
SAVED_MODEL_FILE = "saved_model.pb"
# Their files are archives, or have one behind them.
_ARCHIVES = {Runtime.KERAS, Runtime.LITERT}
_LARGEST_JSON_BYTES = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A model found among the files of an export."""

    runtime: Runtime
    # File, or folder of a SavedModel.
    path: Path
    class_names: tuple[str, ...] = ()
    # None: the export does not say.
    preprocessing: Preprocessing | None = None
    # Name of the output with the probabilities, where the export states it.
    output: str = ""


@dataclass(frozen=True, kw_only=True)
class ForeignKind:
    """One kind of export."""

    kind: Kind
    # Proper name, the same in every language.
    label: str
    # Returns None where the folder holds another kind.
    recognise: Callable[[Path], Recognised | None]


def recognise(folder: Path) -> tuple[Kind, Recognised]:
    """Find the model in the folder of an export.

    Raises:
        ForeignModelError: there is none, or more than one.
    """
    root = _root_of(folder)
    for row in KINDS:
        found = row.recognise(root)
        if found is not None:
            return row.kind, found
    files = sorted(path for path in root.rglob("*") if path.is_file())
    pickle = next((path for path in files if path.suffix.lower() in PICKLE_SUFFIXES), None)
    raise no_model() if pickle is None else pickled(pickle)


def _root_of(folder: Path) -> Path:
    """Go into the only folder of an export that was packed as a folder."""
    items = list(folder.iterdir())
    return _root_of(items[0]) if len(items) == 1 and items[0].is_dir() else folder


def _teachable_machine(root: Path) -> Recognised | None:
    """Find one of its four forms; all have a square centre crop and values x / 127.5 − 1.

    Keras ``keras_model.h5``, TFLite ``model_unquant.tflite`` or ``model.tflite`` with numbered labels,
    ``model.savedmodel/``, and TensorFlow.js ``model.json`` with ``metadata.json``
    (googlecreativelab/teachablemachine-community).
    """
    found = _teachable_machine_js(root) or _teachable_machine_files(root)
    return replace(found, preprocessing=scaled("symmetric", fitting=Fitting.CROP)) if found else None


def _teachable_machine_js(root: Path) -> Recognised | None:
    metadata = _json_in(root / "metadata.json")
    found = _tensorflow_js(root) if "tmVersion" in metadata else None
    labels = metadata.get("labels")
    return replace(found, class_names=tuple(map(str, labels))) if found and isinstance(labels, list) else None


def _teachable_machine_files(root: Path) -> Recognised | None:
    names = ("keras_model.h5", "model_unquant.tflite", "model.tflite")
    path = next((root / name for name in names if (root / name).is_file()), None)
    labels, folder = root / "labels.txt", root / "model.savedmodel"
    if not labels.is_file():
        return None
    if (folder / SAVED_MODEL_FILE).is_file():
        return Recognised(runtime=Runtime.SAVED_MODEL, path=folder, class_names=names_beside(root))
    if path is None or (path.name == names[2] and not _has_numbered_labels(labels)):
        return None
    return Recognised(runtime=MODEL_SUFFIXES[path.suffix], path=path, class_names=names_beside(root))


def _has_numbered_labels(labels: Path) -> bool:
    return labels.read_bytes()[:2] == b"0 "


def _lobe(root: Path) -> Recognised | None:
    """``signature.json`` names format, file and classes; centre crop, 0 to 1 (lobe/lobe-python)."""
    signature = _json_in(root / "signature.json")
    inputs = signature.get("inputs")
    if not isinstance(inputs, dict) or "Image" not in inputs:
        return None
    runtimes = {"tf": Runtime.SAVED_MODEL, "tf_lite": Runtime.LITERT, "onnx": Runtime.ONNX}
    runtime = runtimes.get(str(signature.get("format")), Runtime.SAVED_MODEL)
    name = Path(str(signature.get("filename") or SAVED_MODEL_FILE)).name
    classes = signature.get("classes")
    labels = classes.get("Label") if isinstance(classes, dict) else None
    outputs = signature.get("outputs")
    confidences = outputs.get("Confidences") if isinstance(outputs, dict) else None
    return Recognised(
        runtime=runtime,
        path=root if runtime is Runtime.SAVED_MODEL else root / name,
        class_names=tuple(map(str, labels)) if isinstance(labels, list) else names_beside(root),
        preprocessing=scaled("unit", fitting=Fitting.CROP),
        output=str(confidences.get("name", "")) if isinstance(confidences, dict) else "",
    )


def _custom_vision(root: Path) -> Recognised | None:
    """``cvexport.manifest`` or ``metadata_properties.json`` beside ``model.onnx``, ``.tflite`` or ``.pb``.

    Blue, green, red from 0 to 255, stretched, unless the properties say otherwise
    (Azure-Samples/customvision-export-samples).
    """
    manifest = _json_in(root / "cvexport.manifest")
    properties = _json_in(root / "metadata_properties.json")
    if not manifest and not any(key.startswith("CustomVision.") for key in properties):
        return None
    if str(manifest.get("DomainType", "Classification")) != "Classification":
        raise ForeignModelError(
            N_("This model finds objects ({kind}). Only models that classify whole pictures can be judged."),
            kind=str(manifest["DomainType"]),
        )
    found = _plain(root)
    if found is None:
        return None
    return Recognised(
        runtime=found.runtime,
        path=found.path,
        class_names=found.class_names,
        preprocessing=_custom_vision_preprocessing(properties),
    )


def _custom_vision_preprocessing(properties: dict[str, Any]) -> Preprocessing:
    def triple(name: str, usual: float) -> tuple[float, float, float]:
        try:
            values = json.loads(str(properties.get(f"CustomVision.Preprocess.{name}")))
            red, green, blue = (float(value) for value in values)
        except (TypeError, ValueError):
            return usual, usual, usual
        return red, green, blue

    is_unit = properties.get("Image.NominalPixelRange") == "Normalized_0_1"
    unit = 255.0 if is_unit else 1.0
    mean, deviation = triple("NormalizeMean", 0.0), triple("NormalizeStd", 1.0)
    is_rgb = properties.get("Image.BitmapPixelFormat") == "Rgb8"
    is_cropped = str(properties.get("CustomVision.Preprocess.CropMethod", "")) == "OneCropCenter"
    return Preprocessing(
        mean=(mean[0] * unit, mean[1] * unit, mean[2] * unit),
        deviation=(deviation[0] * unit or unit, deviation[1] * unit or unit, deviation[2] * unit or unit),
        order=ChannelOrder.RGB if is_rgb else ChannelOrder.BGR,
        fitting=Fitting.CROP if is_cropped else Fitting.STRETCH,
    )


def _tensorflow_js(root: Path) -> Recognised | None:
    """``model.json`` with layers; one with a graph of operations is refused."""
    file = root / "model.json"
    content = _json_in(file)
    topology = content.get("modelTopology")
    if not isinstance(topology, dict) or "weightsManifest" not in content:
        return None
    if content.get("format") == "graph-model" or "node" in topology:
        raise ForeignModelError(
            N_(
                "{file} is a graph of TensorFlow.js, which runs in a browser alone. Export the model once more, as TensorFlow, TFLite or ONNX."
            ),
            file=file.name,
        )
    return Recognised(runtime=Runtime.TENSORFLOW_JS, path=file, class_names=names_beside(root))


def _of_runtime(*runtimes: Runtime) -> Callable[[Path], Recognised | None]:
    def find(root: Path) -> Recognised | None:
        found = _plain(root)
        return found if found is not None and found.runtime in runtimes else None

    return find


def _plain(root: Path) -> Recognised | None:
    """Find the one model file of a folder, or the SavedModel that the folder is.

    An export of Darkroom states its classes and preprocessing itself.

    Raises:
        ForeignModelError: there is more than one.
    """
    saved = next((path.parent for path in sorted(root.rglob(SAVED_MODEL_FILE))), None)
    if saved is not None:
        names = names_beside(saved) or names_beside(root)
        return _stated(
            Recognised(runtime=Runtime.SAVED_MODEL, path=saved, class_names=names), facts_beside(saved)
        )
    files = [path for path in sorted(root.rglob("*")) if path.suffix.lower() in MODEL_SUFFIXES]
    if len(files) > 1:
        raise ForeignModelError(
            N_("There are several models in it: {names}. Choose one of them."),
            names=", ".join(path.name for path in files),
        )
    if not files:
        return None
    (path,) = files
    runtime = MODEL_SUFFIXES[path.suffix.lower()]
    names = names_beside(path.parent) or names_beside(root)
    if runtime is Runtime.LITERT and not names:
        names = names_behind(path)
    found = Recognised(runtime=runtime, path=path, class_names=names)
    return _stated(found, facts_inside(path) if runtime in _ARCHIVES else None)


def _stated(found: Recognised, facts: StatedFacts | None) -> Recognised:
    """Take what an export states of itself, before a list beside it."""
    if facts is None:
        return found
    return replace(found, class_names=facts.class_names, preprocessing=facts.preprocessing)


def _json_in(file: Path) -> dict[str, Any]:
    """Read a JSON object; empty where the file is missing or holds something else."""
    try:
        if file.stat().st_size > _LARGEST_JSON_BYTES:
            return {}
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


KINDS = (
    ForeignKind(kind=Kind.TEACHABLE_MACHINE, label="Teachable Machine", recognise=_teachable_machine),
    ForeignKind(kind=Kind.LOBE, label="Lobe", recognise=_lobe),
    ForeignKind(kind=Kind.CUSTOM_VISION, label="Custom Vision", recognise=_custom_vision),
    ForeignKind(kind=Kind.KERAS, label="Keras", recognise=_of_runtime(Runtime.KERAS)),
    ForeignKind(kind=Kind.LITERT, label="TFLite", recognise=_of_runtime(Runtime.LITERT)),
    ForeignKind(kind=Kind.ONNX, label="ONNX", recognise=_of_runtime(Runtime.ONNX)),
    ForeignKind(
        kind=Kind.SAVED_MODEL,
        label="TensorFlow",
        recognise=_of_runtime(Runtime.SAVED_MODEL, Runtime.FROZEN_GRAPH),
    ),
    ForeignKind(kind=Kind.TENSORFLOW_JS, label="TensorFlow.js", recognise=_tensorflow_js),
)
