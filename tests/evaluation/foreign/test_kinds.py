"""Exports are recognised by their files, and their preprocessing is taken from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.facts import ChannelOrder, Fitting, Kind, Runtime
from core.evaluation.foreign.kinds import KINDS, ForeignKind, Recognised, recognise
from core.evaluation.foreign.preprocessing import code_of, scaled
from tests.support.tables import extend_table

LABELS = b"cat\ndog\n"
LOBE: dict[str, object] = {
    "doc_name": "Pets",
    "format": "tf_lite",
    "filename": "saved_model.tflite",
    "inputs": {"Image": {"name": "x", "shape": [None, 224, 224, 3], "dtype": "float32"}},
    "outputs": {"Confidences": {"name": "y:0"}, "Label": {"name": "z:0"}},
    "classes": {"Label": ["cat", "dog"]},
}
LAYERS: dict[str, object] = {"modelTopology": {"class_name": "Sequential"}, "weightsManifest": []}
PROPERTIES: dict[str, object] = {
    "CustomVision.Metadata.Version": "1.1",
    "CustomVision.Preprocess.NormalizeMean": "[0.0, 0.0, 0.0]",
}


def files(folder: Path, **content: bytes | Mapping[str, object]) -> Path:
    for name, data in content.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return folder


@pytest.mark.parametrize(
    ("content", "kind", "runtime"),
    [
        ({"keras_model_DOT_h5": b"", "labels_DOT_txt": b"0 cat\n1 dog"}, Kind.TEACHABLE_MACHINE, Runtime.KERAS),
        (
            {"converted__model_unquant_DOT_tflite": b"", "converted__labels_DOT_txt": b"0 cat\n1 dog"},
            Kind.TEACHABLE_MACHINE,
            Runtime.LITERT,
        ),
        ({"model_DOT_tflite": b"", "labels_DOT_txt": b"0 cat\n1 dog"}, Kind.TEACHABLE_MACHINE, Runtime.LITERT),
        ({"model_DOT_tflite": b"", "labels_DOT_txt": LABELS}, Kind.LITERT, Runtime.LITERT),
        (
            {"model_DOT_savedmodel__saved_model_DOT_pb": b"", "labels_DOT_txt": b"0 cat\n1 dog"},
            Kind.TEACHABLE_MACHINE,
            Runtime.SAVED_MODEL,
        ),
        (
            {"model_DOT_json": LAYERS, "metadata_DOT_json": {"tmVersion": "2.4.5", "labels": ["cat", "dog"]}},
            Kind.TEACHABLE_MACHINE,
            Runtime.TENSORFLOW_JS,
        ),
        ({"model_DOT_json": LAYERS, "labels_DOT_txt": LABELS}, Kind.TENSORFLOW_JS, Runtime.TENSORFLOW_JS),
        ({"saved_model_DOT_tflite": b"", "signature_DOT_json": LOBE}, Kind.LOBE, Runtime.LITERT),
        (
            {"saved_model_DOT_pb": b"", "signature_DOT_json": LOBE | {"format": "tf"}},
            Kind.LOBE,
            Runtime.SAVED_MODEL,
        ),
        (
            {
                "model_DOT_onnx": b"",
                "labels_DOT_txt": LABELS,
                "cvexport_DOT_manifest": {"DomainType": "Classification"},
            },
            Kind.CUSTOM_VISION,
            Runtime.ONNX,
        ),
        (
            {"model_DOT_pb": b"", "labels_DOT_txt": LABELS, "metadata_properties_DOT_json": PROPERTIES},
            Kind.CUSTOM_VISION,
            Runtime.FROZEN_GRAPH,
        ),
        ({"pets_DOT_keras": b"", "labels_DOT_txt": LABELS}, Kind.KERAS, Runtime.KERAS),
        ({"pets_DOT_onnx": b"", "labels_DOT_txt": LABELS}, Kind.ONNX, Runtime.ONNX),
        (
            {"pets__saved_model_DOT_pb": b"", "pets__variables__variables_DOT_index": b"", "pets__labels_DOT_txt": LABELS},
            Kind.SAVED_MODEL,
            Runtime.SAVED_MODEL,
        ),
    ],
)  # fmt: skip
def test_an_export_is_recognised_by_its_files(
    tmp_path: Path, content: dict[str, bytes | dict[str, object]], kind: Kind, runtime: Runtime
) -> None:
    found_kind, found = recognise(files(tmp_path / "export", **content))
    assert (found_kind, found.runtime, found.class_names) == (kind, runtime, ("cat", "dog"))
    assert found.path.exists()


def test_teachable_machine_and_lobe_crop_and_have_their_scales(tmp_path: Path) -> None:
    teachable = files(tmp_path / "a", keras_model_DOT_h5=b"", labels_DOT_txt=b"0 cat\n1 dog")
    lobe = files(tmp_path / "b", saved_model_DOT_tflite=b"", signature_DOT_json=LOBE)
    assert recognise(teachable)[1].preprocessing == scaled("symmetric", fitting=Fitting.CROP)
    found = recognise(lobe)[1]
    assert found.preprocessing == scaled("unit", fitting=Fitting.CROP)
    assert found.output == "y:0"


def test_lobe_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    root = files(
        tmp_path / "in", secret_DOT_tflite=b"", signature_DOT_json=LOBE | {"filename": "../secret.tflite"}
    )
    assert recognise(root)[1].path == root / "secret.tflite"


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        (PROPERTIES, "bytes-bgr"),
        (PROPERTIES | {"Image.BitmapPixelFormat": "Rgb8", "Image.NominalPixelRange": "Normalized_0_1"}, "unit"),
        (PROPERTIES | {"CustomVision.Preprocess.CropMethod": "OneCropCenter"}, "bytes-bgr-crop"),
        (PROPERTIES | {"CustomVision.Preprocess.NormalizeMean": "[broken"}, "bytes-bgr"),
    ],
)  # fmt: skip
def test_custom_vision_states_order_and_range(
    tmp_path: Path, properties: dict[str, object], code: str
) -> None:
    root = files(tmp_path / "export", model_DOT_onnx=b"", metadata_properties_DOT_json=properties)
    preprocessing = recognise(root)[1].preprocessing
    assert preprocessing is not None
    assert code_of(preprocessing) == code


def test_custom_vision_states_its_own_mean_and_deviation(tmp_path: Path) -> None:
    properties = PROPERTIES | {
        "CustomVision.Preprocess.NormalizeMean": "[0.5, 0.4, 0.3]",
        "CustomVision.Preprocess.NormalizeStd": "[0.2, 0.2, 0.2]",
        "Image.NominalPixelRange": "Normalized_0_1",
        "Image.BitmapPixelFormat": "Rgb8",
    }
    root = files(tmp_path / "export", model_DOT_onnx=b"", metadata_properties_DOT_json=properties)
    preprocessing = recognise(root)[1].preprocessing
    assert preprocessing is not None
    assert preprocessing.mean == (127.5, 102.0, 76.5)
    assert preprocessing.deviation == (51.0, 51.0, 51.0)
    assert preprocessing.order is ChannelOrder.RGB


def test_a_graph_of_tensorflow_js_is_refused(tmp_path: Path) -> None:
    """Custom Vision exports one."""
    root = files(tmp_path / "export", model_DOT_json=LAYERS | {"modelTopology": {"node": []}})
    with pytest.raises(ForeignModelError, match=r"is a graph of TensorFlow\.js"):
        recognise(root)


def test_finders_of_objects_are_refused(tmp_path: Path) -> None:
    root = files(
        tmp_path / "export", model_DOT_onnx=b"", cvexport_DOT_manifest={"DomainType": "ObjectDetection"}
    )
    with pytest.raises(ForeignModelError, match="finds objects"):
        recognise(root)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"readme_DOT_txt": b""}, "There is no model in it"),
        ({"a_DOT_onnx": b"", "b_DOT_tflite": b""}, r"several models in it: a\.onnx, b\.tflite"),
    ],
)
def test_no_model_or_several_are_refused(tmp_path: Path, content: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(ForeignModelError, match=sentence):
        recognise(files(tmp_path / "export", **content))


def test_every_kind_has_one_row() -> None:
    assert sorted(row.kind for row in KINDS) == sorted(Kind)


def test_a_new_kind_is_recognised_by_its_row_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first kind that knows a folder is taken."""

    def marked(root: Path) -> Recognised | None:
        is_own = (root / "throwaway.txt").exists()
        return Recognised(runtime=Runtime.LITERT, path=root / "a.bin") if is_own else None

    row = ForeignKind(kind=Kind.LITERT, label="Throwaway", recognise=marked)
    extend_table(monkeypatch, KINDS, row)
    root = files(tmp_path / "export", throwaway_DOT_txt=b"", a_DOT_bin=b"")
    assert recognise(root) == (Kind.LITERT, Recognised(runtime=Runtime.LITERT, path=root / "a.bin"))
