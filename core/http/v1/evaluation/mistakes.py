"""Mistakes of a run on the test pictures: the pictures, and the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from core.data.labels.layout import Split
from core.evaluation.calibration.selective import confidences
from core.evaluation.mistakes.cells import all_mistakes, confusion_cells
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.data.datasets import MAX_LIMIT
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class MistakeFilter(Record):
    """Part of the mistakes."""

    offset: Annotated[int, Note(minimum=0, maximum=100_000_000)] = 0
    limit: Annotated[int, Note(minimum=1, maximum=MAX_LIMIT)] = 100


@dataclass(frozen=True, kw_only=True)
class MistakeView(Record):
    """A test picture with a wrong answer."""

    id: str
    sha256: str
    labels: Annotated[tuple[str, ...], Note(text="That it has.")]
    answers: Annotated[tuple[str, ...], Note(text="That the run gives.")]
    confidence: Annotated[float, Note(text="Of the whole answer.")]


@dataclass(frozen=True, kw_only=True)
class MistakeList(Record):
    """Test pictures with a wrong answer, the surest first."""

    run: str
    total: int
    mistakes: tuple[MistakeView, ...]


@dataclass(frozen=True, kw_only=True)
class ConfusionView(Record):
    """Test pictures by true class and answer."""

    run: str
    class_names: tuple[str, ...]
    counts: Annotated[
        tuple[tuple[int, ...], ...],
        Note(text="Rows are true classes, columns answers; with several labels, the last of each is none."),
    ]


def list_all(call: Call) -> MistakeList:
    evaluated, part = call.evaluated, call.query_as(MistakeFilter)
    test, names = evaluated.test, np.array(evaluated.dataset.class_names, object)
    certainty = confidences(test)
    wrong = all_mistakes(test, certainty)
    pictures = evaluated.dataset.pictures[["id", "sha256"]].iloc[evaluated.rows(Split.TEST)]
    return MistakeList(
        run=evaluated.run.name,
        total=len(wrong),
        mistakes=tuple(
            MistakeView(
                id=str(pictures["id"].iloc[index]),
                sha256=str(pictures["sha256"].iloc[index]),
                labels=tuple(names[test.targets[index]]),
                answers=tuple(names[test.predicted[index]]),
                confidence=float(certainty[index]),
            )
            for index in wrong[part.offset : part.offset + part.limit].tolist()
        ),
    )


def confusion(call: Call) -> ConfusionView:
    evaluated = call.evaluated
    return ConfusionView(
        run=evaluated.run.name,
        class_names=tuple(evaluated.dataset.class_names),
        counts=tuple(tuple(row) for row in confusion_cells(evaluated.test).counts.tolist()),
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/mistakes",
        summary="List the test pictures with a wrong answer.",
        scope=Scope.READ,
        handler=list_all,
        query=MistakeFilter,
        answer=MistakeList,
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/confusion",
        summary="Read the confusion matrix of the test pictures.",
        scope=Scope.READ,
        handler=confusion,
        answer=ConfusionView,
        serves_run=True,
    ),
)
