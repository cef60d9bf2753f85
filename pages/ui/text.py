"""Text of the pages: translation, escaping, formats of numbers and times.

``python -m pages.ui.catalogue update`` brings the catalogues up to date.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_datetime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.catalogues import LANGUAGES, translations
from core.formatting import MINUS
from core.formatting import decimal as decimal
from core.formatting import number as number
from core.formatting import percent as percent
from core.formatting import signed as signed
from core.messages import Message
from pages.ui import session

_WIDGET_KEY, _CHOICE_KEY, _QUERY_KEY = "language", "chosen-language", "lang"

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&=^\"'@/])")
# Streamlit finds emoji names, web addresses and arrows even behind backslashes.
_FOUND_AFTERWARDS = re.compile(
    r"(?i)(?<=:)(?=[\w+-])|(?<=www)(?=\.)|(?<=http)(?=s?://)|(?=@)|(?<=[-<>=~])(?=[-<>=~])"
)
# Seconds up to which an estimate is rounded to so many seconds.
_ESTIMATE_STEPS = ((20, 1), (60, 5), (600, 10), (3600, 60), (math.inf, 300))
_WORD_JOINER = "\u2060"  # has no width and allows no line break


def _(text: str) -> str:
    """Translate ``text`` into the reader's language."""
    return translations(current_language()).gettext(text)


def ngettext(one: str, many: str, n: int) -> str:
    """Translate the singular or plural form for ``n``; placeholders stay."""
    return translations(current_language()).ngettext(one, many, n)


def show(message: Message, *, markdown: bool = True) -> str:
    """Format a message from ``core`` in the reader's language.

    The texts it names (files, classes) are escaped for Streamlit's Markdown;
    ``markdown=False`` leaves them unchanged, for plain text.
    """
    return (_escaped(message) if markdown else message).render(_)


def _escaped(message: Message) -> Message:
    """Escape the texts of a message, and of the messages in it, for Markdown."""

    def safe(value: object) -> object:
        if isinstance(value, Message):
            return _escaped(value)
        return escape(value) if isinstance(value, str) else value

    return Message(message.template, {key: safe(value) for key, value in message.values.items()})


def escape(text: str) -> str:
    """Escape ``text`` for Streamlit's Markdown and HTML, on one line."""
    line = " ".join(text.split())
    return _MARKDOWN.sub(r"\\\1", _FOUND_AFTERWARDS.sub(_WORD_JOINER, line))


def current_language() -> str:
    """Return the reader's language: chosen, named by the address, or that of their browser."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return "en"
    return _chosen_language() or language_for(browser_locale())


def language_for(locale: str | None) -> str:
    """Return the supported language nearest to a browser's, such as ``zh-Hans-CN``."""
    return "zh_CN" if (locale or "").lower().startswith("zh") else "en"


def browser_locale() -> str | None:
    """Return the browser's first language, such as ``zh-CN``.

    The page's JavaScript sends it with each request to run, perhaps late or never; the
    connection's ``Accept-Language`` header is there before the first run.
    """
    if locale := st.context.locale:
        return locale
    header = str(st.context.headers.get("Accept-Language") or "")
    return re.split("[,;]", header)[0].strip() or None


def choose_language() -> None:
    """Draw the choice of language. It survives a refresh through ``?lang=``."""
    if chosen := _chosen_language():
        _remember_language(chosen)  # the address of another page does not have it yet
    # A default is not stored: it would override a browser's language that arrives late.
    session.put(_WIDGET_KEY, current_language())
    st.selectbox(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=_WIDGET_KEY,
        # A callback runs before the page is drawn, so the address has the choice as soon as
        # the page has changed its language.
        on_change=lambda: _remember_language(session.get(_WIDGET_KEY)),
    )


def _chosen_language() -> str | None:
    for candidate in (session.get(_CHOICE_KEY), st.query_params.get(_QUERY_KEY)):
        if candidate in LANGUAGES:
            return str(candidate)
    return None


def _remember_language(language: str) -> None:
    """Store a chosen language in the session, and in the address unless it is the browser's own."""
    session.put(_CHOICE_KEY, language)
    locale = browser_locale()
    if locale is None or language != language_for(locale):
        if st.query_params.get(_QUERY_KEY) != language:
            st.query_params[_QUERY_KEY] = language
    elif _QUERY_KEY in st.query_params:
        del st.query_params[_QUERY_KEY]


def duration(seconds: float) -> str:
    """Format a duration in at most two units: ``40 s``, ``3 min 20 s``, ``1 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return _("{seconds} s").format(seconds=whole)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        form = _("{minutes} min {seconds} s") if rest else _("{minutes} min")
        return form.format(minutes=minutes, seconds=rest)
    hours, minutes = divmod(round(whole / 60), 60)
    form = _("{hours} h {minutes} min") if minutes else _("{hours} h")
    return form.format(hours=hours, minutes=minutes)


def value_range(low: str, high: str) -> str:
    """Join the written ends of an interval: ``0.21–0.35``; beside a minus sign in words, ``−0.21 to 0.35``."""
    return _("{low} to {high}").format(low=low, high=high) if low.startswith(MINUS) else f"{low}–{high}"


def expected_duration(seconds: float) -> str:
    """Format an estimate as ``duration`` does, without digits that no estimate knows: ``10 min``, not ``10 min 6 s``."""
    step = next(step for limit, step in _ESTIMATE_STEPS if seconds < limit)
    return duration(step * round(seconds / step))


def time_left(seconds: float) -> str:
    """Say how long work still takes; without a number where none is left, because what is late goes on."""
    if seconds < 0.5:
        return _("almost done")
    return _("about {time} left").format(time=expected_duration(seconds))


def file_size(size_bytes: float) -> str:
    """Format a size in the unit that gives a short number: ``18.8 MB`` (1 kB is 1,000 bytes)."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(size) < (1000 if unit == "B" else 999.95):
            digits = 0 if unit == "B" or abs(size) >= 99.95 else 1
            return f"{size:.{digits}f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def moment(seconds: float) -> str:
    """Format a time (seconds since the epoch) in the user's language and time zone."""
    when = datetime.fromtimestamp(seconds, UTC).astimezone(_timezone())
    return str(
        format_datetime(
            when, "d MMM y HH:mm" if current_language() == "en" else "medium", locale=current_language()
        )
    )


def _timezone() -> ZoneInfo | None:
    """Return the browser's time zone; None means the server's."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
