"""Optional packages are installed by programs of this computer alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import optional_packages
from core.http.access.tokens import Scope, create_token
from core.http.v1 import packages
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.optional_packages import OPTIONAL_PACKAGES, OptionalPackage
from core.runs import temporary_jobs
from tests.support.api_client import post
from tests.support.http_client import ask

ADDRESS = "/api/v1/packages"


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[JobDirectory]:
    """Jobs that would have been started where everything but PyAV is installed."""
    jobs: list[JobDirectory] = []
    monkeypatch.setattr(temporary_jobs, "launch", jobs.append)
    monkeypatch.setattr(OptionalPackage, "is_installed", property(lambda self: self.name != "av"))
    for module in (optional_packages, packages):
        monkeypatch.setattr(module, "can_install", lambda: True)
    return jobs


def elsewhere() -> dict[str, str]:
    """Headers of a program behind a proxy that may do everything."""
    _, secret = create_token("script", list(Scope))
    return {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "203.0.113.7"}


def test_packages_are_listed_with_what_they_read(launched: list[JobDirectory]) -> None:
    answer = ask(ADDRESS).json
    missing = [one for one in answer["packages"] if not one["is_installed"]]
    assert len(answer["packages"]) == len(OPTIONAL_PACKAGES)
    requirement = OPTIONAL_PACKAGES["av"].requirement
    assert [(one["files"], one["requirement"]) for one in missing] == [("Videos", requirement)]
    assert answer["can_install"]
    assert not ask(ADDRESS, headers=elsewhere()).json["can_install"]


def test_a_request_starts_the_job_of_the_button(launched: list[JobDirectory]) -> None:
    reply = post(ADDRESS, {"packages": ["av", "onnx", "av"]})
    assert (reply.status, reply.json["kind"]) == (202, JobKind.INSTALL_PACKAGES.value)
    assert [job.config() for job in launched] == [{"packages": ["av"]}]


def test_a_new_package_is_listed_and_installed_by_its_row_alone(
    launched: list[JobDirectory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# Reads throwaway files (2 MB).\nthrowaway==1.2\n")
    row = OptionalPackage(
        name="throwaway", module="throwaway", label="Throwaways", requirements=str(requirements), megabytes=2
    )
    monkeypatch.setattr(OptionalPackage, "is_installed", property(lambda self: self is not row))
    monkeypatch.setitem(OPTIONAL_PACKAGES, "throwaway", row)
    listed = ask(ADDRESS).json["packages"][-1]
    assert (listed["files"], listed["requirement"], listed["is_installed"]) == (
        "Throwaways",
        "throwaway==1.2",
        False,
    )
    assert post(ADDRESS, {"packages": ["throwaway"]}).status == 202
    assert [job.config() for job in launched] == [{"packages": ["throwaway"]}]


def test_nothing_is_installed_from_elsewhere_or_against_the_operator(
    launched: list[JobDirectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = post(ADDRESS, {"packages": ["av"]}, headers=elsewhere())
    assert (refused.status, "pip install av==" in refused.json["detail"]) == (403, True)
    monkeypatch.setattr(optional_packages, "can_install", lambda: False)
    refused = post(ADDRESS, {"packages": ["av"]})
    assert (refused.status, "pip install av==" in refused.json["detail"]) == (400, True)
    assert launched == []


@pytest.mark.parametrize(("names", "status"), [(["tensorflow"], 404), (["onnx"], 400), ([], 400)])
def test_only_missing_optional_packages_can_be_named(
    launched: list[JobDirectory], names: list[str], status: int
) -> None:
    assert post(ADDRESS, {"packages": names}).status == status
    assert launched == []
