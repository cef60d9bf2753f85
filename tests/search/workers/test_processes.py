"""Several processes on one machine, and what happens to them: each trial counts once, whoever dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from optuna.trial import TrialState

from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.runs.control import finishing_job, pause, resume, stop, wait_for
from core.search.study.trials import machine_name
from core.workspace import Project
from tests.support.command_line import answer_of, start_command, wait_for_state, wait_until
from tests.support.search_processes import (
    counts_of,
    helpers_of,
    home_of,
    is_not_lost,
    kill_in_a_trial,
    no_survivors,
    numbers,
    running,
    start_detached,
    study_of,
    wait_for_trials,
    workers,
)


def helper_trials(job: JobDirectory) -> int:
    """Number of workers other than the search's own process that have ended a trial."""
    return len(workers(job) - {f"{machine_name()}:{job.process_id()}"})


def test_a_helper_that_is_killed_loses_nothing(digits_project: Project) -> None:
    """Both processes do trials; the one that is left does the other's again."""
    with no_survivors(digits_project):
        job = start_detached(digits_project, "--trials", "1000", "--workers", "2")
        wait_until(lambda: helper_trials(job) >= 1, "the helper's first trial")
        lost = kill_in_a_trial(job, helpers_of(job)[0].pid)
        wait_until(lambda: is_not_lost(job, lost), "the other process to do it again")
        stop(job)
        wait_until(lambda: job.status().state is JobState.STOPPED, "the search to stop")
    assert len(numbers(job)) == len(set(numbers(job)))
    assert len(workers(job)) == 2
    assert is_not_lost(job, lost)


def test_helpers_end_with_the_search_and_resuming_gives_what_was_asked_for(digits_project: Project) -> None:
    with no_survivors(digits_project):
        job = start_detached(digits_project, "--trials", "1000", "--workers", "2")
        wait_until(lambda: helper_trials(job) >= 1, "the helper's first trial")
        helpers, own = helpers_of(job), job.process_id()
        assert own is not None
        lost = kill_in_a_trial(job, own)
        wait_until(lambda: not any(helper.is_running() for helper in helpers), "the helpers to end")
        wait_for_state(job, JobState.INTERRUPTED)
        asked_for = len(numbers(job)) + 6
        job.extend({"trials": asked_for})
        resume(job)
        assert counts_of(job) == {"complete": asked_for, "pruned": 0, "failed": 0}
    assert len(numbers(job)) == len(set(numbers(job))) == asked_for
    assert is_not_lost(job, lost)


def test_a_rest_and_a_stop_reach_every_worker(digits_project: Project) -> None:
    with no_survivors(digits_project):
        job = start_detached(digits_project, "--trials", "1000", "--workers", "2")
        wait_until(lambda: helper_trials(job) >= 1, "the helper's first trial")
        helpers = helpers_of(job)
        pause(job)
        assert wait_for(job) is JobState.PAUSED
        assert not any(helper.is_running() for helper in helpers)
        assert running(study_of(job)) == []
        rested = numbers(job)
        resume(job)
        wait_for_trials(job, len(rested) + 2)
        stop(job)
        assert wait_for(job) is JobState.STOPPED
        rest = finishing_job(digits_project, job.path)
        assert rest is not None
        assert wait_for(rest) is JobState.FINISHED
        found = job.result() or {}
    assert numbers(job)[: len(rested)] == rested
    assert len(numbers(job)) == len(set(numbers(job))) < 1000
    assert sum(found["search"]["trials"].values()) == len(numbers(job))
    assert found["run"]


def test_a_search_that_was_killed_can_be_stopped_and_keeps_its_best(digits_project: Project) -> None:
    with no_survivors(digits_project):
        job = start_detached(digits_project, "--trials", "1000")
        wait_for_trials(job, 2)
        wait_until(lambda: job.interim_result() is not None, "what it has to show")
        own = job.process_id()
        assert own is not None
        os.kill(own, signal.SIGKILL)
        wait_for_state(job, JobState.INTERRUPTED)
        stop(job)
        rest = finishing_job(digits_project, job.path)
        assert rest is not None
        assert wait_for(rest) is JobState.FINISHED
    result = job.result() or {}
    assert result["search"]["best"]["number"] in numbers(job)
    assert (digits_project.runs / result["run"] / "checkpoints").is_dir()


def test_a_worker_joins_on_the_same_machine_and_leaves_when_asked(
    digits_project: Project, tmp_path: Path
) -> None:
    """It needs no database: the search's folder is there."""
    with no_survivors(digits_project):
        job = start_detached(digits_project, "--trials", "1000")
        wait_for_trials(job, 1)
        worker = start_command(home_of(digits_project), "search", "--worker", job.name)
        wait_until(lambda: len(workers(job)) == 2, "the worker's first trial")
        worker.send_signal(signal.SIGTERM)
        helped = answer_of(worker)
        other = f"{machine_name()}:{worker.pid}"
        running_there = [
            one for one in running(study_of(job)) if one.user_attrs["owner"]["pid"] == worker.pid
        ]
        pause(job)
        assert wait_for(job) is JobState.PAUSED
    assert running_there == []
    trials = study_of(job).get_trials(deepcopy=False)
    done = [one for one in trials if one.user_attrs.get("record", {}).get("worker") == other]
    assert helped["trials"] == len(done) >= 1
    assert all(one.state is TrialState.COMPLETE for one in done)
