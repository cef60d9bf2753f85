"""Weight files of adapted backbones: the weights of a network by layer, as plain NumPy arrays."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.errors import WeightsError
from core.files import whole_file
from core.messages import N_

_NUMBERS = "fiu"  # kinds of NumPy types


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name; equal arrays give equal bytes."""
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read arrays that must have these names and shapes.

    Raises:
        WeightsError: the file is damaged, or holds those of another network.
    """
    try:
        # A forged file may announce more than fits into memory.
        if _announced(path) != dict(shapes):
            raise _unreadable(path)
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in shapes}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _unreadable(path) from error


def _announced(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of all arrays from their headers."""
    shapes = {}
    with zipfile.ZipFile(path) as members:
        for member in members.infolist():
            with members.open(member) as stream:
                if np.lib.format.read_magic(stream) != (1, 0):
                    raise ValueError("not an array of numbers")
                shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            if dtype.kind not in _NUMBERS:
                raise ValueError("not an array of numbers")
            shapes[member.filename.removesuffix(".npy")] = shape
    return shapes


def _unreadable(path: Path) -> WeightsError:
    return WeightsError(N_("{file} is not a readable weight file."), file=path.name)
