"""Range of the measured values of a source whose pictures have more than 8 bits a channel.

Cameras with 10, 12 or 14 bits store their values in 16, thermometers store degrees and scanners
Hounsfield units. One range is found for a whole source, never for each picture, so that equal
values stay equal. ``depth.PixelRange`` applies it.

Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from .depth import PixelRange
from .frames import shows_several
from .picture import DECODER_ERRORS, measured_values, open_picture

# Of projects and classifiers that have none.
FULL_RANGE = PixelRange(0, 65535)
# Pixels of a picture that represent it: 100 MB for 50,000 pictures.
_SAMPLE_PIXELS = 512
# Values that instruments store where they measured nothing.
_NO_DATA = (-9999.0, -99999.0, -32768.0, -32767.0, 0.0, 65535.0)
# Floats beyond are no measurement.
_MAX_FLOAT = 1e30
# Percentiles of all pixels. Values beyond are outliers if they lie further off than the share of the span.
_PERCENTILES, _OUTLIER_SHARE = (0.01, 99.99), 0.1
# Largest values of instruments: whole numbers of so many bits; floats also 1.
_TOPS = (255, 1023, 4095, 16383, 65535, 2**32 - 1)
# A signed value of 16 bits.
_SIGNED_TOP = 32767
# Whole numbers in a narrower part of a range are stretched: exposures that must not clip leave more than
# half of it empty. Floats are stretched in a much narrower part: a room is 18 to 38 degrees warm.
_MIN_SHARE, _MIN_FLOAT_SHARE = 1 / 2, 1 / 8
# Unlike counts, floats below such a share of the largest value have another one.
_MIN_FLOAT_HIGH = 1 / 2
# Misfit: a project's range shows the values in fewer levels than this share of those they could have,
# or clips more than this share of their span.
_MISFIT_SPAN, _MISFIT_CLIPPED = 1 / 8, 1 / 4
# Share of the pixels that a range must show.
_LEAST_SHOWN = 0.05
_TIFF_MAX_SAMPLE = 281


class Misfit(StrEnum):
    """Reason why a picture does not suit a classifier."""

    # Its values are those of another instrument, so that it looks black, white or flat.
    VALUES = "values"
    # It has 8 bits, so the range does not apply to it.
    SHALLOW = "shallow"
    # It is the first of several frames or pages.
    FRAMES = "frames"


# By code. core/delivery/misfits.py has the same, marked for translation.
MISFIT_SENTENCES = {
    Misfit.VALUES: "The picture's values do not suit those from {low} to {high} that the classifier learnt from. It sees the picture black, white or flat.",
    Misfit.SHALLOW: "The picture has 8 bits a channel. The classifier learnt from pictures with more, whose values from {low} to {high} it maps to 8 bits. The answer counts only if this picture was made in the same way.",
    Misfit.FRAMES: "The file has several frames or pages. Only the first was classified.",
}


@dataclass(frozen=True, kw_only=True)
class ValueSummary:
    """Values of one picture, without those that stand for “not measured”."""

    low: float
    high: float
    # Pixels spread over the picture, float32, at most ``_SAMPLE_PIXELS``.
    sample: np.ndarray
    is_signed: bool
    is_float: bool
    # Largest value that the file says its instrument can measure; 0: it says nothing.
    top: int


def summarise(data: bytes, channels: tuple[int, int, int] | None = None) -> ValueSummary | None:
    """Summarise the values of a picture; None if it has 8 bits a channel.

    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    image = open_picture(data, channels)
    top = _stated_top(image, data)
    raw = measured_values(image)
    if raw is None:
        return None
    values = _measured(raw)
    step = max(1, values.size // _SAMPLE_PIXELS)
    return ValueSummary(
        low=float(values.min()) if values.size else np.nan,
        high=float(values.max()) if values.size else np.nan,
        sample=values[::step][:_SAMPLE_PIXELS].astype(np.float32),
        is_signed=raw.dtype.kind == "i",
        is_float=raw.dtype.kind == "f",
        top=top,
    )


def find_range(
    summaries: Sequence[ValueSummary], percentiles: tuple[float, float] | None = None
) -> PixelRange:
    """Find the range of a source's values: that of its instrument, otherwise that of the values.

    Args:
        percentiles: of all values, 0 to 100, that become black and white instead.
    """
    known = [summary for summary in summaries if summary.sample.size]
    if not known:
        return FULL_RANGE
    # Floats and counts have different units; the more frequent ones decide.
    is_float = 2 * sum(summary.is_float for summary in known) > len(known)
    alike = [summary for summary in known if summary.is_float == is_float]
    pixels = np.concatenate([summary.sample for summary in alike])
    if percentiles is not None:
        low, high = (float(value) for value in np.percentile(pixels, percentiles))
        return PixelRange(low, high) if low < high else PixelRange(low, low + 1)
    low, high = _without_outliers(alike, pixels)
    is_whole = bool((pixels == np.rint(pixels)).all())
    nominal = _nominal_range(alike, low, high, is_whole=is_whole)
    if nominal is not None:
        return nominal
    return PixelRange(low, high) if low < high else PixelRange(low, low + 1)


def count_misfits(summaries: Sequence[ValueSummary], measured: PixelRange) -> int:
    """Count pictures of sources like these whose values do not suit those of other pictures.

    Args:
        measured: range of the other pictures' values. A window that the user chose shows only a part.
    """
    groups = [
        [summary for summary in summaries if summary.is_float == is_float] for is_float in (False, True)
    ]
    return sum(len(group) for group in groups if group and _is_misfit(find_range(group), measured))


def count_hidden(summaries: Sequence[ValueSummary], pixel_range: PixelRange) -> int:
    """Count pictures of which a range shows almost nothing: nearly all of their values lie outside."""
    low, high = pixel_range
    return sum(
        bool(np.mean((summary.sample >= low) & (summary.sample <= high)) < _LEAST_SHOWN)
        for summary in summaries
        if summary.sample.size
    )


def misfit_of(
    data: bytes,
    pixel_range: tuple[float, float] | None,
    measured: tuple[float, float] | None,
    *,
    expects_depth: bool,
    channels: tuple[int, int, int] | None = None,
) -> Misfit | None:
    """Return the reason why a picture does not suit a classifier, or is only a part of its file; None without one.

    Args:
        pixel_range: range of the classifier. None: 16 bits; floats then have no fixed range.
        measured: range of the values in training, where the user chose another ``pixel_range``.
        expects_depth: all pictures in training had more than 8 bits.
        channels: those that are red, green and blue; see ``open_picture``.
    Raises:
        PictureError: the bytes are not a picture that can be read.
    """
    summary = summarise(data, channels)
    if summary is None and expects_depth and pixel_range:
        return Misfit.SHALLOW
    if summary is not None and not (pixel_range is None and summary.is_float):
        reference = PixelRange(*(measured or pixel_range or FULL_RANGE))
        if count_misfits([summary], reference):
            return Misfit.VALUES
    return Misfit.FRAMES if shows_several(data, channels) else None


def doubt_about(
    data: bytes,
    pixel_range: tuple[float, float] | None,
    measured: tuple[float, float] | None,
    *,
    expects_depth: bool,
    channels: tuple[int, int, int] | None = None,
) -> str | None:
    """Return the sentence about a picture that does not suit a classifier; see ``misfit_of``."""
    misfit = misfit_of(data, pixel_range, measured, expects_depth=expects_depth, channels=channels)
    if misfit is None:
        return None
    low, high = (measured if misfit is Misfit.VALUES else None) or pixel_range or FULL_RANGE
    return MISFIT_SENTENCES[misfit].format(low=f"{low:g}", high=f"{high:g}")


def _is_misfit(own: PixelRange, given: PixelRange) -> bool:
    span = own.high - own.low
    clipped = max(0.0, given.low - own.low) + max(0.0, own.high - given.high)
    return span < _MISFIT_SPAN * (given.high - given.low) or clipped > _MISFIT_CLIPPED * span


def _stated_top(image: Any, data: bytes) -> int:
    """Read the largest value from a file's header: PNG's sBIT, TIFF's MaxSampleValue; 0 without one."""
    try:
        return _top_of_header(image, data)
    except DECODER_ERRORS:
        return 0


def _top_of_header(image: Any, data: bytes) -> int:
    start = data.find(b"sBIT", 0, 4096) if image.format == "PNG" else -1
    if start >= 0:
        length = int.from_bytes(data[start - 4 : start], "big")
        bits = max(data[start + 4 : start + 4 + min(length, 4)], default=0)
        return 2**bits - 1 if 8 <= bits <= 16 else 0
    stated = getattr(image, "tag_v2", {}).get(_TIFF_MAX_SAMPLE, 0)
    top = max(stated) if isinstance(stated, tuple) else stated
    # Programs also store the largest value of this one picture there.
    return top if top in _TOPS else 0


def _measured(raw: np.ndarray) -> np.ndarray:
    """Flatten values and leave out those that stand for “not measured”."""
    values = raw.ravel()
    if raw.dtype.kind == "f":
        values = values[np.isfinite(values) & (np.abs(values) < _MAX_FLOAT)]
    for extreme in (np.min, np.max):
        end = extreme(values) if values.size else None
        if end in _NO_DATA:
            values = _without_isolated(values, end)
    return values


def _without_isolated(values: np.ndarray, end: Any) -> np.ndarray:
    """Leave out the smallest or largest value if it lies far from all others."""
    others = values[values != end]
    if not others.size:
        return values
    low, high = float(others.min()), float(others.max())
    gap = min(abs(float(end) - low), abs(float(end) - high))
    return others if gap > high - low > 0 else values


def _without_outliers(summaries: Sequence[ValueSummary], pixels: np.ndarray) -> tuple[float, float]:
    """Smallest and largest value, or percentiles where outliers lie far from those."""
    low, high = min(one.low for one in summaries), max(one.high for one in summaries)
    usual_low, usual_high = (float(value) for value in np.percentile(pixels, _PERCENTILES))
    margin = _OUTLIER_SHARE * (usual_high - usual_low)
    return (
        usual_low if usual_low - low > margin else low,
        usual_high if high - usual_high > margin else high,
    )


def _nominal_range(
    summaries: Sequence[ValueSummary], low: float, high: float, *, is_whole: bool
) -> PixelRange | None:
    """Range of an instrument whose values fill enough of it; None without one."""
    span = high - low
    if low < 0:
        is_unit = not is_whole and low >= -1 and high <= 1 and min(-low, high) >= _MIN_FLOAT_SHARE
        return PixelRange(-1, 1) if is_unit else None
    stated = {summary.top for summary in summaries}
    if len(stated) == 1 and (top := stated.pop()) >= high:
        return PixelRange(0, top) if span >= _MIN_SHARE * top else None
    signed_top = (_SIGNED_TOP,) if all(summary.is_signed for summary in summaries) else ()
    tops = sorted({*_TOPS, *signed_top, *(() if is_whole else (1,))})
    top = next((top for top in tops if top >= high), 0)
    fills = span >= (_MIN_SHARE if is_whole else _MIN_FLOAT_SHARE) * top
    reaches = is_whole or top == 1 or high >= _MIN_FLOAT_HIGH * top
    return PixelRange(0, top) if top and fills and reaches else None
