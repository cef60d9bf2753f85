"""How long a job will take: what its stages were expected to take, and what is measured.

The pace of the stage at work is measured, recent steps counting more; stages to
come count as planned. Times are seconds of a clock that the caller reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.progress import Stage

_RATE_AFTER_SECONDS = 0.5  # a rate measured over less is noise
# A step counts a third after so long, or after this share of the stage so far, whichever is longer:
# long enough to hold an epoch's validation, during which no step is reported.
_LEAST_MEMORY_SECONDS = 20.0
_MEMORY_SHARE = 0.5
# The first report covers what is done once (a network is compiled); after so many it counts no more.
_WARM_AFTER_REPORTS = 5
_TRUSTED_SHARE = 0.1  # of a stage, after which the measured pace counts alone
_ORDER = {stage: place for place, stage in enumerate(Stage)}


class StagePace:
    """Steps per second in one stage, from how they were reported."""

    def __init__(self) -> None:
        self.done, self.total = 0, 0
        self._end = 0.0  # the step after which the stage will probably be over
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)
        self._reports = 0
        self._warming = (0, 0.0)  # steps and seconds of the first report
        self._all = (0.0, 0.0)  # of those after it
        self._recent = (0.0, 0.0)  # older ones counting less

    def advance(self, done: int, total: int, now: float, likely: float | None = None) -> None:
        """``done`` of ``total`` steps are behind us; ``likely``: after how many the stage will probably end."""
        if self._first is None:
            # A stage that goes on from a cache starts its clock where it found the work.
            self._first = (done, now)
        else:
            self._remember(done - self._last[0], now - self._last[1], now - self._first[1])
        self.done, self.total, self._last = done, total, (done, now)
        self._end = float(total) if likely is None else likely

    def rate(self) -> float | None:
        """Steps per second, half of it as lately, half as all along; None while unknown."""
        if self._first is None or self._last[1] - self._first[1] < _RATE_AFTER_SECONDS:
            return None
        warming = self._warming if self._reports <= _WARM_AFTER_REPORTS else (0, 0.0)
        paces = [
            (seconds + warming[1]) / (steps + warming[0])
            for steps, seconds in (self._recent, self._all)
            if steps + warming[0] > 0
        ]
        return len(paces) / sum(paces) if sum(paces) > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """By the measured pace alone; None while unknown."""
        rate = self.rate()
        if rate is None:
            return None
        left = max(0.0, self._end - self.done) / rate
        # The step at work is partly done, but it is not done.
        return max(left - (now - self._last[1]), left - 1 / rate, 0.0)

    def trust(self) -> float:
        """How far the measured pace can be believed, 0 to 1."""
        if self._first is None or self.total <= self._first[0]:
            return 1.0
        return min(1.0, (self.done - self._first[0]) / (self.total - self._first[0]) / _TRUSTED_SHARE)

    @property
    def share_left(self) -> float:
        """Of the stage, 0 to 1, as far as steps tell."""
        return max(0.0, 1 - self.done / max(1.0, self._end))

    @property
    def is_complete(self) -> bool:
        return self.done >= self.total

    def _remember(self, steps: int, seconds: float, elapsed: float) -> None:
        self._reports += 1
        if self._reports == 1:
            self._warming = (max(0, steps), seconds)
            return
        fading = math.exp(-seconds / max(_LEAST_MEMORY_SECONDS, _MEMORY_SHARE * elapsed))
        self._recent = (fading * self._recent[0] + max(0, steps), fading * self._recent[1] + seconds)
        self._all = (self._all[0] + max(0, steps), self._all[1] + seconds)


class TimeLeft:
    """The seconds a job still needs, stage by stage."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.pace = StagePace()
        self._began = 0.0
        self._expected: dict[Stage, float] = {}

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        """What whole stages are expected to take; replaces what was expected of them before."""
        self._expected.update(expected_seconds)

    def begin(self, stage: Stage, now: float) -> None:
        """A stage begins, perhaps again; what the plan has before it will not come any more."""
        self.close(now, again=stage is self.stage)
        self._expected = {
            other: seconds for other, seconds in self._expected.items() if _ORDER[other] >= _ORDER[stage]
        }
        self.stage, self.pace, self._began = stage, StagePace(), now

    def close(self, now: float, *, again: bool = False) -> None:
        """The stage is over; if it was left in the middle, or comes ``again``, the rest is still to come."""
        if self.stage in self._expected:
            rest = self._expected.pop(self.stage) - (now - self._began)
            if rest > 0 and (again or not self.pace.is_complete):
                self._expected[self.stage] = rest
        self.stage = None

    def of_stage(self, now: float) -> float | None:
        """Seconds left of the stage at work; None while unknown."""
        if self.stage is None:
            return None
        measured = self.pace.seconds_left(now)
        expected = self._expected.get(self.stage)
        if measured is None:
            return None if expected is None else max(0.0, expected - (now - self._began))
        if expected is None:
            return measured
        trust = self.pace.trust()
        rest = expected * self.pace.share_left
        return trust * measured + (1 - trust) * rest

    def of_later_stages(self) -> float:
        return sum(seconds for stage, seconds in self._expected.items() if stage is not self.stage)
