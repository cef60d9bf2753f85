"""Offers of an import: files of many pictures, shown before any picture is taken out of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.data.containers.config import ContainerConfig, ContainerKind
from core.data.containers.container import Container
from core.data.containers.frames import count_inside
from core.data.containers.readers import READER_SUFFIXES
from core.data.containers.table import CONTAINERS, container_of
from core.data.sources.members import Member, UnreadableMemberError
from core.messages import N_, Message
from core.optional_packages import OPTIONAL_PACKAGES, missing_packages
from core.records import Record

# Files that are opened to count their pictures.
_MOST_COUNTED = 100

_COUNTED: Mapping[ContainerKind, str] = {
    ContainerKind.PDF: N_("PDF documents: {files}, pages: {pictures}. Each page becomes a picture."),
    ContainerKind.VIDEO: N_("Videos: {files}. A frame every {seconds} s gives {pictures} pictures."),
    ContainerKind.NIFTI: N_("NIfTI volumes: {files}, slices: {pictures}. Each slice becomes a picture."),
}
_UNCOUNTED: Mapping[ContainerKind, str] = {
    ContainerKind.PDF: N_("PDF documents: {files}. Each page becomes a picture."),
    ContainerKind.VIDEO: N_("Videos: {files}. A frame every {seconds} s becomes a picture."),
    ContainerKind.NIFTI: N_("NIfTI volumes: {files}. Each slice becomes a picture."),
}


@dataclass(frozen=True, kw_only=True)
class Offer(Record):
    """Files of one kind, and the pictures that they would give."""

    kind: ContainerKind
    files: int
    # None: too many files to count, or only decoding tells.
    pictures: int | None = None
    # With these settings.
    config: ContainerConfig = field(default_factory=ContainerConfig)

    @property
    def message(self) -> Message:
        values = {"files": self.files, "seconds": f"{self.config.frame_seconds:g}"}
        if self.pictures is None:
            return Message(_UNCOUNTED[self.kind], values)
        return Message(_COUNTED[self.kind], {**values, "pictures": self.pictures})

    def every(self, seconds: float) -> Offer:
        """The same offer with another interval of videos; the number of pictures is an estimate."""
        pictures = self.pictures and max(
            self.files, round(self.pictures * self.config.frame_seconds / seconds)
        )
        return replace(self, config=replace(self.config, frame_seconds=seconds), pictures=pictures)


@dataclass(frozen=True, kw_only=True)
class MissingReader(Record):
    """Files that are left out because the package that reads them is not installed."""

    # A key of ``OPTIONAL_PACKAGES``.
    package: str
    files: int

    @property
    def message(self) -> Message:
        kind = Message(OPTIONAL_PACKAGES[self.package].label)
        return Message(
            N_("{kind}: {files}. The package {package} that reads them is not installed."),
            {"kind": kind, "files": self.files, "package": self.package},
        )


def find_offers(members: Sequence[Member], config: ContainerConfig) -> tuple[Offer, ...]:
    """Find the files of many pictures that can be read, and of which the user wants pictures."""
    files: dict[ContainerKind, list[Member]] = defaultdict(list)
    for member in members:
        row = container_of(member.parts[-1])
        if row is not None and row.kind not in config.left_out and row.reader.is_installed:
            files[row.kind].append(member)
    return tuple(_offer(CONTAINERS[kind], files[kind], config) for kind in ContainerKind if files[kind])


def find_missing_readers(members: Sequence[Member], config: ContainerConfig) -> tuple[MissingReader, ...]:
    """Count the files of optional kinds whose readers are not installed."""
    unwanted = {CONTAINERS[kind].reader for kind in config.left_out}
    missing = [row.name for row in missing_packages(READER_SUFFIXES) if row not in unwanted]
    counts = {
        name: sum(member.parts[-1].lower().endswith(READER_SUFFIXES[name]) for member in members)
        for name in missing
    }
    return tuple(MissingReader(package=package, files=count) for package, count in counts.items() if count)


def _offer(row: Container, files: Sequence[Member], config: ContainerConfig) -> Offer:
    counts: list[int | None] = []
    if len(files) <= _MOST_COUNTED:
        counts = [_count(member, row, config) for member in files]
    known = [count for count in counts if count is not None]
    pictures = sum(known) if known and len(known) == len(files) else None
    return Offer(kind=row.kind, files=len(files), pictures=pictures, config=config)


def _count(member: Member, row: Container, config: ContainerConfig) -> int | None:
    try:
        return count_inside(member, row, config)
    except UnreadableMemberError:
        return 0
