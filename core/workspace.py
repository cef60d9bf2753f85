"""Workspace paths, and the names of projects and jobs.

The content of a folder belongs to the module that writes it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.errors import (
    AmbiguousNameError,
    InvalidNameError,
    NotFoundError,
    ProjectExistsError,
    SchemaVersionError,
    WorkspaceError,
)
from core.files import read_json, write_json
from core.leases import Lease, is_held
from core.messages import N_
from core.processes import process_lives

SCHEMA_VERSION = 1
MAX_NAME_LENGTH = 60
FORBIDDEN_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
RESERVED_NAMES = {"con", "prn", "aux", "nul"} | {f"{d}{i}" for d in ("com", "lpt") for i in range(10)}

_STAGING_NAME = re.compile(r"(\d+)-(\d+\.\d+)-[0-9a-f]+")  # process id, its start time, random digits
# Of the staging folders that this process builds in.
_leases: dict[Path, Lease] = {}


def home() -> Path:
    """Path of the workspace: ``$DARKROOM_HOME``, or ``./workspace``."""
    return Path(os.environ.get("DARKROOM_HOME") or "workspace").expanduser().resolve()


@dataclass(frozen=True, kw_only=True)
class Project:
    """Project: a dataset and everything trained on it. Its name is the folder's name."""

    name: str
    path: Path

    @property
    def dataset(self) -> Path:
        """Folder of the pictures and their versions."""
        return self.path / "dataset"

    @property
    def runs(self) -> Path:
        """Folder of training runs."""
        return self.path / "runs"

    @property
    def searches(self) -> Path:
        """Folder of searches."""
        return self.path / "searches"

    @property
    def adaptations(self) -> Path:
        """Folder of the adaptations of backbones to the project's pictures."""
        return self.path / "adaptations"

    @property
    def judged(self) -> Path:
        """Folder of models made elsewhere that were judged on the project's pictures."""
        return self.path / "judged"

    @property
    def predictions(self) -> Path:
        """Folder of batches of pictures that runs classified."""
        return self.path / "predictions"

    @property
    def jobs(self) -> Path:
        """Folder of other jobs."""
        return self.path / "jobs"

    @property
    def job_folders(self) -> tuple[Path, ...]:
        """Folders that hold job directories, those of judged models left out."""
        return (self.runs, self.searches, self.adaptations, self.predictions, self.jobs)

    @property
    def settings_file(self) -> Path:
        """File with the settings of the pages for the next training, see ``project_settings``."""
        return self.path / "project.json"


def projects_folder() -> Path:
    """Path of the folder of projects."""
    return home() / "projects"


def backbones_folder() -> Path:
    """Path of the folder of weights, converted feature engines and measured speeds."""
    return home() / "backbones"


def jobs_folder() -> Path:
    """Path of the folder of jobs without a project: imports, downloads, measurements."""
    return home() / "jobs"


def warm_folder() -> Path:
    """Path of the folder of workers that wait for a job."""
    return home() / "warm"


def queue_folder() -> Path:
    """Path of the folder of device queues."""
    return home() / "queue"


