"""Check of Keras files: only layers of Keras itself, no programs, no links to other files.

A config can name any Python object, and a Lambda layer holds Python bytecode (CVE-2024-3660,
CVE-2025-1550). Both are refused by name here, before Keras reads the file.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.evaluation.foreign.faults import custom_parts, damaged
from core.messages import first_of

_LARGEST_CONFIG_BYTES = 64 << 20
# Modules of Keras whose objects a config may name.
_PACKAGES = (
    *("layers", "activations", "initializers", "regularizers", "constraints", "dtype_policies"),
    *("ops", "quantizers", "random"),
)
_ALLOWED_MODULES = tuple(f"{root}.{name}" for name in _PACKAGES for root in ("keras", "keras.src"))
_MODEL_MODULES = ("keras", "keras.models", "keras.src.models", "keras.src.backend.common.keras_tensor")
_MODELS = {"Sequential", "Functional", "Model", "DTypePolicy", "FloatDTypePolicy", "KerasTensor"}
# Keras 3.0 wrote activations as functions of this module.
_ALLOWED_BUILTINS = {
    *("tuple", "slice", "dict", "celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "leaky_relu", "linear", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid"),
    *("silu", "softmax", "softplus", "softsign", "swish", "tanh"),
}
_REFUSED = {
    # Programs.
    *("Lambda", "__lambda__", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
    # Operations by their names in Python.
    *("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod"),
    # Read other files.
    *("TFSMLayer", "StringLookup", "IntegerLookup", "TextVectorization"),
}


def check_keras_file(file: Path) -> Any:
    """Look through a ``.keras`` or ``.h5`` file.

    Returns:
        the config of its model.
    Raises:
        ForeignModelError: it is no such file, or holds parts that are not of Keras.
    """
    try:
        # Keras chooses the form by the name alone, and one file can have both.
        config = _config_of_zip(file) if file.name.endswith(".keras") else _config_of_hdf5(file)
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise damaged(file) from error
    check_keras_config(config, file)
    return config


def check_keras_config(config: Any, file: Path) -> None:
    """Look through the config of a model.

    Raises:
        ForeignModelError: it names parts that are not of Keras.
    """
    foreign = sorted(set(_foreign_parts(config)))
    if foreign:
        raise custom_parts(file, first_of(foreign))


def _config_of_zip(file: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo("config.json")
        if info.file_size > _LARGEST_CONFIG_BYTES:
            raise ValueError("the config is too large")
        config = json.loads(archive.read(info))
        with archive.open("model.weights.h5") as weights:
            _require_no_links(weights, file)
    return config


def _config_of_hdf5(file: Path) -> Any:
    import h5py

    _require_no_links(file, file)
    with h5py.File(file, "r") as content:
        return json.loads(content.attrs["model_config"])


def _require_no_links(source: Any, file: Path) -> None:
    """Refuse data that lies in other files of this computer."""
    import h5py

    def visit(group: h5py.Group) -> None:
        for name in group:
            if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                raise custom_parts(file, f"ExternalLink {name}")
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item)
            elif item.external or item.is_virtual:
                raise custom_parts(file, f"external data {name}")

    with h5py.File(source, "r") as content:
        visit(content)


def _foreign_parts(config: Any) -> Iterator[str]:
    """Find the names in a config that are not plain layers, functions or settings of Keras."""
    if isinstance(config, list):
        for item in config:
            yield from _foreign_parts(item)
    elif isinstance(config, dict):
        name = config.get("class_name")
        if isinstance(name, str):
            yield from _foreign_name(name, config)
        for value in config.values():
            yield from _foreign_parts(value)


def _foreign_name(name: str, config: dict[str, Any]) -> Iterator[str]:
    module, registered = config.get("module"), config.get("registered_name")
    if name == "function":
        # A function of Keras, by its name.
        name = str(config.get("config"))
    if name in _REFUSED or ">" in str(registered or "") or ">" in name:
        yield name
    # Keras 2 wrote no modules: its loader knows only names of Keras itself.
    elif module is not None and not (
        (module == "builtins" and name in _ALLOWED_BUILTINS)
        or (_is_within(module, _MODEL_MODULES) and name in _MODELS)
        or _is_within(module, _ALLOWED_MODULES)
    ):
        yield f"{module}.{name}"


def _is_within(module: object, packages: tuple[str, ...]) -> bool:
    return any(module == package or str(module).startswith(f"{package}.") for package in packages)
