"""Job directory: the files through which pages, the command line and a worker communicate.

Each file has one writer:

====================  ======================  ==============================================
``config.json``       page or command line    before launch, never changed
``extension.json``    page or command line    before a launch: settings that changed since
``about.json``        page or command line    name and note by people
``process.json``      launcher                identity of the process
``lease.json``        worker                  locked and touched while it runs; see ``core.leases``
``earlier.json``      launcher                the status in which the attempt before ended
``status.json``       worker                  state, stage, progress; replaced atomically
``environment.json``  worker                  versions and device of the newest attempt
``metrics.jsonl``     worker                  one line an epoch; a torn last line is skipped
``batches.jsonl``     worker                  about two lines a second, thinned when many
``live.json``         worker                  state of the work, as its page shows it
``interim.json``      worker                  result of the current step if it ended now
``steps.json``        worker                  codes of steps that are done, and their settings
``stop.request``      page or command line    exists or not
``pause.request``     page or command line    exists or not
``result.json``       worker                  results of all steps
``reserve``           worker                  space to write the last status on a full disk
``worker.log``        worker                  for people only
====================  ======================  ==============================================

When a job rests or its process died, ``core.jobs.ending`` writes in the worker's place.
No file depends on the absolute path of its directory.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import DamagedFileError, SchemaVersionError
from core.files import read_json, read_json_lines
from core.jobs.environment import Environment
from core.jobs.kinds import JOB_TYPES, OLD_KINDS, JobKind, JobType
from core.jobs.status import JobStatus, resolve_state
from core.leases import is_renewed
from core.messages import N_
from core.processes import ProcessRecord
from core.records import AnyRecord, JsonObject, Record, read_record, write_record

INTERIM_FILE = "interim.json"
LEASE_FILE = "lease.json"
# Its name in version 0.1.0.
OLD_INTERIM_FILE = "kept.json"
# Between the making of a job directory and the launcher's note of its process id.
_LAUNCH_GRACE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class JobRequest(Record):
    """Kind and settings of a job, as stored in ``config.json``."""

    kind: JobKind
    # Seconds since the epoch.
    created: float
    # Settings of the job's steps.
    config: Mapping[str, Any]

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Rename the job kinds of older versions."""
        kind = values.get("kind")
        return values | {"kind": OLD_KINDS.get(kind, kind) if isinstance(kind, str) else kind}


