"""Optional packages: readers of rarer pictures and models, converters for exports, and their installation.

Darkroom runs without them. Their versions stand in requirements files of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

from core.errors import ConfigError, InstallError
from core.messages import N_
from core.progress import JobStopped, Progress, Stage
from core.records import JsonObject

# Requirements files, in Darkroom's own folder.
ROOT = Path(__file__).resolve().parents[1]
FORMATS = "requirements-formats.txt"
EXPORTS = "requirements-exports.txt"
# Set to 0 by an operator whose users must not install anything.
INSTALL_VARIABLE = "DARKROOM_INSTALL"
_POLL_SECONDS = 0.2
_LOG = "pip.log"
_CONSTRAINTS = "constraints.txt"


@dataclass(frozen=True, kw_only=True)
class OptionalPackage:
    """Package that reads or writes a kind of files."""

    # For pip.
    name: str
    # Module that it brings.
    module: str
    # The kind of files, in the plural.
    label: str
    # Requirements file with its version.
    requirements: str
    # Installed, with what it needs and Darkroom does not bring.
    megabytes: int

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module) is not None

    @property
    def requirement(self) -> str:
        """Its line of the requirements file, such as “pydicom==3.0.2”."""
        lines = (ROOT / self.requirements).read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if re.split("[=<>~]", line)[0] == self.name)


OPTIONAL_PACKAGES = {
    row.name: row
    for row in (
        OptionalPackage(
            name="pypdfium2",
            module="pypdfium2",
            label=N_("PDF documents"),
            requirements=FORMATS,
            megabytes=9,
        ),
        OptionalPackage(name="av", module="av", label=N_("Videos"), requirements=FORMATS, megabytes=105),
        OptionalPackage(
            name="nibabel", module="nibabel", label=N_("NIfTI volumes"), requirements=FORMATS, megabytes=13
        ),
        OptionalPackage(
            name="pydicom", module="pydicom", label=N_("DICOM pictures"), requirements=FORMATS, megabytes=15
        ),
        OptionalPackage(
            name="pillow-jxl-plugin",
            module="pillow_jxl",
            label=N_("JPEG XL pictures"),
            requirements=FORMATS,
            megabytes=6,
        ),
        OptionalPackage(
            name="onnxruntime",
            module="onnxruntime",
            label=N_("ONNX models"),
            requirements=FORMATS,
            megabytes=80,
        ),
        OptionalPackage(
            name="onnx", module="onnx", label=N_("ONNX models"), requirements=EXPORTS, megabytes=32
        ),
        OptionalPackage(
            name="tf2onnx", module="tf2onnx", label=N_("ONNX models"), requirements=EXPORTS, megabytes=6
        ),
        OptionalPackage(
            name="openvino",
            module="openvino",
            label=N_("OpenVINO models"),
            requirements=EXPORTS,
            megabytes=185,
        ),
        OptionalPackage(
            name="coremltools",
            module="coremltools",
            label=N_("Core ML models"),
            requirements=EXPORTS,
            megabytes=115,
        ),
        OptionalPackage(
            name="ai-edge-quantizer",
            module="ai_edge_quantizer",
            label=N_("Quantised LiteRT files"),
            requirements=EXPORTS,
            megabytes=6,
        ),
        OptionalPackage(
            name="tflite-micro",
            module="tflite_micro",
            label=N_("Microcontroller projects"),
            requirements=EXPORTS,
            megabytes=3,
        ),
    )
}


def missing_packages(names: Iterable[str]) -> tuple[OptionalPackage, ...]:
    """Return the packages, keys of ``OPTIONAL_PACKAGES``, that are not installed."""
    return tuple(OPTIONAL_PACKAGES[name] for name in names if not OPTIONAL_PACKAGES[name].is_installed)


def install_command(packages: Sequence[OptionalPackage]) -> str:
    """Command that installs packages, for people."""
    return " ".join(["pip install", *(package.requirement for package in packages)])


def can_install() -> bool:
    """True if pip is here, its folder can be written, and the operator has nothing against it."""
    folder = Path(sysconfig.get_path("purelib"))
    is_systems_own = sys.prefix == sys.base_prefix and (_stdlib() / "EXTERNALLY-MANAGED").exists()
    is_allowed = os.environ.get(INSTALL_VARIABLE, "") != "0"
    return is_allowed and not is_systems_own and os.access(folder, os.W_OK) and find_spec("pip") is not None


def require_possible(packages: Sequence[OptionalPackage]) -> None:
    """Raise ConfigError, with the command for a terminal, where nothing can be installed."""
    if not can_install():
        raise ConfigError(
            N_("Nothing can be installed from here. On the computer that runs Darkroom: {command}"),
            command=install_command(packages),
        )


def install(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: install ``config["packages"]``, keys of ``OPTIONAL_PACKAGES``, by pip.

    Raises:
        ConfigError: there is no such package, or nothing can be installed here.
        InstallError: pip failed.
        JobStopped: the user stopped it.
    """
    packages = _known(config["packages"])
    require_possible(packages)
    progress.stage(Stage.INSTALLING)
    log = directory / _LOG
    if _run_pip(packages, directory, log, progress) != 0:
        raise InstallError(
            N_(
                "{package} could not be installed: {error}. It comes from the internet: connect this computer and try again, or run there: {command}"
            ),
            package=", ".join(package.name for package in packages),
            error=_reason(log),
            command=install_command(packages),
        )
    invalidate_caches()
    return {"packages": [package.name for package in packages]}


def _known(names: Iterable[str]) -> list[OptionalPackage]:
    for name in names:
        if name not in OPTIONAL_PACKAGES:
            raise ConfigError(N_("There is no optional package called “{name}”."), name=name)
    return [OPTIONAL_PACKAGES[name] for name in names]


def _run_pip(packages: Sequence[OptionalPackage], directory: Path, log: Path, progress: Progress) -> int:
    constraints = directory / _CONSTRAINTS
    constraints.write_text(_constraints(packages), encoding="utf-8")
    # Wheels only: a source package runs a program of its own to build itself.
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--only-binary=:all:"]
    options += ["--constraint", str(constraints)]
    requirements = [package.requirement for package in packages]
    command = [sys.executable, "-m", "pip", "install", *options, *requirements]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
        while process.poll() is None:
            if progress.should_stop():
                process.terminate()
                process.wait()
                raise JobStopped
            time.sleep(_POLL_SECONDS)
    return process.returncode


def _constraints(packages: Sequence[OptionalPackage]) -> str:
    """Pin all that is installed: Darkroom is running on it, so pip may add packages, but change none."""
    wanted = {_canonical(package.name) for package in packages}
    installed = {_canonical(item.name): item.version for item in distributions() if item.name}
    pins = {name: version for name, version in installed.items() if name not in wanted}
    return "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def _canonical(name: str) -> str:
    """Name of a package as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _reason(log: Path) -> str:
    """The last error that pip states, in one line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or [line for line in lines if line] or ["pip"])[-1].rstrip(".")


def _stdlib() -> Path:
    return Path(sysconfig.get_path("stdlib"))
