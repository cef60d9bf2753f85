"""Text of the pages: translation, escaping, number formats."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from core import catalogues
from core.messages import N_, Message
from pages.ui import text

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=1; plural=0;\\n"

msgid "Language"
msgstr "语言"

msgid "{file} is empty."
msgstr "{file} 是空的。"

msgid "{n} picture"
msgid_plural "{n} pictures"
msgstr[0] "{n} 张图片"
"""


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small Chinese catalogue in place of the real one."""
    monkeypatch.setattr(catalogues, "LOCALE_FOLDER", tmp_path)
    path = catalogues.catalogue_path("zh_CN")
    path.parent.mkdir(parents=True)
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


@pytest.fixture
def chinese(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "current_language", lambda: "zh_CN")


def page() -> None:
    import streamlit as st

    from pages.ui.text import choose_language, current_language

    with st.sidebar:
        choose_language()
    st.markdown(current_language())


@pytest.mark.usefixtures("chinese")
def test_sentences_come_from_the_po_file() -> None:
    assert text._("Language") == "语言"
    assert text._("Not translated yet") == "Not translated yet"
    assert text.ngettext("{n} picture", "{n} pictures", 3).format(n=3) == "3 张图片"


@pytest.mark.usefixtures("chinese")
def test_an_edited_catalogue_is_reloaded(catalogue: Path) -> None:
    """Translators see changes after a reload of the page."""
    assert text._("Language") == "语言"
    catalogue.write_text(CATALOGUE.replace("语言", "界面语言"), encoding="utf-8")
    os.utime(catalogue, ns=(1, 1))
    assert text._("Language") == "界面语言"


@pytest.mark.usefixtures("chinese")
def test_a_message_is_translated_and_its_names_are_escaped() -> None:
    """A file's name must not become formatting or HTML."""
    message = Message(N_("{file} is empty."), {"file": "*a*"})
    assert text.show(message) == r"\*a\* 是空的。"
    assert text.show(message, markdown=False) == "*a* 是空的。"


def test_english_needs_no_catalogue() -> None:
    assert text._("Language") == "Language"
    assert text.ngettext("{n} picture", "{n} pictures", 1) == "{n} picture"
    assert text.ngettext("{n} picture", "{n} pictures", 2) == "{n} pictures"


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("cat", "cat"),
        ("猫 1", "猫 1"),
        ("a_b*c", r"a\_b\*c"),
        ("<b>", r"\<b\>"),
        ("$x$", r"\$x\$"),
        ("two\nlines", "two lines"),
        ("[a](b)", r"\[a\]\(b\)"),
    ],
)
def test_names_are_escaped(name: str, escaped: str) -> None:
    assert text.escape(name) == escaped


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-CN", "zh_CN"), ("zh-Hans", "zh_CN"), ("de-DE", "en"), (None, "en")]
)
def test_the_browser_suggests_a_language(locale: str | None, language: str) -> None:
    assert text.language_for(locale) == language


def test_the_language_follows_browser_address_and_choice_in_this_order() -> None:
    app = AppTest.from_function(page, default_timeout=300)
    app.context = {"locale": "zh-CN"}
    app.run()
    assert app.markdown[0].value == "zh_CN"
    assert "lang" not in app.query_params  # nothing to remember: the browser says it again

    app.selectbox(key="language").select("en").run()
    assert app.markdown[0].value == "en"
    assert app.query_params["lang"] == "en"

    refreshed = AppTest.from_function(page, default_timeout=300)
    refreshed.context = {"locale": "zh-CN"}
    refreshed.query_params["lang"] = "en"
    refreshed.run()
    assert refreshed.markdown[0].value == "en"
    assert not refreshed.exception


def test_a_browser_language_that_arrives_late_is_taken_up() -> None:
    """The first run of a session may come before the browser's language."""
    app = AppTest.from_function(page, default_timeout=300)
    app.run()
    assert app.markdown[0].value == "en"
    app.context = {"locale": "zh-CN"}
    app.run()
    assert app.markdown[0].value == "zh_CN"
    assert app.selectbox(key="language").value == "zh_CN"
    assert "lang" not in app.query_params


