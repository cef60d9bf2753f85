"""Wish of a project to log the answers of its classifiers. Off until somebody switches it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import DarkroomError
from core.records import Record, read_record, write_record
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class LogSettings(Record):
    """Content of ``PROJECT/answers/settings.json``."""

    is_on: bool = False
    keeps_pictures: bool = False


def log_folder(project: Project) -> Path:
    return project.path / "answers"


def read_log_settings(project: Project) -> LogSettings:
    """Read the settings; those of a damaged or newer file are off."""
    try:
        return read_record(_file(project), LogSettings)
    except (FileNotFoundError, DarkroomError):
        return LogSettings()


def write_log_settings(project: Project, settings: LogSettings) -> None:
    write_record(_file(project), settings)


def _file(project: Project) -> Path:
    return log_folder(project) / "settings.json"
