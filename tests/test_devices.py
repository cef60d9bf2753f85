"""Compute devices, reported by a stand-in for NVIDIA's library.

Only the library is a stand-in: loading it, and all that is asked of it, is the real code.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pynvml
import pytest

import core.devices as devices
from core.devices import chosen_devices, devices_to_show, gpu_usage, list_devices, visible_gpus
from core.errors import ConfigError
from tests.conftest import ROOT

H100 = {"name": b"NVIDIA H100 80GB HBM3", "memory": 85_520_809_984, "chip": (9, 0), "uuid": b"GPU-aaaa-1"}
K80 = {"name": b"Tesla K80", "memory": 11_996_954_624, "chip": (3, 7), "uuid": b"GPU-bbbb-2"}


@dataclass
class Library:
    """``libnvidia-ml.so.1`` as far as Darkroom asks it; every call returns 0, which is success."""

    gpus: list[dict[str, Any]]
    cuda: int = 12050
    calls: list[str] = field(default_factory=list)
    handles: dict[int, dict[str, Any]] = field(default_factory=dict)

    def nvmlInitWithFlags(self, flags: Any) -> int:  # noqa: N802 - NVIDIA's names
        self.calls.append("init")
        return 0

    def nvmlSystemGetCudaDriverVersion(self, version: Any) -> int:  # noqa: N802
        version._obj.value = self.cuda
        return 0

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:  # noqa: N802
        count._obj.value = len(self.gpus)
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, number: Any, handle: Any) -> int:  # noqa: N802
        self.handles[id(handle._obj)] = self.gpus[number.value]
        return 0

    def nvmlDeviceGetName(self, handle: Any, buffer: Any, size: Any) -> int:  # noqa: N802
        buffer.value = self.handles[id(handle)]["name"]
        return 0

    def nvmlDeviceGetUUID(self, handle: Any, buffer: Any, size: Any) -> int:  # noqa: N802
        buffer.value = self.handles[id(handle)]["uuid"]
        return 0

    def nvmlDeviceGetMemoryInfo(self, handle: Any, memory: Any) -> int:  # noqa: N802
        size = self.handles[id(handle)]["memory"]
        memory._obj.total, memory._obj.used = size, size // 4
        return 0

    def nvmlDeviceGetCudaComputeCapability(self, handle: Any, major: Any, minor: Any) -> int:  # noqa: N802
        major._obj.value, minor._obj.value = self.handles[id(handle)]["chip"]
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle: Any, rates: Any) -> int:  # noqa: N802
        rates._obj.gpu = 40 if self.handles[id(handle)] is self.gpus[0] else 80
        return 0


class Machine:
    """The computer that Darkroom finds itself on; changed by a test as it needs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slots: Path) -> None:
        self._monkeypatch = monkeypatch
        self.slots = slots
        monkeypatch.setattr(devices, "_PCI_DEVICES", slots)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.delenv("DARKROOM_DEVICE", raising=False)
        self.platform("linux", "x86_64")
        self.cuda_libraries(True)

    def driver(self, *gpus: dict[str, Any], cuda: int = 12050) -> Library:
        library = Library([dict(gpu) for gpu in gpus], cuda)

        def load(name: str) -> Library:
            assert name == "libnvidia-ml.so.1"
            return library

        self._monkeypatch.setattr(pynvml, "CDLL", load)
        return library

    def cuda_libraries(self, there: bool) -> None:
        self._monkeypatch.setattr(devices, "_is_installed", lambda package: there)
        self._monkeypatch.setattr(devices, "_SYSTEM_LIBRARIES", ())

    def platform(self, system: str, processor: str) -> None:
        self._monkeypatch.setattr(sys, "platform", system)
        self._monkeypatch.setattr(platform, "machine", lambda: processor)

    def environment(self, **variables: str) -> None:
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    """No NVIDIA driver, until a test installs one; all else as it should be."""

    def fail(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    def forget() -> None:
        devices._start_nvml.cache_clear()
        pynvml._nvmlGetFunctionPointer_cache.clear()
        pynvml.nvmlLib = None

    forget()
    monkeypatch.setattr(pynvml, "CDLL", fail)
    yield Machine(monkeypatch, tmp_path / "slots")
    forget()


def reasons() -> list[str]:
    return [str(reason) for reason in devices_to_show()[1]]


def put_into_slot(folder: Path, vendor: str, kind: str) -> None:
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(vendor + "\n")
    (folder / "class").write_text(kind + "\n")


def test_without_a_gpu_there_is_the_cpu(machine: Machine) -> None:
    (cpu,) = list_devices()
    assert (cpu.key, cpu.queue, cpu.is_usable, cpu.gpu_number) == ("cpu", "cpu", True, None)
    assert cpu.memory_bytes == psutil.virtual_memory().total
    assert cpu.name
    assert chosen_devices() == (cpu,)
    assert reasons() == []


def test_a_gpu_is_found_and_taken(machine: Machine) -> None:
    library = machine.driver(H100)
    _, gpu = list_devices()
    assert (gpu.key, gpu.queue, gpu.gpu_number) == ("gpu:0", "gpu-0", 0)
    assert (gpu.name, gpu.memory_bytes) == ("NVIDIA H100 80GB HBM3", 85_520_809_984)
    assert gpu.is_usable
    assert chosen_devices() == (gpu,)
    assert reasons() == []
    assert library.calls == ["init"]  # once a process


def test_a_driver_installed_later_is_found(machine: Machine) -> None:
    """The server need not be started again."""
    assert len(list_devices()) == 1
    machine.driver(H100)
    assert len(list_devices()) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: m.cuda_libraries(False), "install them with: pip install -r requirements-gpu.txt"),
        (lambda m: m.driver(H100, cuda=11040), "its driver is too old: it supports CUDA 11.4"),
        (lambda m: m.driver(H100 | {"chip": (5, 2)}), "too old for TensorFlow (compute capability 5.2"),
        (lambda m: m.environment(CUDA_VISIBLE_DEVICES=""), "CUDA_VISIBLE_DEVICES hides it"),
        (lambda m: m.environment(CUDA_VISIBLE_DEVICES="-1"), "CUDA_VISIBLE_DEVICES hides it"),
        (lambda m: m.environment(CUDA_VISIBLE_DEVICES="1"), "CUDA_VISIBLE_DEVICES hides it"),
        (lambda m: m.platform("linux", "aarch64"), "on 64-bit Linux only"),
    ],
    ids=["libraries", "driver", "chip", "hidden", "none", "other", "arm"],
)
def test_a_gpu_that_cannot_be_used_says_why(machine: Machine, change: Any, sentence: str) -> None:
    """And jobs run on the CPU instead."""
    machine.driver(H100)
    change(machine)
    (reason,) = reasons()
    assert reason.startswith("NVIDIA H100 80GB HBM3 is not used: ")
    assert sentence in reason
    assert [device.key for device in chosen_devices()] == ["cpu"]


