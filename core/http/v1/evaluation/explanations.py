"""Explanations of an answer to one picture: a heatmap with its verdict, and similar training pictures."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated

from core.delivery.explaining import Explainer
from core.errors import NotFoundError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.explanations.drawing import overlaid, png
from core.evaluation.explanations.network import Method
from core.evaluation.explanations.verdict import Trust, Verdict
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.inference.answers import HEATMAP_OPACITY, HEATMAP_SIDE, naming_picture
from core.http.note import Note
from core.http.v1.prediction import EncodedPictures, sent_picture
from core.messages import N_
from core.prediction.similar import similar_to
from core.records import Record

_MOST_SIMILAR = 100


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(Record):
    """Options of an explanation."""

    class_name: Annotated[str | None, Note(text="Class to explain; left out: the answer.")] = None
    verdict: Annotated[bool, Note(text="Also test the heatmap, which takes seconds.")] = True


@dataclass(frozen=True, kw_only=True)
class ExplanationView(Record):
    """Evidence for one class in the cells of a picture."""

    class_name: str
    probability: float
    method: Method
    values: Annotated[
        tuple[tuple[float, ...], ...], Note(text="By row; above 0 speaks for the class, below 0 against it.")
    ]
    png: Annotated[str, Note(text="The picture with the map over it: a PNG in Base64.")]
    trust: Annotated[Trust | None, Note(text="null: no verdict was asked for.")]
    verdict: Verdict | None


@dataclass(frozen=True, kw_only=True)
class SimilarOptions(Record):
    """Options of a search for similar pictures."""

    count: Annotated[int, Note(minimum=1, maximum=_MOST_SIMILAR)] = 8


@dataclass(frozen=True, kw_only=True)
class SimilarPicture(Record):
    """A training picture that resembles another one."""

    id: str
    sha256: str
    label: str
    similarity: Annotated[float, Note(text="Cosine of the features.")]


@dataclass(frozen=True, kw_only=True)
class SimilarView(Record):
    """Training pictures that resemble a picture, the most similar first."""

    backbone: Annotated[str, Note(text="Network whose features were compared.")]
    decided: Annotated[bool, Note(text="The classifier's own features were compared.")]
    pictures: tuple[SimilarPicture, ...]


def explain(call: Call) -> ExplanationView:
    """Explain an answer.

    Raises:
        UnreadableImageError: the file is not a picture.
        NotFoundError: the class is unknown, or the run is an ensemble or not finished.
    """
    options, sent = call.query_as(ExplainOptions), sent_picture(call)
    explainer: Explainer = call.loaded.explainer
    index = None if options.class_name is None else explainer.class_index(options.class_name)
    with naming_picture(sent.name):
        heatmap = explainer.heatmap(sent.data, index)
        verdict = explainer.verdict(sent.data, heatmap) if options.verdict else None
        drawn = overlaid(explainer.upright(sent.data, HEATMAP_SIDE), heatmap.support, HEATMAP_OPACITY)
    return ExplanationView(
        class_name=explainer.labels.class_names[heatmap.class_index],
        probability=heatmap.probability,
        method=heatmap.method,
        values=tuple(tuple(row) for row in heatmap.values.tolist()),
        png=base64.b64encode(png(drawn)).decode(),
        trust=verdict.trust if verdict else None,
        verdict=verdict,
    )


def similar(call: Call) -> SimilarView:
    """Find training pictures.

    Raises:
        NotFoundError: no features of training pictures are stored.
    """
    sent, evaluated = sent_picture(call), call.evaluated
    found = similar_to(evaluated, sent.data, call.query_as(SimilarOptions).count)
    if found is None:
        raise NotFoundError(
            N_("No features of the training pictures of “{name}” are stored. Check the pictures once."),
            name=evaluated.run.name,
        )
    return SimilarView(
        backbone=found.backbone,
        decided=found.decided,
        pictures=tuple(
            _similar_picture(evaluated, row, similarity)
            for row, similarity in zip(found.rows.tolist(), found.similarities.tolist(), strict=True)
        ),
    )


def _similar_picture(evaluated: EvaluatedRun, row: int, similarity: float) -> SimilarPicture:
    picture = evaluated.dataset.pictures.iloc[row]
    return SimilarPicture(
        id=str(picture["id"]),
        sha256=str(picture["sha256"]),
        label=str(picture["label"]),
        similarity=similarity,
    )


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/explain",
        summary="Show where the classifier looks in a picture, with the verdict on that.",
        scope=Scope.PREDICT,
        handler=explain,
        query=ExplainOptions,
        body=EncodedPictures,
        takes_pictures=True,
        answer=ExplanationView,
        serves_run=True,
        predicts=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/similar",
        summary="Find the training pictures that a picture resembles most.",
        scope=Scope.READ,
        handler=similar,
        query=SimilarOptions,
        body=EncodedPictures,
        takes_pictures=True,
        answer=SimilarView,
        predicts=True,
    ),
)
