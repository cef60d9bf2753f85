"""Config of a Keras file without what only training needs and what older Keras versions refuse.

Keras writes every constructor argument of every layer, also those that newer versions added, and
an older one refuses arguments that it does not know. So a newer argument that has its default is
left out. So are initializers, regularizers and constraints: they shape only training, and newer
versions added arguments to them as well.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from functools import cache
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from core.delivery.formats.archives import replace_members
from core.records import JsonObject, JsonValue

_CONFIG_FILE = "config.json"
# Arguments of layers that versions after Keras 3.5 added, the oldest in which exports are opened.
_NEWER_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "BatchNormalization": frozenset(["renorm", "renorm_clipping", "renorm_momentum"]),
    "Conv1DTranspose": frozenset(["output_padding"]),
    "Conv2DTranspose": frozenset(["output_padding"]),
    "Dense": frozenset(["lora_alpha", "quantization_config"]),
    "EinsumDense": frozenset(["lora_alpha", "quantization_config", "gptq_unpacked_column_size"]),
    "Embedding": frozenset(["lora_alpha", "quantization_config"]),
    "GroupQueryAttention": frozenset(["sliding_window", "use_gate"]),
    "InputLayer": frozenset(["ragged"]),
    "MultiHeadAttention": frozenset(["sliding_window", "use_gate"]),
    "Resizing": frozenset(["antialias"]),
}
_TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint")
_LAYERS, _OPERATIONS = "keras.layers", "keras.src.ops."


def make_portable(path: Path) -> None:
    """Rewrite the config of a Keras file in place; weights and metadata stay as they are."""
    with zipfile.ZipFile(path) as file:
        config = portable_config(json.loads(file.read(_CONFIG_FILE)))
    replace_members(path, {_CONFIG_FILE: json.dumps(config).encode()})


def portable_config(value: JsonValue) -> Any:
    """Leave out the arguments of layers that only shape training, or are newer and have their default."""
    if isinstance(value, list):
        return [portable_config(item) for item in value]
    if not isinstance(value, dict):
        return value
    module, config = value.get("module"), value.get("config")
    if module == _LAYERS and isinstance(config, dict):
        value = value | {"config": _needed(value["class_name"], config)}
    elif str(module).startswith(_OPERATIONS) and isinstance(config, dict) and config.keys() > {"name"}:
        # Older operations with arguments of their own take no name. The node beside has it as well.
        value = value | {"config": {name: item for name, item in config.items() if name != "name"}}
    return {name: portable_config(item) for name, item in value.items()}


def _needed(class_name: str, config: JsonObject) -> JsonObject:
    newer, defaults = _NEWER_ARGUMENTS.get(class_name, frozenset()), _defaults(class_name)
    return {
        name: value
        for name, value in config.items()
        if not name.endswith(_TRAINING_ONLY) and (name not in newer or value != defaults.get(name))
    }


@cache
def _defaults(class_name: str) -> Mapping[str, object]:
    """Default of each constructor argument of a layer, as JSON would hold it."""
    import keras

    parameters = signature(getattr(keras.layers, class_name).__init__).parameters.values()
    return {
        item.name: list(item.default) if isinstance(item.default, tuple) else item.default
        for item in parameters
        if item.default is not Parameter.empty
    }
