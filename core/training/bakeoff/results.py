"""Results of bake-offs, stored with the dataset, and the sensible choice among backbones.

``dataset/bakeoff.json`` grows by one entry as each backbone is measured. Entries of
the same sample of pictures stay comparable from one bake-off to the next; another
sample starts a new file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from core.errors import SchemaVersionError
from core.files import read_json
from core.formatting import rounded_percent
from core.messages import N_, Message
from core.models.backbones import find_backbone, get_backbone
from core.records import JsonObject, Record, read_record, write_record
from core.workspace import Project


@dataclass(frozen=True, kw_only=True)
class Sample(Record):
    """Size and digest of the pictures that backbones are compared on; never test pictures."""

    digest: str  # of exactly these pictures
    version: int  # of the dataset
    training: int
    validation: int
    all_training: int  # of the whole dataset
    all_validation: int

    @property
    def is_everything(self) -> bool:
        return (self.training, self.validation) == (self.all_training, self.all_validation)


@dataclass(frozen=True, kw_only=True)
class Entry(Record):
    """Measurements of one backbone."""

    backbone: str
    job: str  # that measured it
    validation_accuracy: float  # 0 to 1, of a linear head, at the epoch with the lowest loss
    interval: tuple[float, float]  # 95% confidence interval of the accuracy
    validation_loss: float  # nats
    milliseconds: float  # for one picture, LiteRT on the processor, without decoding
    bytes: int  # size of the converted network
    seconds: float  # of measuring it; cached features take none


@dataclass(frozen=True, kw_only=True)
class BakeOff(Record):
    """Entries measured on one sample, oldest first."""

    sample: Sample
    entries: tuple[Entry, ...] = ()

    def with_entry(self, entry: Entry) -> Self:
        """Add an entry; it replaces an earlier one of the same backbone."""
        others = [one for one in self.entries if one.backbone != entry.backbone]
        return replace(self, entries=(*others, entry))


@dataclass(frozen=True, kw_only=True)
class Turn(Record):
    """Backbone that is being measured, and its position among the requested ones."""

    backbone: str
    position: int  # from 1
    count: int

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Version 0.1.0 wrote ``place`` and ``of``."""
        names = {"place": "position", "of": "count"}
        return {names.get(name, name): value for name, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Sensible backbone among those compared."""

    backbone: str
    reason: Message


@dataclass(frozen=True, kw_only=True)
class LeftOut(Record):
    """Backbone that could not be measured."""

    backbone: str
    reason: Message


@dataclass(frozen=True, kw_only=True)
class BakeOffResult(Record):
    """Result of a bake-off job."""

    sample: Sample
    bakeoff: tuple[Entry, ...]
    choice: str | None = None  # key of the sensible backbone
    reason: Message | None = None
    left_out: tuple[LeftOut, ...] = ()


def read_bake_off(project: Project) -> BakeOff | None:
    """Return the newest results, also while more are being measured; None before the first.

    Results of another format are None too: they can be measured again in minutes.
    """
    file = _file(project)
    if not file.exists():
        return None
    try:
        results = read_record(file, BakeOff)
    except SchemaVersionError:
        return None
    return replace(results, entries=tuple(one for one in results.entries if find_backbone(one.backbone)))


def current_turn(directory: Path) -> Turn | None:
    """Return the backbone that a bake-off job is measuring; None before the first."""
    file = directory / "live.json"
    return Turn.from_json(read_json(file)) if file.exists() else None


def write_bake_off(project: Project, results: BakeOff) -> None:
    """Write the results beside the dataset."""
    write_record(_file(project), results)


def sensible_choice(entries: Sequence[Entry]) -> Choice | None:
    """Choose the fastest backbone within the best one's confidence interval; None without entries."""
    if not entries:
        return None
    best = max(entries, key=lambda entry: (entry.validation_accuracy, -entry.milliseconds))
    as_good = [entry for entry in entries if entry.validation_accuracy >= best.interval[0]]
    choice = min(as_good, key=lambda entry: (entry.milliseconds, entry.bytes))
    return Choice(backbone=choice.backbone, reason=_reason(choice, best, alone=len(entries) == 1))


def _reason(choice: Entry, best: Entry, *, alone: bool) -> Message:
    values = {
        "name": get_backbone(choice.backbone).name,
        "accuracy": rounded_percent(choice.validation_accuracy, 1),
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
            "best": get_backbone(best.backbone).name,
            "best_accuracy": rounded_percent(best.validation_accuracy, 1),
            "times": round(best.milliseconds / choice.milliseconds, 1),
        },
    )


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
