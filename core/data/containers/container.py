"""Container: the record that each kind of file with many pictures is one of.

To add a kind, write its functions in a file of its own, give it a code in ``config.py``, its suffixes in
``sources/members.py`` and ``readers.py``, its reader in ``core/optional_packages.py``, the sentences of its offer in
``offers.py``, of its note in ``notes.py`` and of its missing reader in ``skip_reasons.py``, and add the row to
``table.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import IO

from core.data.containers.config import ContainerConfig, ContainerKind
from core.data.containers.readers import READER_SUFFIXES
from core.data.skip_reasons import SkipReason, unreadable_image
from core.optional_packages import OptionalPackage

# Of one file; a longer one is split, or gives fewer.
MAX_PICTURES = 10_000
_MAX_MINUTES = 30


@dataclass(frozen=True, kw_only=True)
class Inner:
    """One picture of a container: its file, and its place, such as “#3” for the third page."""

    data: bytes
    suffix: str


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Limit of the time that one file may take."""

    end: float = field(default_factory=lambda: time.monotonic() + 60 * _MAX_MINUTES)

    def check(self) -> None:
        """
        Raises:
            UnreadableImageError: the time is over.
        """
        if time.monotonic() > self.end:
            raise unreadable_image(SkipReason.TOO_SLOW, {"minutes": _MAX_MINUTES})


@dataclass(frozen=True, kw_only=True)
class Container:
    """One kind of file that holds many pictures."""

    kind: ContainerKind
    reader: OptionalPackage
    # The reason against a file while the reader is not installed.
    missing: SkipReason
    # True for the first bytes of such a file.
    matches: Callable[[bytes], bool]
    # Number of the pictures that a file gives; None where only decoding tells. Reads little.
    count: Callable[[IO[bytes], ContainerConfig], int | None]
    # The pictures in order. Both raise UnreadableImageError, and errors of ``errors``.
    pictures: Callable[[IO[bytes], ContainerConfig, Deadline], Generator[Inner]]
    # Errors of the reader for damaged files, beside those of other decoders.
    errors: Callable[[], tuple[type[Exception], ...]]

    @property
    def suffixes(self) -> tuple[str, ...]:
        return READER_SUFFIXES[self.reader.name]


def require_few(count: int) -> int:
    """
    Raises:
        UnreadableImageError: a file gives too many pictures.
    """
    if count > MAX_PICTURES:
        raise unreadable_image(SkipReason.TOO_MANY_INSIDE, {"count": count, "limit": MAX_PICTURES})
    return count
