"""What a job ran with: versions and devices, so that two runs can be compared fairly."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import core
from core.devices import Device
from core.keras_backend import DEFAULT

_PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "numpy")


def surroundings(devices: Sequence[Device]) -> dict[str, Any]:
    """``{"darkroom": "0.1.0", "python": …, "backend": "jax", "jax": …, "device": "NVIDIA …"}``."""
    backend = os.environ.get("KERAS_BACKEND", DEFAULT)
    return {
        "darkroom": core.__version__,
        "python": platform.python_version(),
        "backend": backend,
        **{package: _version(package) for package in (*_PACKAGES, backend)},
        "system": platform.platform(),
        "device": " + ".join(device.name for device in devices),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:  # another backend is installed in its place
        return None
