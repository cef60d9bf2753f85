"""Steps that a worker in a test runs instead of training: ``tests.jobs.steps:NAME``."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from core.errors import DataError
from core.progress import Progress, Stage, raise_if_stopped

Result = dict[str, Any]


def first(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Ends at once and tells what it was given."""
    progress.stage(Stage.READING)
    return {"first": {"directory": str(directory), "config": config}}


def second(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.EVALUATING)
    return {"second": True}


def third(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.EXPORTING)
    return {"third": True}


def train_until_stopped(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """As training does: keeps a best, and returns early with it when it is stopped."""
    progress.stage(Stage.TRAINING)
    progress.keep({"best": "kept"})
    _wait_for_stop(progress)
    return {"best": "returned"}


def refuse_once_stopped(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """As an import does: has nothing to show for half of its work."""
    progress.stage(Stage.READING)
    _wait_for_stop(progress)
    raise_if_stopped(progress)
    raise AssertionError("stop was asked for")


def keep_and_hang(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """As a long call into TensorFlow does: has a best, but does not look at the stop button."""
    progress.stage(Stage.TRAINING)
    progress.keep({"best": "kept"})
    threading.Event().wait()
    raise AssertionError("nobody sets the event")


def hang(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.CONVERTING)
    threading.Event().wait()
    raise AssertionError("nobody sets the event")


def finish_although_stopped(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """The stop comes when all is done already."""
    progress.stage(Stage.READING)
    _wait_for_stop(progress)
    return {"whole": True}


def lack_pictures(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.READING)
    raise DataError("{count} pictures are too few. Add some.", count=2)


def break_down(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.TRAINING)
    return {"quotient": 1 / int(config.get("zero", 0))}


def tell_surroundings(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    names = ("DARKROOM_HOME", "KERAS_BACKEND", "KERAS_HOME")
    return {"environment": {name: os.environ.get(name) for name in names}, "session": os.getsid(0)}


def learn(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.TRAINING)
    progress.metric({"epoch": 1})
    return {}


def _wait_for_stop(progress: Progress) -> None:
    while not progress.should_stop():
        time.sleep(0.01)