def checked_project_name(name: str) -> str:
    """Check a project name and return it in the form that is stored.

    Raises:
        InvalidNameError: the name is empty, too long, or invalid for a folder.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean:
        raise InvalidNameError(N_("The project needs a name. Type one, such as “Leaves”."))
    if len(clean) > MAX_NAME_LENGTH:
        raise InvalidNameError(
            N_(
                "The project name has {length} characters; at most {limit} are possible. Choose a shorter one."
            ),
            length=len(clean),
            limit=MAX_NAME_LENGTH,
        )
    hidden = any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in clean)
    if (
        hidden
        or FORBIDDEN_IN_NAMES.search(clean)
        or clean[0] == "."
        or clean[-1] == "."
        or clean.partition(".")[0].strip().lower() in RESERVED_NAMES
    ):
        raise InvalidNameError(
            N_("{name} cannot be a project name. Use letters, digits, spaces, - and _ only."),
            name=repr(clean),
        )
    return clean


def list_projects() -> list[Project]:
    """List all projects in the order of their names."""
    folder = projects_folder()
    if not folder.is_dir():
        return []
    projects = [
        Project(name=path.name, path=path)
        for path in folder.iterdir()
        # A name with a dot is being deleted.
        if path.name[0] != "." and (path / "project.json").is_file()
    ]
    return sorted(projects, key=lambda project: project.name.casefold())


def get_project(name: str) -> Project:
    """Find a project by its name.

    Raises:
        NotFoundError: no project has this name.
    """
    for project in list_projects():
        if project.name == unicodedata.normalize("NFC", name).strip():
            return project
    raise NotFoundError(
        N_("There is no project called “{name}” in {folder}. Import pictures under that name first."),
        name=name,
        folder=str(home()),
    )


def require_free_name(name: str) -> str:
    """Check the name of a new project and return it in the form that is stored.

    Raises:
        InvalidNameError: see ``checked_project_name``.
        ProjectExistsError: another project has the name, regardless of case.
    """
    clean = checked_project_name(name)
    for project in list_projects():
        if project.name.casefold() == clean.casefold():
            raise ProjectExistsError(
                N_("There is already a project called “{name}”. Choose another name."), name=project.name
            )
    return clean


def project_settings(project: Project) -> dict[str, object]:
    """Read the settings of the pages for the next training (``augmentation``, ``backbone``).

    Raises:
        SchemaVersionError: another version of Darkroom wrote the project.
    """
    record = read_json(project.settings_file)
    version = record.get("schema_version")
    if version != SCHEMA_VERSION:
        raise SchemaVersionError(
            N_(
                "Project “{name}” was written in format {format}; this Darkroom reads format {expected}. Update Darkroom."
            ),
            name=project.name,
            format=version,
            expected=SCHEMA_VERSION,
        )
    return dict(record.get("settings", {}))


def remember_setting(project: Project, key: str, value: object) -> None:
    """Store one setting of the pages with the project."""
    record = read_json(project.settings_file)
    record.setdefault("settings", {})[key] = value
    write_json(project.settings_file, record)


def open_staging() -> Path:
    """Make a folder in which a project is built before it is published as a whole.

    Folders of killed processes are removed.

    Raises:
        WorkspaceError: the workspace cannot be written.
    """
    folder = home() / "staging"
    started = psutil.Process().create_time()
    path = folder / f"{os.getpid()}-{started:.2f}-{secrets.token_hex(4)}"
    try:
        # First, so that no folder is ever without one.
        _leases[path] = Lease(_lease_of(path))
        path.mkdir(parents=True)
    except OSError as error:
        raise WorkspaceError(
            N_("The workspace {folder} cannot be written: {error}. Set DARKROOM_HOME to another folder."),
            folder=str(home()),
            error=error.strerror or str(error),
        ) from error
    for leftover in folder.iterdir():
        if _is_abandoned(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
            _lease_of(leftover).unlink(missing_ok=True)
    return path


def close_staging(staging: Path) -> None:
    """Remove a staging folder, if it still is there, and its lease."""
    shutil.rmtree(staging, ignore_errors=True)
    if lease := _leases.pop(staging, None):
        lease.release()


def _is_abandoned(staging: Path) -> bool:
    """True if no process builds in the folder any more, in any container and on any machine."""
    if _lease_of(staging).exists():
        return not is_held(_lease_of(staging))
    # Made by an older version.
    name = _STAGING_NAME.fullmatch(staging.name)
    return name is not None and not process_lives(int(name[1]), float(name[2]))


def _lease_of(staging: Path) -> Path:
    return home() / "leases" / f"{staging.name}.json"


def publish_project(staging: Path, name: str, settings: Mapping[str, object] | None = None) -> Project:
    """Rename a finished staging folder to the project ``name``, atomically.

    Args:
        settings: see ``project_settings``; None: there are none yet.
    """
    clean = require_free_name(name)
    write_json(
        staging / "project.json",
        {
            "schema_version": SCHEMA_VERSION,
            "name": clean,
            "created": time.time(),
            "settings": dict(settings or {}),
        },
    )
    for folder in ("runs", "jobs"):
        (staging / folder).mkdir(exist_ok=True)
    target = projects_folder() / clean
    target.parent.mkdir(parents=True, exist_ok=True)
    staging.rename(target)
    close_staging(staging)
    return Project(name=clean, path=target)


def delete_project(project: Project) -> None:
    """Delete a project with everything in it. The caller has asked the user."""
    doomed = project.path.with_name(f".deleting-{secrets.token_hex(4)}")
    project.path.rename(doomed)
    shutil.rmtree(doomed)


def new_job_name(prefix: str) -> str:
    """Make a folder name that sorts by time: ``run-20261122-081500-3f9c``."""
    return f"{prefix}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def list_runs(project: Project) -> list[Path]:
    """List the job directories of the project's runs, newest first."""
    return job_folders(project.runs)


