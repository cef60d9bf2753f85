"""A torch weight file gives its tensors and nothing else, however it was made."""

from __future__ import annotations

import pickle
import sys
import types
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import WeightsError
from core.files import hash_file
from core.models.backbones import get_backbone
from core.models.weights.store import weights_path
from core.models.weights.torch_file import read_torch_file


class FakeTensor:
    """Pickled the way torch pickles a tensor, without torch."""

    def __init__(self, storage: tuple[str, np.ndarray], offset: int, shape: tuple, strides: tuple) -> None:
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides


class FakeStorage:
    def __init__(self, key: str, numbers: np.ndarray) -> None:
        self.key, self.numbers = key, numbers


class TorchPickler(pickle.Pickler):
    def persistent_id(self, item: Any) -> Any:
        if not isinstance(item, FakeStorage):
            return None
        kind = "FloatStorage" if item.numbers.dtype == "f4" else "LongStorage"
        return ("storage", getattr(sys.modules["torch"], kind), item.key, "cpu", len(item.numbers), None)

    def reducer_override(self, item: Any) -> Any:
        if not isinstance(item, FakeTensor):
            return NotImplemented
        arguments: tuple[Any, ...] = (
            FakeStorage(*item.storage),
            item.offset,
            item.shape,
            item.strides,
            False,
            OrderedDict(),
        )
        return sys.modules["torch._utils"]._rebuild_tensor_v2, arguments


@pytest.fixture
def fake_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names for the pickler to refer to."""
    torch, inner = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    exec("def _rebuild_tensor_v2(): ...", inner.__dict__)
    torch._utils = inner  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", inner)


def torch_bytes(tensors: Any, storages: dict[str, np.ndarray]) -> bytes:
    stream = BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(part, stream, protocol=2)
    TorchPickler(stream, protocol=2).dump(tensors)
    pickle.dump(list(storages), stream, protocol=2)
    for numbers in storages.values():
        stream.write(len(numbers).to_bytes(8, "little") + numbers.tobytes())
    return stream.getvalue()


def read(folder: Path, content: bytes) -> dict[str, np.ndarray]:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return read_torch_file(path, hash_file(path))


def test_tensors_keep_shape_strides_and_type(tmp_path: Path, fake_torch: None) -> None:
    numbers, counts = np.arange(7, dtype="<f4"), np.array([42], "<i8")
    storages = {"1": numbers, "2": counts}
    tensors = OrderedDict(
        plain=FakeTensor(("1", numbers), 0, (2, 3), (3, 1)),
        transposed=FakeTensor(("1", numbers), 1, (2, 3), (1, 2)),
        count=FakeTensor(("2", counts), 0, (), ()),
    )
    found = read(tmp_path, torch_bytes(tensors, storages))
    np.testing.assert_array_equal(found["plain"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["transposed"], [[1, 3, 5], [2, 4, 6]])
    assert found["count"] == 42
    assert found["plain"].dtype == np.float32


def test_the_bundled_file_holds_the_published_tensors() -> None:
    backbone = get_backbone("efficientnet_lite0")
    tensors = read_torch_file(weights_path(backbone), backbone.weights_hash.removeprefix("sha256:"))
    assert len(tensors) == 296
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)


class Hostile:
    """Runs a command when a careless reader unpickles it."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> Any:
        return Path.touch, (self.victim,)


def test_a_hostile_pickle_is_refused_and_does_not_run(tmp_path: Path, fake_torch: None) -> None:
    victim = tmp_path / "ran"
    content = torch_bytes(OrderedDict(weight=Hostile(victim)), {})
    with pytest.raises(WeightsError, match="hostile"):
        read(tmp_path, content)
    assert not victim.exists()


@pytest.mark.parametrize("name", ["builtins eval", "os system", "torch load", "collections deque"])
def test_no_name_beyond_the_four_can_be_reached(tmp_path: Path, name: str) -> None:
    module, _, function = name.partition(" ")
    with pytest.raises(WeightsError, match=f"{module}.{function}"):
        read(tmp_path, f"c{module}\n{function}\n.".encode())


def test_a_file_with_another_checksum_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "weights.pth").write_bytes(b"cos\nsystem\n.")
    with pytest.raises(WeightsError, match=r"checksum of weights\.pth"):
        read_torch_file(tmp_path / "weights.pth", "0" * 64)


@pytest.mark.parametrize("kept", [1, 40, -8], ids=["one byte", "in the header", "in the numbers"])
def test_a_cut_file_is_refused_in_plain_words(tmp_path: Path, fake_torch: None, kept: int) -> None:
    numbers = np.arange(6, dtype="<f4")
    content = torch_bytes(OrderedDict(a=FakeTensor(("1", numbers), 0, (6,), (1,))), {"1": numbers})
    with pytest.raises(WeightsError, match="not a readable weight file"):
        read(tmp_path, content[:kept])


def test_a_tensor_cannot_read_beyond_its_storage(tmp_path: Path, fake_torch: None) -> None:
    """Strides that point outside would show this process's memory."""
    numbers = np.arange(6, dtype="<f4")
    content = torch_bytes(OrderedDict(a=FakeTensor(("1", numbers), 0, (6,), (100,))), {"1": numbers})
    with pytest.raises(WeightsError, match="not a readable weight file"):
        read(tmp_path, content)
