"""Everything a page says can be said in every language Darkroom speaks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.catalogues import LANGUAGES
from pages.ui.catalogue import KEYWORDS, entries, is_translated, placeholders, read_catalogue, sentences

ROOT = Path(__file__).resolve().parents[1]
PAGE_FILES = sorted((ROOT / "pages").rglob("*.py"))
FOREIGN = [language for language in LANGUAGES if language != "en"]
REMEDY = "run “python -m pages.ui.catalogue update”, then translate what is empty"

# Streamlit calls whose first argument people read, and the names under which others take it.
FIRST_ARGUMENT_IS_READ = {
    "audio_input", "badge", "button", "caption", "camera_input", "chat_input", "checkbox", "color_picker",
    "date_input", "dialog", "download_button", "error", "expander", "feedback", "file_uploader",
    "form_submit_button", "header", "info", "link_button", "markdown", "menu_button", "metric", "multiselect",
    "number_input", "pills", "popover", "radio", "segmented_control", "select_slider", "selectbox", "slider",
    "spinner", "status", "subheader", "success", "text", "text_area", "text_input", "time_input", "title",
    "toast", "toggle", "warning", "write",
}  # fmt: skip
KEYWORDS_READ = {"label", "help", "placeholder", "title", "caption", "page_title", "text", "body"}
STREAMLIT_CALLS = FIRST_ARGUMENT_IS_READ | {
    "page_link", "Page", "image", "progress", "set_page_config", "tabs", "column_config",
}  # fmt: skip
_NOT_WORDS = re.compile(r"Darkroom|:material/\w+:|:\w+(-\w+)*\[|&\w+;|</?\w+[^>]*>")


def bare_words(source: str) -> list[str]:
    """Texts given straight to Streamlit, past translation, as ``line: text``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in STREAMLIT_CALLS:
            continue
        shown = node.args[:1] if node.func.attr in FIRST_ARGUMENT_IS_READ else []
        shown += [keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS_READ]
        found += [f"{node.lineno}: {text}" for argument in shown for text in literal_texts(argument)]
    return found


def literal_texts(node: ast.expr) -> list[str]:
    """The literal pieces of an expression that hold words: plain, in an f-string, added, or either-or."""
    match node:
        case ast.Constant(value=str() as text):
            return [text] if any(character.isalpha() for character in _NOT_WORDS.sub("", text)) else []
        case ast.JoinedStr(values=parts):
            return [text for part in parts if isinstance(part, ast.Constant) for text in literal_texts(part)]
        case ast.BinOp(left=left, right=right):
            return literal_texts(left) + literal_texts(right)
        case ast.IfExp(body=body, orelse=otherwise):
            return literal_texts(body) + literal_texts(otherwise)
    return []


def unfound_words(source: str) -> list[str]:
    """Texts translated inside an f-string, where the catalogue's search does not look, as ``line: text``."""
    return [
        f"{call.lineno}: {call.args[0].value!r}"
        for joined in ast.walk(ast.parse(source))
        if isinstance(joined, ast.JoinedStr)
        for call in ast.walk(joined)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
        if call.args and isinstance(call.args[0], ast.Constant)
    ]


@pytest.mark.parametrize("language", FOREIGN)
def test_every_sentence_is_translated(language: str) -> None:
    catalogue = read_catalogue(language)
    known = {message.id for message in entries(catalogue) if is_translated(message)}
    missing = [message.id for message in entries(sentences()) if message.id not in known]
    assert missing == [], f"{len(missing)} sentences lack a translation into {language}; {REMEDY}"


@pytest.mark.parametrize("language", FOREIGN)
def test_no_translation_outlives_its_sentence(language: str) -> None:
    catalogue = read_catalogue(language)
    said = {message.id for message in entries(sentences())}
    stale = [message.id for message in entries(catalogue) if message.id not in said]
    assert stale == [], REMEDY
    assert list(catalogue.obsolete) == [], REMEDY


@pytest.mark.parametrize("language", FOREIGN)
def test_translations_name_the_same_things(language: str) -> None:
    """A place that the translation forgets hides a fact; one it invents crashes the page."""
    different = []
    for message in entries(read_catalogue(language)):
        if not is_translated(message):
            continue
        # Of singular and plural, the plural is the form that names all places.
        original = message.id[-1] if isinstance(message.id, (tuple, list)) else message.id
        forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        different += [form for form in forms if form and placeholders(form) != placeholders(original)]
    assert different == []


@pytest.mark.parametrize("path", PAGE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_visible_text_goes_through_gettext(path: Path) -> None:
    assert bare_words(path.read_text(encoding="utf-8")) == [], "wrap these in _()"


@pytest.mark.parametrize("path", PAGE_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_sentence_hides_from_the_catalogue(path: Path) -> None:
    assert unfound_words(path.read_text(encoding="utf-8")) == [], "take these out of their f-strings"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("f'**{_(\"Trial\")}**'", 1),
        ("f'{_(\"Trial {n}\").format(n=1)}'", 1),
        ("f'{_(NAMES[kind])}'", 0),
        ("_('Trial {n}').format(n=1)", 0),
    ],
)
def test_the_search_for_hidden_sentences_finds_them(source: str, count: int) -> None:
    assert len(unfound_words(source)) == count


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("st.title('Data')", 1),
        ("st.title(_('Data'))", 0),
        ("left.metric('Right', 3)", 1),
        ("st.markdown(f'{n} pictures')", 1),
        ("st.markdown(f'## {title}')", 0),
        ("st.markdown(':material/check: ' + name)", 0),
        ("st.button('Go' if ready else _('Wait'))", 1),
        ("st.page_link('pages/train.py', label='Train')", 1),
        ("st.page_link('pages/train.py', label=_('Train'))", 0),
        ("st.toggle(_('On'), help='More')", 1),
        ("name.title()", 0),
        ("st.selectbox(_('Which'), ['a'], key='which')", 0),
    ],
)
def test_the_search_for_bare_words_finds_them(source: str, count: int) -> None:
    """A guard that never fires guards nothing."""
    assert len(bare_words(source)) == count
