"""Steps that a worker in a test runs instead of training: ``tests.support.job_steps:NAME``."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

from core.errors import DataError
from core.files import read_json, write_json
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


def count_to_three(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """As training does: an epoch, its checkpoint, and on; resumed, it goes on from the checkpoint."""
    progress.stage(Stage.TRAINING)
    epoch = _checkpoint(directory)
    progress.rewind(epoch)
    while epoch < int(config["epochs"]):
        epoch += 1
        progress.metric({"epoch": epoch})
        write_json(directory / "checkpoint.json", epoch)
        progress.keep({"training": {"epochs": epoch}})
        _wait_for_go(directory, epoch, progress)
    return {"training": {"epochs": epoch}}


def hang_once(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Hangs until it is killed; at the next attempt there is a file that says not to."""
    progress.stage(Stage.CONVERTING)
    if not (directory / "do not hang").exists():
        threading.Event().wait()
    return {"hung": True}


def tell_device(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    return {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES")}


def fill_the_disk(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Finds no room where the test says that the disk is full."""
    progress.stage(Stage.TRAINING)
    progress.metric({"epoch": 1})
    if (directory / "full").exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory / "features"))
    return {"whole": True}


def _checkpoint(directory: Path) -> int:
    file = directory / "checkpoint.json"
    return int(read_json(file)) if file.exists() else 0


def _wait_for_go(directory: Path, epoch: int, progress: Progress) -> None:
    """Until the test lets the epoch end with a file ``go-1``, or asks for something else."""
    while not (directory / f"go-{epoch}").exists():
        raise_if_stopped(progress)
        time.sleep(0.01)


def _wait_for_stop(progress: Progress) -> None:
    while not progress.should_stop():
        time.sleep(0.01)
