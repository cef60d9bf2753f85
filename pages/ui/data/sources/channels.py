"""Choice of the channels of pictures with many that are red, green and blue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
from PIL import Image

from core.data.pixels.channel_offer import ChannelOffer
from core.runs.import_questions import ImportQuestion
from pages.ui.text import _, escape, number

_PICTURE_PIXELS = 160


def choose_channels(question: ImportQuestion) -> ImportQuestion:
    """Draw the choice and what becomes of it; returns the question with it among its settings."""
    offer = question.understanding.channels
    if offer is None:
        return question
    key = f"channels-{question.job.name}"
    st.markdown(
        _("**{n} channels**: three of them are shown as red, green and blue").format(n=number(offer.count))
    )
    colours = (_("Red"), _("Green"), _("Blue"))
    with st.container(horizontal=True, key=key):
        red, green, blue = (
            _choose(offer, colour, preset, f"{key}-{index}")
            for index, (colour, preset) in enumerate(zip(colours, offer.suggested, strict=True))
        )
    chosen = red, green, blue
    st.caption(_("The choice holds for the whole project, for predictions and for every export."))
    _before_and_after(question, offer, chosen)
    settings = replace(question.request.settings, channels=chosen if any(chosen) else offer.suggested)
    return replace(question, request=replace(question.request, settings=settings))


def _choose(offer: ChannelOffer, colour: str, preset: int, key: str) -> int:
    numbers = [*range(1, offer.count + 1), 0]
    names = {index: f"{index} · {name}" for index, name in enumerate(offer.names, start=1)}
    chosen = st.selectbox(
        colour,
        numbers,
        index=numbers.index(preset),
        format_func=lambda index: names.get(index, str(index)) if index else _("none (black)"),
        width=200,
        key=key,
    )
    return int(chosen)


def _before_and_after(question: ImportQuestion, offer: ChannelOffer, chosen: tuple[int, ...]) -> None:
    """Draw an example with the suggested channels and with the chosen ones."""
    if question.channel_views is None:
        return
    with Image.open(question.channel_views) as image:
        views = np.asarray(image)
    count = min(offer.count, len(views) // max(1, len(views) // offer.count))
    channels = views.reshape(count, -1, views.shape[1])
    shown = {_("Suggested"): offer.suggested, _("As chosen"): chosen}
    with st.container(horizontal=True):
        for words, numbers in shown.items():
            planes = [channels[index - 1] if 0 < index <= count else channels[0] * 0 for index in numbers]
            st.image(np.stack(planes, axis=-1), caption=escape(words), width=_PICTURE_PIXELS)
