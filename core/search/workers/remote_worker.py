"""A worker for a search that another process began: on this machine, or on another one that has the same pictures."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

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
from core.search.records import join_study, joined_study
from core.workspace import find_search, get_project

if TYPE_CHECKING:  # Optuna takes a second, and is not needed to start anything
    import optuna

    from core.data.dataset import Dataset
    from core.search.config import SearchConfig
    from core.search.workers.helper import Following


@dataclass(frozen=True, kw_only=True)
class _Joined:
    directory: Path
    config: SearchConfig
    dataset: Dataset
    study: optuna.Study
    is_own_copy: bool  # the search cannot see the directory


def join(search: str, *, project: str = "", storage: str = "") -> dict[str, Any]:
    """Work on a search until it is over, or until Ctrl-C or a SIGTERM: then the trial at work is queued again.

    Args:
        search: its name; ``project/name`` where several in a database have the same.
        project: this machine's, that holds the search's pictures; as it is called there, if not named.
        storage: the database's address; not needed where the search's folder is.
    Returns:
        ``{"search", "trials": how many were done here, "seconds"}``.
    Raises:
        NotFoundError, SearchError: it cannot be joined from here.
    """
    from core.search.study.database import database_in_use
    from core.search.study.weight_transfer import mailbox_of
    from core.search.workers.helper import Following, join_search

    began = time.monotonic()
    prepare_environment()
    os.environ.setdefault("KERAS_BACKEND", chosen_backend())
    with database_in_use(storage):
        joined = _joined(search, project, storage)
    following = Following(joined.directory, None, joined.study)
    done = 0
    with (
        _leaving_on_signals(following),
        contextlib.suppress(JobStopped),  # before its turn on the device came
        _device(joined, following),
        _shown_as_job(joined),
        database_in_use(joined.config.storage),
    ):
        mailbox = mailbox_of(joined.directory, joined.config) if joined.is_own_copy else None
        done = join_search(joined.directory, joined.config, joined.dataset, joined.study, following, mailbox)
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
                N_(
                    "“{name}” is another machine's search. Name the database that it is in: --storage ADDRESS."
                ),
                name=name,
            )
        raise NotFoundError(
            N_(
                "There is no search called “{name}” in this workspace. On a machine that does not share "
                "it, name the database that the search is in: --storage ADDRESS."
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
    """A directory of this machine's own for what is trained here."""
    from core.search.study.shared_spec import find_order, matching_dataset
    from core.search.study.study import open_study

    order = find_order(storage, search)
    theirs, _, name = order.study.partition("/")
    own = get_project(project or theirs)
    dataset = matching_dataset(order, own)
    directory = own.searches / name
    if (directory / "config.json").exists() and joined_study(directory) is None:
        raise SearchError(N_("“{name}” is this workspace's own search."), name=name)
    directory.mkdir(parents=True, exist_ok=True)
    join_study(directory, order.study, dataset.version)
    if not (directory / "config.json").exists():
        JobDirectory.create(directory, JobKind.SEARCH, order.config.to_json(), is_private=True)
    study = open_study(directory, order.config, create=False)
    return _Joined(directory=directory, config=order.config, dataset=dataset, study=study, is_own_copy=True)


@contextlib.contextmanager
def _leaving_on_signals(following: Following) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets the trial be queued again; the next ends the process where it is."""

    def leave(number: int, frame: FrameType | None) -> None:
        following.leaves = True
        signal.signal(number, earlier[signal.Signals(number)])

    earlier = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _device(joined: _Joined, following: Following) -> Iterator[None]:
    """The devices to compute on; a machine's own turn where the search has not taken it for all its workers."""
    devices = chosen_devices()
    os.environ.update(visible_gpus(devices))
    with contextlib.ExitStack() as turns:
        if joined.is_own_copy:
            for device in devices:
                turns.enter_context(
                    turn_on_device(device.queue, joined.directory.name, time.time(), following.should_pause)
                )
        yield


@contextlib.contextmanager
def _shown_as_job(joined: _Joined) -> Iterator[None]:
    """The pages of a machine that helps show that it does; when it has ended, no more is to come."""
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
