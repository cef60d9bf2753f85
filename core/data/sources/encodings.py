"""Text in bytes that do not say how they were written: names in old archives, tables."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Sequence

_MOST_NAMES = 1000  # that are looked at to tell an archive's encoding
_LEAST_SHARE = 0.5  # of characters in everyday use, for an encoding to be believed
# Each with the narrower set of its everyday characters.
_ASIAN = (("gb18030", "gb2312"), ("cp932", "shift_jis"))
_FIRST_BYTES = 4096  # that are looked at for zeros
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def decode_names(names: Sequence[bytes]) -> list[str]:
    """The names of one archive: UTF-8 if all are, else what Chinese, Japanese or European systems wrote."""
    try:
        return [name.decode("utf-8") for name in names]
    except UnicodeDecodeError:
        encoding = legacy_encoding([name for name in names if not name.isascii()])
    return [_decoded(name, encoding) for name in names]


def decode_text(data: bytes) -> str:
    """The text of a file such as a table: by its mark, as UTF-8, or what Chinese, Japanese or European systems wrote."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if b"\x00" in data[:_FIRST_BYTES]:  # every other byte, where the text is plain
        high_first = data[:_FIRST_BYTES:2].count(0) > data[1:_FIRST_BYTES:2].count(0)
        return data.decode("utf-16-be" if high_first else "utf-16-le", errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        lines = [line for line in data.splitlines() if not line.isascii()]
        return data.decode(legacy_encoding(lines, european="cp1252"), errors="replace")


def legacy_encoding(names: Sequence[bytes], european: str = "cp437") -> str:
    """Guess the encoding of text that is not UTF-8: gb18030, cp932 or ``european``.

    The three overlap: a German “ö” before a letter is half of a Japanese
    character. So words that read as European ones are taken as such, and else
    the encoding under which most characters are common ones.
    """
    sample = b"\n".join(names[:_MOST_NAMES])
    if _reads_as_european(sample.decode(european, errors="replace")):
        return european
    shares = {encoding: _everyday_share(sample, encoding, narrow) for encoding, narrow in _ASIAN}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= _LEAST_SHARE else european


def _decoded(name: bytes, encoding: str) -> str:
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        return name.decode("cp437")  # gives every byte a character


def _everyday_share(sample: bytes, encoding: str, narrow: str) -> float:
    """The share of the foreign characters that are ideographs or kana of the encoding's older, narrower form."""
    try:
        foreign = [character for character in sample.decode(encoding) if not character.isascii()]
    except UnicodeDecodeError:
        return 0.0
    everyday = [
        character
        for character in foreign
        if ("\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff")
        and _encodable(character, narrow)
    ]
    return len(everyday) / len(foreign) if foreign else 0.0


def _encodable(character: str, encoding: str) -> bool:
    try:
        return len(character.encode(encoding)) == 2
    except UnicodeEncodeError:
        return False


def _reads_as_european(text: str) -> bool:
    """True if every foreign letter is Latin and stands beside a plain one of its case."""
    for place, character in enumerate(text):
        if character.isascii():
            continue
        if not unicodedata.name(character, "").startswith("LATIN"):
            return False
        beside = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
        plain = [neighbour for neighbour in beside if neighbour.isascii() and neighbour.isalpha()]
        if not any(neighbour.islower() or character.isupper() for neighbour in plain):
            return False
    return True
