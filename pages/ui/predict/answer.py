"""Answer to one picture: bars, the classes that remain possible, similar training pictures, the heatmap."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.delivery.files import is_delivered
from core.delivery.prediction import Classifier, Guess, Prediction
from core.errors import UnreadableImageError
from core.prediction.viewing import view
from core.workspace import Project
from pages.ui.components.explanation import show_explanation
from pages.ui.gallery import probability_bars
from pages.ui.jobs import try_to
from pages.ui.predict.choosing import NewPicture
from pages.ui.predict.correction import correction
from pages.ui.predict.similar import show_similar
from pages.ui.text import _, decimal, escape, number, percent, show

_MAX_BARS = 5
_MOST_NAMED = 8  # classes of a prediction set
_SHOWN_SIDE = 320  # pixels


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The classifier that is asked, and its project."""

    project: Project
    run: Path
    classifier: Classifier


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A prediction and the time that it took."""

    prediction: Prediction
    seconds: float


def answer_card(asked: Asked, picture: NewPicture, *, key: str) -> Answered | None:
    """Draw a picture beside its answer; None if it cannot be read."""
    classifier = asked.classifier
    with st.container(border=True):
        began = time.perf_counter()
        try:
            prediction = classifier.prediction(picture.data)
        except UnreadableImageError as error:
            st.error(
                _("{file} cannot be read: {reason}.").format(
                    file=escape(picture.name), reason=show(error.message)
                )
            )
            return None
        answered = Answered(prediction=prediction, seconds=time.perf_counter() - began)
        left, right = st.columns([1, 2], gap="medium", vertical_alignment="center")
        small = view(picture.data, _SHOWN_SIDE, classifier.pixel_range, classifier.channels)
        left.image(small, caption=escape(picture.name))
        with right:
            _answer(classifier, prediction)
            if doubt := classifier.doubt(picture.data):
                st.warning(show(doubt), icon=":material/info:")
        _more(asked, picture, prediction, key)
    return answered


def _more(asked: Asked, picture: NewPicture, prediction: Prediction, key: str) -> None:
    """Draw what is shown on request: the reason, similar pictures, the correction."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-more"):
        asks_why = is_delivered(asked.run) and st.toggle(
            _("Why?"), help=_("Show where the classifier looks in this picture."), key=f"{key}-why"
        )
        asks_similar = st.toggle(
            _("Similar pictures"),
            value=asked.classifier.is_stranger(prediction),
            help=_("Show the training pictures that this one resembles most."),
            key=f"{key}-similar",
        )
        correction(asked.project, asked.run, asked.classifier, picture, prediction, key=key)
    if asks_similar:
        show_similar(asked.run, picture.data, prediction, key=key)
    if asks_why:
        try_to(lambda: show_explanation(asked.run, picture.data, key=key))


def _answer(classifier: Classifier, prediction: Prediction) -> None:
    """Format the predicted classes with their bars; a stranger has no answer, and an unsure one is marked."""
    if classifier.is_stranger(prediction):
        _stranger(classifier, prediction)
        return
    guesses = prediction.guesses
    predicted = classifier.chosen_labels(guesses)
    if classifier.is_unsure(prediction):
        st.markdown(
            _("**Unsure.** The most probable answer:"),
            help=_(
                "Its probability, {share}, is below the least confidence that you chose on the Evaluate page: {least}."
            ).format(
                share=percent(classifier.confidence(guesses)),
                least=percent(classifier.labels.least_confidence or 0.0),
            ),
        )
    _names(classifier, guesses, predicted)
    shown = [guess for index, guess in enumerate(guesses) if index < _MAX_BARS or guess.name in predicted]
    probability_bars(shown, marked=predicted)
    _prediction_set(classifier, prediction)


def _names(classifier: Classifier, guesses: Sequence[Guess], predicted: Sequence[str]) -> None:
    if classifier.is_multi_label:
        names = ", ".join(f"**{escape(name)}**" for name in predicted)
        st.markdown(names or _("**None of the classes**"))
        return
    answer = next(guess for guess in guesses if guess.name == predicted[0])
    st.markdown(f"**{escape(answer.name)}** · {percent(answer.probability)}")


def _prediction_set(classifier: Classifier, prediction: Prediction) -> None:
    """Name the classes that remain possible, with the promise of such sets."""
    members, sets = classifier.prediction_set(prediction), classifier.sets
    if members is None or sets is None:
        return
    low, high = sets.coverage_interval
    promise = _(
        "Of such sets, {promise} hold the right class, by the validation pictures. On the test pictures it was {coverage} (between {low} and {high})."
    ).format(
        promise=percent(sets.promise),
        coverage=percent(sets.coverage),
        low=percent(low),
        high=percent(high),
    )
    predicted = classifier.chosen_labels(prediction.guesses)
    text = possible_classes(members, predicted, is_multi_label=classifier.is_multi_label)
    st.caption(text, help=promise)


def possible_classes(members: Sequence[str], predicted: Sequence[str], *, is_multi_label: bool) -> str:
    """Name the classes of a prediction set.

    Args:
        predicted: the answer; by a threshold it can be a class outside of the set.
    """
    if not members:
        return _("Less sure than it usually is where it is right.")
    if list(members) == list(predicted) and not is_multi_label:
        return _("No other class is likely.")
    names = ", ".join(f"**{escape(name)}**" for name in members[:_MOST_NAMED])
    more = ", …" if len(members) > _MOST_NAMED else ""
    is_choice = len(members) > 1 and not is_multi_label
    form = _("One of: {names}") if is_choice else _("Possible: {names}")
    text = form.format(names=names + more)
    return f"{text} ({number(len(members))})" if more else text


def _stranger(classifier: Classifier, prediction: Prediction) -> None:
    """Say that a picture looks like none of the classes, and show what it would be taken for."""
    st.markdown(
        _("**This does not look like any of the classes.**"),
        help=_(
            "Its stranger score, by the network's features and by how sure the answer is, is {score}. Pictures of the classes seldom exceed {limit}. The limit is set on the Evaluate page."
        ).format(
            score=decimal(prediction.stranger_score or 0.0, 1),
            limit=decimal(classifier.labels.stranger_limit or 0.0, 1),
        ),
    )
    st.caption(_("Without this check it would be taken for:"))
    probability_bars(prediction.guesses[:_MAX_BARS], marked=())