def test_windows_is_told_of_wsl2(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library([dict(H100)])
    monkeypatch.setattr(pynvml, "CDLL", lambda path: library)
    machine.platform("win32", "AMD64")
    assert "WSL2" in reasons()[0]


def test_a_gpu_in_a_slot_without_a_driver_is_told(machine: Machine) -> None:
    """People who bought a GPU wonder why it is not used; a sound card of NVIDIA's is none."""
    put_into_slot(machine.slots / "0000:01:00.0", "0x10de", "0x030000")
    put_into_slot(machine.slots / "0000:01:00.1", "0x10de", "0x040300")
    put_into_slot(machine.slots / "0000:02:00.0", "0x8086", "0x030000")
    (machine.slots / "empty").mkdir()
    assert reasons() == [
        "NVIDIA GPU is not used: its driver is not installed, or cannot be reached from here."
    ]


def test_libraries_of_the_system_will_do(machine: Machine, tmp_path: Path) -> None:
    machine.driver(H100)
    machine.cuda_libraries(False)
    (tmp_path / "libcudnn.so.9").touch()
    machine.environment(LD_LIBRARY_PATH=f"/nowhere:{tmp_path}")
    assert reasons() == []


@pytest.mark.parametrize(
    ("choice", "keys"),
    [
        ("", ["gpu:1"]),
        ("cpu", ["cpu"]),
        (" GPU ", ["gpu:1"]),
        ("gpu:2", ["gpu:2"]),
        ("gpus", ["gpu:1", "gpu:2"]),
    ],
)
def test_the_device_can_be_chosen(machine: Machine, choice: str, keys: list[str]) -> None:
    """The first GPU here is one that TensorFlow cannot use."""
    machine.driver(K80, H100, H100)
    machine.environment(DARKROOM_DEVICE=choice)
    assert [device.key for device in chosen_devices()] == keys


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("gpu:0", "asks for “gpu:0”, but Tesla K80 cannot be used: its chip is too old"),
        ("gpu:7", "asks for “gpu:7”, which is not there. Choose from: cpu, gpu:1."),
        ("tpu", "asks for “tpu”, which is not there"),
    ],
)
def test_a_choice_that_cannot_be_followed_is_refused(machine: Machine, choice: str, sentence: str) -> None:
    machine.driver(K80, H100)
    machine.environment(DARKROOM_DEVICE=choice)
    with pytest.raises(ConfigError, match="DARKROOM_DEVICE") as refusal:
        chosen_devices()
    assert sentence in str(refusal.value)
    assert devices_to_show() == ((), [refusal.value.message])


def test_a_gpu_asked_for_where_there_is_none_is_refused(machine: Machine) -> None:
    """A run that silently takes the CPU would take days."""
    machine.environment(DARKROOM_DEVICE="gpu")
    with pytest.raises(ConfigError, match="“gpu”, which is not there"):
        chosen_devices()


def test_cuda_sees_what_was_chosen(machine: Machine) -> None:
    machine.driver(H100, H100)
    cpu, first, second = list_devices()
    assert visible_gpus([cpu])["CUDA_VISIBLE_DEVICES"] == "-1"
    assert visible_gpus([]) == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "-1"}
    assert visible_gpus([second])["CUDA_VISIBLE_DEVICES"] == "1"
    assert visible_gpus([first, second])["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_gpu_named_by_its_identity_is_visible(machine: Machine) -> None:
    """As cluster managers hand them out."""
    machine.driver(H100, K80 | {"chip": (8, 0)})
    machine.environment(CUDA_VISIBLE_DEVICES="GPU-bbbb")
    assert [device.key for device in chosen_devices()] == ["gpu:1"]


def test_how_busy_gpus_are(machine: Machine) -> None:
    """40% and 80%; a quarter of each one's memory."""
    assert gpu_usage([]) is None
    assert gpu_usage([0]) is None  # no driver
    machine.driver(H100, K80)
    assert gpu_usage([0]) == (40, 85_520_809_984 // 4)
    assert gpu_usage([0, 1]) == (60, 85_520_809_984 // 4 + 11_996_954_624 // 4)


def test_looking_for_devices_loads_no_tensorflow() -> None:
    program = "import sys; from core.devices import list_devices; list_devices(); print('tensorflow' in sys.modules)"
    command = [sys.executable, "-c", program]
    assert (
        subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True).stdout == "False\n"
    )
