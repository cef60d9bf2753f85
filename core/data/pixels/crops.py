"""Pictures cut out of a picture by boxes, without loss and in the way that every picture is decoded.

A crop is a PNG of the decoded colours, which are upright sRGB. A picture with more than 8 bits
keeps its measured values, as PNG with 16 bits or as float TIFF, so that the dataset's range
applies to them as to any other picture.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageFile

from core.data.images import colour, depth, picture
from core.data.images.channels import ChannelMapping
from core.data.labels.boxes import Box, CropConfig, Edges, place_box
from core.data.pixels.decoding import camera_of
from core.data.skip_reasons import Reason, SkipReason, unreadable_image

# 1 is the fastest, 9 the smallest.
_COMPRESSION = 4
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_ORIENTATIONS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda values: values[:, ::-1],
    3: lambda values: values[::-1, ::-1],
    4: lambda values: values[::-1],
    5: lambda values: values.swapaxes(0, 1),
    6: lambda values: np.rot90(values, -1),
    7: lambda values: values[::-1, ::-1].swapaxes(0, 1),
    8: lambda values: np.rot90(values),
}
# Colour types of PNG, by the number of channels.
_PNG_TYPES = {1: 0, 3: 2, 4: 6}

_Info = dict[str | tuple[int, int], Any]
# Encodes the pixels between edges as a file.
Cutter = Callable[[Edges], bytes]


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Picture that was cut out of a file."""

    data: bytes
    edges: Edges
    # The box left the picture.
    is_clipped: bool
    # Maker and model in the file, "" without.
    camera: str


def cut_out(
    data: bytes, boxes: Sequence[Box], config: CropConfig, channels: ChannelMapping | None = None
) -> list[Crop | Reason]:
    """Decode a picture once and cut out its boxes, in order; a reason for each that is left out.

    Args:
        boxes: with an area.
        channels: those that are red, green and blue in a picture of many.
    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        image = picture.open_picture(data, channels)
        # To look for it, Pillow decodes a PNG, whose depth is not known any more. A TIFF that is
        # decoded has lost it.
        stated = None if image.format == "PNG" else _orientation(image)
        cut, size = _cutter(image)
        orientation = stated or _orientation(image)
        camera = camera_of(image.getexif())
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    # Of damaged metadata.
    except picture.DECODER_ERRORS as error:
        raise unreadable_image(SkipReason.DAMAGED) from error
    crops: list[Crop | Reason] = []
    for box in boxes:
        placement = place_box(box, size, orientation, config.margin)
        if placement is None:
            crops.append(_of_other_shape(box, size))
        elif placement.shortest_side <= 0:
            crops.append(Reason(code=SkipReason.BOX_OUTSIDE))
        elif placement.shortest_side < config.smallest_side:
            crops.append(too_small(placement.shortest_side, config))
        else:
            crops.append(
                Crop(
                    data=cut(placement.edges),
                    edges=placement.edges,
                    is_clipped=placement.is_clipped,
                    camera=camera,
                )
            )
    return crops


def too_small(side: float, config: CropConfig) -> Reason:
    """The reason against a box with a shorter side of so many pixels."""
    return Reason(code=SkipReason.BOX_TOO_SMALL, values={"side": round(side), "limit": config.smallest_side})


def _of_other_shape(box: Box, size: tuple[int, int]) -> Reason:
    stated = "{} × {}".format(*box.stated_size)
    return Reason(
        code=SkipReason.BOX_OF_OTHER_SIZE, values={"stated": stated, "size": "{} × {}".format(*size)}
    )


def _cutter(image: ImageFile.ImageFile) -> tuple[Cutter, tuple[int, int]]:
    """Decode a picture; return a function that cuts out of it, and its upright size."""
    if not depth.is_deep(image):
        decoded = picture.decode_picture(image)
        return lambda edges: _png(decoded.crop(edges)), decoded.size
    info, is_negative = dict(image.info), _is_negative(image)
    measured = picture.measured_pixels(image)
    assert measured is not None
    values, opacity = measured
    # Pillow turns some kinds itself, and removes the orientation.
    orientation = _orientation(image)
    if opacity is not None and values.dtype == np.uint16:
        colours = values if values.ndim == 3 else np.dstack([values] * 3)
        values = np.dstack([colours, opacity.astype(np.uint16) * 257])
    upright = _ORIENTATIONS.get(orientation, np.asarray)(values)

    def cut(edges: Edges) -> bytes:
        return _deep_file(
            upright[edges.top : edges.bottom, edges.left : edges.right], info, is_negative=is_negative
        )

    return cut, (upright.shape[1], upright.shape[0])


def _orientation(image: ImageFile.ImageFile) -> int:
    orientation: int = image.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation


def _is_negative(image: ImageFile.ImageFile) -> bool:
    """True for grey values of which the smallest is white."""
    return (
        image.mode not in {"L", "RGB", "RGBA"}
        and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    )


def _png(crop: Image.Image) -> bytes:
    stream = io.BytesIO()
    crop.save(stream, "PNG", compress_level=_COMPRESSION)
    return stream.getvalue()


def _deep_file(values: np.ndarray, info: _Info, *, is_negative: bool) -> bytes:
    """Values as PNG with 16 bits and the colour space of ``info``; as TIFF where PNG cannot hold them."""
    is_short = values.dtype == np.uint16
    if is_short and not is_negative:
        return _deep_png(values, info)
    kind = np.dtype("<u2" if is_short else "<f4")
    return _tiff(np.ascontiguousarray(values, dtype=kind), 0 if is_negative else 1)


def _tiff(values: np.ndarray, photometric: int) -> bytes:
    """An uncompressed TIFF of one or three channels; Pillow writes neither floats in three nor negatives."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    sample_format = 3 if values.dtype.kind == "f" else 1
    tags = {
        256: [width],
        257: [height],
        258: [8 * values.itemsize] * channels,
        259: [1],
        _PHOTOMETRIC: [photometric],
        273: [8],
        277: [channels],
        278: [height],
        279: [values.nbytes],
        339: [sample_format] * channels,
    }
    directory, extra = b"", b""
    # Even; lists of numbers follow the directory.
    directory_start = 8 + values.nbytes + values.nbytes % 2
    extra_start = directory_start + 2 + 12 * len(tags) + 4
    for tag, numbers in tags.items():
        content = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(content) > 4:
            content, extra = struct.pack("<I", extra_start + len(extra)), extra + content
        directory += struct.pack("<HHI", tag, 4, len(numbers)) + content
    pixels = values.tobytes().ljust(directory_start - 8, b"\0")
    header = b"II*\0" + struct.pack("<I", directory_start)
    return header + pixels + struct.pack("<H", len(tags)) + directory + bytes(4) + extra


def _deep_png(values: np.ndarray, info: _Info) -> bytes:
    """A PNG with 16 bits, which Pillow writes for one channel only."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if isinstance(cicp := info.get(colour.CICP), tuple):
        chunks.append((b"cICP", bytes([*cicp, 0, 1])))
    if isinstance(profile := info.get("icc_profile"), bytes):
        chunks.append((b"iCCP", b"profile\0\0" + zlib.compress(profile)))
    if isinstance(gamma := info.get("gamma"), float):
        chunks.append((b"gAMA", struct.pack(">I", round(gamma * 100_000))))
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8)
    unfiltered = np.zeros((height, 1), dtype=np.uint8)
    pixels = zlib.compress(np.hstack([unfiltered, rows]).tobytes(), _COMPRESSION)
    chunks += [(b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
