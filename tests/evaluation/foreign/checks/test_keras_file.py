"""Keras files with programs in them, or with data elsewhere, are refused before Keras reads them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.checks.keras_file import check_keras_file


def layer(name: str, module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    entry = {"class_name": name, "config": config, "registered_name": None}
    return entry if module is None else entry | {"module": module}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "module": "keras", "config": {"layers": list(layers)}}


def keras_file(folder: Path, config: object, weights: bytes | None = None) -> Path:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as content:
        content["kernel"] = [1.0]
    with zipfile.ZipFile(folder / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights or stream.getvalue())
    return folder / "m.keras"


def hdf5_file(folder: Path, config: object) -> Path:
    with h5py.File(folder / "m.h5", "w") as content:
        content.attrs["model_config"] = json.dumps(config)
    return folder / "m.h5"


USUAL = model(
    layer("InputLayer", dtype="float32"),
    layer(
        "Conv2D",
        kernel_initializer={"module": "keras.initializers", "class_name": "GlorotUniform", "config": {}},
        dtype={"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
    ),
    layer("TrueDivide", "keras.src.ops.numpy"),
    layer("Dense", activation={"module": "builtins", "class_name": "function", "config": "softmax"}),
)


def test_usual_layers_pass(tmp_path: Path) -> None:
    check_keras_file(keras_file(tmp_path, USUAL))
    check_keras_file(hdf5_file(tmp_path, model(layer("Conv2D", None), layer("Dense", None))))


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEA"}}), "Lambda"),
        (layer("Lambda", None, function=["4wEA"]), "Lambda"),
        (layer("TFSMLayer", filepath="/etc"), "TFSMLayer"),
        (layer("MyLayer", "mine.layers"), r"mine\.layers\.MyLayer"),
        (layer("MyLayer", None) | {"registered_name": "Mine>MyLayer"}, "MyLayer"),
        (layer("function", "os") | {"config": "system"}, r"os\.system"),
        (layer("function", "keras.utils") | {"config": "get_file"}, r"keras\.utils\.get_file"),
        (layer("function", "keras.models") | {"config": "load_model"}, r"keras\.models\.load_model"),
        (layer("function", "builtins") | {"config": "eval"}, r"builtins\.eval"),
    ],
)
def test_programs_are_refused_by_name(tmp_path: Path, part: dict[str, Any], name: str) -> None:
    for file in (
        keras_file(tmp_path, model(part)),
        hdf5_file(tmp_path, model(model(layer("Dense"), part))),
        keras_file(tmp_path, model(layer("Dense", activation=part))),
    ):
        with pytest.raises(ForeignModelError, match=rf"programs of their own \(.*{name}"):
            check_keras_file(file)


def test_data_in_other_files_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as content:
        content["layer/kernel"] = h5py.ExternalLink("/etc/secret.h5", "/data")
    with pytest.raises(ForeignModelError, match="ExternalLink kernel"):
        check_keras_file(keras_file(tmp_path, model(layer("Dense")), stream.getvalue()))
    with h5py.File(tmp_path / "m.h5", "w") as content:
        content.attrs["model_config"] = json.dumps(model(layer("Dense")))
        content.create_dataset("kernel", (4,), "u1", external=[("/etc/passwd", 0, 4)])
    with pytest.raises(ForeignModelError, match="external data kernel"):
        check_keras_file(tmp_path / "m.h5")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut off", b"\x89HDF\r\n\x1a\n" + bytes(30)])
def test_a_file_that_only_pretends_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(ForeignModelError, match=r"m\.keras is damaged, cut off"):
        check_keras_file(tmp_path / "m.keras")


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_a_file_of_two_forms_is_checked_in_the_one_that_keras_reads(tmp_path: Path, name: str) -> None:
    """Keras goes by the name; an archive may follow any other content, and HDF5 may precede it."""
    harmless, refused = model(layer("Dense")), model(layer("Lambda", None))
    as_hdf5, as_zip = (refused, harmless) if name == "m.h5" else (harmless, refused)
    content = hdf5_file(tmp_path, as_hdf5).read_bytes() + keras_file(tmp_path, as_zip).read_bytes()
    (tmp_path / name).write_bytes(content)
    assert h5py.is_hdf5(tmp_path / name)
    assert zipfile.is_zipfile(tmp_path / name)
    with pytest.raises(ForeignModelError, match=r"programs of their own \(Lambda"):
        check_keras_file(tmp_path / name)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as content:
        content["kernel"] = [1.0]
    with pytest.raises(ForeignModelError, match="is damaged"):
        check_keras_file(tmp_path / "m.h5")
