"""Optional readers: packages for rarer kinds of pictures and models, and their installation.

Darkroom runs without them. Their versions stand in requirements-formats.txt.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

from core.data.sources.members import NIFTI_SUFFIXES, PDF_SUFFIXES, VIDEO_SUFFIXES
from core.errors import ConfigError, InstallError
from core.messages import N_
from core.progress import JobStopped, Progress, Stage
from core.records import JsonObject

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements-formats.txt"
# Set to 0 by an operator whose users must not install anything.
INSTALL_VARIABLE = "DARKROOM_INSTALL"
_POLL_SECONDS = 0.2
_LOG = "pip.log"


@dataclass(frozen=True, kw_only=True)
class OptionalReader:
    """Package that reads a kind of pictures or models."""

    # Its name for pip, and the module that it brings.
    package: str
    module: str
    # The kind, in the plural.
    label: str
    # Of files in an import; () for models, which are never imported.
    suffixes: tuple[str, ...]
    # Installed, with what it needs and Darkroom does not bring.
    megabytes: int

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module) is not None

    @property
    def command(self) -> str:
        """Command that installs it, for people."""
        return f"pip install {self.requirement}"

    @property
    def requirement(self) -> str:
        """Its line of requirements-formats.txt, such as “pydicom==3.0.2”."""
        lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if re.split("[=<>~]", line)[0] == self.package)


OPTIONAL_READERS = {
    row.package: row
    for row in (
        OptionalReader(
            package="pypdfium2",
            module="pypdfium2",
            label=N_("PDF documents"),
            suffixes=PDF_SUFFIXES,
            megabytes=9,
        ),
        OptionalReader(package="av", module="av", label=N_("Videos"), suffixes=VIDEO_SUFFIXES, megabytes=105),
        OptionalReader(
            package="nibabel",
            module="nibabel",
            label=N_("NIfTI volumes"),
            suffixes=NIFTI_SUFFIXES,
            megabytes=13,
        ),
        OptionalReader(
            package="pydicom",
            module="pydicom",
            label=N_("DICOM pictures"),
            suffixes=(".dcm", ".dicom"),
            megabytes=15,
        ),
        OptionalReader(
            package="pillow-jxl-plugin",
            module="pillow_jxl",
            label=N_("JPEG XL pictures"),
            suffixes=(".jxl",),
            megabytes=6,
        ),
        OptionalReader(
            package="onnxruntime",
            module="onnxruntime",
            label=N_("ONNX models"),
            suffixes=(),
            megabytes=80,
        ),
    )
}


def can_install() -> bool:
    """True if pip is here, its folder can be written, and the operator has nothing against it."""
    folder = Path(sysconfig.get_path("purelib"))
    is_systems_own = sys.prefix == sys.base_prefix and (_stdlib() / "EXTERNALLY-MANAGED").exists()
    is_allowed = os.environ.get(INSTALL_VARIABLE, "") != "0"
    return is_allowed and not is_systems_own and os.access(folder, os.W_OK) and find_spec("pip") is not None


def install(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: install ``config["package"]``, a key of ``OPTIONAL_READERS``, by pip.

    Raises:
        ConfigError: there is no such reader, or nothing can be installed here.
        InstallError: pip failed.
        JobStopped: the user stopped it.
    """
    reader = OPTIONAL_READERS.get(config["package"])
    if reader is None:
        raise ConfigError(N_("There is no reader called “{name}”."), name=config["package"])
    if not can_install():
        raise ConfigError(
            N_("Nothing can be installed from here. On the computer that runs Darkroom: {command}"),
            command=reader.command,
        )
    progress.stage(Stage.INSTALLING)
    log = directory / _LOG
    if _run_pip(reader.requirement, log, progress) != 0:
        raise InstallError(
            N_(
                "{package} could not be installed: {error}. It comes from the internet: connect this computer and try again, or run there: {command}"
            ),
            package=reader.package,
            error=_reason(log),
            command=reader.command,
        )
    invalidate_caches()
    return {"package": reader.package}


def _run_pip(requirement: str, log: Path, progress: Progress) -> int:
    # Wheels only: a source package runs a program of its own to build itself.
    options = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "install", *options, requirement]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT)
        while process.poll() is None:
            if progress.should_stop():
                process.terminate()
                process.wait()
                raise JobStopped
            time.sleep(_POLL_SECONDS)
    return process.returncode


def _reason(log: Path) -> str:
    """The last error that pip states, in one line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or [line for line in lines if line] or ["pip"])[-1].rstrip(".")


def _stdlib() -> Path:
    return Path(sysconfig.get_path("stdlib"))
