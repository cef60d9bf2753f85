"""Reading of a batch: picture files decoded on all cores, ahead of their use and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from core.data.images.value_ranges import Misfit
from core.data.skip_reasons import Reason
from core.data.sources.members import UnreadableMemberError
from core.delivery.files import Labels
from core.delivery.misfits import find_misfit
from core.devices import cpu_cores
from core.errors import UnreadableImageError
from core.files import sha256_bytes
from core.prediction.batch.sources import BatchPicture

# Decoded pictures that wait for the network: 10 MB at 224 × 224.
_AHEAD = 64
_JPEG_SIGNATURE = b"\xff\xd8\xff"


@dataclass(frozen=True, kw_only=True)
class ReadPicture:
    """A picture of a batch whose file was read."""

    picture: BatchPicture
    # None: the bytes could not be read.
    sha256: str | None = None
    # Reason why it is not decoded; None: it is.
    reason: Reason | None = None
    # Reason why the answer means little.
    misfit: Misfit | None = None


# A picture, and its pixels uint8 RGB (S, S, 3) where it is decoded.
Decoded: TypeAlias = tuple[ReadPicture, np.ndarray | None]


def read_ahead(pictures: Iterable[BatchPicture], labels: Labels) -> Generator[Decoded, None, None]:
    """Read pictures in order; at most ``_AHEAD`` of them are in memory. Close the iterator to end early."""
    pool = ThreadPoolExecutor(cpu_cores())
    read = partial(_read, labels)
    waiting: deque[Future[Decoded]] = deque()
    try:
        for picture in pictures:
            waiting.append(pool.submit(read, picture))
            if len(waiting) == _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read(labels: Labels, picture: BatchPicture) -> Decoded:
    try:
        data = picture.read()
    except UnreadableMemberError as error:
        return ReadPicture(picture=picture, reason=error.reason), None
    sha256 = sha256_bytes(data)
    try:
        pixels = labels.decode(data)
        # An ordinary JPEG has 8 bits, so only a classifier of deep pictures can doubt it.
        is_plain = data.startswith(_JPEG_SIGNATURE) and not labels.expects_depth
        doubt = None if is_plain else find_misfit(labels, data)
    except UnreadableImageError as error:
        return ReadPicture(picture=picture, sha256=sha256, reason=Reason.of(error.message)), None
    return ReadPicture(picture=picture, sha256=sha256, misfit=doubt), pixels
