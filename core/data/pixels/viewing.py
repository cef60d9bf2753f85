"""A project's picture as a browser can show it: upright, 8 bits, of moderate size, nothing hidden in it."""

from __future__ import annotations

import io
from pathlib import Path
from threading import BoundedSemaphore

from PIL import Image

from core.data.dataset import open_dataset
from core.data.images import picture
from core.data.skip_reasons import unreadable_image
from core.errors import NotFoundError
from core.files import sha256_bytes
from core.messages import N_
from core.workspace import Project

VIEW_SIDE = 1600  # pixels of the longer side: more than most screens show
_FEW_PIXELS = 256  # of the longer side: up to here a lossless file is small, and JPEG's traces would show
_JPEG_QUALITY = 90
# A decoded picture takes up to 270 MB, and a browser asks for several at once.
_ROOM_TO_DECODE = BoundedSemaphore(2)


def view_picture(project: Project, sha256: str) -> tuple[bytes, str]:
    """The picture whose file has this digest, at most 1600 pixels a side, and its media type.

    Made from the pixels alone: it says neither where nor with what the picture was taken.

    Args:
        sha256: 64 hexadecimal digits, in lower case.
    Returns:
        A PNG (few pixels) or JPEG file, and "image/png" or "image/jpeg".
    Raises:
        NotFoundError: the project holds no such picture, or its file is gone or has changed.
        UnreadableImageError: the file is damaged.
    """
    try:
        data = _find_file(project, sha256).read_bytes()
    except OSError as error:
        raise _no_picture(project) from error
    if sha256_bytes(data) != sha256:
        raise _no_picture(project)
    with _ROOM_TO_DECODE:
        try:
            image = picture.decode_picture(picture.open_picture(data), at_least=VIEW_SIDE)
        except picture.PictureError as error:
            raise unreadable_image(error.code, error.values) from error
        return _encoded(image)


def _find_file(project: Project, sha256: str) -> Path:
    """Our copy of the picture, or the user's own file that the newest version refers to."""
    for path in (project.dataset / "images" / sha256[:2]).glob(f"{sha256}.*"):
        return path
    pictures = open_dataset(project).all_pictures
    for location in pictures.loc[pictures["sha256"] == sha256, "location"]:
        if location:
            return Path(location)
    raise _no_picture(project)


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    image.thumbnail((VIEW_SIDE, VIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image.info.clear()  # the encoders would write comments and profiles into the new file
    stream = io.BytesIO()
    if max(image.size) <= _FEW_PIXELS:
        image.save(stream, "PNG")
        return stream.getvalue(), "image/png"
    image.save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue(), "image/jpeg"


def _no_picture(project: Project) -> NotFoundError:
    return NotFoundError(
        N_("Project “{name}” does not hold this picture, or its file was moved or changed."),
        name=project.name,
    )
