"""Offer of an import: which channels of pictures with many are shown as red, green and blue."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.data.images.channels import ChannelMapping, channel_names, count_channels
from core.data.images.picture import PictureError, decode_picture, measured_values, open_picture
from core.data.images.tiff import read_pages
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import ArchiveError
from core.messages import N_, Message
from core.records import Record

_SUFFIXES = (".tif", ".tiff")
# Files that are opened to find pictures with channels of their own.
_LOOKED_AT = 12
# What all programs show alike.
_COLOURS = 3
# Names of red, green and blue: words, and the bands of Sentinel-2 and of Landsat 8 and 9.
_NAMES = (("red", "b04", "b4"), ("green", "b03", "b3"), ("blue", "b02", "b2"))
# Of the small views of channels: pixels of a side, and percentiles that are black and white.
_SIDE, _PERCENTILES, _MOST_SHOWN = 128, (2, 98), 64


@dataclass(frozen=True, kw_only=True)
class ChannelOffer(Record):
    """Channels that the pictures have, and three of them to begin with."""

    # The fewest that a picture has.
    count: int
    # As the files name them; () if they do not.
    names: tuple[str, ...]
    # Counted from 1; 0 is black.
    suggested: tuple[int, int, int]

    @property
    def message(self) -> Message:
        return Message(
            N_("The pictures have {count} channels. Channels {channels} are shown as red, green and blue."),
            {"count": self.count, "channels": ", ".join(str(number) for number in self.suggested)},
        )


def find_channel_offer(members: Sequence[Member]) -> tuple[ChannelOffer, bytes] | None:
    """Look for channels of their own in some pictures; returns the offer with an example's file."""
    files = [member for member in members if member.parts[-1].lower().endswith(_SUFFIXES)]
    offer: ChannelOffer | None = None
    example = b""
    for member in files[:: max(1, len(files) // _LOOKED_AT)]:
        with suppress(UnreadableMemberError, ArchiveError):
            data = member.read()
            pages = read_pages(data)
            count = count_channels(pages)
            if count not in {0, _COLOURS} and (offer is None or count < offer.count):
                names = channel_names(data, pages)
                offer, example = (
                    ChannelOffer(count=count, names=names, suggested=_suggested(count, names)),
                    data,
                )
    return None if offer is None else (offer, example)


def channel_views(data: bytes) -> bytes:
    """Draw each channel of a picture small and grey, one below the other, as a PNG; b"" if it cannot be read."""
    count = min(count_channels(read_pages(data)), _MOST_SHOWN)
    views: list[np.ndarray] = []
    try:
        for first in range(1, count + 1, _COLOURS):
            three = [number if number <= count else 0 for number in range(first, first + _COLOURS)]
            image = open_picture(data, ChannelMapping(*three))
            values = measured_values(image)
            pixels = np.asarray(decode_picture(image)) if values is None else values
            views += [_view(pixels[..., index]) for index, number in enumerate(three) if number]
    except PictureError:
        return b""
    stream = io.BytesIO()
    Image.fromarray(np.concatenate(views)).save(stream, "PNG")
    return stream.getvalue()


def _suggested(count: int, names: Sequence[str]) -> tuple[int, int, int]:
    """Channels named as colours, otherwise the first three."""
    lower = [name.strip().lower() for name in names]
    found = [next((lower.index(name) + 1 for name in alike if name in lower), 0) for alike in _NAMES]
    red, green, blue = (
        found if all(found) else (number if number <= count else 0 for number in range(1, _COLOURS + 1))
    )
    return red, green, blue


def _view(values: np.ndarray) -> np.ndarray:
    """Shrink a channel and stretch its values: uint8."""
    step = max(1, -(-max(values.shape) // _SIDE))
    small = np.nan_to_num(values[::step, ::step].astype(np.float64), posinf=0, neginf=0)
    low, high = np.percentile(small, _PERCENTILES)
    return np.clip((small - low) * (255 / max(high - low, 1e-9)), 0, 255).astype(np.uint8)
