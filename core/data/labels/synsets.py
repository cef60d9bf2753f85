"""ImageNet's folders are named by WordNet's numbers; here are the words for the thousand of ILSVRC 2012."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files

_NUMBER = re.compile(r"n\d{8}")


def is_synset(name: str) -> bool:
    """True for a name such as “n01440764”."""
    return _NUMBER.fullmatch(name) is not None


def readable_name(synset: str) -> str:
    """“tench” for “n01440764”; a number that is not among the thousand stays as it is.

    Two synsets that have only one and the same word, the crane that flies and the
    crane that lifts, keep their numbers behind it.
    """
    return _names().get(synset, synset)


@cache
def _names() -> dict[str, str]:
    lines = files("core.data.labels").joinpath("synsets.txt").read_text(encoding="utf-8").splitlines()
    words = dict(line.split(" ", 1) for line in lines)
    frequency = Counter(word.casefold() for word in words.values())
    return {
        synset: word if frequency[word.casefold()] == 1 else f"{word} ({synset})"
        for synset, word in words.items()
    }
