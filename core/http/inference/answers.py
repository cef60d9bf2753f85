"""Answers of a classifier as records, for every protocol of the server."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from core.delivery.prediction import Classifier, Prediction
from core.errors import UnreadableImageError
from core.evaluation.calibration.conformal import PROMISES, USUAL_PROMISE, require_promise
from core.evaluation.explanations.drawing import overlaid, png
from core.http.inference.classifiers import LoadedRun
from core.http.note import Note
from core.messages import N_
from core.records import Record

MAX_CLASSES = 10_000
HEATMAP_OPACITY = 0.55
HEATMAP_SIDE = 512  # pixels


@dataclass(frozen=True, kw_only=True)
class PredictOptions(Record):
    """Options of a prediction."""

    top: Annotated[int, Note(text="Most probable classes to return.", minimum=1, maximum=MAX_CLASSES)] = 5
    promise: Annotated[
        float,
        Note(
            text="Share of pictures whose prediction set holds the true class.",
            schema={"type": "number", "enum": list(PROMISES)},
        ),
    ] = USUAL_PROMISE
    heatmap: Annotated[bool, Note(text="Also return where the classifier looked, as a PNG.")] = False

    def __post_init__(self) -> None:
        require_promise(self.promise)


@dataclass(frozen=True, kw_only=True)
class ClassProbability(Record):
    """One class and its calibrated probability."""

    name: str
    probability: Annotated[float, Note(minimum=0, maximum=1)]


@dataclass(frozen=True, kw_only=True)
class StrangerAnswer(Record):
    """Likeness to the classes: pictures of none of them have a higher score."""

    score: float
    limit: Annotated[float | None, Note(text="Score above which a picture counts as a stranger.")]
    is_stranger: bool


@dataclass(frozen=True, kw_only=True)
class HeatmapAnswer(Record):
    """Heatmap of an answer."""

    class_name: str
    png: Annotated[str, Note(text="The picture with the map over it: a PNG in Base64.")]


@dataclass(frozen=True, kw_only=True)
class PictureAnswer(Record):
    """Answer to one picture."""

    picture: Annotated[str, Note(text="The file's name, as it was sent.")]
    labels: Annotated[
        tuple[str, ...], Note(text="The answer by the run's thresholds: one class, or any number of labels.")
    ]
    classes: Annotated[tuple[ClassProbability, ...], Note(text="Most probable first.")]
    prediction_set: Annotated[
        tuple[str, ...] | None,
        Note(text="Classes that are possible at the promised share; null where the run has no such sets."),
    ] = None
    is_unsure: Annotated[
        bool | None, Note(text="Below the run's least confidence; null where none was chosen.")
    ] = None
    stranger: StrangerAnswer | None = None
    doubt: Annotated[
        str | None,
        Note(
            text="Reason why the answer means little, or concerns only a part of the file, such as the first frame of an animation."
        ),
    ] = None
    heatmap: HeatmapAnswer | None = None


@dataclass(frozen=True, kw_only=True)
class PredictAnswer(Record):
    """Answers to the pictures of one request, in their order."""

    run: str
    predictions: tuple[PictureAnswer, ...]


@contextmanager
def naming_picture(name: str) -> Iterator[None]:
    """Name the picture in the error of one that cannot be read."""
    try:
        yield
    except UnreadableImageError as error:
        raise UnreadableImageError(
            N_("{file} cannot be classified: {reason}."), file=name, reason=error.message
        ) from error


def answer_picture(
    loaded: LoadedRun, name: str, data: bytes, options: PredictOptions
) -> tuple[PictureAnswer, Prediction]:
    """Classify one picture; returns the answer for programs and the whole prediction.

    Args:
        name: of the file, for the answer and for errors.
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
        NotFoundError: a heatmap is asked of an ensemble.
    """
    classifier = loaded.classifier
    with naming_picture(name):
        prediction, doubt = classifier.prediction(data), classifier.doubt(data)
        heatmap = _heatmap(loaded, data) if options.heatmap else None
    guesses = prediction.guesses
    answer = PictureAnswer(
        picture=name,
        labels=tuple(classifier.chosen_labels(guesses)),
        classes=tuple(
            ClassProbability(name=guess.name, probability=guess.probability)
            for guess in guesses[: options.top]
        ),
        prediction_set=_prediction_set(loaded, prediction, options.promise),
        is_unsure=None if classifier.labels.least_confidence is None else classifier.is_unsure(prediction),
        stranger=_stranger(classifier, prediction),
        doubt=str(doubt) if doubt else None,
        heatmap=heatmap,
    )
    return answer, prediction


def _prediction_set(loaded: LoadedRun, prediction: Prediction, promise: float) -> tuple[str, ...] | None:
    sets = next((one for one in loaded.sets if one.promise == promise), None)
    if sets is None:
        return None
    least = dict(zip(loaded.classifier.labels.class_names, sets.least_probabilities, strict=True))
    return tuple(guess.name for guess in prediction.guesses if guess.probability >= least[guess.name])


def _stranger(classifier: Classifier, prediction: Prediction) -> StrangerAnswer | None:
    if prediction.stranger_score is None:
        return None
    return StrangerAnswer(
        score=prediction.stranger_score,
        limit=classifier.labels.stranger_limit,
        is_stranger=classifier.is_stranger(prediction),
    )


def _heatmap(loaded: LoadedRun, data: bytes) -> HeatmapAnswer:
    explainer = loaded.explainer
    heatmap = explainer.heatmap(data)
    picture = overlaid(explainer.upright(data, HEATMAP_SIDE), heatmap.support, HEATMAP_OPACITY)
    return HeatmapAnswer(
        class_name=explainer.labels.class_names[heatmap.class_index],
        png=base64.b64encode(png(picture)).decode(),
    )
