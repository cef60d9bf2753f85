"""Certificate of an export file; ``certificates/CODE.json`` in the run, and in every zip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.delivery.answering import Environment
from core.delivery.certificate.verify import PICTURES
from core.errors import RecordError
from core.evaluation.comparison.differences import MetricDifference
from core.evaluation.metrics.intervals import Interval
from core.formatting import decimal
from core.messages import N_, Message
from core.records import JsonObject, Record

# Share of answers that a float format must have in common with the evaluation.
LEAST_AGREEMENT = 0.999
# Accuracy that a quantised format may lose, where the user does not say.
USUAL_LOSS = 0.01
# Pixels a side; no network takes larger pictures.
_MOST_PIXELS = 4096


@dataclass(frozen=True, kw_only=True)
class ClassDifference(Record):
    """Recall of one class: the share of the pictures that show it whose answer names it."""

    name: str
    # test pictures that show it
    pictures: int
    evaluated: float = 0.0
    exported: float = 0.0
    # of the second minus the first, 95%; None where no picture shows the class
    interval: Interval | None = None

    @property
    def difference(self) -> float:
        return self.exported - self.evaluated


@dataclass(frozen=True, kw_only=True)
class Agreement(Record):
    """Answers of a file compared with those of the evaluation, on the same pictures."""

    pictures: int
    # with the same answer
    same: int
    # with another answer, although no probability differs by more than rounding
    ties: int
    # of any probability
    largest_difference: float
    mean_difference: float
    # of the evaluation and of the file, on these pictures
    accuracy: MetricDifference
    classes: tuple[ClassDifference, ...]
    # of any stranger score; None: the file gives none
    score_difference: float | None = None
    # pictures that only one of the two marks as strangers
    changed_marks: int | None = None
    # those of them that rounding does not explain
    wrong_marks: int = 0
    # pictures with a probability that is no number
    unanswered: int = 0

    @property
    def share(self) -> float:
        """Fraction of the answers that agree; ties count as agreement."""
        return (self.same + self.ties) / self.pictures

    @property
    def different(self) -> int:
        """Pictures with another answer that rounding does not explain."""
        return self.pictures - self.same - self.ties


@dataclass(frozen=True, kw_only=True)
class Speed(Record):
    """Time from one decoded picture to its answer on this computer, all cores."""

    # median
    milliseconds: float
    # Median ratio to the float32 LiteRT file, both measured in turns; below 1: faster. None: it is that file.
    ratio: float | None = None
    # of the median, about 96%
    ratio_interval: Interval | None = None

    @property
    def is_faster(self) -> bool:
        """True if it was measured faster than the float32 LiteRT file, beyond chance."""
        return self.ratio_interval is not None and self.ratio_interval[1] < 1

    @property
    def is_slower(self) -> bool:
        """True if it was measured slower than the float32 LiteRT file, beyond chance."""
        return self.ratio_interval is not None and self.ratio_interval[0] > 1


@dataclass(frozen=True, kw_only=True)
class FileCheck(Record):
    """Measurement of one file."""

    agreement: Agreement
    # True: all test pictures, else a sample of them
    is_whole: bool
    # of a process that holds the file alone, with Python and decoder
    peak_memory_bytes: int | None = None
    # None: the file reads pictures itself
    speed: Speed | None = None
    environment: Environment = Environment.PROCESS
    # packages of the runtime, with their versions
    runtime: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """The first certificates called the environment ``surroundings``."""
        earlier: JsonObject = {"environment": values["surroundings"]} if "surroundings" in values else {}
        return {name: value for name, value in values.items() if name != "surroundings"} | earlier


@dataclass(frozen=True, kw_only=True)
class Certificate(Record):
    """Result of running one export file on test pictures."""

    run: str
    # code of the format
    format: str
    # Of the file; in the copy within a zip, of its SHA256SUMS.
    sha256: str
    size_bytes: int
    # seconds since 1970
    checked: float
    # digest of test pictures, labels, and answers of the evaluation
    evaluation: str
    is_exact: bool
    # Difference of a probability that rounding explains.
    tolerance: float
    # Of the accuracy, as a fraction; counts for quantised formats.
    allowed_loss: float = USUAL_LOSS
    # None: it cannot run on this system
    check: FileCheck | None = None

    @property
    def refusal(self) -> Message | None:
        """Reason why the file is withheld; None for a good one."""
        if self.check is None:
            return None
        agreement = self.check.agreement
        if not _are_few(agreement.unanswered, agreement):
            return _no_answers(agreement)
        if self.is_exact:
            if not _are_few(agreement.wrong_marks, agreement):
                return _other_marks(agreement)
            return None if agreement.share >= LEAST_AGREEMENT else _other_answers(agreement)
        lost = -agreement.accuracy.difference
        # Fractions of pictures: 1 of 100 is not more than 1%.
        return None if lost <= self.allowed_loss + 1e-9 else _too_lossy(agreement.accuracy, self.allowed_loss)


@dataclass(frozen=True, kw_only=True)
class RecordedAnswers(Record):
    """Answers of a network to the made-up pictures of ``verify``; ``answers.json`` in a sealed zip."""

    class_names: tuple[str, ...]
    # pixels a side
    input_size: int
    # Difference of a probability that rounding explains.
    tolerance: float
    # (pictures, classes)
    probabilities: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        lengths = {len(row) for row in self.probabilities}
        if len(self.probabilities) != PICTURES or lengths != {len(self.class_names)}:
            raise RecordError(
                N_("{pictures} answers with a number for each of {classes} classes were expected."),
                pictures=PICTURES,
                classes=len(self.class_names),
            )
        if not 0 < self.input_size <= _MOST_PIXELS:
            raise RecordError(N_("Pictures of {size} pixels a side are not possible."), size=self.input_size)


def _are_few(count: int, agreement: Agreement) -> bool:
    """True for at most 1 in 1,000 pictures."""
    return (agreement.pictures - count) / agreement.pictures >= LEAST_AGREEMENT


def _no_answers(agreement: Agreement) -> Message:
    return Message(
        N_(
            "It gives no numbers for {count} of {pictures} test pictures; at most 1 in 1,000 is allowed. It is withheld; please report this."
        ),
        {"count": f"{agreement.unanswered:,}", "pictures": f"{agreement.pictures:,}"},
    )


def _other_marks(agreement: Agreement) -> Message:
    return Message(
        N_(
            "It marks {count} of {pictures} test pictures otherwise as none of the classes; at most 1 in 1,000 is allowed. It is withheld; please report this."
        ),
        {"count": f"{agreement.wrong_marks:,}", "pictures": f"{agreement.pictures:,}"},
    )


def _other_answers(agreement: Agreement) -> Message:
    return Message(
        N_(
            "It answers {count} of {pictures} test pictures differently from the evaluated classifier; at most 1 in 1,000 is allowed. It is withheld; please report this."
        ),
        {"count": f"{agreement.different:,}", "pictures": f"{agreement.pictures:,}"},
    )


def _too_lossy(accuracy: MetricDifference, allowed: float) -> Message:
    low, high = accuracy.interval or (accuracy.difference, accuracy.difference)
    return Message(
        N_(
            "It loses {loss} points of accuracy on the test pictures (95% interval: {low} to {high}), and you allow {allowed}. It is withheld. Choose another format, or allow a larger loss."
        ),
        {
            "loss": _points(-accuracy.difference),
            "low": _points(-high),
            "high": _points(-low),
            "allowed": _points(allowed),
        },
    )


def _points(fraction: float) -> str:
    return decimal(100 * fraction, 1)
