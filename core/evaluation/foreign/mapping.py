"""Matching of a foreign model's class names with a project's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from core.errors import ConfigError
from core.messages import N_, first_of


def match_classes(
    foreign: Sequence[str], classes: Sequence[str], *, by_order: bool = False
) -> dict[str, str]:
    """Map foreign classes to classes of the project: equal names first, then equal but for case and spaces.

    Args:
        by_order: where no name is equal, the first class is the first one.
    """
    matched = {name: name for name in foreign if name in classes}
    loose = {_loosely(name): name for name in classes if name not in matched}
    # Of “+” and “???” nothing is left to compare.
    loose.pop("", None)
    for name in foreign:
        if name not in matched and _loosely(name) in loose:
            matched[name] = loose.pop(_loosely(name))
    if not matched and by_order:
        # A model with more classes has the project's first.
        return dict(zip(foreign, classes, strict=False))
    return {name: matched[name] for name in foreign if name in matched}


def parse_pairs(pairs: Sequence[str], foreign: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    """Read pairs ``foreign=class``; an empty class takes the foreign one out.

    Raises:
        ConfigError: a name is unknown, or the pair has no “=”.
    """
    mapping = {}
    for pair in pairs:
        name, equals, target = pair.partition("=")
        for value, known in ((name, foreign), (target or classes[0], classes)):
            if not equals or value not in known:
                raise ConfigError(
                    N_(
                        "“{pair}” maps nothing. Write a class of the model, “=”, and one of the project: {known}."
                    ),
                    pair=pair,
                    known=first_of(list(known)),
                )
        mapping[name] = target
    return mapping


def with_changes(matched: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Apply the user's choices to matched names; "" takes a class out."""
    return {name: target for name, target in {**matched, **changes}.items() if target}


def _loosely(name: str) -> str:
    """Reduce a name to letters and digits in lower case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())
