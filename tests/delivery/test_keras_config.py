"""Keras files that older versions of Keras can open."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.delivery.formats.keras_config import make_portable, portable_config

# Arguments of Keras 3.8's layers that a network's function depends on.
KNOWN_TO_3_8 = {
    "Dense": {"units", "activation", "use_bias"},
    "Conv2D": {
        *("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups"),
        *("activation", "use_bias"),
    },
    "BatchNormalization": {"axis", "momentum", "epsilon", "center", "scale", "synchronized"},
}
EVERY_LAYER = {"name", "trainable", "dtype"}


def network() -> keras.Model:
    picture = keras.Input((8, 8, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(picture)
    x = keras.layers.Conv2D(4, 3, padding="same", kernel_initializer="he_normal", strides=2)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(picture, keras.layers.Dense(2, activation="softmax", kernel_regularizer="l2")(x))


def layers_of(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for item in value:
            yield from layers_of(item)
    elif isinstance(value, dict):
        if value.get("module") == "keras.layers":
            yield value["class_name"], value["config"]
        for item in value.values():
            yield from layers_of(item)


def test_a_saved_layer_has_only_arguments_that_an_older_keras_knows(tmp_path: Path) -> None:
    """Keras 3.10 and 3.12 refused ``input_axes`` of an initializer that no trained network needs."""
    path = tmp_path / "model.keras"
    network().save(path)
    make_portable(path)
    with zipfile.ZipFile(path) as file:
        layers = list(layers_of(json.loads(file.read("config.json"))))
    assert {name for name, _ in layers} >= KNOWN_TO_3_8.keys()
    for name, config in layers:
        assert not [key for key in config if key.endswith(("initializer", "regularizer", "constraint"))]
        if name in KNOWN_TO_3_8:
            assert config.keys() <= KNOWN_TO_3_8[name] | EVERY_LAYER, name


def test_what_differs_from_the_default_stays() -> None:
    layer = keras.layers.Conv2D(4, 3, padding="same", strides=2, use_bias=False)
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    config = portable_config(saved)["config"]
    assert (config["filters"], config["kernel_size"], config["padding"]) == (4, [3, 3], "same")
    assert (config["strides"], config["use_bias"]) == ([2, 2], False)


def test_an_operation_with_arguments_has_no_name() -> None:
    """Keras 3.8 refused ``Flip``, which turns RGB into the BGR of some backbones."""
    picture = keras.Input((8, 8, 3))
    model = keras.Model(picture, keras.ops.flip(picture, axis=-1))
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    (flip,) = [node for node in portable_config(saved)["config"]["layers"] if node["class_name"] == "Flip"]
    assert flip["config"] == {"axis": -1}
    assert keras.saving.deserialize_keras_object(portable_config(saved)).count_params() == 0


def test_the_network_answers_the_same(tmp_path: Path) -> None:
    path, model = tmp_path / "model.keras", network()
    model.save(path)
    make_portable(path)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
    loaded = keras.models.load_model(path, compile=False, safe_mode=True)
    np.testing.assert_array_equal(loaded.predict(pictures, verbose=0), model.predict(pictures, verbose=0))


def test_a_failure_leaves_no_second_file(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"not a zip")
    with pytest.raises(zipfile.BadZipFile):
        make_portable(path)
    assert [file for file in tmp_path.iterdir() if file.is_file()] == [path]
