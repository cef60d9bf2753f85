"""Places of one computer in a project's files: removed from an archive, and refused in one.

A dataset may refer to pictures in folders of the user, a batch to folders of the server, and a search
to a database, whose address may hold a password. An archive that came with such places could show
files of this computer, or call another one.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePath

import pandas as pd
import pyarrow.parquet as pq

from core.data.dataset import open_dataset
from core.data.manifest import manifest_file
from core.data.version_record import read_version_record, version_numbers, versions_with_manifest
from core.errors import ArchiveError
from core.evaluation.ensemble import EnsembleConfig
from core.evaluation.foreign.judged_model import list_models, read_facts
from core.files import is_sha256
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import N_
from core.prediction.batch.records import BatchRequest
from core.records import JsonObject
from core.workspace import Project, project_settings

# Kinds of jobs whose directories stand in each folder of a project.
_KINDS: Mapping[str, set[JobKind]] = {
    "runs": {JobKind.TRAIN, JobKind.ENSEMBLE},
    "searches": {JobKind.SEARCH},
    "adaptations": {JobKind.ADAPT},
    "predictions": {JobKind.PREDICT_BATCH},
    "jobs": {JobKind.FINISH},
}
_DATABASE = "storage"
_EXTENSION = re.compile(r"[A-Za-z0-9_]{1,20}")


def portable_content(name: str, path: Path) -> bytes | None:
    """Content of a project's file without places of this computer; None: it names none.

    Args:
        name: of the file in the project.
    """
    for pattern, rewrite in _REWRITERS.items():
        if fnmatch(name, pattern):
            return rewrite(path)
    return None


def require_portable(project: Project, file: str) -> None:
    """Check that an unpacked project can be opened, and names no place of this computer.

    Args:
        file: name of the archive.
    Raises:
        ArchiveError: a picture, a batch, a search or a member of an ensemble lies outside the project, or
            a job is of another kind.
        SchemaVersionError, DamagedFileError, RecordError: a file cannot be read.
    """
    project_settings(project)
    for version in version_numbers(project.dataset):
        read_version_record(project.dataset, version)
    if (outside := _first_location(project) or _first_misnamed(project)) is not None:
        raise _is_foreign(file, outside)
    open_dataset(project)
    for model in list_models(project):
        if not _lies_inside(Path(read_facts(model).path)):
            raise _is_foreign(file, read_facts(model).path)
    for folder, kinds in _KINDS.items():
        for path in sorted((project.path / folder).glob("*/config.json")):
            job = JobDirectory(path.parent)
            if job.kind not in kinds:
                raise _is_foreign(file, f"{folder}/{job.name}")
            if outside := _outside_of(job):
                raise _is_foreign(file, outside)


def _first_location(project: Project) -> str | None:
    locations = (
        location
        for version in versions_with_manifest(project.dataset)
        for location in _locations(manifest_file(project.dataset, version))
    )
    return next((str(location) for location in locations if location), None)


def _first_misnamed(project: Project) -> str | None:
    """First content or extension with which a picture's file would lie elsewhere; None without one."""
    for version in versions_with_manifest(project.dataset):
        columns = pd.read_parquet(manifest_file(project.dataset, version), columns=["sha256", "extension"])
        for name, is_allowed in (("sha256", is_sha256), ("extension", _EXTENSION.fullmatch)):
            for value in map(str, columns[name].unique()):
                if not is_allowed(value):
                    return value
    return None


def _outside_of(job: JobDirectory) -> str | None:
    """Address or path outside the project that a job names; None without one."""
    config = job.config()
    if job.kind is JobKind.SEARCH:
        return str(config[_DATABASE]) if config.get(_DATABASE) else None
    if job.kind is JobKind.PREDICT_BATCH:
        request = BatchRequest.from_json(config)
        return _first_outside(request.run) or _first_outside(*request.sources)
    if job.kind is JobKind.ENSEMBLE:
        return _first_outside(*EnsembleConfig.from_json(config).members)
    return None


def _first_outside(*names: str | Path) -> str | None:
    """First name or path that is no relative one without “..”; None without one."""
    return next((str(name) for name in names if not _lies_inside(Path(name))), None)


def _lies_inside(source: Path) -> bool:
    return not source.is_absolute() and ".." not in source.parts


def _is_foreign(file: str, name: str) -> ArchiveError:
    return ArchiveError(
        N_(
            "{file} names “{name}”, which does not belong to a project. Darkroom writes no such archive, so nothing was taken from it."
        ),
        file=file,
        name=name[:200],
    )


def _locations(manifest: Path) -> list[str]:
    if "location" not in pq.read_schema(manifest).names:
        return []
    column = pd.read_parquet(manifest, columns=["location"])["location"]
    return list(column.fillna("").unique())


def _without_locations(manifest: Path) -> bytes | None:
    if not any(_locations(manifest)):
        return None
    content = io.BytesIO()
    # The archive holds the pictures themselves.
    pd.read_parquet(manifest).assign(location="").to_parquet(content, index=False)
    return content.getvalue()


def _without_database(config: Path) -> bytes | None:
    return _changed(config, lambda settings: {_DATABASE: ""} if settings.get(_DATABASE) else {})


def _without_folders(config: Path) -> bytes | None:
    """Replace absolute paths of a batch's sources by their last names, which lie nowhere."""

    def inside(settings: JsonObject) -> JsonObject:
        sources = settings.get("sources", [])
        names = [PurePath(source).name if PurePath(source).is_absolute() else source for source in sources]
        return {"sources": names} if names != sources else {}

    return _changed(config, inside)


def _changed(file: Path, change: Callable[[JsonObject], JsonObject]) -> bytes | None:
    """Content of a job's ``config.json`` or ``extension.json`` with changed settings; None without a change."""
    values = json.loads(file.read_bytes())
    key = "config" if "config" in values else "settings"
    changes = change(values.get(key, {}))
    return json.dumps(values | {key: values[key] | changes}).encode() if changes else None


_REWRITERS: Mapping[str, Callable[[Path], bytes | None]] = {
    "dataset/versions/*.parquet": _without_locations,
    "searches/*/config.json": _without_database,
    "searches/*/extension.json": _without_database,
    "predictions/*/config.json": _without_folders,
}
