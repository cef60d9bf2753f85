"""Parts of a split that folders name, for pictures whose labels stand in a table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from core.data.labels.layout import Split, split_named

_WORDS = re.compile(r"[^\W\d_]+")
_DEPTH = 4  # folders from the root on
# Words beside “train” in the name of a lone folder; “test tube” is none.
_WORDS_BESIDE = frozenset({"", "images", "image", "imgs", "img", "set", "data", "pictures", "photos"})


def splits_of_folders(paths: Sequence[tuple[str, ...]]) -> list[Split | None]:
    """The part of each file by the first folder level that names parts, such as “train” and “test”.

    Args:
        paths: folders and name of each file.
    """
    for depth in range(_DEPTH):
        named = _parts_at(depth, paths)
        if named:
            return [named.get(path[depth]) if len(path) > depth + 1 else None for path in paths]
    return [None] * len(paths)


def split_in_name(name: str) -> tuple[Split, str] | None:
    """The part that a name says, with the words beside it: “train_images” is (TRAIN, “images”)."""
    words = [word.lower() for word in _WORDS.findall(name)]
    named = [word for word in words if split_named(word)]
    split = split_named(named[0]) if len(named) == 1 else None
    return (split, " ".join(word for word in words if word not in named)) if split else None


def _parts_at(depth: int, paths: Sequence[tuple[str, ...]]) -> dict[str, Split]:
    folders = {path[depth] for path in paths if len(path) > depth + 1}
    by_words: dict[str, dict[str, Split]] = defaultdict(dict)
    for folder in folders:
        if part := split_in_name(folder):
            by_words[part[1]][folder] = part[0]
    for words, parts in by_words.items():
        if len(set(parts.values())) > 1 or (parts.keys() == folders and words in _WORDS_BESIDE):
            return parts
    return {}
