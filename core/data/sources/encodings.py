"""Detection of text encodings: names in old archives, and tables."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.sources.asian_texts import guess_asian
from core.data.sources.latin_texts import guess_latin

# Names of an archive, or lines of a text, that are examined.
_TEXTS_SAMPLED = 1000
_DOS, _WINDOWS = "cp437", "cp1252"
# Letters of alphabets whose texts look like Chinese in another encoding, with the encodings by the
# one of Western Europe that stands in their place. Some Greek words are Russian ones, so those come first.
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_ALPHABETS: tuple[tuple[str, dict[str, str]], ...] = (
    (_RUSSIAN, {"cp437": "cp866", "cp1252": "cp1251"}),
    ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", {"cp437": "cp737", "cp1252": "cp1253"}),
    (_RUSSIAN, {"cp437": "cp866", "cp1252": "koi8-r"}),
)
# Hebrew letters are Russian ones in lower case. Some have a form for the end of a word alone.
_HEBREW = frozenset(map(chr, range(0x5D0, 0x5EB)))
_AT_END, _BEFORE_END = frozenset("ךםןףץ"), frozenset("כמנפצ")
_WORD = re.compile(r"[^\W\d_]+")
_SIGNS = frozenset("«»–—№„“”\xa0")
# Letters of a word that two Chinese characters look like once in a thousand times, unless all are capitals.
_CLEAR_WORD = 4
# Examined for zero bytes.
_FIRST_BYTES = 4096
# Of them must be zero, for a text to be UTF-16.
_MIN_ZEROS = 0.05
# Bytes beyond ASCII that are UTF-8, for each that is not. By chance there are few in other encodings.
_MIN_UTF_8 = 10
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*\sencoding=["']([\w.-]+)["']""")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TextEncoding:
    """Encoding in which a text was read, and how sure that is."""

    # As Python's codecs are called.
    name: str
    # Another one in which the bytes are about as likely; "" if there is none.
    rival: str = ""
    # False if the bytes are no text in any encoding that is known here.
    is_recognised: bool = True

    @property
    def is_sure(self) -> bool:
        return self.is_recognised and not self.rival

    def in_rival(self, text: str) -> str:
        """A part of the text as it would be in the other encoding."""
        return text.encode(self.name, errors="replace").decode(self.rival, errors="replace")


def decode_names(names: Sequence[bytes]) -> list[str]:
    """Decode the names of one archive: as UTF-8 if all are valid, otherwise as DOS and Windows wrote them."""
    try:
        return [name.decode("utf-8") for name in names]
    except UnicodeDecodeError:
        unclear = [name for name in names if not name.isascii()]
        encoding = _guess(unclear, _DOS)
        if not encoding.is_recognised:
            encoding = _guess(unclear, _WINDOWS)
        encoding = encoding if encoding.is_recognised else TextEncoding(name=_DOS)
    return [_decoded(name, encoding.name) for name in names]


def decode_text(data: bytes) -> str:
    """Decode a text file in its most likely encoding; see ``decode_with_encoding``."""
    return decode_with_encoding(data)[0]


def decode_with_encoding(data: bytes) -> tuple[str, TextEncoding]:
    """Decode a text file by its byte order mark, as UTF-8, or in the older encoding that is most likely."""
    for mark, name in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(name, errors="replace"), TextEncoding(name=name)
    # UTF-16 without a mark: in plain text many bytes are zero.
    if data[:_FIRST_BYTES].count(0) > _MIN_ZEROS * len(data[:_FIRST_BYTES]):
        high_first = data[:_FIRST_BYTES:2].count(0) > data[1:_FIRST_BYTES:2].count(0)
        encoding = TextEncoding(name="utf-16-be" if high_first else "utf-16-le")
        return data.decode(encoding.name, errors="replace"), encoding
    # “猫” of Chinese Windows is a letter in UTF-8, so what a file states comes first.
    if stated := _stated_by_xml(data):
        return data.decode(stated), TextEncoding(name=stated)
    try:
        return data.decode("utf-8"), TextEncoding(name="utf-8")
    except UnicodeDecodeError:
        encoding = _older_encoding(data)
    return data.decode(encoding.name, errors="replace"), encoding


