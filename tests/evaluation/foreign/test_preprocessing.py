"""Pictures reach a foreign model in its size, values, order and layout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigError
from core.evaluation.foreign.facts import ChannelOrder, Fitting, InputFacts, Layout, TensorFacts
from core.evaluation.foreign.preprocessing import (
    SCALES,
    centre_box,
    code_of,
    parse,
    possible_scales,
    prepare,
    scaled,
)

PIXEL = np.array([[[[0, 51, 255]]]], np.uint8)


def facts(
    dtype: str = "float32",
    scale: float = 0.0,
    zero_point: int = 0,
    layout: Layout = Layout.CHANNELS_LAST,
    channels: int = 3,
) -> InputFacts:
    tensor = TensorFacts(name="x", shape=(1, 1, 1, channels), dtype=dtype, scale=scale, zero_point=zero_point)
    return InputFacts(width=1, height=1, channels=channels, layout=layout, tensor=tensor)


@pytest.mark.parametrize(
    ("scale", "values"),
    [
        ("bytes", [0, 51, 255]),
        ("unit", [0, 0.2, 1]),
        ("symmetric", [-1, -0.6, 1]),
        ("imagenet", [-0.485 / 0.229, (0.2 - 0.456) / 0.224, (1 - 0.406) / 0.225]),
        ("centred", [-123.68, 51 - 116.779, 255 - 103.939]),
    ],
)
def test_values_have_the_scale(scale: str, values: list[float]) -> None:
    prepared = prepare(PIXEL, facts(), scaled(scale))
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared[0, 0, 0], values, rtol=1e-5, atol=1e-6)


def test_blue_comes_first_after_the_values_of_each_colour() -> None:
    prepared = prepare(PIXEL, facts(), scaled("centred", ChannelOrder.BGR))
    np.testing.assert_allclose(prepared[0, 0, 0], [255 - 103.939, 51 - 116.779, -123.68], rtol=1e-5)


def test_channels_can_come_before_the_picture() -> None:
    pictures = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    prepared = prepare(pictures, facts(layout=Layout.CHANNELS_FIRST), scaled("bytes"))
    assert prepared.shape == (1, 3, 2, 2)
    assert prepared[0, 1].tolist() == [[1, 4], [7, 10]]


def test_a_grey_input_gets_the_brightness() -> None:
    prepared = prepare(PIXEL, facts(channels=1), scaled("bytes", ChannelOrder.GREY))
    np.testing.assert_allclose(prepared, [[[[0.587 * 51 + 0.114 * 255]]]], rtol=1e-6)


@pytest.mark.parametrize(
    ("tensor", "scale", "numbers"),
    [
        (facts("uint8"), "bytes", [0, 51, 255]),
        (facts("int8"), "bytes", [-128, -77, 127]),
        (facts("uint8", 1 / 127.5, 127), "symmetric", [0, 50, 254]),
        (facts("int8", 1 / 255, -128), "unit", [-128, -77, 127]),
    ],
)
def test_quantised_inputs_get_their_numbers(tensor: InputFacts, scale: str, numbers: list[int]) -> None:
    prepared = prepare(PIXEL, tensor, scaled(scale))
    assert prepared.dtype == np.dtype(tensor.tensor.dtype)
    assert prepared[0, 0, 0].tolist() == numbers
    assert possible_scales(tensor) == (scale,)


def test_a_float_input_does_not_say_its_scale() -> None:
    assert possible_scales(facts()) == tuple(SCALES)


def test_codes_are_read_as_they_are_written() -> None:
    for scale in SCALES:
        for order in (ChannelOrder.RGB, ChannelOrder.BGR):
            for fitting in Fitting:
                preprocessing = scaled(scale, order, fitting)
                assert parse(code_of(preprocessing)) == preprocessing
    assert parse("imagenet-bgr-crop") == scaled("imagenet", ChannelOrder.BGR, Fitting.CROP)


@pytest.mark.parametrize("code", ["", "half", "unit-upside", "own"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(ConfigError, match="no preprocessing"):
        parse(code)


def test_the_middle_of_a_picture_of_any_size_lies_within_it() -> None:
    """Rounding made the box of some sizes start before the picture, which Pillow refuses."""
    wanted = replace(facts(), width=224, height=224)
    for side in range(1, 2000):
        for size in ((side, side), (side, 3 * side)):
            left, top, right, bottom = centre_box(size, wanted)
            assert 0 <= left < right <= size[0]
            assert 0 <= top < bottom <= size[1]
