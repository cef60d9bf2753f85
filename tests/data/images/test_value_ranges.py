"""One range for a source: that of its instrument where the values fill it, otherwise their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.images.depth import PixelRange
from core.data.images.value_ranges import (
    Misfit,
    ValueSummary,
    count_hidden,
    count_misfits,
    find_range,
    misfit_of,
    summarise,
)
from tests.support.deep_pictures import png, tiff
from tests.support.pictures import encoded, small_photograph

GREY = np.asarray(Image.fromarray(small_photograph()).convert("L")).astype("f8")
# From 0 to 255.
FULL = np.rint((GREY - GREY.min()) * 255 / (GREY.max() - GREY.min()))


def summaries(*files: bytes) -> list[ValueSummary]:
    read = [summarise(data) for data in files]
    assert all(read)
    return [summary for summary in read if summary]


def with_pixel(values: np.ndarray, value: float) -> np.ndarray:
    """The same numbers with another one in a corner."""
    changed = values.copy()
    changed[0, 0] = value
    return changed


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([png((FULL * 4).astype("u2"))], (0, 1023)),
        ([png((FULL * 16).astype("u2"))], (0, 4095)),
        ([tiff((FULL * 64).astype("u2"))], (0, 16383)),
        ([tiff((FULL * 257).astype("u2"))], (0, 65535)),
        # A source decides by its brightest picture.
        ([png((FULL * 2).astype("u2")), png((FULL * 16).astype("u2"))], (0, 4095)),
        ([png((100 + FULL * 5.49).astype("u2"))], (100, 1499)),
        ([png((FULL * 15).astype("u2"), significant_bits=12)], (0, 4095)),
        ([tiff((FULL * 3).astype("u2"), max_sample=1023)], (0, 1023)),
        # Less than half is used: an exposure that must not clip.
        ([tiff((FULL * 3).astype("u2"), max_sample=4095)], (0, 765)),
        # Written by programs that state this picture's own largest value.
        ([tiff((FULL * 16).astype("u2"), max_sample=4080)], (0, 4095)),
        ([tiff((29000 + FULL * 8).astype("u2"))], (29000, 31040)),
        ([tiff(with_pixel(29000 + FULL * 8, 0).astype("u2"))], (29000, 31040)),
        ([tiff(with_pixel(FULL * 16, 65535).astype("u2"))], (0, 4095)),
        ([tiff((8 * FULL - 1024).astype("i2"))], (-1024, 1016)),
        ([tiff(with_pixel(8 * FULL - 1024, -32768).astype("i2"))], (-1024, 1016)),
        ([tiff((FULL * 16).astype("i2"))], (0, 4095)),
        ([tiff((FULL * 128).astype("i2"))], (0, 32767)),
        ([tiff((FULL * 16843009).astype("u4"))], (0, 2**32 - 1)),
        ([tiff((FULL * 16).astype("u4"))], (0, 4095)),
        ([tiff((FULL * 1000).astype("u4"))], (0, 255000)),
        ([tiff((FULL / 255).astype("f4"))], (0, 1)),
        ([tiff((FULL * 0.3 / 255).astype("f4"))], (0, 1)),
        ([tiff((FULL / 127.5 - 1).astype("f4"))], (-1, 1)),
        ([tiff((FULL * 0.999).astype("f4"))], (0, 255)),
        ([tiff((FULL * 16.01).astype("f4"))], (0, 4095)),
        ([tiff((18 + 20 * FULL / 255).astype("f4"))], (18, 38)),
        ([tiff(with_pixel(18 + 20 * FULL / 255, -9999).astype("f4"))], (18, 38)),
        ([tiff(with_pixel(18 + 20 * FULL / 255, np.nan).astype("f4"))], (18, 38)),
        ([tiff(with_pixel(18 + 20 * FULL / 255, np.inf).astype("f4"))], (18, 38)),
        ([tiff(np.full((4, 4), 7, "u2"))], (7, 8)),
        ([tiff(np.full((4, 4), np.nan, "f4"))], (0, 65535)),
        ([png(small_photograph().astype("u2") * 16)], (0, 4095)),
    ],
    ids=str,
)
def test_the_range_is_that_of_the_instrument(files: Sequence[bytes], expected: tuple[float, float]) -> None:
    assert find_range(summaries(*files)) == pytest.approx(expected)


def test_hot_pixels_do_not_darken_a_source() -> None:
    """One pixel in 50,000 of a camera that measures 12 bits and reports faults as 60,000."""
    values = np.resize(FULL * 16, (250, 200)).astype("u2")
    files = [tiff(values)] * 20
    files[0] = tiff(with_pixel(values, 60000).astype("u2"))
    assert find_range(summaries(*files)) == (0, 4095)


def test_a_picture_of_8_bits_has_no_range() -> None:
    assert summarise(encoded(small_photograph(), "PNG")) is None


def test_counts_do_not_fit_into_another_instruments_range() -> None:
    bits_12 = summaries(tiff((FULL * 16).astype("u2")))
    assert count_misfits(bits_12, find_range(bits_12)) == 0
    assert count_misfits(bits_12, find_range(summaries(tiff((FULL * 257).astype("u2"))))) == 1
    assert count_misfits(summaries(tiff((FULL * 257).astype("u2"))), find_range(bits_12)) == 1


def test_floats_among_counts_do_not_fit() -> None:
    mixed = summaries(*[tiff((FULL * 16).astype("u2"))] * 2, tiff((FULL / 255).astype("f4")))
    assert find_range(mixed) == (0, 4095)
    assert count_misfits(mixed, find_range(mixed)) == 1


def misfit(data: bytes, pixel_range: tuple[float, float] | None, **what: Any) -> Misfit | None:
    return misfit_of(data, pixel_range, what.get("measured"), expects_depth=what.get("expects_depth", False))


def test_12_bits_are_a_misfit_for_a_classifier_of_8_bits() -> None:
    """It reads them as 16 bits, almost black."""
    assert misfit(tiff((FULL * 16).astype("u2")), None) is Misfit.VALUES
    assert misfit(tiff((FULL * 257).astype("u2")), None) is None
    assert misfit(tiff((FULL / 255).astype("f4")), None) is None
    assert misfit(encoded(small_photograph(), "JPEG"), None) is None


def test_8_bits_are_a_misfit_where_all_pictures_in_training_had_more() -> None:
    photograph = encoded(small_photograph(), "JPEG")
    assert misfit(photograph, (0, 4095), expects_depth=True) is Misfit.SHALLOW
    assert misfit(photograph, (0, 4095)) is None


def test_a_window_is_no_reason_against_the_pictures_it_was_chosen_for() -> None:
    """A lung window clips half of the values of every CT picture."""
    scan = tiff((FULL * 16 - 1024).astype("i2"))
    measured = find_range(summaries(scan))
    assert misfit(scan, (-1350, 150), measured=measured) is None
    assert misfit(scan, (-1350, 150)) is Misfit.VALUES


def test_percentiles_of_all_values_become_black_and_white() -> None:
    """Pictures of one value each: 0, 10 … 990."""
    flat = [tiff(np.full((8, 8), value, "u2")) for value in range(0, 1000, 10)]
    low, high = find_range(summaries(*flat), (10.0, 90.0))
    assert (low, high) == pytest.approx((99.0, 891.0), abs=1.0)


def test_a_range_beside_the_values_hides_them() -> None:
    bits_12 = summaries(tiff((FULL * 16).astype("u2")))
    assert count_hidden(bits_12, PixelRange(20000, 30000)) == 1
    assert count_hidden(bits_12, PixelRange(0, 1000)) == 0
