"""Pictures inside a file: frames of a DICOM file, stored as PNG or TIFF without anything personal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from core.data.images import dicom
from core.data.images.faults import DECODER_ERRORS
from core.data.images.picture import MAX_PIXELS, PictureError
from core.data.skip_reasons import SkipReason, unreadable_image


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture of a file: its bytes, what is added to the file's name, and its group."""

    data: bytes
    suffix: str = ""
    # "" for a picture that is a group of its own.
    group: str = ""
    is_from_dicom: bool = False


def frames_of(data: bytes) -> Iterator[Frame]:
    """Take a file apart; most are one picture and stay as they are.

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
        yield Frame(data=stream.getvalue(), suffix=suffix, group=group, is_from_dicom=True)
