"""Searches as processes: what tests wait for, and how they end a process in the middle of a trial."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
import psutil

from core.files import read_json_lines
from core.jobs.directory import JobDirectory, list_jobs
from core.jobs.status import JobState
from core.runs.control import wait_for
from core.search.config import SearchConfig
from core.search.study.study import open_study
from core.search.study.trials import OWNER
from core.workspace import Project
from tests.support.command_line import answer_of, log_of, start_command, wait_until

# Two dimensions, judged on the validation pictures: a trial takes about a tenth of a second.
QUICK = ("--project", "digits", "--epochs", "40", "--scoring", "validation", "--only",
         "--space", "l2=0.001:1", "--space", "pooling=global,grid", "--seed", "3")  # fmt: skip


def home_of(project: Project) -> Path:
    return project.path.parent.parent


def start_search_command(project: Project, *options: str) -> tuple[subprocess.Popen[str], JobDirectory]:
    """Start ``search``; returns once its directory is there."""
    before = set(project.searches.glob("*")) if project.searches.is_dir() else set()
    process = start_command(home_of(project), "search", *QUICK, *options)

    def new() -> list[JobDirectory]:
        return [job for job in list_jobs(project.searches) if job.path not in before]

    wait_until(lambda: bool(new()) or process.poll() is not None, "the search to begin")
    assert new(), process.communicate()[1]
    return process, new()[0]


def start_detached(project: Project, *options: str) -> JobDirectory:
    process, job = start_search_command(project, "--detach", *options)
    answer_of(process)
    return job


def counts_of(job: JobDirectory) -> dict[str, int]:
    """Numbers of trials by state once the search has ended; its run may still be at work."""
    assert wait_for(job) is JobState.FINISHED, job.status()
    counts: dict[str, int] = (job.result() or {})["search"]["trials"]
    return counts


def numbers(job: JobDirectory) -> list[int]:
    """Of the trials that were written down."""
    return [line["number"] for line in read_json_lines(job.path / "trials.jsonl")]


def workers(job: JobDirectory) -> set[str]:
    return {line["worker"] for line in read_json_lines(job.path / "trials.jsonl")}


def wait_for_trials(job: JobDirectory, count: int) -> None:
    def done() -> bool:
        state = job.status().state
        assert not state.has_ended or len(numbers(job)) >= count, f"{state}\n{log_of(job)}"
        return len(numbers(job)) >= count

    wait_until(done, f"{count} trials of {job.name}")


def study_of(job: JobDirectory) -> optuna.Study:
    return open_study(job.path, SearchConfig.from_json(job.config()), create=False)


def helpers_of(job: JobDirectory) -> list[psutil.Process]:
    """The further processes of a search on this machine."""
    process = psutil.Process(job.process_id())
    return [one for one in process.children() if "core.search.workers.helper" in one.cmdline()]


def kill_in_a_trial(job: JobDirectory, process_id: int) -> int:
    """End a process with SIGKILL while it has a trial at work; the trial's number.

    It is held still to look, so that the trial cannot end in between.
    """
    study = study_of(job)

    def at_work() -> list[int]:
        return [trial.number for trial in running(study) if trial.user_attrs[OWNER]["pid"] == process_id]

    def is_held_in_a_trial() -> bool:
        seen = at_work()
        if seen:
            os.kill(process_id, signal.SIGSTOP)
            if at_work() == seen:
                return True
            os.kill(process_id, signal.SIGCONT)
        return False

    wait_until(is_held_in_a_trial, f"process {process_id} to be in a trial")
    lost = at_work()[0]
    os.kill(process_id, signal.SIGKILL)
    return lost


def running(study: optuna.Study) -> Sequence[optuna.trial.FrozenTrial]:
    trials = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING])
    return [trial for trial in trials if OWNER in trial.user_attrs]


def is_not_lost(job: JobDirectory, number: int) -> bool:
    """True if a killed trial counts once: itself, if its result was stored, or its retry."""
    trials = study_of(job).get_trials(deepcopy=False)
    history = {trial.number: trial.system_attrs.get("retry_history", []) for trial in trials}
    ended = set(numbers(job))
    return (number in ended) != any(number in history[other] for other in ended)


@contextmanager
def no_survivors(*projects: Project) -> Iterator[None]:
    """Kill what a failed test leaves running."""
    try:
        yield
    finally:
        for project in projects:
            for job in [
                one for folder in (project.searches, project.runs, project.jobs) for one in list_jobs(folder)
            ]:
                process_id = job.process_id()
                if process_id and job.is_alive():
                    for process in (
                        *psutil.Process(process_id).children(recursive=True),
                        psutil.Process(process_id),
                    ):
                        process.kill()
