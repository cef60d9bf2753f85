"""Tests of the choice of kernels: one measurement a machine, one choice a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.progress import JobStopped, QuietProgress
from core.records import read_record, write_record
from core.training.kernels import choice
from core.training.kernels.choice import VARIABLE, Kernels, known_times, use_faster_kernels, use_kernels

QUIET = QuietProgress()


class Clock:
    """Stands for the processes that time the steps."""

    def __init__(self, own: float, onednn: float) -> None:
        self.seconds, self.asked = {"0": own, "1": onednn}, list[str]()

    def __call__(self, setting: str) -> float:
        self.asked.append(setting)
        return self.seconds[setting]


@pytest.fixture(autouse=True)
def _fresh_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker on the processor that has not imported TensorFlow, and no choice of the user."""
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setenv(VARIABLE, "0")  # so that what the test sets is taken back
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(own=1.7, onednn=1.0)
    monkeypatch.setattr(choice, "_timed", clock)
    return clock


def kernels_of(run: Path) -> bool | None:
    return read_record(run / "kernels.json", Kernels).onednn


@pytest.mark.parametrize(("onednn", "chosen"), [(0.5, True), (0.95, False), (3.0, False)])
def test_a_new_run_gets_the_kernels_that_are_clearly_faster(
    tmp_path: Path, clock: Clock, onednn: float, chosen: bool
) -> None:
    clock.seconds = {"0": 1.0, "1": onednn}
    use_kernels(tmp_path, QUIET, is_resumed=False)
    assert kernels_of(tmp_path) is chosen
    assert os.environ[VARIABLE] == str(int(chosen))


def test_a_machine_is_measured_once(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    use_faster_kernels(QUIET)
    monkeypatch.delenv(VARIABLE)  # as in the next worker
    use_kernels(tmp_path, QUIET, is_resumed=False)
    assert clock.asked == ["0", "1"]
    times = known_times()
    assert times is not None
    assert times.gain == pytest.approx(1.7)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_resumed_run_keeps_its_kernels_though_others_are_faster(
    tmp_path: Path, clock: Clock, recorded: bool
) -> None:
    write_record(tmp_path / "kernels.json", Kernels(onednn=recorded))
    clock.seconds = {"0": 1.0, "1": 5.0 if recorded else 0.2}
    use_kernels(tmp_path, QUIET, is_resumed=True)
    assert os.environ[VARIABLE] == str(int(recorded))
    assert clock.asked == []


def load_tensorflow(patch: pytest.MonkeyPatch) -> None:
    """As by an earlier trial of a search in the same process."""
    patch.setitem(sys.modules, "tensorflow", sys)
    patch.setenv(VARIABLE, "1")


def choose_by_hand(patch: pytest.MonkeyPatch) -> None:
    patch.setenv(VARIABLE, "1")


def train_on_a_gpu(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("CUDA_VISIBLE_DEVICES", "0")


@pytest.mark.parametrize("happen", [lambda patch: None, load_tensorflow, choose_by_hand, train_on_a_gpu])
def test_resuming_leaves_the_record_of_a_run_as_it_is(
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    happen: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """Otherwise the next attempt goes on with kernels that the run did not begin with."""
    file = tmp_path / "kernels.json"
    write_record(file, Kernels(onednn=False))
    before = file.stat()
    happen(monkeypatch)
    use_kernels(tmp_path, QUIET, is_resumed=True)
    assert kernels_of(tmp_path) is False
    assert os.path.samestat(file.stat(), before), "nothing was written"


def test_a_run_of_an_earlier_version_goes_on_as_tensorflow_chose(tmp_path: Path, clock: Clock) -> None:
    use_kernels(tmp_path, QUIET, is_resumed=True)
    assert kernels_of(tmp_path) is None
    assert VARIABLE not in os.environ
    assert clock.asked == []


def test_what_the_user_set_is_recorded_not_measured(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    use_kernels(tmp_path, QUIET, is_resumed=False)
    assert kernels_of(tmp_path) is True
    assert clock.asked == []


@pytest.mark.parametrize(("name", "value"), [("CUDA_VISIBLE_DEVICES", "0"), ("KERAS_BACKEND", "jax")])
def test_other_devices_and_backends_are_left_alone(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    use_kernels(tmp_path, QUIET, is_resumed=False)
    use_faster_kernels(QUIET)
    assert VARIABLE not in os.environ
    assert clock.asked == []


def test_a_stop_ends_the_measurement_and_records_nothing(tmp_path: Path, clock: Clock) -> None:
    class Stopping(QuietProgress):
        def should_stop(self) -> bool:
            return bool(clock.asked)

    with pytest.raises(JobStopped):
        use_kernels(tmp_path, Stopping(), is_resumed=False)
    assert clock.asked == ["0"]
    assert known_times() is None
    assert not (tmp_path / "kernels.json").exists()


def test_the_steps_are_really_timed_in_a_process_of_their_own() -> None:
    assert 0 < choice._timed("1") < 60
    assert VARIABLE not in os.environ
