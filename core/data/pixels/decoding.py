"""Decoding for imports: facts, statistics and thumbnails, with Darkroom's own errors."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageFile

from core.data.images import picture
from core.data.pixels.statistics import ImageStatistics, measure
from core.data.skip_reasons import unreadable_image

THUMBNAIL_SIDE = 160  # pixels
_ON_ITS_SIDE = {5, 6, 7, 8}  # EXIF orientations that swap width and height
_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "HEIF": "heic", "JPEG2000": "jp2"}
# Not MPO: what phones store behind a photograph is its depth, not another picture.
_FORMATS_WITH_FRAMES = {"GIF", "TIFF", "PNG", "WEBP", "AVIF", "HEIF"}
_FRAMES_FOUND_BY_GOING_THERE = {"GIF", "TIFF"}
_LONGEST_CAMERA_NAME = 40  # characters of a maker or a model


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """Facts about a picture from one decoding. Sizes are upright, in pixels."""

    width: int
    height: int
    format: str  # Pillow's name: "JPEG", "PNG", …
    extension: str
    frames: int  # of a film or a file of several pages; only the first is used
    camera: str  # maker and model as the camera wrote them, "" where it did not
    thumbnail: bytes  # JPEG
    statistics: ImageStatistics


def load_picture(data: bytes, size: int) -> np.ndarray:
    """``core.data.images.picture.load_picture`` with Darkroom's error.

    Returns:
        uint8 RGB, shape (size, size, 3).
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        return picture.load_picture(data, size)
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error


def examine_picture(data: bytes) -> PictureFacts:
    """Decode a picture once: prove that it is one, measure it, and make its thumbnail.

    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        image = picture.open_picture(data)
        kind, size = image.format or "", image.size
        frames = _count_frames(image, data)
        decoded = picture.decode_picture(image, at_least=_enough(size))
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    exif = image.getexif()
    width, height = size if exif.get(ExifTags.Base.Orientation) not in _ON_ITS_SIDE else size[::-1]
    small = _shrunk(decoded, _fitting((width, height)))
    return PictureFacts(
        width=width,
        height=height,
        format=kind,
        extension=_EXTENSIONS.get(kind, kind.lower()),
        frames=frames,
        camera=_camera(exif),
        thumbnail=_encoded(small),
        statistics=measure(small),
    )


def make_thumbnail(image: Image.Image) -> bytes:
    """A small JPEG of an RGB picture, its longer side at most 160 pixels."""
    return _encoded(_shrunk(image, _fitting(image.size)))


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """The size of the thumbnail: small pictures are not blown up."""
    scale = min(1.0, THUMBNAIL_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _enough(size: tuple[int, int]) -> tuple[int, int]:
    """Compute the least decoding size for a thumbnail, rounded down: half a pixel more would double a JPEG's scale."""
    scale = min(1.0, THUMBNAIL_SIDE / max(size))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _encoded(small: Image.Image) -> bytes:
    stream = io.BytesIO()
    # Of what the file said beside its pixels, such as comments, nothing is kept.
    small.save(stream, "JPEG", quality=82, comment=b"")
    return stream.getvalue()


def _count_frames(image: ImageFile.ImageFile, data: bytes) -> int:
    if image.format not in _FORMATS_WITH_FRAMES:
        return 1
    if image.format in _FRAMES_FOUND_BY_GOING_THERE:
        image = picture.open_picture(data)
    try:
        return int(getattr(image, "n_frames", 1))
    except picture.DECODER_ERRORS:
        return 1  # a later one is damaged; the first is what counts


def _camera(exif: Image.Exif) -> str:
    maker, model = (_one_line(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    if model.lower().startswith(maker.lower().partition(" ")[0]):
        return model  # “Canon” makes the “Canon EOS 5D”
    return f"{maker} {model}".strip()


def _one_line(value: object) -> str:
    """Clean a text from a file's metadata: one short printable line."""
    if not isinstance(value, str):
        return ""
    visible = "".join(c if c.isprintable() else " " for c in value.partition("\0")[0])
    return " ".join(visible.split())[:_LONGEST_CAMERA_NAME]
