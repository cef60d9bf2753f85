"""What the doctor found: one finding a fault, with its pictures and what would mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import pandas as pd

from core.data.skip_reasons import Skipped
from core.messages import Message


class FindingKind(StrEnum):
    """What can be wrong with a dataset, the most harmful first.

    First what teaches a classifier falsehoods or makes its measured accuracy a
    lie, then what it cannot learn from, then what only weakens it.
    """

    CONFLICTING_LABELS = "conflicting-labels"  # the same or nearly the same picture in two classes
    WRONG_LABELS = "wrong-labels"
    SHORTCUTS = "shortcuts"  # a class that can be told without looking at what it shows
    NEAR_DUPLICATES = "near-duplicates"
    UNREADABLE = "unreadable"
    SMALL_CLASSES = "small-classes"
    BLANK = "blank"
    OUTLIERS = "outliers"
    IMBALANCE = "imbalance"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    TINY = "tiny"
    EXTREME_ASPECT = "extreme-aspect"
    EXACT_DUPLICATES = "exact-duplicates"  # left out at import already


class Remedy(StrEnum):
    """What one click does to a suspect. Each makes a version that can be taken back."""

    EXCLUDE = "exclude"
    RELABEL = "relabel"  # to the class that the suspect suggests
    NONE = "none"  # nothing that a click could do


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """One picture of a finding. A file that never became a picture has a name and no id."""

    id: str
    name: str
    label: str
    suggested: str = ""  # the class it looks like
    other: str = ""  # id of the picture that it is a copy of, or contradicts
    score: float  # higher is more suspect; compares only within a finding
    because: Message | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "label": self.label,
            "suggested": self.suggested,
            "other": self.other,
            "score": self.score,
            "because": self.because.to_json() if self.because else None,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Suspect:
        because = record["because"]
        return cls(**{**record, "because": Message.from_json(because) if because else None})


def suspects_of(
    pictures: pd.DataFrame, scores: Iterable[float], **others: Iterable[Any]
) -> tuple[Suspect, ...]:
    """A suspect for each row of a manifest.

    Args:
        others: further fields of ``Suspect``, each with a value a row.
    """
    columns = {**{name: pictures[name] for name in ("id", "name", "label")}, "score": scores, **others}
    return tuple(
        Suspect(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)
    )


def suspected_files(skipped: Iterable[Skipped]) -> tuple[Suspect, ...]:
    """A suspect for each file that never became a picture."""
    return tuple(
        Suspect(id="", name=item.file, label="", score=1.0, because=item.reason.message) for item in skipped
    )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault of the dataset."""

    kind: FindingKind
    headline: Message  # one sentence with its numbers; ``count`` is that of the suspects
    explanation: Message  # why it harms, and what to do
    suspects: tuple[Suspect, ...] = ()  # the most suspect first
    classes: tuple[str, ...] = ()  # those it speaks of, where it is about classes
    remedy: Remedy

    @property
    def count(self) -> int:
        """How many pictures, or where it names none, how many classes it concerns."""
        return len(self.suspects) or len(self.classes)

    def without(self, ids: Collection[str]) -> Finding | None:
        """The finding without these suspects; None if no other is left."""
        left = tuple(suspect for suspect in self.suspects if not suspect.id or suspect.id not in ids)
        if len(left) == len(self.suspects):
            return self
        if not left:
            return None
        headline = Message(self.headline.template, {**self.headline.values, "count": len(left)})
        return replace(self, suspects=left, headline=headline)

    def in_brief(self) -> dict[str, Any]:
        """What the command line prints of it."""
        return {
            "kind": self.kind.value,
            "count": self.count,
            "pictures": [
                {"id": item.id, "name": item.name, "label": item.label, "suggested": item.suggested}
                for item in self.suspects
            ],
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "headline": self.headline.to_json(),
            "explanation": self.explanation.to_json(),
            "suspects": [suspect.to_json() for suspect in self.suspects],
            "classes": list(self.classes),
            "remedy": self.remedy.value,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Finding:
        return cls(
            kind=FindingKind(record["kind"]),
            headline=Message.from_json(record["headline"]),
            explanation=Message.from_json(record["explanation"]),
            suspects=tuple(Suspect.from_json(suspect) for suspect in record["suspects"]),
            classes=tuple(record["classes"]),
            remedy=Remedy(record["remedy"]),
        )


def most_harmful_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By the kind's harm; of one kind, what concerns more pictures first."""
    rank = {kind: place for place, kind in enumerate(FindingKind)}
    return tuple(sorted(findings, key=lambda finding: (rank[finding.kind], -finding.count)))
