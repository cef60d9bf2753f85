"""Helper process of a search: ``python -m core.search.workers.helper SEARCH_DIRECTORY NUMBER``.

It ends with the process that started it, with the search, or when the search is paused.
A worker that joins from elsewhere has no parent, see ``core.search.workers.remote_worker``.
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
from core.jobs.directory import JobDirectory
from core.progress import JobPaused, JobStopped, QuietProgress
from core.search.config import SearchConfig
from core.search.study.database import database_in_use
from core.search.study.plan import has_plan, plan_of
from core.search.study.study import open_study, seed_of
from core.search.study.trials import ended, this_worker, trials_done_by
from core.search.study.weight_transfer import WeightTransfer
from core.search.workers.cores import own_share, share_cores
from core.search.workers.loop import SearchWorker
from core.search.workers.recording import TrialLog
from core.workspace import project_of

_LOOK_SECONDS = 0.2


class HelperProgress(QuietProgress):
    """Stop and pause requests of the search, and the death of the parent process.

    A worker without a parent pauses when ``is_leaving`` is set, or with the search.
    """

    def __init__(self, directory: Path, parent: int | None, study: optuna.Study | None = None) -> None:
        self._directory, self._parent, self._study = directory, parent, study
        self.is_leaving = False
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
        is_paused = self._study is not None and plan_of(self._study).is_paused
        is_asked = (self._directory / "pause.request").exists()
        self._pause = self.is_leaving or is_orphan or is_paused or is_asked


def help_search(directory: Path, number: int, progress: QuietProgress) -> None:
    """Run trials of a search until it is over."""
    config = SearchConfig.from_json(JobDirectory(directory).config())
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
    directory: Path, config: SearchConfig, dataset: Dataset, study: optuna.Study, progress: HelperProgress,
    weight_transfer: WeightTransfer | None,
) -> int:  # fmt: skip
    """Wait until a search begins, and run its trials until it is over.

    Args:
        weight_transfer: sends the weights; None if ``directory`` is the search's own.
    Returns:
        The number of trials that this process ended.
    """
    number = zlib.crc32(repr(this_worker()).encode())
    worker = SearchWorker(
        directory,
        config,
        dataset,
        study,
        progress,
        seed=seed_of(config, number, study),
        weight_transfer=weight_transfer,
    )
    try:
        worker.runner.prepare(config.base)
        while not has_plan(study) and not progress.should_pause():
            time.sleep(_LOOK_SECONDS)
        worker.work()
    except (JobPaused, JobStopped):
        pass
    if weight_transfer is not None:
        TrialLog(directory).add(ended(study.get_trials(deepcopy=False)))
    return trials_done_by(study, this_worker())


def main() -> int:
    """Entry point of the helper process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    directory, number = Path(sys.argv[1]), int(sys.argv[2])
    with share_cores(*own_share()):
        help_search(directory, number, HelperProgress(directory, os.getppid()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
