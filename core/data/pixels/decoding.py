"""Decoding for imports: facts, statistics and thumbnails, with Darkroom's own errors."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from core.data.images import depth, picture
from core.data.images.channels import CHANNELS, ChannelMapping
from core.data.images.depth import PixelRange
from core.data.images.fourth_band import LEFT_OUT
from core.data.images.frames import count_frames
from core.data.images.value_ranges import ValueSummary, summarise
from core.data.pixels.statistics import ImageStatistics, measure
from core.data.skip_reasons import unreadable_image

# Pixels.
THUMBNAIL_SIDE = 160
# EXIF orientations that swap width and height.
_ROTATED = {5, 6, 7, 8}
_EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif", "HEIF": "heic", "JPEG2000": "jp2"}
# Characters of a maker or a model.
_MAX_CAMERA_NAME_LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """Facts about a picture from one decoding. Sizes are upright, in pixels."""

    width: int
    height: int
    # Pillow's name: "JPEG", "PNG", …
    format: str
    extension: str
    # Frames of an animation, or pages; only the first is used.
    frames: int
    # More than 8 bits a channel.
    is_deep: bool
    # Maker and model from EXIF, "" without.
    camera: str
    # Pages that are channels of one picture, of which three are used; 0 for all other pictures.
    channels: int
    # A band such as infrared beside red, green and blue, which is left out.
    has_fourth_band: bool
    # JPEG.
    thumbnail: bytes
    statistics: ImageStatistics


def load_picture(
    data: bytes, size: int, pixel_range: PixelRange | None = None, channels: ChannelMapping | None = None
) -> np.ndarray:
    """Decode a picture to a square; ``images.picture.load_picture`` with Darkroom's error.

    Args:
        pixel_range, channels: those of the ``Dataset``, or of a run's labels.
    Returns:
        uint8 RGB, shape (size, size, 3).
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        return picture.load_picture(data, size, pixel_range, channels)
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error


def measure_values(data: bytes, channels: ChannelMapping | None = None) -> ValueSummary | None:
    """Summarise a picture's values; ``images.value_ranges.summarise`` with Darkroom's error.

    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        return summarise(data, channels)
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error


def examine_picture(
    data: bytes, pixel_range: PixelRange | None = None, channels: ChannelMapping | None = None
) -> PictureFacts:
    """Decode a picture once, for its facts, statistics and thumbnail.

    Args:
        pixel_range: measured values that are black and white, where it has more than 8 bits.
        channels: those that are red, green and blue, where it has many.
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        image = picture.open_picture(data, channels)
        kind, size, is_deep = image.format or "", image.size, depth.is_deep(image)
        num_channels = int(image.info.get(CHANNELS, 0))
        frames = count_frames(image, data)
        decoded = picture.decode_picture(image, at_least=_decoding_size(size), pixel_range=pixel_range)
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    exif = image.getexif()
    width, height = size if exif.get(ExifTags.Base.Orientation) not in _ROTATED else size[::-1]
    small = _shrunk(decoded, _fitting((width, height)))
    return PictureFacts(
        width=width,
        height=height,
        format=kind,
        extension=_EXTENSIONS.get(kind, kind.lower()),
        frames=frames,
        is_deep=is_deep,
        camera=camera_of(exif),
        channels=num_channels,
        has_fourth_band=bool(image.info.get(LEFT_OUT)),
        thumbnail=_encoded(small),
        statistics=measure(small),
    )


def make_thumbnail(image: Image.Image) -> bytes:
    """Make a small JPEG of an RGB picture, its longer side at most 160 pixels."""
    return _encoded(_shrunk(image, _fitting(image.size)))


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """Compute the size of the thumbnail; small pictures are not enlarged."""
    scale = min(1.0, THUMBNAIL_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _decoding_size(size: tuple[int, int]) -> tuple[int, int]:
    """Compute the smallest decoding size for a thumbnail, rounded down; half a pixel more can double it for JPEG."""
    scale = min(1.0, THUMBNAIL_SIDE / max(size))
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def _shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _encoded(small: Image.Image) -> bytes:
    stream = io.BytesIO()
    # An empty comment replaces that of the file.
    small.save(stream, "JPEG", quality=82, comment=b"")
    return stream.getvalue()


def camera_of(exif: Image.Exif) -> str:
    """Maker and model of the camera, "" where the file does not say."""
    maker, model = (_one_line(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    if model.lower().startswith(maker.lower().partition(" ")[0]):
        # The model includes the maker, as in “Canon EOS 5D”.
        return model
    return f"{maker} {model}".strip()


def _one_line(value: object) -> str:
    """Clean a text from a file's metadata: one short printable line."""
    if not isinstance(value, str):
        return ""
    visible = "".join(c if c.isprintable() else " " for c in value.partition("\0")[0])
    return " ".join(visible.split())[:_MAX_CAMERA_NAME_LENGTH]
