"""State of the Data page: server folder, last change, progress through the groups to label."""

from __future__ import annotations

from pathlib import Path

from core.jobs.directory import JobDirectory
from pages.ui import session

_CHANGE = "last-change"
_REPORT = "import-report-job"


def browsed_folder(browser: str) -> str | None:
    """Return the server folder that a folder browser shows; None at first."""
    path = session.get(f"folder-{browser}")
    return str(path) if path else None


def browse_folder(browser: str, path: str) -> None:
    """Let a folder browser show another folder."""
    session.put(f"folder-{browser}", path)


def remember_change(project: str, version: int) -> None:
    """Remember a version that this session made, to offer undo."""
    session.put(_CHANGE, (project, version))


def changed_version(project: str) -> int | None:
    """Return the version of the project that this session made last."""
    name, version = session.get(_CHANGE, (None, None))
    return version if name == project else None


def report_import(job: JobDirectory | None) -> None:
    """Show the report of an import from now on; None: of no import."""
    session.put(_REPORT, str(job.path) if job else None)


def reported_import() -> JobDirectory | None:
    """Return the import whose report this session shows."""
    path = session.get(_REPORT)
    return JobDirectory(Path(path)) if path else None


def passed_groups(series: str) -> dict[int, int]:
    """Return the numbers of the groups already passed, with the pictures that each had left."""
    return dict(session.get(f"seen-{series}", {}))


def pass_group(series: str, number: int, remaining: int) -> None:
    """Pass a group that has this many pictures left without a label."""
    session.put(f"seen-{series}", passed_groups(series) | {number: remaining})


def current_group(series: str) -> tuple[str, int] | None:
    """Return the order of the groups and the number of the current one."""
    group: tuple[str, int] | None = session.get(f"group-{series}")
    return group


def choose_group(series: str, order: str, number: int) -> None:
    """Make a group the current one."""
    session.put(f"group-{series}", (order, number))


def restart_groups(series: str) -> None:
    """Restart with the first group, as if none had been passed."""
    for key in (f"seen-{series}", f"group-{series}"):
        session.pop(key)
