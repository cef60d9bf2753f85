"""Worker for a search that another process began, on this machine or on one with the same dataset."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import psutil

from core.devices import chosen_devices, visible_gpus
from core.errors import ConfigError, NotFoundError, SearchError
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.queue import turn_on_device
from core.jobs.status import JobState
from core.jobs.worker import prepare_environment
from core.keras_backend import chosen_backend
from core.messages import N_
from core.progress import JobStopped, Stage
from core.records import JsonObject
from core.search.records import JoinedStudy, join_study, joined_study
from core.workspace import find_search, get_project

if TYPE_CHECKING:  # importing Optuna takes a second
    import optuna

    from core.data.dataset import Dataset
    from core.search.config import SearchConfig
    from core.search.workers.helper import HelperProgress


@dataclass(frozen=True, kw_only=True)
class _Joined:
    """A joined search, ready to work on."""

    directory: Path
    config: SearchConfig
    dataset: Dataset
    study: optuna.Study
    is_own_copy: bool  # the search's own process cannot see the directory


def join(search: str, *, project: str = "", storage: str = "") -> JsonObject:
    """Run trials of a search until it is over; Ctrl-C or SIGTERM queues the trial at work again.

    Args:
        search: its name, or ``project/name`` if it is not unique in the database.
        project: project of this machine with the search's pictures; by default of the same name.
        storage: the database's address; not needed in the workspace of the search.
    Returns:
        ``{"search": name, "trials": number ended here, "seconds": time}``.
    Raises:
        NotFoundError, SearchError: the search cannot be joined from here.
    """
    from core.search.study.database import database_in_use
    from core.search.study.weight_transfer import weight_transfer_of
    from core.search.workers.helper import HelperProgress, join_search

    began = time.monotonic()
    prepare_environment()
    os.environ.setdefault("KERAS_BACKEND", chosen_backend())
    with database_in_use(storage):
        joined = _joined(search, project, storage)
    progress = HelperProgress(joined.directory, None, joined.study)
    done = 0
    with (
        _leaving_on_signals(progress),
        contextlib.suppress(JobStopped),  # while it waits for the device
        _device(joined, progress),
        _shown_as_job(joined),
        database_in_use(joined.config.storage),
    ):
        weight_transfer = weight_transfer_of(joined.directory, joined.config) if joined.is_own_copy else None
        done = join_search(
            joined.directory, joined.config, joined.dataset, joined.study, progress, weight_transfer
        )
    return {"search": joined.directory.name, "trials": done, "seconds": round(time.monotonic() - began, 1)}


def _joined(search: str, project: str, storage: str) -> _Joined:
    name = search.rpartition("/")[2]
    directory: Path | None = None
    with contextlib.suppress(NotFoundError):
        directory = find_search(name)[1]
    if directory is not None and joined_study(directory) is None:
        return _of_this_workspace(directory)
    if not storage:
        if directory is not None:
            raise ConfigError(
                N_("“{name}” is the search of another machine. Name its database: --storage ADDRESS."),
                name=name,
            )
        raise NotFoundError(
            N_(
                "There is no search called “{name}” in this workspace. On another machine, name the "
                "search's database: --storage ADDRESS."
            ),
            name=search,
        )
    return _of_database(search, project, storage)


def _of_this_workspace(directory: Path) -> _Joined:
    from core.data.dataset import open_dataset
    from core.search.config import SearchConfig
    from core.search.study.study import open_study
    from core.workspace import project_of

    config = SearchConfig.from_json(JobDirectory(directory).config())
    return _Joined(
        directory=directory,
        config=config,
        dataset=open_dataset(project_of(directory), config.base.dataset_version),
        study=open_study(directory, config, create=False),
        is_own_copy=False,
    )


def _of_database(search: str, project: str, storage: str) -> _Joined:
    """Join a search in a database, with a directory of this machine's own."""
    from core.search.study.shared_spec import find_shared_spec, matching_dataset
    from core.search.study.study import open_study

    study_name, spec = find_shared_spec(storage, search)
    theirs, _, name = study_name.partition("/")
    own = get_project(project or theirs)
    dataset = matching_dataset(spec, own)
    directory = own.searches / name
    if (directory / "config.json").exists() and joined_study(directory) is None:
        raise SearchError(N_("“{name}” is a search of this workspace."), name=name)
    directory.mkdir(parents=True, exist_ok=True)
    join_study(directory, JoinedStudy(name=study_name, dataset_version=dataset.version))
    if not (directory / "config.json").exists():
        JobDirectory.create(directory, JobKind.SEARCH, spec.config.to_json(), is_private=True)
    study = open_study(directory, spec.config, create=False)
    return _Joined(directory=directory, config=spec.config, dataset=dataset, study=study, is_own_copy=True)


@contextlib.contextmanager
def _leaving_on_signals(progress: HelperProgress) -> Iterator[None]:
    """Leave at the first Ctrl-C or SIGTERM, queueing the trial again; a second one ends the process at once."""

    def leave(number: int, frame: FrameType | None) -> None:
        progress.is_leaving = True
        signal.signal(number, earlier[signal.Signals(number)])

    earlier = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _device(joined: _Joined, progress: HelperProgress) -> Iterator[None]:
    """Choose devices and wait for them; in the search's own workspace the search already holds them."""
    devices = chosen_devices()
    os.environ.update(visible_gpus(devices))
    with contextlib.ExitStack() as turns:
        if joined.is_own_copy:
            for device in devices:
                turns.enter_context(
                    turn_on_device(device.queue, joined.directory.name, time.time(), progress.should_pause)
                )
        yield


@contextlib.contextmanager
def _shown_as_job(joined: _Joined) -> Iterator[None]:
    """Show the helping worker as a job on this machine's pages; at its end the job is stopped."""
    if not joined.is_own_copy:
        yield
        return
    folder, process = joined.directory, psutil.Process()
    for name in ("stop.request", "pause.request"):
        (folder / name).unlink(missing_ok=True)
    write_json(folder / "process.json", {"pid": process.pid, "started": process.create_time()})
    status = {"started": time.time(), "stage": Stage.SEARCHING}
    write_json(folder / "status.json", {"state": JobState.RUNNING, **status})
    try:
        yield
    finally:
        write_json(folder / "status.json", {"state": JobState.STOPPED, **status})