def list_searches(project: Project) -> list[Path]:
    """List the job directories of the project's searches, newest first."""
    return job_folders(project.searches)


def job_folders(folder: Path) -> list[Path]:
    """List the job directories in a folder, newest first by name."""
    if not folder.is_dir():
        return []
    return sorted(filter(is_job, folder.iterdir()), reverse=True)


def is_job(path: Path) -> bool:
    """True if a folder is a job directory."""
    return (path / "config.json").is_file()


def project_of(job: Path) -> Project:
    """Return the project of a job directory."""
    path = job.parent.parent
    return Project(name=path.name, path=path)


def find_search(name: str) -> tuple[Project, Path]:
    """Find a search by its name, by ``PROJECT/NAME``, or by its path.

    Raises:
        NotFoundError: there is no such search.
        AmbiguousNameError: several projects have one of this name.
    """
    owned = find_owned(name, list_searches)
    if owned is None:
        raise NotFoundError(
            N_("There is no search called “{name}” in {folder}. “python -m core status” lists the searches."),
            name=name,
            folder=str(home()),
        )
    return owned


def find_run(name: str) -> tuple[Project, Path]:
    """Find a run by its name, by ``PROJECT/NAME``, or by its path.

    Raises:
        NotFoundError: there is no such run.
        AmbiguousNameError: several projects have one of this name.
    """
    owned = find_owned(name, list_runs)
    if owned is None:
        raise NotFoundError(
            N_("There is no run called “{name}” in {folder}. “python -m core status” lists the runs."),
            name=name,
            folder=str(home()),
        )
    return owned


def find_owned(name: str, jobs_of: Callable[[Project], list[Path]]) -> tuple[Project, Path] | None:
    """Find a job directory and its project; a project restored beside the original has jobs of the same names.

    Args:
        name: name, ``PROJECT/NAME``, or path.
        jobs_of: lists the job directories of a project among which one is looked for.
    Raises:
        AmbiguousNameError: several projects have one of this name.
    """
    path = Path(name).resolve()
    owned = [
        (project, job)
        for project in list_projects()
        for job in jobs_of(project)
        if job.name == name or f"{project.name}/{job.name}" == name or job == path
    ]
    require_one(name, owned)
    return owned[0] if owned else None


def require_one(name: str, owned: Sequence[tuple[Project, Path]]) -> None:
    """Raise AmbiguousNameError if a name stands for job directories of several projects."""
    if len(owned) > 1:
        raise AmbiguousNameError(
            N_("Several projects have “{name}”. Say which one: {choices}."),
            name=name,
            choices=", ".join(f"{project.name}/{job.name}" for project, job in owned),
        )
