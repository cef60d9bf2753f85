"""Progress, pace and time left, computed on a clock that the test turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.files import read_json, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.reporting import JobReporter
from core.jobs.status import JobState
from core.messages import Message
from core.progress import Stage

BEGAN = 1_795_000_000.0  # seconds since the epoch


class Clock:
    """Stands for the time module: both of its clocks go on by ``pass_seconds``, one alone by ``sleep``."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asleep = 0.0

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds

    def sleep(self, seconds: float) -> None:
        """Close the lid of the computer, or set its clock."""
        self.asleep += seconds

    def time(self) -> float:
        return BEGAN + self.now + self.asleep

    def monotonic(self) -> float:
        return 5000.0 + self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("core.jobs.reporting.time", clock)
    monkeypatch.setattr("core.jobs.directory.time", clock)
    monkeypatch.setattr("core.jobs.status.time", clock)
    # By the turned clock, no job is just being launched.
    monkeypatch.setattr(JobDirectory, "is_alive", lambda _: True)
    return clock


@pytest.fixture
def job(tmp_path: Path) -> JobDirectory:
    return JobDirectory.create(tmp_path / "run-1", JobKind.TRAIN, {})


@pytest.fixture
def reporter(job: JobDirectory, clock: Clock) -> JobReporter:
    return JobReporter(job)


def test_a_stage_is_written_at_once(reporter: JobReporter, job: JobDirectory) -> None:
    reporter.stage(Stage.DECODING)
    status = job.status()
    assert (status.state, status.stage) == (JobState.RUNNING, "decoding")
    assert (status.started, status.updated) == (BEGAN, BEGAN)


def test_time_left_is_first_what_was_planned(reporter: JobReporter, job: JobDirectory) -> None:
    reporter.plan({Stage.DECODING: 4, Stage.FEATURES: 10, Stage.TRAINING: 3})
    reporter.stage(Stage.DECODING)
    status = job.status()
    assert status.seconds_left == 17
    assert status.fraction == 0
    assert status.steps_per_second is None