def _older_encoding(data: bytes) -> TextEncoding:
    if _is_damaged_utf_8(data):
        return TextEncoding(name="utf-8")
    # The same line, such as one with a class alone, says nothing new.
    lines = dict.fromkeys(line for line in data.splitlines() if not line.isascii())
    return _guess(list(lines), _WINDOWS)


def _stated_by_xml(data: bytes) -> str:
    """The encoding that an XML file states, "" if it states none in which it can be read."""
    match = _XML_ENCODING.match(data)
    try:
        encoding = codecs.lookup(match[1].decode("ascii")).name if match else ""
        data.decode(encoding or "ascii")
    except (LookupError, ValueError):
        return ""
    return encoding


def _is_damaged_utf_8(data: bytes) -> bool:
    """True if far more bytes beyond ASCII are UTF-8 than not, as where a program has cut a text in a character."""
    text = data.decode("utf-8", errors="ignore")
    kept = len(text.encode()) - sum(map(str.isascii, text))
    lost = len(data) - len(text.encode())
    return kept >= _MIN_UTF_8 * lost


def _guess(texts: Sequence[bytes], european: str) -> TextEncoding:
    """Guess the encoding of texts that are not UTF-8.

    Encodings overlap: a German “ö” before a letter is half of a Japanese character. So text that
    looks European is decoded as such; otherwise the most probable Asian text wins.

    Args:
        european: that of Western Europe, in which every text can be read; “cp437” for DOS.
    """
    sample = b"\n".join(texts[:: max(1, len(texts) // _TEXTS_SAMPLED)])
    latin = guess_latin(sample, is_dos=european == _DOS)
    if latin is not None:
        return TextEncoding(name=latin[0], rival=latin[1])
    if european == _DOS and _looks_european(sample.decode(european, errors="replace")):
        return TextEncoding(name=european)
    for letters, encodings in _ALPHABETS:
        encoding = encodings[european]
        if _is_written_in(letters, sample.decode(encoding, errors="replace")):
            may_be_hebrew = encoding == "cp1251" and _is_hebrew(sample.decode("cp1255", errors="replace"))
            return TextEncoding(name=encoding, rival="cp1255" if may_be_hebrew else "")
    asian = guess_asian(sample)
    if asian is None:
        return TextEncoding(name=european, is_recognised=False)
    return TextEncoding(name=asian[0], rival=asian[1])


def _decoded(name: bytes, encoding: str) -> str:
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        # Has a character for every byte.
        return name.decode(_DOS)


def _is_written_in(letters: str, text: str) -> bool:
    """True if all words with signs beyond ASCII have these letters, and capitals as words have them."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    signs = {sign for sign in text if not sign.isascii() and not sign.isalpha()}
    return (
        signs <= _SIGNS
        and all(set(word.lower()) <= set(letters) for word in words)
        and all(word[1:].islower() or word.isupper() or word.islower() for word in words)
        and any(len(word) >= _CLEAR_WORD and not word.isupper() for word in words)
    )


def _is_hebrew(text: str) -> bool:
    """True if all words with signs beyond ASCII are Hebrew ones by their last letters."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    return all(
        set(word) <= _HEBREW and _AT_END.isdisjoint(word[:-1]) and word[-1] not in _BEFORE_END
        for word in words
    )


def _looks_european(text: str) -> bool:
    """True if every non-ASCII letter is Latin and beside an ASCII letter of its case."""
    for index, character in enumerate(text):
        if character.isascii():
            continue
        if not unicodedata.name(character, "").startswith("LATIN"):
            return False
        beside = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
        plain = [neighbour for neighbour in beside if neighbour.isascii() and neighbour.isalpha()]
        if not any(neighbour.islower() or character.isupper() for neighbour in plain):
            return False
    return True
