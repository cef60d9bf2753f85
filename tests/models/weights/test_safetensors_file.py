"""Files in the safetensors format: what is read, and what is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from core.errors import WeightsError
from core.models.weights.safetensors_file import holds, read_tensors, tensor_shapes

TENSORS: dict[str, np.ndarray] = {
    "a.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a.bias": np.ones(2, np.float16),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path)
    return path


def test_shapes_are_read_from_the_header(file: Path) -> None:
    assert tensor_shapes(file) == {"a.weight": (2, 3), "a.bias": (2,)}


def test_numbers_become_float32(file: Path) -> None:
    tensors = read_tensors(file, ["a.bias", "a.weight"])
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(tensors["a.weight"], TENSORS["a.weight"])
    np.testing.assert_array_equal(tensors["a.bias"], [1, 1])


def test_further_tensors_do_not_matter(file: Path) -> None:
    assert holds(file, {"a.bias": (2,)})
    assert not holds(file, {"a.bias": (3,)})
    assert not holds(file, {"a.bias": (2,), "b.bias": (2,)})


def test_counters_beside_the_weights_do_not_matter(file: Path) -> None:
    """PyTorch's BatchNorm counts its batches in an integer of 64 bits, and the file keeps it."""
    save_file({**TENSORS, "norm.num_batches_tracked": np.array(3)}, file)
    assert tensor_shapes(file) == {"a.weight": (2, 3), "a.bias": (2,)}
    assert holds(file, {"a.bias": (2,)})


def test_half_a_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"model\.safetensors is not a readable weight file"):
        tensor_shapes(file)
    assert not holds(file, {"a.bias": (2,)})


def test_a_missing_tensor_is_refused(file: Path) -> None:
    with pytest.raises(WeightsError, match="not a readable weight file"):
        read_tensors(file, ["b.bias"])


def test_numbers_that_numpy_lacks_are_refused_by_name(tmp_path: Path) -> None:
    """Brain floats would be read as another kind, or end in a traceback."""
    path = tmp_path / "brain.safetensors"
    header = json.dumps({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0")
    with pytest.raises(WeightsError, match=r"brain\.safetensors holds numbers of the kind BF16"):
        tensor_shapes(path)
