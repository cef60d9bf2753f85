"""Files that an import left out: reason codes, their sentences, and the records that store them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.data.legacy_sentences import RENAMED_VALUES, SKIP_REASONS
from core.errors import UnreadableImageError
from core.messages import N_, Message
from core.records import JsonObject, Record

# A message where the reason is an error of its own.
Value = str | int | float | Message


class SkipReason(StrEnum):
    """Code of the reason why a file did not become a picture of the dataset."""

    NO_CLASS_FOLDER = "no_class_folder"
    NOT_IN_TABLE = "not_in_table"
    MISSING_FILE = "missing_file"
    AMBIGUOUS_NAME = "ambiguous_name"
    NAMED_BUT_MISSING = "named_but_missing"
    NAMED_AMBIGUOUSLY = "named_ambiguously"
    CLASS_TOO_SMALL = "class_too_small"
    CLASS_WITHOUT_TRAINING_PICTURES = "class_without_training_pictures"
    DUPLICATE = "duplicate"
    # Codes of core/data/containers.
    NO_PDF_READER = "no_pdf_reader"
    NO_VIDEO_READER = "no_video_reader"
    NO_VOLUME_READER = "no_volume_reader"
    PDF_LOCKED = "pdf_locked"
    VIDEO_WITHOUT_PICTURE = "video_without_picture"
    SEVERAL_VOLUMES = "several_volumes"
    TOO_MANY_INSIDE = "too_many_inside"
    TOO_SLOW = "too_slow"
    NOT_TAKEN_APART = "not_taken_apart"
    # Codes of core/data/images/picture.py, down to TIFF_INTEGERS.
    EMPTY_FILE = "empty_file"
    NOT_A_PICTURE = "not_a_picture"
    TOO_LARGE_TO_DECODE = "too_large_to_decode"
    TOO_MANY_PIXELS = "too_many_pixels"
    CHANNEL_MISSING = "channel_missing"
    DAMAGED = "damaged"
    NO_HEIC_READER = "no_heic_reader"
    NO_JPEG_XL_READER = "no_jpeg_xl_reader"
    NO_DICOM_READER = "no_dicom_reader"
    DICOM_COMPRESSION = "dicom_compression"
    DICOM_WITHOUT_PICTURE = "dicom_without_picture"
    OTHER_KIND = "other_kind"
    VOLUME = "volume"
    MICROSCOPE_FILE = "microscope_file"
    CAMERA_RAW = "camera_raw"
    DRAWING = "drawing"
    PDF = "pdf"
    VIDEO = "video"
    JPEG_BITS = "jpeg_bits"
    JPEG_LOSSLESS = "jpeg_lossless"
    PSD_BITS = "psd_bits"
    TIFF_COMPRESSION = "tiff_compression"
    TIFF_BANDS = "tiff_bands"
    TIFF_FLOATS = "tiff_floats"
    TIFF_INTEGERS = "tiff_integers"
    UNSAFE_NAME = "unsafe_name"
    REPLACED_BY_LATER_FILE = "replaced_by_later_file"
    LINK = "link"
    LINK_NOT_FOLLOWED = "link_not_followed"
    LINK_LEADS_OUT = "link_leads_out"
    LINK_LEADS_NOWHERE = "link_leads_nowhere"
    LINK_IN_A_CIRCLE = "link_in_a_circle"
    THUMBNAIL = "thumbnail"
    DEVICE = "device"
    FILE_TOO_LARGE = "file_too_large"
    DAMAGED_IN_ARCHIVE = "damaged_in_archive"
    DECOMPRESSION_BOMB = "decompression_bomb"
    UNKNOWN_COMPRESSION = "unknown_compression"
    ARCHIVE_BESIDE_FILES = "archive_beside_files"
    ARCHIVE_TOO_DEEP = "archive_too_deep"
    CANNOT_BE_OPENED = "cannot_be_opened"
    UNREADABLE_ARCHIVE = "unreadable_archive"
    # Boxes, where each is to become a picture.
    NO_BOX = "no_box"
    BOX_TOO_SMALL = "box_too_small"
    BOX_WITHOUT_AREA = "box_without_area"
    BOX_OUTSIDE = "box_outside"
    BOX_OF_OTHER_SIZE = "box_of_other_size"
    BOX_OF_A_CROWD = "box_of_a_crowd"
    BOX_WITHOUT_LABEL = "box_without_label"
    BOX_IN_FRAMES = "box_in_frames"
    # A sentence of an earlier version that has no code.
    OTHER = "other"


SENTENCES: Mapping[SkipReason, str] = {
    SkipReason.NO_CLASS_FOLDER: N_("it is not in a class folder"),
    SkipReason.NOT_IN_TABLE: N_("{table} has no row for it"),
    SkipReason.MISSING_FILE: N_("row {row} of {table} names it, but there is no such file"),
    SkipReason.AMBIGUOUS_NAME: N_(
        "row {row} of {table} names it, but several files have this name; add their folders"
    ),
    SkipReason.NAMED_BUT_MISSING: N_("{table} names it (entry {entry}), but there is no such file"),
    SkipReason.NAMED_AMBIGUOUSLY: N_(
        "{table} names it (entry {entry}), but several files have this name; add their folders"
    ),
    SkipReason.CLASS_TOO_SMALL: N_(
        "its class “{label}” has only {count} usable pictures; at least {minimum} are needed"
    ),
    SkipReason.CLASS_WITHOUT_TRAINING_PICTURES: N_("its class “{label}” has no pictures to train on"),
    SkipReason.DUPLICATE: N_("it is the same picture as {other}"),
    SkipReason.NO_PDF_READER: N_(
        "it is a PDF document, and the package pypdfium2 that reads those is not installed: pip install -r requirements-formats.txt"
    ),
    SkipReason.NO_VIDEO_READER: N_(
        "it is a video, and the package av that reads those is not installed: pip install -r requirements-formats.txt"
    ),
    SkipReason.NO_VOLUME_READER: N_(
        "it is a NIfTI volume, and the package nibabel that reads those is not installed: pip install -r requirements-formats.txt"
    ),
    SkipReason.PDF_LOCKED: N_("it is a PDF document with a password; save it without one"),
    SkipReason.VIDEO_WITHOUT_PICTURE: N_("it is a video file without a picture"),
    SkipReason.SEVERAL_VOLUMES: N_("it holds {count} volumes; save one of them as a file of its own"),
    SkipReason.TOO_MANY_INSIDE: N_(
        "it gives {count} pictures, more than the {limit} that one file may give; split it, or take fewer of a video"
    ),
    SkipReason.TOO_SLOW: N_("reading it took longer than {minutes} minutes; split it"),
    SkipReason.NOT_TAKEN_APART: N_("no pictures were taken from it, as you chose"),
    SkipReason.EMPTY_FILE: N_("it is empty (0 bytes)"),
    SkipReason.NOT_A_PICTURE: N_("it is not a picture, or of a kind that cannot be read"),
    SkipReason.TOO_LARGE_TO_DECODE: N_("it has more pixels than can be handled safely"),
    SkipReason.TOO_MANY_PIXELS: N_(
        "it has {width} × {height} pixels, more than the {limit} million that can be handled safely"
    ),
    SkipReason.CHANNEL_MISSING: N_(
        "it has {count} channels, and channel {number} is one of those that are shown"
    ),
    SkipReason.DAMAGED: N_("it is damaged or cut off"),
    SkipReason.NO_HEIC_READER: N_(
        "it is a HEIC picture, and the package pillow-heif that reads those is not installed"
    ),
    SkipReason.NO_JPEG_XL_READER: N_(
        "it is a JPEG XL picture, and the package pillow-jxl-plugin that reads those is not installed: pip install -r requirements-formats.txt"
    ),
    SkipReason.NO_DICOM_READER: N_(
        "it is a DICOM picture, and the package pydicom that reads those is not installed: pip install -r requirements-formats.txt"
    ),
    SkipReason.DICOM_COMPRESSION: N_(
        "it is a DICOM picture compressed with {compression}, which cannot be read; save it uncompressed or as PNG"
    ),
    SkipReason.DICOM_WITHOUT_PICTURE: N_("it is a DICOM file without a picture"),
    SkipReason.OTHER_KIND: N_("its kind is {kind}, which cannot be read; save it as PNG"),
    SkipReason.VOLUME: N_("it is a volume of the kind {kind}, which cannot be read; save its slices as PNG"),
    SkipReason.MICROSCOPE_FILE: N_("its kind is {kind}, which cannot be read; export it as OME-TIFF or PNG"),
    SkipReason.CAMERA_RAW: N_(
        "it is a camera's raw file, which cannot be read; develop it to JPEG or TIFF first"
    ),
    SkipReason.DRAWING: N_("it is a drawing ({kind}), not a picture of pixels; save it as PNG"),
    SkipReason.PDF: N_("it is a PDF document; save its pages as PNG"),
    SkipReason.VIDEO: N_("it is a video; save single frames of it as pictures"),
    SkipReason.JPEG_BITS: N_("it is a JPEG with {bits} bits a colour, which cannot be read; save it as PNG"),
    SkipReason.JPEG_LOSSLESS: N_("it is a lossless JPEG, which cannot be read; save it as PNG"),
    SkipReason.PSD_BITS: N_(
        "it is a Photoshop file with {bits} bits a colour, which cannot be read; save it with 8 bits or as PNG"
    ),
    SkipReason.TIFF_COMPRESSION: N_(
        "it is a TIFF compressed with {compression}, which cannot be read; save it with LZW or without compression"
    ),
    SkipReason.TIFF_BANDS: N_(
        "it is a TIFF with {bands} bands, which cannot be read; save three of them as an RGB picture"
    ),
    SkipReason.TIFF_FLOATS: N_(
        "it is a TIFF with {bits}-bit floats in {bands} bands, which cannot be read; save it with 8 or 16 bits"
    ),
    SkipReason.TIFF_INTEGERS: N_(
        "it is a TIFF with {bits}-bit values in {bands} bands, which cannot be read; save it with 8 or 16 bits"
    ),
    SkipReason.UNSAFE_NAME: N_("its name points outside the archive"),
    SkipReason.REPLACED_BY_LATER_FILE: N_(
        "a later file in the archive has the same name, and that one was taken"
    ),
    SkipReason.LINK: N_("it is a link, not a file"),
    SkipReason.LINK_NOT_FOLLOWED: N_(
        "it is a link, not a file; import the folder on the command line with {option}"
    ),
    SkipReason.LINK_LEADS_OUT: N_(
        "it is a link to {target}, outside the source; list that folder in {variable} to allow it"
    ),
    SkipReason.LINK_LEADS_NOWHERE: N_("it is a link to a file or folder that does not exist"),
    SkipReason.LINK_IN_A_CIRCLE: N_("it is a link to a folder that contains it"),
    SkipReason.THUMBNAIL: N_("it is a thumbnail of {original}"),
    SkipReason.DEVICE: N_("it is a device or a pipe, not a file"),
    SkipReason.FILE_TOO_LARGE: N_("it is larger than {limit} MB"),
    SkipReason.DAMAGED_IN_ARCHIVE: N_("it is damaged inside the archive"),
    SkipReason.DECOMPRESSION_BOMB: N_("it unpacks to more than {ratio} times its size, as no picture does"),
    SkipReason.UNKNOWN_COMPRESSION: N_("it is compressed with a method that cannot be unpacked here"),
    SkipReason.ARCHIVE_BESIDE_FILES: N_("it is an archive beside other files; unpack it first"),
    SkipReason.ARCHIVE_TOO_DEEP: N_("it is an archive in an archive in an archive; unpack it first"),
    SkipReason.CANNOT_BE_OPENED: N_("it could not be opened: {error}"),
    SkipReason.UNREADABLE_ARCHIVE: N_("{sentence}"),
    SkipReason.NO_BOX: N_("no box is drawn in it"),
    SkipReason.BOX_TOO_SMALL: N_("its box has a side of {side} pixels; at least {limit} were asked for"),
    SkipReason.BOX_WITHOUT_AREA: N_("its box has no area, or edges that are no numbers"),
    SkipReason.BOX_OUTSIDE: N_("its box lies outside the picture"),
    SkipReason.BOX_OF_OTHER_SIZE: N_(
        "the labels are about a picture of {stated} pixels, and this one has {size}; take the pictures that were labelled"
    ),
    SkipReason.BOX_OF_A_CROWD: N_("its box is marked as a group of objects, or to be ignored"),
    SkipReason.BOX_WITHOUT_LABEL: N_("its box has no label"),
    SkipReason.BOX_IN_FRAMES: N_(
        "it has several frames, and the labels do not say in which one its box lies"
    ),
    SkipReason.OTHER: N_("{sentence}"),
}


@dataclass(frozen=True, kw_only=True)
class Reason(Record):
    """A reason code with the values that its sentence names."""

    code: SkipReason
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """The sentence for people; it has the same code."""
        return Message(SENTENCES[self.code], dict(self.values), code=self.code)

    @classmethod
    def of(cls, message: Message) -> Reason:
        """Return the reason of an error's message."""
        return cls(code=SkipReason(message.code), values=message.values)

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        """Read the English templates that were stored up to 03be4e7."""
        if "template" not in values:
            return values
        code = SKIP_REASONS.get(values["template"])
        if code is None:
            return {"code": SkipReason.OTHER, "values": {"sentence": values}}
        named = {RENAMED_VALUES.get(name, name): value for name, value in values["values"].items()}
        return {"code": code, "values": named}


@dataclass(frozen=True, kw_only=True)
class Skipped(Record):
    """A file that was left out, with the reason."""

    file: str
    reason: Reason


def unreadable_image(code: str, values: Mapping[str, Value] | None = None) -> UnreadableImageError:
    """Make the error for a code of ``core/data/images/picture.py``, which has no sentences of its own."""
    reason = SkipReason(code)
    return UnreadableImageError(SENTENCES[reason], code=reason, **(values or {}))
