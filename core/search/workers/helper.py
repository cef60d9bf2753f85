"""A further process of a search: on this machine ``python -m core.search.workers.helper SEARCH_DIRECTORY NUMBER``.

Ends with the process that started it, with the search, and when it is asked to rest.
One that joins from elsewhere follows the search alone, see ``core.search.workers.remote_worker``.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import zlib
from pathlib import Path

import optuna

from core.data.dataset import Dataset, open_dataset
from core.files import read_json
from core.progress import JobPaused, JobStopped, QuietProgress
from core.search.config import SearchConfig
from core.search.study.database import database_in_use
from core.search.study.study import (
    ended,
    has_plan,
    open_study,
    plan_of,
    seed_of,
    this_process,
    trials_done_by,
    worker_name,
)
from core.search.study.weight_transfer import Mailbox
from core.search.workers.cores import own_share, share_cores
from core.search.workers.loop import SearchWorker
from core.search.workers.recording import TrialLog
from core.workspace import project_of

_LOOK_SECONDS = 0.2


class Following(QuietProgress):
    """Stops and rests when the search's directory says so, and when the parent is gone.

    A worker without a parent leaves when it is told to, or when the search rests.
    """

    def __init__(self, directory: Path, parent: int | None, study: optuna.Study | None = None) -> None:
        self._directory, self._parent, self._study = directory, parent, study
        self.leaves = False
        self._looked = -_LOOK_SECONDS
        self._stop = self._pause = False

    def should_stop(self) -> bool:
        self._look()
        return self._stop

    def should_pause(self) -> bool:
        self._look()
        return self._pause

    def _look(self) -> None:
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        self._stop = (self._directory / "stop.request").exists()
        is_orphan = self._parent is not None and os.getppid() != self._parent
        rests = self._study is not None and plan_of(self._study)["rests"]
        self._pause = self.leaves or is_orphan or rests or (self._directory / "pause.request").exists()


def help_search(directory: Path, number: int, progress: QuietProgress) -> None:
    """Work on the trials of a search until it is over."""
    config = _config_of(directory)
    dataset = open_dataset(project_of(directory), config.base.dataset_version)
    with database_in_use(config.storage):
        study = open_study(directory, config, create=False)
        seed = seed_of(config, number, study)
        worker = SearchWorker(directory, config, dataset, study, progress, seed=seed)
        try:
            worker.work()
        except (JobPaused, JobStopped):
            return


def join_search(
    directory: Path, config: SearchConfig, dataset: Dataset, study: optuna.Study, progress: Following,
    mailbox: Mailbox | None,
) -> int:  # fmt: skip
    """Wait until a search begins, and work on its trials until it is over; the number of those done here.

    Args:
        mailbox: what the weights are sent with; None where ``directory`` is the search's own.
    """
    number = zlib.crc32(repr(this_process()).encode())
    worker = SearchWorker(
        directory, config, dataset, study, progress, seed=seed_of(config, number, study), mailbox=mailbox
    )
    try:
        worker.runner.prepare(config.base)
        while not has_plan(study) and not progress.should_pause():
            time.sleep(_LOOK_SECONDS)
        worker.work()
    except (JobPaused, JobStopped):
        pass
    if mailbox is not None:
        TrialLog(directory).add(ended(study.get_trials(deepcopy=False)))
    return trials_done_by(study, worker_name(this_process()))


def _config_of(directory: Path) -> SearchConfig:
    """The settings of a search in this directory, with what was changed since it began."""
    record = read_json(directory / "config.json")
    extension = directory / "extension.json"
    changes = read_json(extension) if extension.exists() else {}
    return SearchConfig.from_json({**record["config"], **changes})


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    directory, number = Path(sys.argv[1]), int(sys.argv[2])
    with share_cores(*own_share()):
        help_search(directory, number, Following(directory, os.getppid()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
