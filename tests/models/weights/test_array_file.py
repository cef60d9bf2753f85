"""Weight files of adapted backbones, which come with projects from elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import WeightsError
from core.models.weights.array_file import read_arrays, write_arrays

ARRAYS = {"conv-0": np.arange(6, dtype=np.float32).reshape(2, 3), "norm-0": np.ones(3, np.float32)}
SHAPES = {name: array.shape for name, array in ARRAYS.items()}


def test_equal_weights_are_equal_bytes(tmp_path: Path) -> None:
    """Their hash is the name of the backbone, and of its features."""
    for name in ("a", "b"):
        write_arrays(tmp_path / name, ARRAYS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    read = read_arrays(tmp_path / "a", SHAPES)
    assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)


@pytest.mark.parametrize(
    "arrays",
    [
        {"conv-0": ARRAYS["conv-0"]},
        ARRAYS | {"conv-0": np.zeros((2, 2), np.float32)},
        ARRAYS | {"other-0": np.zeros(1, np.float32)},
        ARRAYS | {"norm-0": np.array(["a", "b", "c"])},
    ],
)
def test_a_file_of_another_network_is_refused(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    write_arrays(tmp_path / "weights.npz", arrays)
    with pytest.raises(WeightsError, match="not a readable weight file"):
        read_arrays(tmp_path / "weights.npz", SHAPES)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"\x93NUMPY"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.npz").write_bytes(content)
    with pytest.raises(WeightsError, match="not a readable weight file"):
        read_arrays(tmp_path / "weights.npz", SHAPES)
