"""Scores of a class in one number each, averaged over classes."""

from __future__ import annotations

from dataclasses import dataclass

from core.records import Record

AVERAGED = ("precision", "recall", "f1")


@dataclass(frozen=True, kw_only=True)
class Averages(Record):
    """Precision, recall and F1 of several classes in one number each, 0 to 1."""

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
