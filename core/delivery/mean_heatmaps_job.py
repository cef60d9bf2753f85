"""Job that explains many answers of a run: mean heatmaps of classes and confusions, and shortcuts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from core.data.labels.layout import Split
from core.delivery.explaining import Explainer
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.mean_heatmaps import (
    FILE,
    MOST_PICTURES,
    Explained,
    MeanHeatmaps,
    mean_heatmaps,
)
from core.evaluation.explanations.shortcuts import PASTED, Shortcut, common_spot, paste_spot
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject, Record, write_record
from core.workspace import project_of

# Row of a validation or test picture, and the class indices of its label and of an answer.
_Case = tuple[int, int | None, int]


@dataclass(frozen=True, kw_only=True)
class MeanHeatmapsRequest(Record):
    """Request of the job; its ``config.json``."""

    run: str


def explain_run(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Explain a sample of the run's answers to validation and test pictures, and store the means."""
    request = MeanHeatmapsRequest.from_json(config)
    run = project_of(directory).runs / request.run
    evaluated, explainer = EvaluatedRun.open(run), Explainer(run)
    progress.stage(Stage.EXPLAINING)
    cases = sample_cases(evaluated, MOST_PICTURES[explainer.network.method])
    explained = []
    for done, one in enumerate(_explained(evaluated, explainer, cases), start=1):
        explained.append(one)
        progress.advance(done, len(cases))
        raise_if_stopped(progress)
    result = MeanHeatmaps(
        method=explainer.network.method,
        pictures=len({one.row for one in explained}),
        means=mean_heatmaps(explained, explainer.labels.class_names),
        shortcuts=find_shortcuts(evaluated, explainer, explained, progress),
    )
    evaluated.require_existing()
    write_record(evaluated.file(FILE), result)
    return {"pictures": result.pictures, "shortcuts": [shortcut.to_json() for shortcut in result.shortcuts]}


def sample_cases(evaluated: EvaluatedRun, most: int) -> list[_Case]:
    """Choose at most so many pictures of each pair of true class and answer, at random but repeatably.

    The true class is None where a multi-label classifier added the answer wrongly.
    """
    random, cases = np.random.default_rng(0), list[_Case]()
    counts: dict[tuple[int | None, int], int] = {}
    parts = ((Split.TEST, evaluated.test), (Split.VALIDATION, evaluated.validation))
    for split, predictions in parts:
        rows, single = evaluated.rows(split), (predictions.targets.sum(axis=1) == 1).all()
        for position in random.permutation(len(rows)).tolist():
            shown = predictions.targets[position]
            for answer in np.flatnonzero(predictions.predicted[position]).tolist():
                if shown[answer]:
                    true_class: int | None = answer
                else:
                    true_class = int(shown.argmax()) if single else None
                pair = true_class, answer
                counts[pair] = counts.get(pair, 0) + 1
                if counts[pair] <= most:
                    cases.append((int(rows[position]), *pair))
    return cases


def find_shortcuts(
    evaluated: EvaluatedRun, explainer: Explainer, explained: Sequence[Explained], progress: Progress
) -> tuple[Shortcut, ...]:
    """Find the spot of each class at which most of its evidence lies, and test it on the others."""
    found, targets = [], evaluated.dataset.targets > 0.5
    for index, name in enumerate(explainer.labels.class_names):
        raise_if_stopped(progress)
        own = [one for one in explained if one.answer == name == one.true_class]
        # With several labels, a picture has an explanation for each of its answers.
        answered = {one.row for one in explained if one.answer == name}
        others = [one for one in explained if not targets[one.row, index] and one.row not in answered]
        spot = common_spot([one.support for one in own], [one.support for one in others])
        if spot is None or not others:
            continue
        chosen = np.random.default_rng(0).permutation(len(others))[:PASTED].tolist()
        shortcut = paste_spot(
            name,
            spot,
            _pictures(evaluated, explainer, [one.row for one in own[:PASTED]]),
            _pictures(evaluated, explainer, [others[position].row for position in chosen]),
            partial(_is_answered, explainer, index),
        )
        found.append(replace(shortcut, pictures=len(own)))
    return tuple(found)


def _explained(evaluated: EvaluatedRun, explainer: Explainer, cases: Sequence[_Case]) -> Iterator[Explained]:
    names = explainer.labels.class_names
    for row, true_class, answer in cases:
        picture = explainer.prepare(evaluated.dataset.picture_bytes(row))
        yield Explained(
            row=row,
            true_class="" if true_class is None else names[true_class],
            answer=names[answer],
            support=explainer.network.heatmap(picture, answer).support,
        )


def _pictures(evaluated: EvaluatedRun, explainer: Explainer, rows: Sequence[int]) -> np.ndarray:
    return np.stack([explainer.prepare(evaluated.dataset.picture_bytes(row)) for row in rows])


def _is_answered(explainer: Explainer, index: int, pictures: np.ndarray) -> np.ndarray:
    answered: np.ndarray = explainer.answers(pictures)[:, index]
    return answered
