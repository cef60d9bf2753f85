"""Tiny models as other programs export them: they answer with the strongest colour of a picture."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.data.editing.splits import settle_split
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.progress import QuietProgress
from core.workspace import Project

COLOURS = ("red", "green", "blue")
SIDE = 24  # pixels of a model's input


def import_colours(folder: Path, count: int = 12) -> Project:
    """A project whose pictures are noise in which one colour is strongest."""
    generator = np.random.default_rng(0)
    for channel, name in enumerate(COLOURS):
        for number in range(count):
            pixels = generator.integers(40, 120, (32, 40, 3))
            pixels[..., channel] += 70
            target = folder / name / f"{number}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            stream = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(stream, "PNG")
            target.write_bytes(stream.getvalue())
    project = import_dataset(folder, "colours", ImportConfig(), QuietProgress()).project
    settle_split(project)
    return project


def colour_model(
    outputs: Sequence[int] = (0, 1, 2),
    *,
    shape: tuple[int | None, ...] = (SIDE, SIDE, 3),
    softmax: bool = True,
    scale: float = 255.0,
    shift: float = 0.0,
) -> Any:
    """Build a Keras network that answers with channel ``outputs[i]`` for its class i.

    Args:
        scale, shift: input values are (bytes − shift) / scale; with others the answers are less certain.
    """
    import keras

    picture = keras.Input(shape, name="picture")
    means = keras.layers.GlobalAveragePooling2D()(picture)
    dense = keras.layers.Dense(len(outputs), activation="softmax" if softmax else None, name="answer")
    model = keras.Model(picture, dense(means))
    kernel = np.zeros((shape[-1] or 3, len(outputs)), np.float32)
    for index, channel in enumerate(outputs):
        kernel[channel, index] = 20 * scale / 255
    dense.set_weights([kernel, np.zeros(len(outputs), np.float32)])
    return model


def to_tflite(model: Any, *, is_quantised: bool = False) -> bytes:
    """Convert to a TFLite file, on request with 8-bit input and output."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if is_quantised:
        shape = (1, *model.inputs[0].shape[1:])

        def pictures() -> Any:
            yield [np.full(shape, -1, np.float32)]
            yield [np.full(shape, 1, np.float32)]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = pictures
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    """Write an archive as browsers download it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def saved_as_keras_2(path: Path) -> Path:
    """Write the same network as an ``.h5`` file of Keras 2: no modules, ``groups`` in its DepthwiseConv2D."""
    import h5py
    import keras

    picture = keras.Input((SIDE, SIDE, 3), name="picture")
    depthwise = keras.layers.DepthwiseConv2D(
        1, depthwise_initializer="ones", use_bias=False, name="depthwise"
    )
    tail = colour_model()
    model = keras.Model(picture, tail.layers[-1](tail.layers[-2](depthwise(picture))))
    model.save(path)
    with h5py.File(path, "r+") as content:
        config = content.attrs["model_config"]
        content.attrs["model_config"] = config.replace(
            '"depth_multiplier"', '"groups": 1, "depth_multiplier"'
        )
    return path


def teachable_machine_model() -> dict[str, Any]:
    """Config of a network as Teachable Machine has it: a model within a model within a model, of Keras 2."""
    looking = {
        "name": "model1",
        "layers": [
            {
                "name": "input_1",
                "class_name": "InputLayer",
                "config": {"batch_input_shape": [None, SIDE, SIDE, 3], "dtype": "float32", "name": "input_1"},
                "inbound_nodes": [],
            },
            {
                "name": "depthwise",
                "class_name": "DepthwiseConv2D",
                "config": {"kernel_size": [1, 1], "groups": 1, "use_bias": False, "name": "depthwise"},
                "inbound_nodes": [[["input_1", 0, 0, {}]]],
            },
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["depthwise", 0, 0]],
    }
    answering = {
        "units": 3,
        "activation": "softmax",
        "use_bias": False,
        "name": "dense_Dense1",
        "batch_input_shape": [None, 3],
    }
    pooling = {"class_name": "GlobalAveragePooling2D", "config": {"name": "pooling"}}
    return sequential(
        "sequential_4",
        sequential("sequential_1", {"class_name": "Model", "config": looking}, pooling),
        sequential("sequential_3", {"class_name": "Dense", "config": answering}),
    )


def sequential(name: str, *layers: dict[str, Any]) -> dict[str, Any]:
    """Config of a Sequential model of Keras 2."""
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def teachable_machine_js() -> dict[str, bytes]:
    """Files of that network as Teachable Machine exports it for TensorFlow.js."""
    kernels = {"depthwise/depthwise_kernel": np.ones((1, 1, 3, 1)), "dense_Dense1/kernel": 20 * np.eye(3)}
    entries = [
        {"name": name, "shape": list(kernel.shape), "dtype": "float32"} for name, kernel in kernels.items()
    ]
    model = {
        "modelTopology": teachable_machine_model(),
        "weightsManifest": [{"paths": ["weights.bin"], "weights": entries}],
    }
    metadata = {"tmVersion": "2.4.5", "packageName": "@teachablemachine/image", "labels": list(COLOURS)}
    return {
        "model.json": json.dumps(model).encode(),
        "metadata.json": json.dumps(metadata).encode(),
        "weights.bin": b"".join(kernel.astype(np.float32).tobytes() for kernel in kernels.values()),
    }


def teachable_machine_h5(path: Path) -> Path:
    """Write the same network as the ``keras_model.h5`` of its export for Keras."""
    import h5py

    weights = {
        "sequential_1": ("depthwise", np.ones((1, 1, 3, 1))),
        "sequential_3": ("dense", 20 * np.eye(3)),
    }
    with h5py.File(path, "w") as content:
        content.attrs["model_config"] = json.dumps(teachable_machine_model())
        group = content.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, (name, kernel) in weights.items():
            group.create_group(layer).attrs["weight_names"] = [f"{name}/kernel:0".encode()]
            group[layer][f"{name}/kernel:0"] = kernel.astype(np.float32)
    return path
