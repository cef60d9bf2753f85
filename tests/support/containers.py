"""Files that hold many pictures: PDF documents, videos and NIfTI volumes, as their own programs write them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from tests.support.pictures import digit


def page(number: int, size: tuple[int, int] = (120, 160)) -> Image.Image:
    """A page with a digit."""
    return Image.open(io.BytesIO(digit(number))).convert("RGB").resize(size)


def pdf(*numbers: int, **options: Any) -> bytes:
    """A PDF by Pillow, a page for each number."""
    stream = io.BytesIO()
    first, *others = [page(number) for number in numbers]
    first.save(stream, "PDF", save_all=True, append_images=others, **options)
    return stream.getvalue()


def video(
    levels: Sequence[int], rate: int = 4, codec: str = "mpeg4", container: str = "mp4", **metadata: str
) -> bytes:
    """A video by FFmpeg: frames of one grey level each, with a white square at the upper left."""
    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as output:
        output.metadata.update(metadata)
        track = output.add_stream(codec, rate=rate)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = 96, 64, "yuv420p"
        track.time_base = Fraction(1, rate)
        for level in levels:
            pixels = np.full((64, 96, 3), level, np.uint8)
            pixels[:16, :16] = 255
            for packet in track.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                output.mux(packet)
        for packet in track.encode():
            output.mux(packet)
    return stream.getvalue()


def nifti(
    values: np.ndarray, affine: np.ndarray | None = None, *, packed: bool = False, **header: Any
) -> bytes:
    """A NIfTI file by nibabel."""
    import gzip

    import nibabel

    image = nibabel.Nifti1Image(values, np.eye(4) if affine is None else affine)
    for name, value in header.items():
        image.header[name] = value
    data: bytes = image.to_bytes()
    return gzip.compress(data) if packed else data
