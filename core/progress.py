"""Progress reporting for long-running work, and its stop and pause requests.

A job calls a ``Progress``; a job directory, a terminal or nothing implements it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """Stage of a job. Pages have the label of each."""

    READING = "reading"
    INSTALLING = "installing"
    DOWNLOADING = "downloading"
    CONVERTING = "converting"
    DECODING = "decoding"
    FEATURES = "features"
    AUGMENTING = "augmenting"
    PROFILING = "profiling"
    TRAINING = "training"
    SEARCHING = "searching"
    ACTIVATIONS = "activations"
    FINE_TUNING = "fine_tuning"
    ADAPTING = "adapting"
    EVALUATING = "evaluating"
    EXPORTING = "exporting"
    PACKING = "packing"
    PREDICTING = "predicting"
    MEASURING = "measuring"
    EXPLAINING = "explaining"
    CHECKING = "checking"
    COMPARING = "comparing"
    SAVING = "saving"
    RESTORING = "restoring"

    @classmethod
    def _missing_(cls, value: object) -> Stage | None:
        """Read the name that version 0.1.0 wrote for profiling."""
        return cls.PROFILING if value == "trial" else None


class JobStopped(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised inside a job when the user asked it to stop."""


class JobPaused(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised inside a job when the user asked it to pause; it resumes from its last save."""


class Progress(Protocol):
    """Calls of a job while it works."""

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        """Set the stages to come and the expected seconds of each; call again when more is known.

        A stage that begins several times counts once, with the sum.
        """

    def stage(self, stage: Stage) -> None:
        """Begin a stage; the one before it is done."""

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        """Report the steps of this stage that are done.

        Args:
            likely: the step after which the stage will probably end, if before ``total``.
        """

    def fact(self, fact: object) -> None:
        """Report a milestone or a measured time, for listeners that plan or store it."""

    def metric(self, record: Mapping[str, object]) -> None:
        """Append a record to the learning curve."""

    def rewind(self, lines: int) -> None:
        """Remove the learning curve after its first ``lines`` lines, and the batches after them.

        Work that begins anew has no interim result either.
        """

    def batch(self, record: Mapping[str, object]) -> None:
        """Report a batch; at most some in a second are written."""

    def live(self, record: Mapping[str, object]) -> None:
        """Replace the live state of the work."""

    def keep(self, result: Mapping[str, object]) -> None:
        """Set the result of this step for the case that it is stopped now; its files are on disk."""

    def should_stop(self) -> bool:
        """True once the user asked to stop."""

    def should_pause(self) -> bool:
        """True once the user asked to pause."""


class QuietProgress:
    """Progress that ignores every report."""

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None: ...

    def stage(self, stage: Stage) -> None: ...

    def advance(self, done: int, total: int, likely: float | None = None) -> None: ...

    def fact(self, fact: object) -> None: ...

    def metric(self, record: Mapping[str, object]) -> None: ...

    def rewind(self, lines: int) -> None: ...

    def batch(self, record: Mapping[str, object]) -> None: ...

    def live(self, record: Mapping[str, object]) -> None: ...

    def keep(self, result: Mapping[str, object]) -> None: ...

    def should_stop(self) -> bool:
        return False

    def should_pause(self) -> bool:
        return False


class Forwarding:
    """Progress that passes every call on; base class of listeners."""

    def __init__(self, whole: Progress) -> None:
        self.whole = whole

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        self.whole.plan(expected_seconds)

    def stage(self, stage: Stage) -> None:
        self.whole.stage(stage)

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        self.whole.advance(done, total, likely)

    def fact(self, fact: object) -> None:
        self.whole.fact(fact)

    def metric(self, record: Mapping[str, object]) -> None:
        self.whole.metric(record)

    def rewind(self, lines: int) -> None:
        self.whole.rewind(lines)

    def batch(self, record: Mapping[str, object]) -> None:
        self.whole.batch(record)

    def live(self, record: Mapping[str, object]) -> None:
        self.whole.live(record)

    def keep(self, result: Mapping[str, object]) -> None:
        self.whole.keep(result)

    def should_stop(self) -> bool:
        return self.whole.should_stop()

    def should_pause(self) -> bool:
        return self.whole.should_pause()


# Resolution in which a part of a stage is reported.
_STEPS = 1000


class PartOf(Forwarding):
    """Progress of one part of a stage, from fraction ``start`` to ``end`` of it (0 to 1).

    It never decreases, even if the work counts from 0 more than once.
    """

    def __init__(self, whole: Progress, start: float, end: float) -> None:
        super().__init__(whole)
        self.start, self.end = start, end
        self._farthest = 0.0

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        self._farthest = max(self._farthest, done / max(1, total))
        fraction = self.start + (self.end - self.start) * self._farthest
        self.whole.advance(round(_STEPS * fraction), _STEPS)


class PartOfStage(PartOf):
    """Progress of one of several parts of a stage, each of which begins it; earlier stages belong to the first.

    Each stage is begun once, and none before the divided one after it.
    """

    def __init__(self, whole: Progress, start: float, end: float, divided: Stage, begun: set[Stage]) -> None:
        """Prepare a part.

        Args:
            divided: the stage of which this is a part, from fraction ``start`` to ``end``.
            begun: stages that were begun; all parts share it.
        """
        super().__init__(whole, start, end)
        self._divided, self._begun = divided, begun
        self._current: Stage | None = None  # None: one that another part has ended

    def stage(self, stage: Stage) -> None:
        is_new = stage not in self._begun and self._divided not in self._begun
        if is_new:
            self._begun.add(stage)
            self.whole.stage(stage)
        self._current = stage if is_new or stage is self._divided else None

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        if self._current is self._divided:
            super().advance(done, total, likely)
        elif self._current is not None:
            self.whole.advance(done, total, likely)


def raise_if_stopped(progress: Progress) -> None:
    """End the work if the user asked to stop or to pause.

    Raises:
        JobStopped, JobPaused: the request.
    """
    if progress.should_stop():
        raise JobStopped
    if progress.should_pause():
        raise JobPaused


def ignore_counts(*counts: int) -> None:
    """Ignore reported counts: the default of functions that report to a caller."""


def as_added(on_more: Callable[[int], None]) -> Callable[[int], None]:
    """Turn counts of what is done into counts of what was added since the one before."""
    before = 0

    def report(done: int) -> None:
        nonlocal before
        before, more = done, done - before
        on_more(more)

    return report


def never_stop() -> bool:
    """Return False: the default of functions that a caller can stop."""
    return False
