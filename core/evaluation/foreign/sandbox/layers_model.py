"""Layers models of TensorFlow.js: ``model.json``, and the bytes of the weights in files beside it.

Its layers are a config of Keras 2, whose names TensorFlow.js took over (the form of
``tf.io.ModelJSON``). Teachable Machine exports it first of all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

_TYPES = {"float32", "float16", "int32", "uint8", "uint16", "bool"}


@dataclass(frozen=True, kw_only=True)
class LayersModel:
    """Layers and weights of a model."""

    # ``class_name`` and ``config``, as Keras 2 wrote them
    config: dict[str, Any]
    # of each layer by its name, in the order of the file; float32
    weights: Mapping[str, list[np.ndarray]]


def read_layers_model(file: Path) -> LayersModel:
    """Read ``model.json`` and its weights.

    Raises:
        OSError, ValueError, KeyError, TypeError, AttributeError: it is no such model, or cut off.
    """
    content = json.loads(file.read_text(encoding="utf-8-sig"))
    topology = content["modelTopology"]
    weights: dict[str, list[np.ndarray]] = {}
    for part in content["weightsManifest"]:
        data = b"".join(_file_beside(file, name).read_bytes() for name in part["paths"])
        for name, values in _weights_in(data, part["weights"]):
            weights.setdefault(name.rpartition("/")[0], []).append(values)
    # Python's converter puts the config one level deeper than TensorFlow.js itself.
    return LayersModel(config=topology.get("model_config", topology), weights=weights)


def fill(model: Any, weights: Mapping[str, list[np.ndarray]]) -> None:
    """Set the weights of a Keras model, layer by layer.

    Raises:
        KeyError, ValueError: weights of a layer are missing, or of another shape.
    """
    for layer in _single_layers(model):
        if layer.weights:
            layer.set_weights(weights[layer.name])


def _single_layers(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _single_layers(layer)
        else:
            yield layer


def _file_beside(file: Path, name: str) -> Path:
    """Find a file of weights; one elsewhere on this computer is refused."""
    if PurePosixPath(name).name != name or name in {"", ".."}:
        raise ValueError(f"weights in another folder: {name}")
    return file.with_name(name)


def _weights_in(data: bytes, entries: list[dict[str, Any]]) -> Iterator[tuple[str, np.ndarray]]:
    position = 0
    for entry in entries:
        quantised = entry.get("quantization") or {}
        dtype = str(quantised.get("dtype", entry["dtype"]))
        if dtype not in _TYPES:
            raise ValueError(f"weights of type {dtype}")
        shape = [int(length) for length in entry["shape"]]
        values = np.frombuffer(data, dtype, math.prod(shape), position)
        position += values.nbytes
        scaled = values.astype(np.float32) * quantised.get("scale", 1.0) + quantised.get("min", 0.0)
        yield str(entry["name"]), scaled.astype(np.float32).reshape(shape)
