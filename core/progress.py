"""How long work tells of itself, and how it is asked to stop.

Owns the words for stages. Who listens (a job directory, a terminal, nobody)
implements ``Progress``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Stage(StrEnum):
    """What a job is doing, in the order in which stages come. Pages own the words shown for each."""

    READING = "reading"
    DOWNLOADING = "downloading"
    CONVERTING = "converting"
    DECODING = "decoding"
    FEATURES = "features"
    AUGMENTING = "augmenting"
    TRIAL = "trial"
    TRAINING = "training"
    SEARCHING = "searching"
    ACTIVATIONS = "activations"
    FINE_TUNING = "fine_tuning"
    EVALUATING = "evaluating"
    EXPORTING = "exporting"
    PACKING = "packing"
    MEASURING = "measuring"
    CHECKING = "checking"
    COMPARING = "comparing"


class JobStopped(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised inside a job when the user asked it to stop."""


class JobPaused(Exception):  # noqa: N818 - not an error: the user asked for it
    """Raised inside a job when the user asked it to rest; it goes on from what it saved."""


class Progress(Protocol):
    """What a job calls while it works."""

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        """Say which stages will come and about how long each takes; again, when more is known.

        A stage that is begun several times counts once, with the sum.
        """

    def stage(self, stage: Stage) -> None:
        """A stage begins; the one before it is done."""

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        """``done`` of ``total`` steps of this stage are behind us.

        Args:
            likely: after how many it will probably end, where that may be before all are done.
        """

    def metric(self, record: dict[str, Any]) -> None:
        """Keep one line of the learning curve."""

    def rewind(self, lines: int) -> None:
        """Forget the learning curve but for its first ``lines`` lines, and the batches after them."""

    def batch(self, record: dict[str, Any]) -> None:
        """Tell how a batch went; of many in a second only some are kept."""

    def live(self, record: dict[str, Any]) -> None:
        """Show the state of the classifier as it learns; replaces what was shown before."""

    def keep(self, result: dict[str, Any]) -> None:
        """What this step has to show if it is ended now: a best so far is safe on disk."""

    def should_stop(self) -> bool:
        """True once the user asked to stop."""

    def should_pause(self) -> bool:
        """True once the user asked to rest."""


class QuietProgress:
    """Progress that nobody watches."""

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None: ...

    def stage(self, stage: Stage) -> None: ...

    def advance(self, done: int, total: int, likely: float | None = None) -> None: ...

    def metric(self, record: dict[str, Any]) -> None: ...

    def rewind(self, lines: int) -> None: ...

    def batch(self, record: dict[str, Any]) -> None: ...

    def live(self, record: dict[str, Any]) -> None: ...

    def keep(self, result: dict[str, Any]) -> None: ...

    def should_stop(self) -> bool:
        return False

    def should_pause(self) -> bool:
        return False


_STEPS = 1000  # in which a part of a stage is told


@dataclass
class PartOf:
    """Progress of one part of a stage, which lasts from ``start`` to ``end`` of it (0 to 1).

    It never goes back, although what works in it may count from 0 more than once.
    """

    whole: Progress
    start: float
    end: float
    _farthest: float = 0.0

    def plan(self, expected_seconds: Mapping[Stage, float]) -> None:
        self.whole.plan(expected_seconds)

    def stage(self, stage: Stage) -> None:
        self.whole.stage(stage)

    def advance(self, done: int, total: int, likely: float | None = None) -> None:
        self._farthest = max(self._farthest, done / max(1, total))
        place = self.start + (self.end - self.start) * self._farthest
        self.whole.advance(round(_STEPS * place), _STEPS)

    def metric(self, record: dict[str, Any]) -> None:
        self.whole.metric(record)

    def rewind(self, lines: int) -> None:
        self.whole.rewind(lines)

    def batch(self, record: dict[str, Any]) -> None:
        self.whole.batch(record)

    def live(self, record: dict[str, Any]) -> None:
        self.whole.live(record)

    def keep(self, result: dict[str, Any]) -> None:
        self.whole.keep(result)

    def should_stop(self) -> bool:
        return self.whole.should_stop()

    def should_pause(self) -> bool:
        return self.whole.should_pause()


def raise_if_stopped(progress: Progress) -> None:
    """Leave the work here if the user asked to stop, or to rest.

    Raises:
        JobStopped, JobPaused
    """
    if progress.should_stop():
        raise JobStopped
    if progress.should_pause():
        raise JobPaused


def ignore_counts(*counts: int) -> None:
    """Ignore a report of counts: the default of functions that report to a caller."""


def never_stop() -> bool:
    """Never ask to stop: the default of functions that a caller can stop."""
    return False
