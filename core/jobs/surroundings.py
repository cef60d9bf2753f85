"""What a job ran with: versions and devices, so that two runs can be compared fairly."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import core
from core.devices import Device

_PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "numpy")


def surroundings(devices: Sequence[Device]) -> dict[str, Any]:
    """``{"darkroom": "0.1.0", "python": …, "keras": …, "device": "NVIDIA …"}``."""
    return {
        "darkroom": core.__version__,
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
        "system": platform.platform(),
        "device": " + ".join(device.name for device in devices),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # another backend is installed in its place
        return None
