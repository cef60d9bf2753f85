"""Findings: one fault of a dataset each, with the suspected pictures and a remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import pandas as pd

from core.data.skip_reasons import Reason, Skipped
from core.doctor import legacy_sentences
from core.doctor.sentences import (
    EVIDENCE,
    EXPLANATIONS,
    HEADLINES,
    SHORTCUT_EXPLANATIONS,
    SHORTCUT_HEADLINES,
    Evidence,
    FindingKind,
    Shortcut,
)
from core.messages import Message
from core.records import JsonObject, Record

Value = str | int | float
_CONFIDENCE = 0.95


class Remedy(StrEnum):
    """Action of one click on a suspect. Each makes a version that can be undone."""

    EXCLUDE = "exclude"
    # To the suggested class.
    RELABEL = "relabel"
    # One click cannot mend it.
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class SuspectReason(Record):
    """Reason for one suspect: a code with the values that its sentence names."""

    code: Evidence
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """Sentence for people."""
        return Message(EVIDENCE[self.code], dict(self.values))

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the English templates that were stored up to 03be4e7."""
        code = legacy_sentences.EVIDENCE.get(values.get("template", ""))
        return values if code is None else {"code": code, "values": values["values"]}


@dataclass(frozen=True, kw_only=True)
class Suspect(Record):
    """Picture of a finding. A file that the import left out has a name and no id."""

    id: str
    name: str
    label: str
    # Class that it looks like.
    suggested: str = ""
    # Id of the picture that it duplicates or contradicts.
    other: str = ""
    # Higher is more suspect. Comparable only within a finding.
    score: float
    # A skip reason for files that the import left out.
    because: SuspectReason | Reason | None = None


def suspects_of(
    pictures: pd.DataFrame, scores: Iterable[float], **others: Iterable[Any]
) -> tuple[Suspect, ...]:
    """Make a suspect of each row of a manifest.

    Args:
        others: further fields of ``Suspect``, with a value for each row.
    """
    columns = {**{name: pictures[name] for name in ("id", "name", "label")}, "score": scores, **others}
    return tuple(
        Suspect(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)
    )


def suspected_files(skipped: Iterable[Skipped]) -> tuple[Suspect, ...]:
    """Make a suspect of each file that the import left out."""
    return tuple(Suspect(id="", name=item.file, label="", score=1.0, because=item.reason) for item in skipped)


@dataclass(frozen=True, kw_only=True)
class Finding(Record):
    """Fault of the dataset, with its suspects."""

    kind: FindingKind
    # Of kind SHORTCUTS: the property that identifies classes.
    shortcut: Shortcut | None = None
    # Values that the sentences name. The number of suspects is added as ``count``.
    values: Mapping[str, Value] = field(default_factory=dict)
    # The most suspect first.
    suspects: tuple[Suspect, ...] = ()
    # Affected classes, of faults of classes.
    classes: tuple[str, ...] = ()
    remedy: Remedy

    @property
    def headline(self) -> Message:
        """One sentence with the finding's numbers."""
        template = HEADLINES[self.kind] if self.shortcut is None else SHORTCUT_HEADLINES[self.shortcut]
        count = {"count": len(self.suspects)} if self.suspects else {}
        return Message(template, {**self.values, **count})

    @property
    def explanation(self) -> Message:
        """Harm of the fault, and what to do."""
        if self.shortcut is not None:
            return Message(SHORTCUT_EXPLANATIONS[self.shortcut])
        values: dict[str, Value | Message] = {**self.values}
        if self.kind is FindingKind.SMALL_CLASSES:
            values["expectation"] = evidence_of_test(int(self.values["test_pictures"])).message
        return Message(EXPLANATIONS[self.kind], values)

    @property
    def count(self) -> int:
        """Number of suspects; without any, number of affected classes."""
        return len(self.suspects) or len(self.classes)

    def without(self, ids: Collection[str]) -> Finding | None:
        """Remove suspects; None if no other is left."""
        left = tuple(suspect for suspect in self.suspects if not suspect.id or suspect.id not in ids)
        if len(left) == len(self.suspects):
            return self
        return replace(self, suspects=left) if left else None

    def in_brief(self) -> JsonObject:
        """Summarise the finding for the command line."""
        return {
            "kind": self.kind.value,
            "count": self.count,
            "pictures": [
                {"id": item.id, "name": item.name, "label": item.label, "suggested": item.suggested}
                for item in self.suspects
            ],
        }

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the English templates of headline and explanation that were stored up to 03be4e7."""
        if "headline" not in values:
            return values
        headline, explanation = values.pop("headline"), values.pop("explanation")
        named = {**headline["values"], **explanation["values"]}
        named.pop("count", None)
        if (expectation := named.pop("expectation", None)) is not None:
            named["test_pictures"] = expectation["values"].get("pictures", 0)
        if values["kind"] == FindingKind.SHORTCUTS:
            values["shortcut"] = legacy_sentences.SHORTCUTS.get(headline["template"])
        return {**values, "values": named}


def evidence_of_test(test_pictures: int) -> SuspectReason:
    """Compute the evidence of a test on so few pictures of a class."""
    if not test_pictures:
        return SuspectReason(code=Evidence.NO_TEST_PICTURES)
    # If all k are right, the accuracy is above this bound with 95% confidence.
    certain = (1 - _CONFIDENCE) ** (1 / test_pictures)
    values = {"pictures": test_pictures, "percent": int(100 * certain)}
    return SuspectReason(code=Evidence.FEW_TEST_PICTURES, values=values)


def most_harmful_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings by the harm of their kind; within a kind, by number of pictures."""
    rank = {kind: index for index, kind in enumerate(FindingKind)}
    return tuple(sorted(findings, key=lambda finding: (rank[finding.kind], -finding.count)))
