"""Compute devices: CPU cores and NVIDIA GPUs, detected without importing TensorFlow.

NVIDIA's management library (NVML), a part of the driver, lists the GPUs. The installed packages
decide if TensorFlow can use them. ``DARKROOM_DEVICE`` is ``cpu``, ``gpu`` (the first usable one),
``gpu:1``, or ``gpus`` (all usable ones). The default is the first usable GPU, otherwise the CPU.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import psutil
import pynvml

from core.errors import ConfigError
from core.messages import N_, Message

CHOICE_VARIABLE = "DARKROOM_DEVICE"

# TensorFlow 2.21 is built for CUDA 12, which needs a driver from 525 on, and for these chips.
# 1000 × major + 10 × minor.
_MIN_CUDA = 12000
# Pascal, 2016.
_MIN_CAPABILITY = (6, 0)
# Libraries of ``tensorflow[and-cuda]`` that TensorFlow needs for a GPU.
_CUDA_PACKAGES = (
    "nvidia-cublas-cu12",
    "nvidia-cuda-runtime-cu12",
    "nvidia-cudnn-cu12",
    "nvidia-cufft-cu12",
    "nvidia-cusolver-cu12",
    "nvidia-cusparse-cu12",
)
_CUDNN_FILE = "libcudnn.so.9"
_SYSTEM_LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/cuda/lib64")
_PCI_DEVICES = Path("/sys/bus/pci/devices")
_NVIDIA_VENDOR, _DISPLAY_CLASSES = "0x10de", ("0x0300", "0x0302")


@dataclass(frozen=True, kw_only=True)
class Device:
    """Compute device: the CPU or a GPU."""

    # "cpu" or "gpu:0".
    key: str
    name: str
    memory_bytes: int
    is_usable: bool = True
    # Set for a device that cannot be used.
    reason: Message | None = None

    @property
    def is_cpu(self) -> bool:
        """True for the CPU."""
        return self.key == "cpu"

    @property
    def gpu_number(self) -> int | None:
        """Number of the GPU, in the order of their slots; None for the CPU."""
        return None if self.is_cpu else int(self.key.partition(":")[2])

    @property
    def queue(self) -> str:
        """Name of the folder of its queue."""
        return self.key.replace(":", "-")


def list_devices() -> list[Device]:
    """List the CPU and every NVIDIA GPU, usable or not."""
    return [_cpu(), *_gpus()]


def chosen_devices() -> tuple[Device, ...]:
    """Choose the devices of jobs: one device, or several GPUs.

    Raises:
        ConfigError: ``DARKROOM_DEVICE`` names a device that is missing or cannot be used.
    """
    choice = os.environ.get(CHOICE_VARIABLE, "").strip().lower()
    cpu, *gpus = list_devices()
    usable = [gpu for gpu in gpus if gpu.is_usable]
    if choice == "cpu" or (not choice and not usable):
        return (cpu,)
    named = {"": usable[:1], "gpu": usable[:1], "gpus": usable}
    devices = named[choice] if choice in named else [gpu for gpu in usable if gpu.key == choice]
    if not devices:
        raise _unusable(choice, gpus)
    return tuple(devices)


def devices_to_show() -> tuple[tuple[Device, ...], list[Message]]:
    """List the devices of jobs, and the reason for each GPU that cannot be used.

    If ``DARKROOM_DEVICE`` is invalid, there is no device, and jobs fail.
    """
    try:
        used = chosen_devices()
    except ConfigError as error:
        return (), [error.message]
    sentence = N_("{name} is not used: {reason}.")
    unused = [device for device in list_devices() if device.reason is not None]
    return used, [Message(sentence, {"name": gpu.name, "reason": gpu.reason}) for gpu in unused]


def visible_gpus(devices: Sequence[Device]) -> dict[str, str]:
    """Make the environment variables that restrict CUDA to these devices."""
    numbers = [str(device.gpu_number) for device in devices if device.gpu_number is not None]
    # GPUs are numbered by slot, as in NVML. CUDA's default is the fastest first.
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(numbers) or "-1"}


def gpu_usage(numbers: Sequence[int]) -> tuple[float, int] | None:
    """Measure GPU utilisation (mean percent, 0 to 100) and GPU memory in use (bytes)."""
    if not numbers:
        return None
    try:
        _start_nvml()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in numbers]
        busy = [pynvml.nvmlDeviceGetUtilizationRates(handle).gpu for handle in handles]
        taken = [pynvml.nvmlDeviceGetMemoryInfo(handle).used for handle in handles]
    # Some virtual GPUs do not report it.
    except pynvml.NVMLError:
        return None
    return sum(busy) / len(busy), int(sum(taken))


def cpu_cores() -> int:
    """Count the CPU cores that this process can use."""
    try:
        return len(os.sched_getaffinity(0))
    # Windows and macOS do not have it.
    except AttributeError:
        return os.cpu_count() or 1


def _cpu() -> Device:
    return Device(key="cpu", name=_cpu_name(), memory_bytes=psutil.virtual_memory().total)


@cache
def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[Device]:
    try:
        _start_nvml()
        reason = _reason_of_machine(pynvml.nvmlSystemGetCudaDriverVersion())
        return [_gpu(number, reason) for number in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return _gpus_without_driver()


# Once a process, because it takes up to 0.1 s. A failure is not cached.
@cache
def _start_nvml() -> None:
    pynvml.nvmlInit()


def _gpu(number: int, reason: Message | None) -> Device:
    handle = pynvml.nvmlDeviceGetHandleByIndex(number)
    device = Device(
        key=f"gpu:{number}",
        name=str(pynvml.nvmlDeviceGetName(handle)),
        memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
    )
    capability = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    if reason is None and tuple(capability) < _MIN_CAPABILITY:
        reason = Message(
            N_("its chip is too old for TensorFlow (compute capability {capability}; {least} is needed)"),
            {"capability": "{}.{}".format(*capability), "least": "{}.{}".format(*_MIN_CAPABILITY)},
        )
    if reason is None and _is_hidden(number, str(pynvml.nvmlDeviceGetUUID(handle))):
        reason = Message(N_("the variable CUDA_VISIBLE_DEVICES hides it"))
    return replace(device, is_usable=reason is None, reason=reason)


def _reason_of_machine(cuda_version: int) -> Message | None:
    """Find the reason that TensorFlow can use no GPU of this computer; None if it can."""
    if sys.platform == "win32":
        return Message(
            N_(
                "TensorFlow uses no GPU on Windows itself since version 2.11; start Darkroom in WSL2 to use it"
            )
        )
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return Message(N_("TensorFlow uses NVIDIA GPUs on 64-bit Linux only"))
    if cuda_version < _MIN_CUDA:
        version = f"{cuda_version // 1000}.{cuda_version % 1000 // 10}"
        return Message(
            N_(
                "its driver is too old: it supports CUDA {version}, and CUDA 12 is needed; install a newer driver"
            ),
            {"version": version},
        )
    if not _has_cuda_libraries():
        return Message(
            N_("TensorFlow's CUDA libraries are missing; install them with: {command}"),
            {"command": "pip install -r requirements-gpu.txt"},
        )
    return None


def _has_cuda_libraries() -> bool:
    """True if the CUDA libraries are installed by pip or by the system."""
    if all(_is_installed(name) for name in _CUDA_PACKAGES):
        return True
    folders = [*os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep), *_SYSTEM_LIBRARIES]
    return any(Path(folder, _CUDNN_FILE).exists() for folder in folders if folder)


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _is_hidden(number: int, identity: str) -> bool:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return False
    entries = [entry.strip() for entry in visible.split(",")]
    return not any(entry == str(number) or (entry and identity.startswith(entry)) for entry in entries)


def _gpus_without_driver() -> list[Device]:
    """List GPUs that are in a slot on Linux although NVML does not work."""
    reason = Message(N_("its driver is not installed, or cannot be reached from here"))
    slots = [path for path in _PCI_DEVICES.glob("*") if _is_nvidia_gpu(path)]
    return [
        Device(key=f"gpu:{number}", name="NVIDIA GPU", memory_bytes=0, is_usable=False, reason=reason)
        for number in range(len(slots))
    ]


def _is_nvidia_gpu(slot: Path) -> bool:
    try:
        vendor = (slot / "vendor").read_text(encoding="ascii").strip()
        kind = (slot / "class").read_text(encoding="ascii").strip()
    except OSError:
        return False
    return vendor == _NVIDIA_VENDOR and kind.startswith(_DISPLAY_CLASSES)


def _unusable(choice: str, gpus: list[Device]) -> ConfigError:
    for gpu in gpus:
        if gpu.reason is not None and choice in {gpu.key, "gpu", "gpus"}:
            return ConfigError(
                N_("{variable} asks for “{choice}”, but {name} cannot be used: {reason}."),
                variable=CHOICE_VARIABLE,
                choice=choice,
                name=gpu.name,
                reason=gpu.reason,
            )
    return ConfigError(
        N_("{variable} asks for “{choice}”, which is not there. Choose from: {known}."),
        variable=CHOICE_VARIABLE,
        choice=choice,
        known=", ".join(["cpu", *(gpu.key for gpu in gpus if gpu.is_usable)]),
    )
