"""Thumbnails that stand beside their originals: they would displace or double them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Listing, Member

# A folder in the originals' folder: cat/thumbs/1.jpg of cat/1.jpg.
_FOLDERS_INSIDE = frozenset(
    ["thumb", "thumbs", "thumbnail", "thumbnails", "_thumb", "_thumbs", "_thumbnails", "previews"]
)
# A folder beside the originals' folder: thumbnails/cat/1.jpg of images/cat/1.jpg. A class can be
# called “thumb”, so the shorter names are not here.
_FOLDERS_BESIDE = frozenset(["thumbnail", "thumbnails", "_thumbnails"])
_SUFFIXES, _PREFIXES = ("_thumb", "-thumb", "_thumbnail", "-thumbnail", ".thumb"), ("thumb_", "tn_")


def without_thumbnails(listing: Listing) -> Listing:
    """Refuse the thumbnails whose original is in the source as well."""
    suspects = {member.parts for member in listing.members if _may_be_thumbnail(member.parts)}
    if not suspects:
        return listing
    others = [member for member in listing.members if member.parts not in suspects]
    named = {_lower(member.parts): member.name for member in others}
    beside = _without_one_folder(others)
    members, refused = [], list(listing.refused)
    for member in listing.members:
        original = _original_of(member.parts, named, beside) if member.parts in suspects else None
        if original is None:
            members.append(member)
        else:
            refused.append((member.name, Reason(code=SkipReason.THUMBNAIL, values={"original": original})))
    return replace(listing, members=members, refused=refused)


def _original_of(
    parts: tuple[str, ...], named: dict[tuple[str, ...], str], beside: dict[tuple[str, ...], str]
) -> str | None:
    for candidate in _originals(parts):
        if candidate in named:
            return named[candidate]
    depth = _folder_beside(parts)
    return None if depth is None else beside.get(_lower((*parts[:depth], *parts[depth + 1 :])))


def _may_be_thumbnail(parts: tuple[str, ...]) -> bool:
    path = "/".join(parts).lower()
    if "thumb" not in path and "preview" not in path and "tn_" not in path:
        return False
    return _folder_beside(parts) is not None or any(True for _ in _originals(parts))


def _originals(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths in lower case at which the original of a thumbnail would be, judged by the names alone."""
    *folders, name = _lower(parts)
    if folders and folders[-1] in _FOLDERS_INSIDE:
        yield (*folders[:-1], name)
    stem, dot, suffix = name.rpartition(".")
    for ending in _SUFFIXES:
        if stem.endswith(ending):
            yield (*folders, f"{stem.removesuffix(ending)}{dot}{suffix}")
    for beginning in _PREFIXES:
        if stem.startswith(beginning):
            yield (*folders, f"{stem.removeprefix(beginning)}{dot}{suffix}")


def _folder_beside(parts: tuple[str, ...]) -> int | None:
    """Depth of the folder of thumbnails in a path."""
    return next((depth for depth, part in enumerate(parts[:-1]) if part.lower() in _FOLDERS_BESIDE), None)


def _without_one_folder(members: Sequence[Member]) -> dict[tuple[str, ...], str]:
    """Names of files by their path without one of its folders."""
    return {
        _lower((*member.parts[:depth], *member.parts[depth + 1 :])): member.name
        for member in members
        for depth in range(len(member.parts) - 1)
    }


def _lower(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in parts)