def test_a_chosen_language_survives_a_late_browser_language() -> None:
    app = AppTest.from_function(page, default_timeout=300)
    app.run()
    app.selectbox(key="language").select("zh_CN").run()
    app.selectbox(key="language").select("en").run()
    assert app.query_params["lang"] == "en"
    app.context = {"locale": "zh-CN"}
    app.run()
    assert app.markdown[0].value == "en"


def slow_page() -> None:
    import streamlit as st

    from pages.ui.text import choose_language

    st.markdown(st.query_params.get("lang", ""))
    choose_language()


def test_a_chosen_language_is_in_the_address_before_the_page_is_drawn() -> None:
    """A reload directly after the choice keeps the language."""
    app = AppTest.from_function(slow_page, default_timeout=300)
    app.run()
    app.selectbox(key="language").select("zh_CN").run()
    assert app.markdown[0].value == "zh_CN"


@pytest.mark.parametrize(
    ("locale", "accepted", "language"),
    [
        ("zh-CN", "de", "zh_CN"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"),
        ("", "zh-TW", "zh_CN"),
        (None, "de-DE,zh;q=0.5", "en"),
        (None, None, "en"),
    ],
)
def test_the_accept_language_header_replaces_a_missing_locale(
    monkeypatch: pytest.MonkeyPatch, locale: str | None, accepted: str | None, language: str
) -> None:
    """The header comes with the connection, so it is there before the first run."""
    headers = {} if accepted is None else {"Accept-Language": accepted}
    monkeypatch.setattr("streamlit.context", SimpleNamespace(locale=locale, headers=headers))
    assert text.language_for(text.browser_locale()) == language


def test_an_unknown_language_in_the_address_is_ignored() -> None:
    app = AppTest.from_function(page, default_timeout=300)
    app.query_params["lang"] = "../../etc"
    app.run()
    assert app.markdown[0].value == "en"
    assert not app.exception


@pytest.mark.parametrize(
    ("fraction", "written"),
    [(0.921, "92.1%"), (0, "0%"), (1, "100%"), (0.99961, ">99.9%"), (0.0001, "<0.1%"), (0.5, "50%")],
)
def test_percent_never_rounds_to_all_or_nothing(fraction: float, written: str) -> None:
    """“100% right” with one mistake would be false."""
    assert text.percent(fraction) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (40.4, "40 s"),
        (59.7, "1 min"),
        (200, "3 min 20 s"),
        (3599.6, "1 h"),
        (3900, "1 h 5 min"),
        (-3, "0 s"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, written: str) -> None:
    assert text.duration(seconds) == written


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (18_826_032, "18.8 MB"),
        (150e6, "150 MB"),
        (2.5e12, "2.5 TB"),
    ],
)
def test_file_sizes(size: float, written: str) -> None:
    assert text.file_size(size) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(12345, "12,345"), (0.0123456, "0.0123"), (3.0, "3"), (1234.5, "1,234"), (-1, "−1")],
)
def test_numbers(value: float, written: str) -> None:
    assert text.number(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "0 s"),
        (11.4, "11 s"),
        (42.9, "45 s"),
        (59.0, "1 min"),
        (88.0, "1 min 30 s"),
        (161.0, "2 min 40 s"),
        (606.0, "10 min"),
        (7320.0, "2 h"),
        (6300.0, "1 h 45 min"),
    ],
)
def test_an_estimate_has_no_digits_that_it_cannot_know(seconds: float, written: str) -> None:
    """“roughly 10 min 6 s” claims to know six seconds."""
    assert text.expected_duration(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "words"), [(130.0, "about 2 min 10 s left"), (0.6, "about 1 s left"), (0.0, "almost done")]
)
def test_work_that_is_late_has_no_number_of_seconds_left(seconds: float, words: str) -> None:
    assert text.time_left(seconds) == words
