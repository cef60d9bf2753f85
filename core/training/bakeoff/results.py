"""What a bake-off found: kept with the dataset, read by pages, and the choice that follows from it.

``dataset/bakeoff.json`` grows by one entry as each backbone is measured. Entries of
the same sample of pictures stay comparable from one bake-off to the next; another
sample begins the file anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from core.files import read_json, write_json
from core.messages import N_, Message
from core.models.backbones import BACKBONES
from core.workspace import SCHEMA_VERSION, Project


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The pictures that the backbones were tried on. Test pictures are never among them."""

    digest: str  # of exactly these pictures
    version: int  # of the dataset
    training: int
    validation: int
    all_training: int  # that the dataset has
    all_validation: int

    @property
    def is_everything(self) -> bool:
        return (self.training, self.validation) == (self.all_training, self.all_validation)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """How one backbone did."""

    backbone: str
    job: str  # that measured it
    validation_accuracy: float  # 0 to 1, of a linear head, at the epoch with the lowest loss
    interval: tuple[float, float]  # in which the accuracy lies with 95% confidence
    validation_loss: float  # nats
    milliseconds: float  # for one picture, LiteRT on the processor, without decoding
    bytes: int  # size of the converted network
    seconds: float  # that measuring it took; what was cached before took none


@dataclass(frozen=True, kw_only=True)
class BakeOff:
    """Entries measured on one sample, in the order in which they were measured."""

    sample: Sample
    entries: tuple[Entry, ...] = ()

    def with_entry(self, entry: Entry) -> Self:
        """With one more; an earlier one of the same backbone gives way."""
        others = [one for one in self.entries if one.backbone != entry.backbone]
        return replace(self, entries=(*others, entry))


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The backbone that is being tried now, and its place among those asked for."""

    backbone: str
    place: int  # from 1
    of: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The sensible one of those that were tried."""

    backbone: str
    reason: Message


def read_bake_off(project: Project) -> BakeOff | None:
    """The newest results, also while more are being measured; None before the first."""
    file = _file(project)
    if not file.exists():
        return None
    record = read_json(file)
    if record.get("schema_version") != SCHEMA_VERSION:
        return None  # it can be measured again in minutes
    entries = [one for one in record["entries"] if one["backbone"] in BACKBONES]
    return BakeOff(sample=Sample(**record["sample"]), entries=tuple(map(_entry_from_json, entries)))


def current_turn(directory: Path) -> Turn | None:
    """Whose turn it is in a bake-off's job directory; None before the first."""
    file = directory / "live.json"
    return Turn(**read_json(file)) if file.exists() else None


def write_bake_off(project: Project, found: BakeOff) -> None:
    write_json(
        _file(project),
        {
            "schema_version": SCHEMA_VERSION,
            "sample": asdict(found.sample),
            "entries": [asdict(entry) for entry in found.entries],
        },
    )


def sensible_choice(entries: Sequence[Entry]) -> Choice | None:
    """The fastest of those whose accuracy lies within the best one's uncertainty; None without entries."""
    if not entries:
        return None
    best = max(entries, key=lambda entry: (entry.validation_accuracy, -entry.milliseconds))
    as_good = [entry for entry in entries if entry.validation_accuracy >= best.interval[0]]
    choice = min(as_good, key=lambda entry: (entry.milliseconds, entry.bytes))
    return Choice(backbone=choice.backbone, reason=_reason(choice, best, alone=len(entries) == 1))


def _reason(choice: Entry, best: Entry, *, alone: bool) -> Message:
    values: dict[str, Any] = {
        "name": BACKBONES[choice.backbone].name,
        "accuracy": round(100 * choice.validation_accuracy, 1),
        "milliseconds": round(choice.milliseconds, 1),
    }
    if alone:
        return Message(_THE_ONLY_ONE, values)
    if choice.backbone == best.backbone:
        return Message(_THE_BEST, values)
    return Message(
        _AS_GOOD,
        values
        | {
            "best": BACKBONES[best.backbone].name,
            "best_accuracy": round(100 * best.validation_accuracy, 1),
            "times": round(best.milliseconds / choice.milliseconds, 1),
        },
    )


def _entry_from_json(record: dict[str, Any]) -> Entry:
    return Entry(**{**record, "interval": tuple(record["interval"])})


def _file(project: Project) -> Path:
    return project.dataset / "bakeoff.json"


_THE_ONLY_ONE = N_(
    "{name} is the only one tried so far: {accuracy}% of the validation pictures right, "
    "{milliseconds} ms a picture."
)
_THE_BEST = N_(
    "{name} has the most validation pictures right ({accuracy}%), and none that is faster comes near enough "
    "for the difference to be chance."
)
_AS_GOOD = N_(
    "{name} is {times} times as fast as {best}. It has {accuracy}% of the validation pictures right, "
    "{best} has {best_accuracy}%: a difference that may be chance."
)
