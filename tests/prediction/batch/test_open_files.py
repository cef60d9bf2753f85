"""Archives of a batch stay open while its pictures are looked at, and no longer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.files import write_json
from core.prediction.batch.batches import Batch
from core.prediction.batch.open_files import OPEN_FILES, OpenFiles
from core.runs.batches import delete_batch
from core.workspace import open_staging, publish_project
from tests.support.batches import answered_batch, labels_of
from tests.support.pictures import digit, write_zip


@pytest.fixture
def batch(workspace: Path, tmp_path: Path) -> Batch:
    project = publish_project(open_staging(), "Digits")
    source = write_zip(tmp_path / "new.zip", {"a.png": digit(1)})
    return answered_batch(project, [source], labels_of("a", "b"), np.array([[0.9, 0.1]], np.float32))


def is_open(batch: Batch) -> bool:
    paths = {Path(file.path) for file in psutil.Process().open_files()}
    return not paths.isdisjoint(batch.request.sources)


def test_an_archive_is_closed_when_its_batch_is_deleted(batch: Batch) -> None:
    assert OPEN_FILES.read(batch.path, 0, "a.png", None) == digit(1)
    assert is_open(batch)
    # Its worker has ended.
    write_json(batch.path / "process.json", {"pid": os.getpid(), "started": 1.0})
    delete_batch(batch)
    assert not is_open(batch)


def test_an_archive_is_closed_once_nobody_asks_for_its_pictures(batch: Batch) -> None:
    """The batch may be deleted on the command line, of which this process learns nothing."""
    files = OpenFiles(idle_seconds=0.02)
    files.read(batch.path, 0, "a.png", None)
    while (watch := files._watch) is not None:
        watch.join()
    assert not is_open(batch)
    assert files.read(batch.path, 0, "a.png", None) == digit(1)
