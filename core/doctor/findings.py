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
    # to the class that the suspect suggests
    RELABEL = "relabel"
    # nothing that a click could do
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class SuspectReason(Record):
    """Reason why one picture is suspected: a code with the values that its sentence names."""

    code: Evidence
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        return Message(EVIDENCE[self.code], dict(self.values))

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Up to 03be4e7 a reason was stored as its English template."""
        code = legacy_sentences.EVIDENCE.get(values.get("template", ""))
        return values if code is None else {"code": code, "values": values["values"]}


@dataclass(frozen=True, kw_only=True)
class Suspect(Record):
    """One picture of a finding. A file that never became a picture has a name and no id."""

    id: str
    name: str
    label: str
    # the class it looks like
    suggested: str = ""
    # id of the picture that it is a copy of, or contradicts
    other: str = ""
    # higher is more suspect; comparable only within a finding
    score: float
    # a skip reason for files that the import left out
    because: SuspectReason | Reason | None = None


def suspects_of(
    pictures: pd.DataFrame, scores: Iterable[float], **others: Iterable[Any]
) -> tuple[Suspect, ...]:
    """Make a suspect of each row of a manifest.

    Args:
        others: further fields of ``Suspect``, each with a value a row.
    """
    columns = {**{name: pictures[name] for name in ("id", "name", "label")}, "score": scores, **others}
    return tuple(
        Suspect(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)
    )


def suspected_files(skipped: Iterable[Skipped]) -> tuple[Suspect, ...]:
    """Make a suspect of each file that never became a picture."""
    return tuple(Suspect(id="", name=item.file, label="", score=1.0, because=item.reason) for item in skipped)


@dataclass(frozen=True, kw_only=True)
class Finding(Record):
    """One fault of the dataset."""

    kind: FindingKind
    # of shortcuts: the property that gives classes away
    shortcut: Shortcut | None = None
    # named by the sentences; the number of suspects is added as ``count``
    values: Mapping[str, Value] = field(default_factory=dict)
    # the most suspect first
    suspects: tuple[Suspect, ...] = ()
    # affected classes, where the fault concerns classes
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
        """The harm that the fault does, and what to do."""
        if self.shortcut is not None:
            return Message(SHORTCUT_EXPLANATIONS[self.shortcut])
        values: dict[str, Value | Message] = {**self.values}
        if self.kind is FindingKind.SMALL_CLASSES:
            values["expectation"] = evidence_of_test(int(self.values["test_pictures"])).message
        return Message(EXPLANATIONS[self.kind], values)

    @property
    def count(self) -> int:
        """Number of pictures, or where none is named, number of classes that it concerns."""
        return len(self.suspects) or len(self.classes)

    def without(self, ids: Collection[str]) -> Finding | None:
        """The finding without these suspects; None if no other is left."""
        left = tuple(suspect for suspect in self.suspects if not suspect.id or suspect.id not in ids)
        if len(left) == len(self.suspects):
            return self
        return replace(self, suspects=left) if left else None

    def in_brief(self) -> JsonObject:
        """Summary that the command line prints."""
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
        """Up to 03be4e7 headline and explanation were stored as English templates with their values."""
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
    """Evidence that a test on so few pictures of a class can give."""
    if not test_pictures:
        return SuspectReason(code=Evidence.NO_TEST_PICTURES)
    # If all of k are answered rightly, an accuracy below this would have been a 1 in 20 chance.
    certain = (1 - _CONFIDENCE) ** (1 / test_pictures)
    values = {"pictures": test_pictures, "percent": int(100 * certain)}
    return SuspectReason(code=Evidence.FEW_TEST_PICTURES, values=values)


def most_harmful_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings by the harm of their kind; within a kind, by number of pictures."""
    rank = {kind: index for index, kind in enumerate(FindingKind)}
    return tuple(sorted(findings, key=lambda finding: (rank[finding.kind], -finding.count)))
