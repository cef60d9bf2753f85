"""Detection of text encodings: names in old archives, and tables."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence

# Names of an archive that are examined.
_NAMES_SAMPLED = 1000
# Of the characters must be common ones, for an encoding to be accepted.
_MIN_SHARE = 0.5
# Each with the older, narrower encoding of its common characters.
_ASIAN = (("gb18030", "gb2312"), ("cp932", "shift_jis"))
# Letters of alphabets whose texts look like Chinese in another encoding, with the encodings by the
# one of Western Europe that stands in their place. Some Greek words are Russian ones, so those come first.
_ALPHABETS: tuple[tuple[str, dict[str, str]], ...] = (
    ("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", {"cp437": "cp866", "cp1252": "cp1251"}),
    ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", {"cp437": "cp737", "cp1252": "cp1253"}),
    ("abcdefghijklmnopqrstuvwxyząćęłńóśźżáčďéěíňřšťúůýž", {"cp1252": "cp1250"}),
)
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
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def decode_names(names: Sequence[bytes]) -> list[str]:
    """Decode the names of one archive: UTF-8 if all are valid, otherwise by ``legacy_encoding``."""
    try:
        return [name.decode("utf-8") for name in names]
    except UnicodeDecodeError:
        encoding = legacy_encoding([name for name in names if not name.isascii()])
    return [_decoded(name, encoding) for name in names]


def decode_text(data: bytes) -> str:
    """Decode a text file: by its byte order mark, as UTF-8, or by ``legacy_encoding``."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    # UTF-16 without a mark: in plain text many bytes are zero.
    if data[:_FIRST_BYTES].count(0) > _MIN_ZEROS * len(data[:_FIRST_BYTES]):
        high_first = data[:_FIRST_BYTES:2].count(0) > data[1:_FIRST_BYTES:2].count(0)
        return data.decode("utf-16-be" if high_first else "utf-16-le", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        if _is_damaged_utf_8(data):
            return data.decode("utf-8", errors="replace")
        lines = [line for line in data.splitlines() if not line.isascii()]
        return data.decode(legacy_encoding(lines, european="cp1252"), errors="replace")


def _is_damaged_utf_8(data: bytes) -> bool:
    """True if far more bytes beyond ASCII are UTF-8 than not, as where a program has cut a text in a character."""
    text = data.decode("utf-8", errors="ignore")
    kept = len(text.encode()) - sum(map(str.isascii, text))
    lost = len(data) - len(text.encode())
    return kept >= _MIN_UTF_8 * lost


def legacy_encoding(names: Sequence[bytes], european: str = "cp437") -> str:
    """Guess the encoding of text that is not UTF-8: gb18030, cp932, ``european`` or one of ``_ALPHABETS``.

    They overlap: a German “ö” before a letter is half of a Japanese character. So text that
    looks European is decoded as such; otherwise the encoding with the most common
    characters wins.
    """
    sample = b"\n".join(names[:_NAMES_SAMPLED])
    if _looks_european(sample.decode(european, errors="replace")):
        return european
    for letters, encodings in _ALPHABETS:
        encoding = encodings.get(european)
        if encoding and _is_written_in(letters, sample.decode(encoding, errors="replace")):
            return encoding
    shares = {encoding: _common_share(sample, encoding, narrow) for encoding, narrow in _ASIAN}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= _MIN_SHARE else european


def _decoded(name: bytes, encoding: str) -> str:
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        # Has a character for every byte.
        return name.decode("cp437")


def _common_share(sample: bytes, encoding: str, narrow: str) -> float:
    """Compute the share of non-ASCII characters that are ideographs or kana of the narrower encoding."""
    try:
        foreign = [character for character in sample.decode(encoding) if not character.isascii()]
    except UnicodeDecodeError:
        return 0.0
    common = [
        character
        for character in foreign
        if ("\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff")
        and _encodable(character, narrow)
    ]
    return len(common) / len(foreign) if foreign else 0.0


def _encodable(character: str, encoding: str) -> bool:
    try:
        return len(character.encode(encoding)) == 2
    except UnicodeEncodeError:
        return False


def _is_written_in(letters: str, text: str) -> bool:
    """True if all words with signs beyond ASCII have these letters, and capitals as words have them.

    ASCII letters, where the alphabet has them, are at least a third of each word.
    """
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    signs = {sign for sign in text if not sign.isascii() and not sign.isalpha()}
    has_ascii = letters[0].isascii()
    return (
        signs <= _SIGNS
        and all(set(word.lower()) <= set(letters) for word in words)
        and all(word[1:].islower() or word.isupper() or word.islower() for word in words)
        and all(3 * sum(map(str.isascii, word)) >= len(word) for word in words if has_ascii)
        and any(len(word) >= _CLEAR_WORD and not word.isupper() for word in words)
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
