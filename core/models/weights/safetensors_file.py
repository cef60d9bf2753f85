"""Weight files in the safetensors format, whose header names all tensors and runs no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from core.errors import WeightsError
from core.messages import N_

_READABLE = ("F32", "F16")  # NumPy has no bfloat16
_COUNTERS = ("I64", "I32")  # of batches in BatchNorm, which no network here needs


def tensor_shapes(path: Path, name: str = "") -> dict[str, tuple[int, ...]]:
    """Read the shapes of all weights by name, from the header alone.

    Args:
        name: of the file in errors, if ``path`` has another one.
    Raises:
        WeightsError: the file is damaged or none of this format, or has numbers of another kind.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            views = {tensor: file.get_slice(tensor) for tensor in file.keys()}  # noqa: SIM118 - it is no mapping
            views = {tensor: view for tensor, view in views.items() if view.get_dtype() not in _COUNTERS}
            kinds = {view.get_dtype() for view in views.values()} - {*_READABLE}
            shapes = {tensor: tuple(view.get_shape()) for tensor, view in views.items()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(N_("{file} is not a readable weight file."), file=name or path.name) from error
    if kinds:
        raise WeightsError(
            N_(
                "{file} holds numbers of the kind {kinds}, which Darkroom does not read. Take the file with "
                "32-bit numbers."
            ),
            file=name or path.name,
            kinds=", ".join(sorted(kinds)),
        )
    return shapes


def read_tensors(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Read these tensors as float32.

    Raises:
        WeightsError: one is missing, or the file is damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name).astype(np.float32) for name in names}
    except (SafetensorError, OSError) as error:
        raise WeightsError(N_("{file} is not a readable weight file."), file=path.name) from error


def holds(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """True if the file has these tensors; see ``are_among``."""
    try:
        return are_among(shapes, tensor_shapes(path))
    except WeightsError:
        return False


def are_among(wanted: Mapping[str, tuple[int, ...]], shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """True if these tensors are there; there may be others that no network here needs."""
    return all(shapes.get(name) == shape for name, shape in wanted.items())
