"""Prediction: classes of pictures, by a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.errors import ConfigError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint, SentPicture
from core.http.inference.answers import PredictAnswer, PredictOptions, answer_picture
from core.http.inference.noting import note_if_wanted
from core.http.note import Note
from core.http.receiving import MAX_PICTURES, picture_of_base64, require_few_pictures
from core.messages import N_
from core.prediction.noting import PictureAnswer
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class EncodedPicture(Record):
    """A picture file in JSON."""

    data: Annotated[
        str, Note(text="Bytes of the file in Base64.", schema={"type": "string", "contentEncoding": "base64"})
    ]
    name: Annotated[str, Note(text="For the answer.", most=200)] = "picture"


@dataclass(frozen=True, kw_only=True)
class EncodedPictures(Record):
    """Pictures in JSON."""

    pictures: Annotated[tuple[EncodedPicture, ...], Note(most=MAX_PICTURES)]

    def __post_init__(self) -> None:
        require_few_pictures(len(self.pictures))


def sent_pictures(call: Call) -> tuple[SentPicture, ...]:
    """Read the pictures of a request whose body is a form or ``EncodedPictures``.

    Raises:
        ConfigError: there is none, or one is not Base64.
    """
    if call.body is None:
        return call.pictures
    pictures = call.body_as(EncodedPictures).pictures
    if not pictures:
        raise ConfigError(N_("The request holds no picture."))
    return tuple(picture_of_base64(one.name, one.data) for one in pictures)


def sent_picture(call: Call) -> SentPicture:
    """Read the only picture of such a request.

    Raises:
        ConfigError: there is none, or there are several.
    """
    pictures = sent_pictures(call)
    if len(pictures) > 1:
        raise ConfigError(N_("The request holds {n} pictures; send one."), n=len(pictures))
    return pictures[0]


def predict(call: Call) -> PredictAnswer:
    """Classify the pictures of a request.

    Raises:
        UnreadableImageError: one of them cannot be read.
    """
    loaded, options = call.loaded, call.query_as(PredictOptions)
    pictures = sent_pictures(call)
    answers = [answer_picture(loaded, one.name, one.data, options) for one in pictures]
    call.metrics.pictures.labels(loaded.run.name).inc(len(answers))
    note_if_wanted(
        loaded,
        [
            PictureAnswer(name=one.name, data=one.data, prediction=prediction)
            for one, (_, prediction) in zip(pictures, answers, strict=True)
        ],
    )
    return PredictAnswer(run=loaded.run.name, predictions=tuple(answer for answer, _ in answers))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/runs/{run}/predict",
        summary="Classify pictures.",
        scope=Scope.PREDICT,
        handler=predict,
        query=PredictOptions,
        body=EncodedPictures,
        takes_pictures=True,
        answer=PredictAnswer,
        serves_run=True,
        predicts=True,
    ),
)
