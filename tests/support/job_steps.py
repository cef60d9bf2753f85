"""Job steps for tests: a worker runs them instead of training."""

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


def prepare(expected: dict[str, Any]) -> None:
    """Write what is expected to the workspace; if that is an error, fail with it."""
    if "error" in expected:
        raise DataError("{error} cannot be prepared.", error=expected["error"])
    write_json(Path(os.environ["DARKROOM_HOME"], "prepared.json"), expected)


def juggle(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Work until the file ``enough`` appears in the job's directory."""
    progress.stage(Stage.COMPARING)
    while not (directory / "enough").exists():
        raise_if_stopped(progress)
        time.sleep(0.01)
    return {"balls": int(config["balls"])}


def first(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Return its arguments at once."""
    progress.stage(Stage.READING)
    return {"first": {"directory": str(directory), "config": config}}


def second(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.EVALUATING)
    return {"second": True}


def third(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.EXPORTING)
    return {"third": True}


def train_until_stopped(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Keep a best result, and return early with it when stopped, as training does."""
    progress.stage(Stage.TRAINING)
    progress.keep({"best": "kept"})
    _wait_for_stop(progress)
    return {"best": "returned"}


def refuse_once_stopped(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Keep nothing of half of its work, as an import does."""
    progress.stage(Stage.READING)
    _wait_for_stop(progress)
    raise_if_stopped(progress)
    raise AssertionError("stop was asked for")


def keep_and_hang(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Keep a best result but ignore the stop, as a long call into TensorFlow does."""
    progress.stage(Stage.TRAINING)
    progress.keep({"best": "kept"})
    threading.Event().wait()
    raise AssertionError("nobody sets the event")


def hang(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.CONVERTING)
    threading.Event().wait()
    raise AssertionError("nobody sets the event")


def finish_although_stopped(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Return a whole result although it was stopped."""
    progress.stage(Stage.READING)
    _wait_for_stop(progress)
    return {"whole": True}


def lack_pictures(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.READING)
    raise DataError("{count} pictures are too few. Add some.", count=2)


def break_down(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.TRAINING)
    return {"quotient": 1 / int(config.get("zero", 0))}


def report_environment(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    names = ("DARKROOM_HOME", "KERAS_BACKEND", "KERAS_HOME")
    return {"environment": {name: os.environ.get(name) for name in names}, "session": os.getsid(0)}


def learn(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    progress.stage(Stage.TRAINING)
    progress.metric({"epoch": 1})
    return {}


def count_to_three(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Write a checkpoint after each epoch and go on from it, as training does."""
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
    """Hang until killed; at the next attempt a file lets it end."""
    progress.stage(Stage.CONVERTING)
    if not (directory / "do not hang").exists():
        threading.Event().wait()
    return {"hung": True}


def report_device(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    return {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES")}


def fill_the_disk(directory: Path, config: dict[str, Any], progress: Progress) -> Result:
    """Fail with a full disk while the file ``full`` exists."""
    progress.stage(Stage.TRAINING)
    progress.metric({"epoch": 1})
    if (directory / "full").exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(directory / "features"))
    return {"whole": True}


def _checkpoint(directory: Path) -> int:
    file = directory / "checkpoint.json"
    return int(read_json(file)) if file.exists() else 0


def _wait_for_go(directory: Path, epoch: int, progress: Progress) -> None:
    """Wait until the file ``go-1`` lets the epoch end, or the job is asked to stop or pause."""
    while not (directory / f"go-{epoch}").exists():
        raise_if_stopped(progress)
        time.sleep(0.01)


def _wait_for_stop(progress: Progress) -> None:
    while not progress.should_stop():
        time.sleep(0.01)
