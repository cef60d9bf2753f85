"""A further process of a search on this machine: ``python -m core.search.worker SEARCH_DIRECTORY NUMBER``.

Ends with the process that started it, with the search, and when it is asked to rest.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from core.data.dataset import open_dataset
from core.files import read_json
from core.progress import JobPaused, JobStopped, QuietProgress
from core.search.config import SearchConfig
from core.search.cores import own_share, share_cores
from core.search.study import open_study, seed_of
from core.search.working import SearchWorker
from core.workspace import project_of

_LOOK_SECONDS = 0.2


class Following(QuietProgress):
    """Stops and rests when the search's directory says so, and when the parent is gone."""

    def __init__(self, directory: Path, parent: int | None) -> None:
        self._directory, self._parent = directory, parent
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
        self._pause = is_orphan or (self._directory / "pause.request").exists()


def help_search(directory: Path, number: int, progress: QuietProgress) -> None:
    """Work on the trials of a search until it is over."""
    record = read_json(directory / "config.json")
    extension = directory / "extension.json"
    changes = read_json(extension) if extension.exists() else {}
    config = SearchConfig.from_json({**record["config"], **changes})
    dataset = open_dataset(project_of(directory), config.base.dataset_version)
    study = open_study(directory, config, seed=seed_of(config, number), create=False)
    worker = SearchWorker(directory, config, dataset, study, progress, seed=seed_of(config, number, study))
    try:
        worker.work()
    except (JobPaused, JobStopped):
        return


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    directory, number = Path(sys.argv[1]), int(sys.argv[2])
    with share_cores(*own_share()):
        help_search(directory, number, Following(directory, os.getppid()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
