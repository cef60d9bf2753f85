"""Names of ImageNet's WordNet synsets: the 1,000 classes of ILSVRC 2012."""

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
    """Return the name of a synset, such as “tench” for “n01440764”; an unknown number is unchanged.

    Synsets with the same name, such as the two cranes (bird and machine), keep their numbers
    behind it.
    """
    return _names().get(synset, synset)


@cache
def _names() -> dict[str, str]:
    lines = files("core.data.labels").joinpath("synsets.txt").read_text(encoding="utf-8").splitlines()
    names = dict(line.split(" ", 1) for line in lines)
    frequency = Counter(name.casefold() for name in names.values())
    return {
        synset: name if frequency[name.casefold()] == 1 else f"{name} ({synset})"
        for synset, name in names.items()
    }
