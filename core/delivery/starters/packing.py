"""Zips of starter projects: the files of ``projects/``, and those made from the run."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from core.delivery.formats.bundle_format import program_files
from core.delivery.formats.web.files import reads_browser_pictures
from core.errors import DeliveryError
from core.messages import N_

_PROJECTS = Path(__file__).parent / "projects"


def write_starter(run: Path, path: Path, project: str, files: Mapping[str, bytes | Path]) -> None:
    """Pack a project of ``projects/`` with further files, by their names in the zip; they take precedence.

    Raises:
        DeliveryError: the classifier needs pictures that cameras do not take.
    """
    if not reads_browser_pictures(run):
        raise DeliveryError(
            N_(
                "Cameras take pictures with three channels of 8 bits. This classifier learnt from others, so a camera would mislead it. Choose “Ready to run”."
            )
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**program_files(_PROJECTS / project), **files}.items():
            if isinstance(content, Path):
                archive.write(content, name)
            else:
                archive.writestr(name, content)


def read_project_file(project: str, name: str) -> str:
    """Text of a project's file, which is filled in before it is packed."""
    return (_PROJECTS / project / name).read_text(encoding="utf-8")