@dataclass(frozen=True, kw_only=True)
class Extension(Record):
    """Settings changed when a job was continued, as stored in ``extension.json``."""

    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the bare settings of older versions."""
        return values if set(values) <= {"settings"} else {"settings": values}


class JobDirectory:
    """One job, seen from outside its worker."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(
        cls, path: Path, kind: JobKind, config: Mapping[str, Any], *, is_private: bool = False
    ) -> JobDirectory:
        """Make the directory of a job that is not started yet; it is a job once its config is there.

        Args:
            is_private: only its user may read the config, because it holds a password.
        """
        path.mkdir(parents=True, exist_ok=True)
        if (path / "config.json").exists():
            raise FileExistsError(path)
        request = JobRequest(kind=kind, created=time.time(), config=config)
        write_record(path / "config.json", request, is_private=is_private)
        return cls(path)

    @property
    def name(self) -> str:
        """Name of the directory."""
        return self.path.name

    @property
    def kind(self) -> JobKind:
        """Kind of the job.

        Raises:
            SchemaVersionError: a newer Darkroom wrote the job.
        """
        return self._request().kind

    @property
    def job_type(self) -> JobType:
        """Properties of the job's kind."""
        return JOB_TYPES[self.kind]

    @property
    def created(self) -> float:
        """Time of creation, seconds since the epoch."""
        return self._request().created

    def is_readable(self) -> bool:
        """True if this version of Darkroom can read the job."""
        try:
            self._request()
        except (SchemaVersionError, DamagedFileError):
            return False
        return True

    def config(self) -> JsonObject:
        """Read the job's settings, with those that changed when it was continued."""
        return dict(self._request().config) | self.extension()

    def extension(self) -> JsonObject:
        """Read the settings that changed when the job was continued."""
        extension = self._read("extension.json", Extension)
        return dict(extension.settings) if extension else {}

    def extend(self, changes: Mapping[str, Any]) -> None:
        """Change settings of a job that is not running; they count from its next launch."""
        extension = Extension(settings=self.extension() | dict(changes))
        write_record(self.path / "extension.json", extension)

    def status(self) -> JobStatus:
        """Read the job's status, corrected by whether its process is alive."""
        # Asked before reading: a worker that ends in between has then already written its last status.
        is_alive = self.is_alive()
        recorded = self.recorded_status()
        state = resolve_state(recorded.state if recorded else None, is_alive=is_alive)
        status = replace(recorded or JobStatus(), state=state)
        return replace(status, usage=None) if state.has_ended else status.at_present()

    def recorded_status(self) -> JobStatus | None:
        """Read the status as the worker wrote it; None before it did."""
        return self._read("status.json", JobStatus)

    def write_status(self, status: JobStatus) -> None:
        """Replace the status, atomically."""
        write_record(self.path / "status.json", status)

    def earlier_status(self) -> JobStatus:
        """Read the status in which the attempt before this one ended."""
        return self._read("earlier.json", JobStatus) or JobStatus()

    def is_alive(self) -> bool:
        """True while the worker's process runs. A zombie does not count, nor another process of the same id."""
        process = self._read("process.json", ProcessRecord)
        if process is None:
            return abs(time.time() - self.created) < _LAUNCH_GRACE_SECONDS
        if process.is_visible():
            return process.is_alive()
        # In another container or on another machine; a starting worker has no lease yet.
        return is_renewed(self.path / LEASE_FILE) or is_renewed(self.path / "process.json")

    def process_id(self) -> int | None:
        """Process id of the newest worker; None before the first."""
        process = self._read("process.json", ProcessRecord)
        return process.pid if process else None

    def metrics(self) -> list[JsonObject]:
        """Read the learning curve, a record for each epoch."""
        return read_json_lines(self.path / "metrics.jsonl")

    def result(self) -> JsonObject | None:
        """Read the results of the job's steps; None before the first step has ended."""
        return self._optional("result.json")

    def step_result(self, key: str, kind: type[AnyRecord]) -> AnyRecord | None:
        """Read one step's result from ``result.json``; None before the step has ended.

        Args:
            key: of the result, such as "training".
        Raises:
            RecordError: the result is not such a record.
        """
        values = (self.result() or {}).get(key)
        return None if values is None else kind.from_json(values)

    def batches(self) -> list[JsonObject]:
        """Read the records of batches, oldest first; older ones are thinned more."""
        return read_json_lines(self.path / "batches.jsonl")

    def live(self) -> JsonObject | None:
        """Read the state of the work; None before the first."""
        return self._optional("live.json")

    def interim_result(self) -> JsonObject | None:
        """Read the result of the current step if it ended now; None without one."""
        results = (self._optional(name) for name in (INTERIM_FILE, OLD_INTERIM_FILE))
        return next((result for result in results if result is not None), None)

    def environment(self) -> Environment:
        """Read versions and device of the newest attempt; empty before the first."""
        return self._read("environment.json", Environment) or Environment()

    def request_stop(self) -> None:
        """Ask the worker to stop and keep the best."""
        (self.path / "stop.request").touch()

    def withdraw_stop(self) -> None:
        """Remove a request to stop."""
        (self.path / "stop.request").unlink(missing_ok=True)

    def stop_requested(self) -> bool:
        """True once the worker is asked to stop."""
        return (self.path / "stop.request").exists()

    def request_pause(self) -> None:
        """Ask the worker to write a checkpoint and rest."""
        (self.path / "pause.request").touch()

    def withdraw_pause(self) -> None:
        """Remove a request to pause."""
        (self.path / "pause.request").unlink(missing_ok=True)

    def pause_requested(self) -> bool:
        """True once the worker is asked to pause."""
        return (self.path / "pause.request").exists()

    def _request(self) -> JobRequest:
        return read_record(self.path / "config.json", JobRequest)

    def _read(self, name: str, kind: type[AnyRecord]) -> AnyRecord | None:
        try:
            return read_record(self.path / name, kind)
        except FileNotFoundError:
            return None

    def _optional(self, name: str) -> JsonObject | None:
        path = self.path / name
        try:
            return dict(read_json(path))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise DamagedFileError(
                N_("The file {file} is damaged: {reason}"), file=str(path), reason=str(error)
            ) from error


def list_jobs(folder: Path) -> list[JobDirectory]:
    """List the jobs in a folder, newest first; those that this Darkroom cannot read are left out."""
    if not folder.is_dir():
        return []
    jobs = [JobDirectory(path) for path in folder.iterdir() if (path / "config.json").is_file()]
    return sorted(filter(JobDirectory.is_readable, jobs), key=lambda job: job.created, reverse=True)
