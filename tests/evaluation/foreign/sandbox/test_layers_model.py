"""Layers models of TensorFlow.js are read as they were written, and from their own folder alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.evaluation.foreign.sandbox.layers_model import read_layers_model

KERNEL = np.arange(6, dtype=np.float32).reshape(3, 2)
BIAS = np.array([0.5, -0.5], np.float32)
TOPOLOGY = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}


def written(folder: Path, paths: list[str], weights: list[dict[str, Any]], topology: Any = TOPOLOGY) -> Path:
    content = {"modelTopology": topology, "weightsManifest": [{"paths": paths, "weights": weights}]}
    (folder / "model.json").write_text(json.dumps(content))
    return folder / "model.json"


def entry(name: str, values: np.ndarray, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(values.shape), "dtype": "float32", **more}


def test_weights_stand_by_their_layer_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Also where a file is cut into parts, in the middle of a number."""
    data = KERNEL.tobytes() + BIAS.tobytes()
    (tmp_path / "one.bin").write_bytes(data[:10])
    (tmp_path / "two.bin").write_bytes(data[10:])
    file = written(
        tmp_path, ["one.bin", "two.bin"], [entry("dense/kernel", KERNEL), entry("dense/bias", BIAS)]
    )
    kernel, bias = read_layers_model(file).weights["dense"]
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, BIAS)


def test_quantised_weights_get_their_values_back(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes([0, 255]))
    quantised = {"dtype": "uint8", "scale": 0.01, "min": -1.0}
    file = written(tmp_path, ["w.bin"], [entry("dense/bias", BIAS, quantization=quantised)])
    np.testing.assert_allclose(read_layers_model(file).weights["dense"][0], [-1.0, 1.55], atol=1e-6)


def test_the_config_of_pythons_converter_lies_one_level_deeper(tmp_path: Path) -> None:
    file = written(tmp_path, [], [], {"keras_version": "2.4.0", "model_config": TOPOLOGY})
    assert read_layers_model(file).config == TOPOLOGY


@pytest.mark.parametrize("name", ["../secret.bin", "/etc/passwd", "..", "", "a/b.bin"])
def test_weights_in_another_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="another folder"):
        read_layers_model(written(tmp_path, [name], []))


def test_weights_that_are_cut_off_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(KERNEL.tobytes()[:-4])
    with pytest.raises(ValueError, match="buffer"):
        read_layers_model(written(tmp_path, ["w.bin"], [entry("dense/kernel", KERNEL)]))