def test_time_left_is_then_what_is_measured(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    """50 of 100 pictures in 2 s: 25 a second, 2 s to go, and 13 s planned for what follows."""
    reporter.plan({Stage.DECODING: 90, Stage.FEATURES: 10, Stage.TRAINING: 3})
    reporter.stage(Stage.DECODING)
    reporter.advance(0, 100)
    clock.pass_seconds(2)
    reporter.advance(50, 100)
    status = job.status()
    assert (status.stage_done, status.stage_total) == (50, 100)
    assert status.steps_per_second == 25
    assert status.seconds_left == 15
    assert status.fraction == pytest.approx(2 / 17)


def test_without_a_plan_the_measured_throughput_is_used(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    reporter.stage(Stage.READING)
    assert job.status().seconds_left is None
    reporter.advance(0, 100)
    clock.pass_seconds(5)
    reporter.advance(20, 100)
    assert job.status().seconds_left == 20
    assert job.status().fraction == pytest.approx(0.2)


def test_cached_steps_do_not_count_as_throughput(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """90 of 100 found, 5 computed in 1 s: 1 s to go, not a hundredth of one."""
    reporter.stage(Stage.FEATURES)
    reporter.advance(90, 100)
    clock.pass_seconds(1)
    reporter.advance(95, 100)
    assert job.status().steps_per_second == 5
    assert job.status().seconds_left == 1


def test_a_throughput_over_less_than_half_a_second_is_ignored(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    reporter.plan({Stage.FEATURES: 10})
    reporter.stage(Stage.FEATURES)
    reporter.advance(0, 100)
    clock.pass_seconds(0.4)
    reporter.advance(30, 100)
    assert job.status().steps_per_second is None
    assert job.status().seconds_left == pytest.approx(9.6)


def test_a_plan_that_was_too_hopeful_does_not_go_below_zero(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    reporter.plan({Stage.CONVERTING: 4, Stage.FEATURES: 10})
    reporter.stage(Stage.CONVERTING)
    clock.pass_seconds(60)
    reporter.advance(0, 2)
    assert job.status().seconds_left == 10


def test_time_left_shrinks_as_stages_pass(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    reporter.plan({Stage.DECODING: 4, Stage.FEATURES: 10})
    reporter.stage(Stage.DECODING)
    clock.pass_seconds(6)
    reporter.stage(Stage.FEATURES)
    status = job.status()
    assert status.seconds_left == 10
    assert status.fraction == pytest.approx(6 / 16)
    assert status.seconds == {"decoding": 6}
    assert (status.stage_done, status.stage_total) == (0, 0)


def test_a_better_plan_replaces_the_first(reporter: JobReporter, job: JobDirectory) -> None:
    reporter.plan({Stage.FEATURES: 100, Stage.TRAINING: 3})
    reporter.plan({Stage.FEATURES: 10})
    reporter.stage(Stage.FEATURES)
    assert job.status().seconds_left == 13


def test_waiting_in_the_queue_is_no_progress(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    """After ten minutes of waiting, a run of a minute must not begin at 90%."""
    reporter.set_state(JobState.QUEUED)
    clock.pass_seconds(600)
    reporter.plan({Stage.FEATURES: 60})
    reporter.stage(Stage.FEATURES)
    status = job.status()
    assert status.fraction == 0
    assert status.seconds_left == 60
    assert status.started == BEGAN + 600
    clock.pass_seconds(20)
    reporter.advance(0, 10)
    assert job.status().fraction == pytest.approx(20 / 60)


def test_a_stage_that_comes_twice_adds_up(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    for stage, seconds in [(Stage.DECODING, 2), (Stage.FEATURES, 3), (Stage.DECODING, 4)]:
        reporter.stage(stage)
        clock.pass_seconds(seconds)
    reporter.set_state(JobState.FINISHED)
    assert job.status().seconds == {"decoding": 6, "features": 3}


def test_the_disk_is_not_written_for_every_step(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """Ten thousand pictures are not ten thousand files; but the last one shows."""
    reporter.stage(Stage.READING)
    clock.pass_seconds(0.2)
    reporter.advance(1, 100)
    assert job.status().stage_done == 0
    clock.pass_seconds(0.2)
    reporter.advance(2, 100)
    assert job.status().stage_done == 2
    reporter.advance(100, 100)
    assert job.status().stage_done == 100


def test_a_finished_job_has_the_fraction_one(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    reporter.plan({Stage.READING: 2, Stage.EXPORTING: 50})
    reporter.stage(Stage.READING)
    clock.pass_seconds(3)
    reporter.set_state(JobState.FINISHED)
    status = job.status()
    assert (status.state, status.fraction, status.seconds_left) == (JobState.FINISHED, 1.0, None)
    assert status.seconds == {"reading": 3}
    assert status.stage is None
    assert status.error is None


def test_a_failure_keeps_its_sentence(reporter: JobReporter, job: JobDirectory) -> None:
    reporter.stage(Stage.READING)
    reporter.set_state(JobState.FAILED, Message("{file} is empty.", {"file": "猫.zip"}), is_bug=True)
    status = job.status()
    assert str(status.error) == "猫.zip is empty."
    assert status.error == Message("{file} is empty.", {"file": "猫.zip"})
    assert status.is_bug


def test_nothing_is_written_after_the_final_state(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """A thread that has not noticed the stop must not bring a stopped job back to life."""
    reporter.stage(Stage.TRAINING)
    reporter.set_state(JobState.STOPPED)
    before = read_json(job.path / "status.json")
    clock.pass_seconds(10)
    reporter.advance(1, 1)
    reporter.stage(Stage.EVALUATING)
    reporter.set_state(JobState.FAILED, Message("too late"))
    assert read_json(job.path / "status.json") == before


def test_metrics_are_lines_with_their_time(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    reporter.metric({"epoch": 1, "loss": 0.5})
    clock.pass_seconds(1.5)
    reporter.metric({"epoch": 2, "loss": 0.25})
    assert job.metrics() == [
        {"time": BEGAN, "epoch": 1, "loss": 0.5},
        {"time": BEGAN + 1.5, "epoch": 2, "loss": 0.25},
    ]


def test_the_stop_button_reaches_the_job(reporter: JobReporter, job: JobDirectory) -> None:
    assert not reporter.should_stop()
    job.request_stop()
    assert reporter.should_stop()


def test_the_newest_interim_result_counts(reporter: JobReporter) -> None:
    assert reporter.interim_result is None
    reporter.keep({"epoch": 1})
    reporter.keep({"epoch": 2})
    assert reporter.interim_result == {"epoch": 2}


def test_time_left_goes_down_between_two_reports(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """A conversion cannot report, yet its 10 planned seconds pass."""
    reporter.plan({Stage.CONVERTING: 10})
    reporter.stage(Stage.CONVERTING)
    clock.pass_seconds(4)
    assert job.status().seconds_left == 6
    assert job.status().fraction == pytest.approx(0.4)
    clock.pass_seconds(20)
    assert job.status().seconds_left == 0


def test_the_fraction_never_goes_back(reporter: JobReporter, job: JobDirectory, clock: Clock) -> None:
    """Not when the pace falls, and not after a reader who saw it go on between two reports."""
    reporter.plan({Stage.TRAINING: 100})
    reporter.stage(Stage.TRAINING)
    reporter.advance(0, 100)
    seen = []
    for step, seconds in [(10, 10), (20, 10), (30, 5), (31, 60), (32, 60), (40, 5)]:
        clock.pass_seconds(seconds / 2)
        seen.append(job.status().fraction)
        clock.pass_seconds(seconds / 2)
        seen.append(job.status().fraction)
        reporter.advance(step, 100)
        seen.append(job.status().fraction)
    assert seen == sorted(seen)
    assert seen[-1] < 1


def test_a_step_that_takes_too_long_does_not_use_up_the_stages_to_come(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    reporter.plan({Stage.CONVERTING: 10, Stage.FEATURES: 30})
    reporter.stage(Stage.CONVERTING)
    clock.pass_seconds(60)
    assert job.status().seconds_left == 30
    assert job.status().fraction == pytest.approx(60 / 90)


def test_a_batch_that_takes_too_long_does_not_use_up_the_batches_to_come(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """One second a batch of 18 pictures, and two batches to go: the second is still to come."""
    reporter.stage(Stage.EVALUATING)
    reporter.advance(18, 72)
    clock.pass_seconds(1)
    reporter.advance(36, 72)
    assert job.status().seconds_left == 2
    clock.pass_seconds(0.5)
    assert job.status().seconds_left == 1.5
    clock.pass_seconds(30)
    assert job.status().seconds_left == 1


def test_a_job_that_takes_for_ever_is_never_quite_done(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    reporter.plan({Stage.CONVERTING: 10})
    reporter.stage(Stage.CONVERTING)
    clock.pass_seconds(3600)
    assert job.status().fraction == 0.99


def test_an_attempt_goes_on_where_the_one_before_ended(job: JobDirectory, clock: Clock) -> None:
    """Three minutes before the pause, one after it, two to go: two thirds are done."""
    write_json(job.path / "earlier.json", {"worked_seconds": 180.0, "seconds": {"training": 170.0}})
    reporter = JobReporter(job)
    reporter.plan({Stage.TRAINING: 180})
    reporter.stage(Stage.TRAINING)
    clock.pass_seconds(60)
    status = job.status()
    assert (status.worked_seconds, status.seconds_left) == (240, 120)
    assert status.fraction == pytest.approx(240 / 360)
    reporter.set_state(JobState.PAUSED)
    assert job.status().seconds == {"training": 230}


def test_an_interim_result_is_on_disk_when_the_job_rests(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """A paused run that is stopped then records the epoch it delivers, not one before."""
    reporter.stage(Stage.TRAINING)
    reporter.keep({"epoch": 1})
    clock.pass_seconds(0.2)
    reporter.keep({"epoch": 2})
    assert job.interim_result() == {"epoch": 1}
    reporter.set_state(JobState.PAUSED)
    assert job.interim_result() == {"epoch": 2}


def test_a_forgotten_interim_result_is_not_written(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """The step's own result is recorded by then."""
    reporter.stage(Stage.TRAINING)
    reporter.keep({"epoch": 1})
    reporter.keep({"epoch": 2})
    reporter.forget_interim_result()
    clock.pass_seconds(2)
    reporter.advance(1, 1)
    reporter.set_state(JobState.STOPPED)
    assert job.interim_result() == {"epoch": 1}


def test_an_interim_result_of_an_older_version_is_read_and_removed(
    reporter: JobReporter, job: JobDirectory
) -> None:
    write_json(job.path / "kept.json", {"epoch": 3})
    assert job.interim_result() == {"epoch": 3}
    reporter.drop_interim_result()
    assert job.interim_result() is None


def test_work_that_begins_anew_has_no_interim_result(reporter: JobReporter, job: JobDirectory) -> None:
    """Linear heads have no checkpoint: a run that is stopped at rest would deliver one that is gone."""
    write_json(job.path / "interim.json", {"epoch": 7})
    reporter.rewind(3)
    assert job.interim_result() == {"epoch": 7}
    reporter.rewind(0)
    assert job.interim_result() is None


def test_an_interim_result_reaches_the_disk_within_a_second(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """Linear epochs take milliseconds; a file each would take longer than they do."""
    reporter.stage(Stage.TRAINING)
    reporter.keep({"epoch": 1})
    assert job.interim_result() == {"epoch": 1}
    clock.pass_seconds(0.5)
    reporter.keep({"epoch": 2})
    assert job.interim_result() == {"epoch": 1}
    clock.pass_seconds(0.5)
    reporter.advance(3, 10)  # nothing better came, but the second is over
    assert job.interim_result() == {"epoch": 2}
    reporter.drop_interim_result()
    assert job.interim_result() is None
    assert reporter.interim_result is None


def test_of_many_batches_two_a_second_are_written(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    for step in range(21):
        reporter.batch({"step": step})
        clock.pass_seconds(0.1)
    assert [record["step"] for record in job.batches()] == [0, 5, 10, 15, 20]
    assert job.batches()[1]["time"] == BEGAN + 0.5


def test_a_long_training_keeps_no_endless_list_of_batches(
    reporter: JobReporter, job: JobDirectory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other one goes when there are too many; first and last stay."""
    monkeypatch.setattr("core.jobs.reporting._MAX_BATCH_LINES", 4)
    for step in range(1, 6):
        reporter.batch({"step": step})
        clock.pass_seconds(1)
    assert [record["step"] for record in job.batches()] == [1, 3, 5]
    again = JobReporter(job)  # a resumed run counts what is there
    for step in range(6, 8):
        again.batch({"step": step})
        clock.pass_seconds(1)
    assert [record["step"] for record in job.batches()] == [1, 5, 7]


def test_rewinding_forgets_epochs_and_the_batches_after_them(
    reporter: JobReporter, job: JobDirectory, clock: Clock
) -> None:
    """A resumed run does the epoch of its kill again; it must not show twice."""
    for epoch in (1, 2, 3):
        clock.pass_seconds(1)
        reporter.batch({"step": epoch})
        clock.pass_seconds(1)
        reporter.metric({"epoch": epoch})
    reporter.rewind(2)
    assert [record["epoch"] for record in job.metrics()] == [1, 2]
    assert [record["step"] for record in job.batches()] == [1, 2]
    reporter.rewind(0)
    assert (job.metrics(), job.batches()) == ([], [])


def test_the_newest_view_of_the_classifier_is_shown(reporter: JobReporter, job: JobDirectory) -> None:
    assert job.live() is None
    reporter.live({"epoch": 1})
    reporter.live({"epoch": 2, "confusion": [[1, 0], [0, 1]]})
    assert job.live() == {"epoch": 2, "confusion": [[1, 0], [0, 1]]}


@pytest.mark.parametrize("hours", [8, -8])
def test_a_night_asleep_is_neither_work_nor_progress(
    reporter: JobReporter, job: JobDirectory, clock: Clock, hours: int
) -> None:
    """Nor is a clock that is set. Eleven of a hundred seconds are worked."""
    reporter.plan({Stage.TRAINING: 100})
    reporter.stage(Stage.TRAINING)
    reporter.advance(0, 100)
    clock.pass_seconds(10)
    reporter.advance(10, 100)
    clock.sleep(hours * 3600)
    clock.pass_seconds(1)
    reporter.advance(11, 100)
    status = job.status()
    assert status.worked_seconds == 11
    assert status.fraction == pytest.approx(0.11, abs=0.005)
