"""Videos: a frame every so many seconds, decoded by FFmpeg. Neither sound nor metadata is kept."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from math import ceil, floor
from typing import IO, Any

from PIL import Image

from core.data.containers.config import ContainerConfig
from core.data.containers.container import Deadline, Inner, require_few
from core.data.images.picture import MAX_PIXELS
from core.data.skip_reasons import SkipReason, unreadable_image

# Formats that name no other files or addresses.
_FORMATS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf"
# From so many seconds on, to jump costs less than to decode what is between.
_JUMP_SECONDS = 10.0
# Later frames of one instant differ by rounding only.
_ROUNDING = 1e-3
_JPEG_QUALITY = 95
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def count_frames(stream: IO[bytes], config: ContainerConfig) -> int | None:
    with _opened(stream) as (container, _):
        seconds = _seconds(container)
    return None if seconds is None else max(1, ceil(seconds / config.frame_seconds - _ROUNDING))


def frames(stream: IO[bytes], config: ContainerConfig, deadline: Deadline) -> Generator[Inner]:
    with _opened(stream) as (container, video):
        count = 0
        for seconds, frame in _every(container, video, config.frame_seconds, deadline):
            count = require_few(count + 1)
            yield Inner(data=_encoded(frame), suffix=f"#{round(seconds, 3):g}s")


def video_errors() -> tuple[type[Exception], ...]:
    from av import FFmpegError

    return (FFmpegError,)


@contextmanager
def _opened(stream: IO[bytes]) -> Iterator[tuple[Any, Any]]:
    """Open the container and its first video stream.

    Raises:
        UnreadableImageError: it has none, or its frames are too large.
    """
    import av

    with av.open(stream, options={"format_whitelist": _FORMATS}, metadata_errors="ignore") as container:
        if not container.streams.video:
            raise unreadable_image(SkipReason.VIDEO_WITHOUT_PICTURE)
        video = container.streams.video[0]
        _require_size(video.codec_context)
        video.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        yield container, video


def _seconds(container: Any) -> float | None:
    import av

    return float(container.duration / av.time_base) if container.duration else None


def _every(container: Any, video: Any, step: float, deadline: Deadline) -> Iterator[tuple[float, Any]]:
    """The first frame of each interval, with its seconds from the beginning."""
    start, due, length = None, 0.0, _seconds(container)
    for number, frame in enumerate(container.decode(video)):
        deadline.check()
        time = frame.time if frame.time is not None else number / float(video.average_rate or 25)
        start = time if start is None else start
        seconds = time - start
        if seconds < due - _ROUNDING:
            continue
        yield seconds, frame
        due = step * (floor((seconds + _ROUNDING) / step) + 1)
        if length is not None and due >= length:
            return
        if step >= _JUMP_SECONDS and frame.time is not None:
            container.seek(int((start + due) / video.time_base), stream=video)


def _require_size(picture: Any) -> None:
    """Check the size of a stream, or of a frame, which may have another."""
    width, height = picture.width, picture.height
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise unreadable_image(SkipReason.TOO_MANY_PIXELS, {"width": width, "height": height, "limit": limit})


def _encoded(frame: Any) -> bytes:
    """Encode a frame upright; a phone states how it was held."""
    _require_size(frame)
    image = frame.to_image()
    turn = _TURNS.get(round(frame.rotation / 90) * 90 % 360)
    stream = io.BytesIO()
    (image if turn is None else image.transpose(turn)).save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()
