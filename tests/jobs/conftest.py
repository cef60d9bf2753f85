"""Fixtures of real workers."""

from tests.support.worker_fixtures import (
    eventually,
    log_of,
    no_worker_is_left,
    project,
    run_of_steps,
    start_steps,
    steps_for_tests,
    train_with,
)

__all__ = [
    "eventually",
    "log_of",
    "no_worker_is_left",
    "project",
    "run_of_steps",
    "start_steps",
    "steps_for_tests",
    "train_with",
]
