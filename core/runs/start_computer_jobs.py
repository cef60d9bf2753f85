"""Start of the jobs that concern this computer: weights, optional packages, speeds."""

from __future__ import annotations

from collections.abc import Sequence

from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.models.backbones import get_backbone
from core.optional_packages import OptionalPackage, require_possible
from core.runs.temporary_jobs import start_temporary
from core.workspace import jobs_folder


def start_download(backbone: str) -> JobDirectory:
    """Download a backbone's weights."""
    return start_temporary(jobs_folder(), JobKind.DOWNLOAD, {"backbone": get_backbone(backbone).key})


def start_installation(packages: Sequence[OptionalPackage]) -> JobDirectory:
    """Install optional packages.

    Raises:
        ConfigError: nothing can be installed here.
    """
    require_possible(packages)
    config = {"packages": [package.name for package in packages]}
    return start_temporary(jobs_folder(), JobKind.INSTALL_PACKAGES, config)


def start_measurement(backbones: Sequence[str] = ()) -> JobDirectory:
    """Measure the speed of backbones on this machine: those with these keys, or all that are ready."""
    config = {"backbones": [get_backbone(key).key for key in backbones]}
    return start_temporary(jobs_folder(), JobKind.MEASURE, config)
