"""Train a classifier from Python: ``python -m examples.train_from_python PICTURES PICTURE``.

PICTURES is a folder with one folder for each class, PICTURE a new picture to classify.
The work runs in worker processes, exactly as when a page starts it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.delivery.prediction import Classifier
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.runs.start_imports import start_import
from core.runs.start_runs import start_training
from core.training.config import TrainingConfig
from core.workspace import get_project


def finish(job: JobDirectory) -> None:
    """Wait for a job; exit with its own sentence if it failed."""
    if wait_for(job) is not JobState.FINISHED:
        sys.exit(str(job.status().error))


def main(pictures: Path, picture: Path) -> None:
    """Import the pictures, train the quick recipe, classify one picture."""
    finish(start_import("Example", source=pictures))
    run = start_training(get_project("Example"), TrainingConfig(dataset_version=1))
    finish(run)
    best, *others = Classifier(run.path).guesses(picture.read_bytes())
    print(f"{picture.name}: {best.name} ({best.probability:.0%}), then {others[0].name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
