"""Archives for tests: written, unpacked, and rewritten as somebody could who means harm."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.archive.records import MANIFEST, ArchiveManifest, SaveRequest
from core.archive.writing import write_archive
from core.files import sha256_bytes
from core.progress import QuietProgress
from core.workspace import Project

Values = dict[str, Any]


def saved(project: Project, file: Path, **request: Any) -> ArchiveManifest:
    """Write a project to a file."""
    return write_archive(project, SaveRequest(**request), file, QuietProgress())


def members_of(file: Path) -> dict[str, bytes]:
    """Contents of an archive by name."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(file: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def with_members(file: Path, changes: Mapping[str, bytes | None]) -> Path:
    """Replace, add or remove (None) members; the sums in the manifest stay."""
    members = {**members_of(file), **changes}
    return write_members(file, {name: content for name, content in members.items() if content is not None})


def with_manifest(file: Path, change: Callable[[Values], Values]) -> Path:
    """Change the values of the manifest."""
    values = json.loads(members_of(file)[MANIFEST])
    return with_members(file, {MANIFEST: json.dumps(change(values)).encode()})


def forged(file: Path, changes: Mapping[str, bytes]) -> Path:
    """Replace or add members, with sums that fit."""
    with_members(file, changes)
    sums = {name: {"sha256": sha256_bytes(content), "modified": 0} for name, content in changes.items()}
    return with_manifest(file, lambda values: values | {"files": values["files"] | sums})
