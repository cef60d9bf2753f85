"""Large views of pictures for the browser: upright, 8 bits, at most 1600 pixels, without metadata."""

from __future__ import annotations

import io
from pathlib import Path
from threading import BoundedSemaphore

from PIL import Image

from core.data.dataset import open_dataset
from core.data.images import picture
from core.data.skip_reasons import unreadable_image
from core.data.version_record import version_numbers
from core.errors import NotFoundError
from core.files import sha256_bytes
from core.messages import N_
from core.workspace import Project

# Pixels of the longer side, more than most screens show.
VIEW_SIDE = 1600
# Pixels of the longer side. Up to here a lossless file is small, and JPEG artefacts would be visible.
_MAX_PNG_SIDE = 256
_JPEG_QUALITY = 90
# A decoded picture takes up to 270 MB, and a browser requests several at once.
_DECODING_SLOTS = BoundedSemaphore(2)


def view_picture(project: Project, sha256: str) -> tuple[bytes, str]:
    """Make the large view of the picture whose file has this digest, without metadata.

    Args:
        sha256: 64 hexadecimal digits, in lower case.
    Returns:
        A PNG (few pixels) or JPEG file, and "image/png" or "image/jpeg".
    Raises:
        NotFoundError: the project has no such picture, or its file is missing or has changed.
        UnreadableImageError: the file is damaged.
    """
    try:
        data = _find_file(project, sha256).read_bytes()
    except OSError as error:
        raise _no_picture(project) from error
    if sha256_bytes(data) != sha256:
        raise _no_picture(project)
    # A picture can be looked at before the first version is written.
    dataset = open_dataset(project) if version_numbers(project.dataset) else None
    pixel_range, channels = (dataset.pixel_range, dataset.channels) if dataset else (None, None)
    with _DECODING_SLOTS:
        try:
            image = picture.decode_picture(picture.open_picture(data, channels), VIEW_SIDE, pixel_range)
        except picture.PictureError as error:
            raise unreadable_image(error.code, error.values) from error
        return _encoded(image)


def _find_file(project: Project, sha256: str) -> Path:
    """Find Darkroom's copy of the picture, or the user's file that the newest version refers to."""
    for path in (project.dataset / "images" / sha256[:2]).glob(f"{sha256}.*"):
        return path
    pictures = open_dataset(project).all_pictures
    for location in pictures.loc[pictures["sha256"] == sha256, "location"]:
        if location:
            return Path(location)
    raise _no_picture(project)


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    image.thumbnail((VIEW_SIDE, VIEW_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    # The encoders would write comments and profiles into the new file.
    image.info.clear()
    stream = io.BytesIO()
    if max(image.size) <= _MAX_PNG_SIDE:
        image.save(stream, "PNG")
        return stream.getvalue(), "image/png"
    image.save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue(), "image/jpeg"


def _no_picture(project: Project) -> NotFoundError:
    return NotFoundError(
        N_("Project “{name}” does not have this picture, or its file was moved or changed."),
        name=project.name,
    )
