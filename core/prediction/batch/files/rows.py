"""Rows of a batch's answers, as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.data.images.value_ranges import Misfit
from core.data.labels.label_sets import label_names
from core.data.labels.task import Task
from core.data.skip_reasons import Reason
from core.delivery.misfits import misfit_message
from core.prediction.batch.answer_table import answer_groups, reason_of
from core.prediction.batch.batches import Batch
from core.prediction.batch.records import BatchFacts

# Rows in memory: each has a number for each class.
_ROWS = 256


class Status(StrEnum):
    """Fate of a picture."""

    ANSWERED = "answered"
    # Less sure than the least confidence that the user chose.
    UNSURE = "unsure"
    # It looks like none of the classes.
    STRANGER = "stranger"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class ResultRow:
    """One picture and its answer. Without an answer, everything about it is None or empty."""

    # Number of the source, and path in it.
    source: int
    path: str
    # Path with the source's name, where there are several sources.
    file: str
    sha256: str | None
    status: Status
    labels: tuple[str, ...] = ()
    confidence: float | None = None
    # In the order of the classes.
    probabilities: tuple[float, ...] = ()
    prediction_set: tuple[str, ...] | None = None
    stranger_score: float | None = None
    # Sentence about an answer that means little.
    doubt: str = ""
    # Reason of an unreadable picture.
    reason: Reason | None = None


def result_rows(batch: Batch) -> Iterator[ResultRow]:
    """Read the answers so far, in the order of the pictures."""
    facts, sources = batch.facts, batch.request.sources
    if facts is None:
        return
    for group in answer_groups(batch.path):
        for start in range(0, group.num_rows, _ROWS):
            for values in group.slice(start, _ROWS).to_pylist():
                yield _row(values, facts, sources)


def _row(values: Mapping[str, Any], facts: BatchFacts, sources: tuple[Path, ...]) -> ResultRow:
    source, path = int(values["source"]), str(values["path"])
    name = sources[source].name
    common = {
        "source": source,
        "path": path,
        "file": path if len(sources) == 1 or path == name else f"{name}/{path}",
        "sha256": values["sha256"],
    }
    reason = reason_of(values["error"], values["error_values"])
    if reason is not None:
        return ResultRow(**common, status=Status.UNREADABLE, reason=reason)
    members, misfit = values["prediction_set"], values["misfit"]
    answer, has_several = values["predicted"], facts.labels.task is Task.MULTI_LABEL
    return ResultRow(
        **common,
        status=_status(values),
        labels=label_names(answer) if has_several else (answer,),
        confidence=values["confidence"],
        probabilities=tuple(values["probabilities"]),
        prediction_set=None if members is None else tuple(members),
        stranger_score=values["stranger_score"],
        doubt=str(misfit_message(facts.labels, Misfit(misfit))) if misfit else "",
    )


def _status(values: Mapping[str, Any]) -> Status:
    if values["is_stranger"]:
        return Status.STRANGER
    return Status.UNSURE if values["is_unsure"] else Status.ANSWERED
