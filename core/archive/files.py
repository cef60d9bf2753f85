"""Files of a project that travel in an archive: everything but caches and what belongs to this computer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.archive.records import Part, SaveRequest
from core.data.dataset import erased_file, image_path, pictures_of_all_versions
from core.data.sources.leavings import is_junk
from core.errors import BusyError, NotFoundError
from core.files import read_json
from core.jobs.directory import LEASE_FILE, JobDirectory, list_jobs
from core.jobs.ending import target_of
from core.jobs.kinds import JobKind
from core.messages import N_
from core.workspace import Project, list_runs

# Computed again when they are needed. The last is that of Darkroom up to 03be4e7.
_CACHES = {f"dataset/{name}" for name in ("arrays", "features", "exports", "handover")}
# Outputs of a frozen stem, in runs and trials.
_WORKING_FOLDERS = {"activations"}
# Of a job: its process, its requests, and its log, which names folders of this computer.
_PROCESS_FILES = {LEASE_FILE, "process.json", "reserve", "stop.request", "pause.request", "worker.log"}
# Folders of a batch and of a judged model that hold what users sent, under any names.
_SENT_FOLDERS = {"sources", "model"}
_PART_OF_FOLDER = {
    "searches": Part.SEARCHES,
    "judged": Part.MODELS,
    "predictions": Part.BATCHES,
    "queue": Part.BATCHES,
    "answers": Part.ANSWERS,
}


@dataclass(frozen=True, kw_only=True)
class ProjectFile:
    """A file that travels in an archive."""

    # Inside the project's folder, with “/” between folders.
    name: str
    path: Path
    size_bytes: int
    # Nanoseconds since the epoch.
    modified: int

    @classmethod
    def of(cls, path: Path, name: str) -> ProjectFile:
        status = path.stat()
        return cls(name=name, path=path, size_bytes=status.st_size, modified=status.st_mtime_ns)

    @property
    def is_unchanged(self) -> bool:
        """False once the file was replaced or removed."""
        try:
            return self == ProjectFile.of(self.path, self.name)
        except FileNotFoundError:
            return False


def require_at_rest(project: Project) -> None:
    """Raise BusyError while a job works on the project: an archive of half its result would be worth little."""
    jobs = (
        job
        for folder in project.job_folders
        for job in list_jobs(folder)
        if job.kind is not JobKind.SAVE_PROJECT
    )
    working = next((job for job in jobs if not job.status().state.has_ended), None)
    if working is not None:
        raise BusyError(
            N_(
                "“{name}” is at work in this project. Pause it, stop it or wait for its end, then save the project: the file will hold it as it stands, and it can be resumed there."
            ),
            name=working.name,
        )


def runs_of(project: Project, request: SaveRequest) -> tuple[str, ...]:
    """Names of the runs that an archive holds, newest first.

    Raises:
        NotFoundError: one of those named does not exist.
    """
    known = tuple(run.name for run in list_runs(project))
    if request.runs is None:
        return known
    wanted = {*request.runs, *([request.reproduce] if request.reproduce else [])}
    if missing := sorted(wanted - set(known)):
        raise NotFoundError(
            N_("Project “{project}” has no run called “{name}”. “python -m core status” lists the runs."),
            project=project.name,
            name=missing[0],
        )
    wanted |= _members_of(project, wanted)
    return tuple(name for name in known if name in wanted)


def project_files(project: Project, request: SaveRequest) -> list[ProjectFile]:
    """List the files of a project that an archive holds, in the order of their names."""
    runs = set(runs_of(project, request))
    finishing = {
        job.name
        for job in list_jobs(project.jobs)
        # All others are temporary: what they found stands in the project.
        if job.kind is JobKind.FINISH and _is_archived(target_of(job).path, runs, request)
    }
    only = {"runs": runs, "jobs": finishing}
    files = []
    for entry in sorted(project.path.iterdir()):
        part = _PART_OF_FOLDER.get(entry.name)
        if is_junk((entry.name,)) or (part is not None and part not in request.parts):
            continue
        if entry.is_file():
            files += [ProjectFile.of(entry, entry.name)]
        elif entry.name in only:
            for name in sorted(only[entry.name]):
                files += _walk(project.path, entry / name)
        else:
            files += _walk(project.path, entry)
    return files


@dataclass(frozen=True, kw_only=True)
class ReferredPicture:
    """A picture that stayed in a folder of the user, and travels under a name in the project."""

    name: str
    path: Path
    # Of the picture that the project refers to: the file may have changed, or be gone.
    sha256: str


def referred_pictures(project: Project) -> list[ReferredPicture]:
    """List the pictures that stayed in folders of the user. No file is looked at."""
    pictures, erased = pictures_of_all_versions(project.dataset), _erased(project)
    referred = pictures[(pictures["location"] != "") & ~pictures["sha256"].isin(erased)]
    columns = (referred[name] for name in ("sha256", "extension", "location"))
    return [
        ReferredPicture(
            name=image_path(Path("dataset"), sha256, extension).as_posix(),
            path=Path(location),
            sha256=sha256,
        )
        for sha256, extension, location in zip(*columns, strict=True)
    ]


def _members_of(project: Project, runs: set[str]) -> set[str]:
    """Runs that ensembles among these runs are made of."""
    jobs = [JobDirectory(project.runs / name) for name in runs]
    return {name for job in jobs if job.kind is JobKind.ENSEMBLE for name in job.config()["members"]}


def _is_archived(job: Path, runs: set[str], request: SaveRequest) -> bool:
    is_adaptation = job.parent.name == "adaptations"
    return (
        is_adaptation
        or job.name in runs
        or (job.parent.name == "searches" and Part.SEARCHES in request.parts)
    )


def _erased(project: Project) -> set[str]:
    file = erased_file(project.dataset)
    return set(read_json(file)) if file.exists() else set()


def _walk(project: Path, folder: Path) -> Iterator[ProjectFile]:
    """List a folder's files, also behind links; nothing twice, so that a ring of links ends."""
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        status, parts = Path(root).stat(), Path(root).relative_to(project).parts
        if (identity := (status.st_dev, status.st_ino)) in seen:
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = sorted(name for name in folders if _is_portable_folder((*parts, name)))
        for name in sorted(names):
            file = Path(root, name)
            if _is_portable_file((*parts, name)) and file.is_file():
                yield ProjectFile.of(file, "/".join((*parts, name)))


def _is_portable_folder(parts: tuple[str, ...]) -> bool:
    if is_junk(parts) or "/".join(parts) in _CACHES:
        return False
    return parts[-1] not in _WORKING_FOLDERS or _was_sent(parts)


def _is_portable_file(parts: tuple[str, ...]) -> bool:
    if is_junk(parts):
        return False
    return _was_sent(parts) or not (parts[-1] in _PROCESS_FILES or parts[-1].endswith(".lock"))


def _was_sent(parts: tuple[str, ...]) -> bool:
    return len(parts) > 3 and parts[2] in _SENT_FOLDERS
