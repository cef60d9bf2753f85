"""``python -m benchmarks.warm_training PROJECT``: train as the Train page does, with a warm worker.

Prints a JSON line: state and scores of the run, and its seconds from the press of the button to its end.
"""

from __future__ import annotations

import json
import sys
import time

import psutil

from core.data.dataset import open_dataset
from core.runs.completing import usual_settings
from core.runs.control import wait_for
from core.runs.start_runs import start_training
from core.runs.warming import warm_up_for
from core.workspace import get_project

# A worker that has imported everything takes hardly any time of a core.
_READY_SHARE, _LOOK_SECONDS = 0.1, 1.0


def main() -> None:
    project = get_project(sys.argv[1])
    settings = usual_settings({}, open_dataset(project).version)
    warm_up_for(settings)
    wait_until_ready()
    began = time.perf_counter()
    job = start_training(project, settings)
    state = wait_for(job)
    seconds = time.perf_counter() - began
    print(json.dumps({**(job.result() or {}), "state": state, "seconds": seconds}))


def wait_until_ready() -> None:
    """Wait until the process that was started just now has done its imports."""
    (process,) = psutil.Process().children()
    before = -1.0
    while process.cpu_percent(_LOOK_SECONDS) > 100 * _READY_SHARE or before < 1.0:
        times = process.cpu_times()
        before = times.user + times.system


if __name__ == "__main__":
    main()
