"""The real worker, fine-tuning the real backbone, killed as a power cut would: nothing is lost or learnt twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np

from core.evaluation.job import evaluate
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.head import HeadWeights
from core.progress import QuietProgress
from core.training.artifacts import head_file
from core.training.job import train
from core.workspace import Project
from tests.support.command_line import run_command, wait_for_state, wait_until
from tests.support.kill_resume import Disk

SETTINGS = ("--recipe", "balanced", "--unfreeze", "0.1", "--batch-size", "8", "--epochs", "2", "--seed", "4")
TIMES = {"time", "seconds", "pictures_per_second"}


def curve_of(job: JobDirectory) -> list[dict[str, object]]:
    return [{key: value for key, value in record.items() if key not in TIMES} for record in job.metrics()]


def fine_tuned_epochs(job: JobDirectory) -> int:
    return sum(record["phase"] == "last_blocks" for record in job.metrics())


def test_a_worker_killed_while_fine_tuning_is_resumed_to_the_same_end(
    digits_project: Project, workspace: Path
) -> None:
    """Started, killed, resumed, compared and continued by the commands that users type.

    The run that nobody kills is one of this process, which trains as a worker does.
    """
    started = run_command(workspace, "train", "--project", digits_project.name, *SETTINGS, "--detach")
    killed = JobDirectory(digits_project.runs / started["run"])
    wait_until(lambda: fine_tuned_epochs(killed) >= 1, "the first fine-tuned epoch")
    number = killed.process_id()
    assert number is not None
    os.kill(number, signal.SIGKILL)
    wait_for_state(killed, JobState.INTERRUPTED)
    resumed = run_command(workspace, "resume", killed.name)
    assert resumed["state"] == "finished"
    other = JobDirectory.create(digits_project.runs / "run-whole", JobKind.TRAIN, killed.config())
    train(other.path, other.config(), Disk(other.path))
    assert resumed["test"] == evaluate(other.path, other.config(), QuietProgress())["test"]
    assert curve_of(killed) == curve_of(other)
    heads = [HeadWeights.load(head_file(job.path)).layers[0][0] for job in (killed, other)]
    np.testing.assert_array_equal(heads[0], heads[1])

    longer = run_command(workspace, "resume", killed.name, "--epochs", "1")
    assert longer["state"] == "finished"
    assert curve_of(killed)[: len(curve_of(other))] == curve_of(other)
    assert fine_tuned_epochs(killed) == 3
    comparison = run_command(workspace, "compare", killed.name, other.name)
    assert comparison["same_test_pictures"] is True
