"""Time left of a job: the measured throughput of its stage, and the plan for stages to come.

Recent steps count more. Times are seconds of a clock that the caller reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.progress import Stage

# A rate measured over less is noise.
_RATE_AFTER_SECONDS = 0.5
# A step's weight falls to 1/e after so long, or after this fraction of the stage so far, whichever is
# longer: long enough to span an epoch's validation, during which no step is reported.
_MIN_MEMORY_SECONDS = 20.0
_MEMORY_FRACTION = 0.5
# The first report covers one-time work (a network is compiled). After so many reports it is ignored.
_WARM_AFTER_REPORTS = 5
# Fraction of a stage after which the measured throughput counts alone.
_TRUSTED_FRACTION = 0.1
_ORDER = {stage: index for index, stage in enumerate(Stage)}


class StageThroughput:
    """Steps per second of one stage, measured from its reports."""

    def __init__(self) -> None:
        self.done, self.total = 0, 0
        # The step after which the stage will probably be over.
        self._end = 0.0
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)
        self._reports = 0
        # Steps and seconds of the first report.
        self._warming = (0, 0.0)
        # Of all reports after it.
        self._all = (0.0, 0.0)
        # The same, older ones counting less.
        self._recent = (0.0, 0.0)

    def advance(self, done: int, total: int, now: float, likely: float | None = None) -> None:
        """Record that ``done`` of ``total`` steps are over; the stage will probably end after ``likely``."""
        if self._first is None:
            # A stage that resumes from a cache starts its clock at the steps that are cached.
            self._first = (done, now)
        else:
            self._remember(done - self._last[0], now - self._last[1], now - self._first[1])
        self.done, self.total, self._last = done, total, (done, now)
        self._end = float(total) if likely is None else likely

    def rate(self) -> float | None:
        """Steps per second: the mean of recent and overall seconds per step; None while unknown."""
        if self._first is None or self._last[1] - self._first[1] < _RATE_AFTER_SECONDS:
            return None
        warming = self._warming if self._reports <= _WARM_AFTER_REPORTS else (0, 0.0)
        seconds_per_step = [
            (seconds + warming[1]) / (steps + warming[0])
            for steps, seconds in (self._recent, self._all)
            if steps + warming[0] > 0
        ]
        return len(seconds_per_step) / sum(seconds_per_step) if sum(seconds_per_step) > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """Seconds left by the measured throughput alone; None while unknown."""
        rate = self.rate()
        if rate is None:
            return None
        left = max(0.0, self._end - self.done) / rate
        # The current step is partly done.
        return max(left - (now - self._last[1]), left - 1 / rate, 0.0)

    def report_seconds(self) -> float | None:
        """Mean seconds between two reports; None while unknown."""
        if self._first is None or not self._reports:
            return None
        return (self._last[1] - self._first[1]) / self._reports

    def confidence(self) -> float:
        """Weight of the measured throughput against the plan, 0 to 1."""
        if self._first is None or self.total <= self._first[0]:
            return 1.0
        return min(1.0, (self.done - self._first[0]) / (self.total - self._first[0]) / _TRUSTED_FRACTION)

    @property
    def fraction_left(self) -> float:
        """Fraction of the stage's steps still to come, 0 to 1."""
        return max(0.0, 1 - self.done / max(1.0, self._end))

    @property
    def is_complete(self) -> bool:
        """True once all steps are done."""
        return self.done >= self.total

    def _remember(self, steps: int, seconds: float, elapsed: float) -> None:
        self._reports += 1
        if self._reports == 1:
            self._warming = (max(0, steps), seconds)
            return
        fading = math.exp(-seconds / max(_MIN_MEMORY_SECONDS, _MEMORY_FRACTION * elapsed))
        self._recent = (fading * self._recent[0] + max(0, steps), fading * self._recent[1] + seconds)
        self._all = (self._all[0] + max(0, steps), self._all[1] + seconds)


class TimeLeft:
    """Seconds that a job still needs, stage by stage."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.throughput = StageThroughput()
        self._began = 0.0
        self._expected: dict[Stage, float] = {}

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        """Set the expected seconds of whole stages, in place of earlier expectations."""
        self._expected.update(expected_seconds)

    def begin(self, stage: Stage, now: float) -> None:
        """Begin a stage, perhaps again; planned stages before it are dropped."""
        self.close(now, again=stage is self.stage)
        self._expected = {
            other: seconds for other, seconds in self._expected.items() if _ORDER[other] >= _ORDER[stage]
        }
        self.stage, self.throughput, self._began = stage, StageThroughput(), now

    def close(self, now: float, *, again: bool = False) -> None:
        """End the stage; if it was left in the middle, or comes ``again``, the rest is still planned."""
        if self.stage in self._expected:
            rest = self._expected.pop(self.stage) - (now - self._began)
            if rest > 0 and (again or not self.throughput.is_complete):
                self._expected[self.stage] = rest
        self.stage = None

    def of_stage(self, now: float) -> float | None:
        """Seconds left of the current stage; None while unknown."""
        if self.stage is None:
            return None
        measured = self.throughput.seconds_left(now)
        expected = self._expected.get(self.stage)
        if measured is None:
            return None if expected is None else max(0.0, expected - (now - self._began))
        if expected is None:
            return measured
        confidence = self.throughput.confidence()
        rest = expected * self.throughput.fraction_left
        return confidence * measured + (1 - confidence) * rest

    def of_later_stages(self) -> float:
        """Planned seconds of the stages after the current one."""
        return sum(seconds for stage, seconds in self._expected.items() if stage is not self.stage)
