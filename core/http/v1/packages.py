"""Optional packages: list and install them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from core.errors import ConfigError, NotFoundError, ScopeError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.views import JobView, job_view
from core.messages import N_
from core.optional_packages import (
    OPTIONAL_PACKAGES,
    OptionalPackage,
    can_install,
    install_command,
    missing_packages,
)
from core.records import Record
from core.runs.start_computer_jobs import start_installation


@dataclass(frozen=True, kw_only=True)
class PackageView(Record):
    """A package that reads or writes a kind of files."""

    name: str
    files: Annotated[str, Note(text="The kind of files, such as “Videos”.")]
    requirement: Annotated[str, Note(text="For pip, with its version.")]
    megabytes: Annotated[int, Note(text="Installed, with what it needs.")]
    is_installed: bool


@dataclass(frozen=True, kw_only=True)
class PackageList(Record):
    """All optional packages."""

    packages: tuple[PackageView, ...]
    can_install: Annotated[bool, Note(text="They can be installed from where the request comes.")]


@dataclass(frozen=True, kw_only=True)
class PackageChoice(Record):
    """Packages to install."""

    packages: Annotated[
        tuple[str, ...], Note(text="By their names; not installed yet.", most=len(OPTIONAL_PACKAGES))
    ]


def list_all(call: Call) -> PackageList:
    return PackageList(
        packages=tuple(
            PackageView(
                name=package.name,
                files=package.label,
                requirement=package.requirement,
                megabytes=package.megabytes,
                is_installed=package.is_installed,
            )
            for package in OPTIONAL_PACKAGES.values()
        ),
        can_install=can_install() and call.caller.is_here,
    )


def install(call: Call) -> JobView:
    """Start an installation.

    Raises:
        NotFoundError: there is no such package.
        ConfigError: none is missing, or nothing can be installed here.
        ScopeError: the request comes from another computer.
    """
    packages = _chosen(call.body_as(PackageChoice).packages)
    if not call.caller.is_here:
        raise ScopeError(
            N_("Packages are installed on the computer that runs Darkroom alone. Run there: {command}"),
            command=install_command(packages),
        )
    return job_view(start_installation(packages))


def _chosen(names: Sequence[str]) -> tuple[OptionalPackage, ...]:
    for name in names:
        if name not in OPTIONAL_PACKAGES:
            raise NotFoundError(N_("There is no optional package called “{name}”."), name=name[:80])
    packages = missing_packages(dict.fromkeys(names))
    if not packages:
        raise ConfigError(N_("Name at least one package that is not installed."))
    return packages


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/packages",
        summary="List the optional packages: readers of rarer files, and converters for exports.",
        scope=Scope.READ,
        handler=list_all,
        answer=PackageList,
    ),
    Endpoint(
        method="POST",
        path="/v1/packages",
        summary="Start installing optional packages. Only on the computer that runs Darkroom.",
        scope=Scope.TRAIN,
        handler=install,
        body=PackageChoice,
        answer=JobView,
        status=202,
    ),
)
