"""Detection of the code pages of Europe's Latin alphabets, by their languages and by where letters stand.

Nearly every byte is a letter in each of them: “è” of French is “č” of Czech. A code page is
right if one of its languages has all letters. Where several have such a language, vowels
rarely stand beside vowels, and consonants rarely without any.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

# Letters of the languages of each code page beside the ASCII ones, the most usual page first.
_WINDOWS_LANGUAGES: dict[str, Sequence[str]] = {
    "cp1252": (
        "àâçéèêëîïôùûüœ",  # French
        "äöüß",
        "áéíñóúü",  # Spanish
        "áâãàçéêíóôõú",  # Portuguese
        "àèéìíòóùú",  # Italian
        "æøåé",  # Danish, Norwegian
        "åäöé",  # Swedish, Finnish
        "áðéíóúýþæö",  # Icelandic
        "éèëïóöü",  # Dutch
        "àçèéíïòóúü",  # Catalan
        "äõöüšž",  # Estonian
    ),
    "cp1250": (
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíĺľňóôŕšťúýž",  # Slovak
        "ąćęłńóśźż",  # Polish
        "áéíóöőúüű",  # Hungarian
        "ăâîşţ",  # Romanian
        "čćđšž",  # Slovenian, Croatian
    ),
    "cp1254": ("çğıöşüâîû",),  # Turkish
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),  # Lithuanian, Latvian, Estonian
}
_DOS_PAGES = {"cp437": "cp1252", "cp850": "cp1252", "cp852": "cp1250", "cp857": "cp1254"}
_LANGUAGES: Mapping[str, Sequence[str]] = _WINDOWS_LANGUAGES | {
    page: _WINDOWS_LANGUAGES[windows] for page, windows in _DOS_PAGES.items()
}
# Files of it are rarer than texts of the others that look like one.
_RARE = "cp1257"
_SIGNS = frozenset("«»–—„“”‘’‚…°·•×¿¡€£§\xa0\xad")
# Letters of abbreviations and units in any language.
_MARKS = frozenset("ªºµ")
# In all of these code pages, a byte is a character.
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_VOWELS = frozenset("aeiouyæøœı")
_NASAL = ("ão", "ãe", "õe")
# Of two that are equally likely by their letters, this many words must speak for one, and hardly any against.
_CLEAR_WORDS, _MOST_AGAINST = 2, 1 / 3


def guess_latin(sample: bytes, *, is_dos: bool = False) -> tuple[str, str] | None:
    """The most likely code page and another one that is about as likely, otherwise ""; None if none fits.

    Args:
        is_dos: the text is of DOS, or the name of a file in an archive, instead of Windows.
    """
    texts: dict[str, str] = {}
    for page in _LANGUAGES:
        if (page in _DOS_PAGES) is not is_dos:
            continue
        text = sample.decode(page, errors="replace")
        if _is_latin(text, sample, page) and text not in texts.values():
            texts[page] = text
    usual = {page: text for page, text in texts.items() if page != _RARE}
    for candidates in (_with_language(usual), _with_language(texts), usual or texts):
        if candidates:
            return _likeliest(list(candidates), sample)
    return None


def _with_language(texts: Mapping[str, str]) -> dict[str, str]:
    """Code pages of which one language has all letters of the text."""
    return {
        page: text
        for page, text in texts.items()
        if any(_letters(text) <= set(language) for language in _LANGUAGES[page])
    }


def _letters(text: str) -> set[str]:
    return {sign for sign in text.lower() if not sign.isascii() and sign.isalpha()} - _MARKS


def _words(sample: bytes) -> list[bytes]:
    """Distinct words with bytes beyond ASCII."""
    return [word for word in dict.fromkeys(_WORD.findall(sample)) if not word.isascii()]


def _is_latin(text: str, sample: bytes, page: str) -> bool:
    """True if all letters are of the page's languages, in words of one case with ASCII letters among them."""
    if "\ufffd" in text:
        return False
    if not _letters(text) <= set("".join(_LANGUAGES[page])):
        return False
    if any(not sign.isascii() and not sign.isalpha() and sign not in _SIGNS for sign in text):
        return False
    runs = [word.decode(page) for word in _words(sample)]
    longer = [word for run in runs if len(word := "".join(filter(str.isalpha, run))) > 1]
    letters = "".join(longer)
    signs = sum(not sign.isascii() and not sign.isalpha() for sign in "".join(runs))
    return (
        bool(_letters(letters))
        and 3 * sum(map(str.isascii, letters)) >= len(letters)
        and all(word[1:].islower() or word.isupper() for word in longer)
        # In Japanese, bytes that are quotation marks here stand before letters.
        and signs <= 2 * sum(not word.isascii() for word in longer)
    )


def _likeliest(pages: Sequence[str], sample: bytes) -> tuple[str, str]:
    words = _words(sample)
    fits = {page: [_fit(word.decode(page).lower()) for word in words] for page in pages}
    best = max(pages, key=lambda page: sum(fits[page]))
    for rival in pages:
        if rival == best:
            continue
        pairs = list(zip(fits[best], fits[rival], strict=True))
        speaking = sum(one > other for one, other in pairs)
        against = sum(one < other for one, other in pairs)
        if speaking < _CLEAR_WORDS or against > _MOST_AGAINST * speaking:
            return best, rival
    return best, ""


def _fit(word: str) -> int:
    """Letters beyond ASCII that stand where such letters do, less those that do not."""
    return sum(
        1 if _stands_well(word, position) else -1
        for position, letter in enumerate(word)
        if not letter.isascii() and letter.isalpha()
    )


def _stands_well(word: str, position: int) -> bool:
    letter, following = word[position], word[position + 1 : position + 2]
    beside = word[max(0, position - 1) : position] + following
    has_vowel = any(_is_vowel(other) for other in beside)
    if letter == "ñ":
        return _is_vowel(following)
    if letter == "ń":
        return not _is_vowel(following)
    if letter == "ï" or word[position : position + 2] in _NASAL:
        return has_vowel
    return has_vowel != _is_vowel(letter)


def _is_vowel(letter: str) -> bool:
    return bool(letter) and unicodedata.normalize("NFD", letter)[0] in _VOWELS
