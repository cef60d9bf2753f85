"""Starting a worker that outlives the page that asked for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

import core
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.workspace import home


def launch(job: JobDirectory) -> int:
    """Start (or start again) the worker of a job; returns its process id.

    The worker gets a session of its own, so that neither the end of the server
    nor a Ctrl-C in its terminal reaches it.
    """
    job.withdraw_stop()
    (job.path / "status.json").unlink(missing_ok=True)  # how an earlier attempt ended is over
    source_root = Path(core.__file__).resolve().parent.parent
    environment = {**os.environ, "DARKROOM_HOME": str(home())}
    # The web process runs Keras on NumPy; a worker chooses its own backend.
    environment.pop("KERAS_BACKEND", None)
    with (job.path / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.worker", str(job.path)],
            cwd=source_root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    write_json(
        job.path / "process.json", {"pid": process.pid, "started": psutil.Process(process.pid).create_time()}
    )
    return process.pid
