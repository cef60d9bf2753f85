"""Job environment: versions and devices of a run, so that two runs can be compared fairly; variables of workers."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import core
from core.devices import Device
from core.keras_backend import DEFAULT
from core.records import JsonObject, Record
from core.workspace import home

_PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "numpy")
_OWN_KEYS = ("darkroom", "python", "backend", "system", "device", "packages")


@dataclass(frozen=True, kw_only=True)
class Environment(Record):
    """Versions and devices of one attempt of a job."""

    darkroom: str = ""
    python: str = ""
    # Keras's name of the backend.
    backend: str = ""
    # Versions by package. None: not installed, because another backend takes its place.
    packages: Mapping[str, str | None] = field(default_factory=dict)
    system: str = ""
    # Names of the devices, joined by " + ".
    device: str = ""

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Collect the packages, which older versions stored beside the other keys."""
        packages = {name: value for name, value in values.items() if name not in _OWN_KEYS}
        own = {name: value for name, value in values.items() if name in _OWN_KEYS}
        return own | ({"packages": packages} if packages else {})

    def as_answer(self) -> JsonObject:
        """Flatten the packages among the other keys, as the command line prints them."""
        own = {"darkroom": self.darkroom, "python": self.python, "backend": self.backend}
        return own | dict(self.packages) | {"system": self.system, "device": self.device}


def current_environment(devices: Sequence[Device]) -> Environment:
    """Describe this process and the devices it uses."""
    backend = os.environ.get("KERAS_BACKEND", DEFAULT)
    return Environment(
        darkroom=core.__version__,
        python=platform.python_version(),
        backend=backend,
        packages={package: _version(package) for package in (*_PACKAGES, backend)},
        system=platform.platform(),
        device=" + ".join(device.name for device in devices),
    )


def worker_environment() -> dict[str, str]:
    """Environment variables of a new worker."""
    environment = {**os.environ, "DARKROOM_HOME": str(home())}
    # The web process runs Keras on NumPy; a worker chooses its own backend.
    environment.pop("KERAS_BACKEND", None)
    return environment


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
