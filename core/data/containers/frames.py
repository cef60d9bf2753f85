"""Pictures inside a file: frames of DICOM files, pages, video frames and slices, without anything personal."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

from core.data.containers.config import ContainerConfig, ContainerKind
from core.data.containers.container import Container, Deadline
from core.data.containers.table import container_of
from core.data.images import dicom
from core.data.images.faults import DECODER_ERRORS
from core.data.images.picture import MAX_PIXELS, PictureError
from core.data.skip_reasons import SkipReason, unreadable_image
from core.data.sources.members import Member
from core.data.sources.subfiles import opened
from core.errors import UnreadableImageError

_HEAD_BYTES = 4096
# Bytes at the beginning and the end of a file that identify it.
_IDENTIFYING_BYTES = 1 << 20


class FrameKind(StrEnum):
    """Origin of a picture that was made from a part of a file."""

    DICOM = "dicom"
    PDF = ContainerKind.PDF
    VIDEO = ContainerKind.VIDEO
    NIFTI = ContainerKind.NIFTI


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture of a file: its bytes, what is added to the file's name, and its group."""

    data: bytes
    suffix: str = ""
    # "" for a picture that is a group of its own.
    group: str = ""
    # None for a file that is one picture.
    kind: FrameKind | None = None


def container_in(member: Member) -> Container | None:
    """Kind of a file by its name and its first bytes; None for single pictures.

    Raises:
        UnreadableMemberError: it cannot be read.
    """
    row = container_of(member.parts[-1])
    if row is None:
        return None
    with opened(member) as stream:
        return row if row.matches(stream.read(_HEAD_BYTES)) else None


def frames_inside(member: Member, container: Container, config: ContainerConfig) -> Generator[Frame]:
    """Take a file of many pictures apart; all of them are one group.

    Raises:
        UnreadableMemberError, UnreadableImageError: the file cannot be read, or not any further.
    """
    if not container.reader.is_installed:
        raise unreadable_image(container.missing)
    kind = FrameKind(container.kind)
    with opened(member) as stream:
        group, is_empty = _identity(stream), True
        try:
            with closing(container.pictures(stream, config, Deadline())) as pictures:
                for inner in pictures:
                    is_empty = False
                    yield Frame(data=inner.data, suffix=inner.suffix, group=group, kind=kind)
        except UnreadableImageError:
            raise
        except MemoryError as error:
            raise unreadable_image(SkipReason.TOO_LARGE_TO_DECODE) from error
        except DECODER_ERRORS + container.errors() as error:
            raise unreadable_image(SkipReason.DAMAGED) from error
    # FFmpeg finds no error in a video that is cut off before its first frame.
    if is_empty:
        raise unreadable_image(SkipReason.DAMAGED)


def first_picture(member: Member, config: ContainerConfig) -> bytes:
    """Read a file that is one picture, or a picture of one that has many.

    Raises:
        UnreadableMemberError, UnreadableImageError: it cannot be read.
    """
    container = container_in(member)
    if container is None:
        return member.read()
    with closing(frames_inside(member, container, config)) as frames:
        return next(frames).data


def count_inside(member: Member, container: Container, config: ContainerConfig) -> int | None:
    """Count the pictures that a file gives; 0 if it cannot be read, None where only decoding tells.

    Raises:
        UnreadableMemberError: the file cannot be read.
    """
    with opened(member) as stream:
        try:
            return container.count(stream, config)
        except (UnreadableImageError, MemoryError):
            return 0
        except DECODER_ERRORS + container.errors():
            return 0


def frames_of(data: bytes) -> Iterator[Frame]:
    """Take a DICOM file apart; other files are one picture and stay as they are.

    Raises:
        UnreadableImageError: a DICOM file cannot be read.
    """
    if not dicom.is_dicom(data):
        yield Frame(data=data)
        return
    if not dicom.can_read():
        raise unreadable_image(SkipReason.NO_DICOM_READER)
    try:
        yield from _dicom_frames(data)
    except dicom.DicomError as error:
        raise unreadable_image(error.code, error.values) from error
    except PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    except MemoryError as error:
        raise unreadable_image(SkipReason.TOO_LARGE_TO_DECODE) from error
    except DECODER_ERRORS + dicom.pydicom_errors() as error:
        raise unreadable_image(SkipReason.DAMAGED) from error


def _dicom_frames(data: bytes) -> Iterator[Frame]:
    header = dicom.read_header(data)
    width, height = dicom.size_of(header)
    if width * height > MAX_PIXELS:
        raise PictureError("too_large_to_decode")
    count, group = dicom.frame_count(header), dicom.group_of(header)
    for index in range(count):
        stream = dicom.read_frame(header, index).fp
        assert isinstance(stream, io.BytesIO)
        suffix = f"#{index + 1}" if count > 1 else ""
        yield Frame(data=stream.getvalue(), suffix=suffix, group=group, kind=FrameKind.DICOM)


def _identity(stream: IO[bytes]) -> str:
    """Digest of a file's beginning, end and size; long videos are not read whole for it."""
    size = stream.seek(0, io.SEEK_END)
    digest = hashlib.sha256(str(size).encode())
    for start in (0, max(0, size - _IDENTIFYING_BYTES)):
        stream.seek(start)
        digest.update(stream.read(_IDENTIFYING_BYTES))
    stream.seek(0)
    return digest.hexdigest()
