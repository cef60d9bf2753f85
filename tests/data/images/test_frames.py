"""Files with several pictures are told from those with one, so that an answer can say that it is to the first."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.data.images.frames import count_frames, shows_several
from core.data.images.picture import open_picture
from core.data.images.value_ranges import Misfit, doubt_about, misfit_of
from tests.support.pictures import encoded, small_photograph

FIRST, SECOND = (Image.fromarray(small_photograph(name)) for name in ("china", "chelsea"))
DEEP = Image.fromarray(np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "HEIF"])
def test_animations_and_pages_are_several(format: str) -> None:
    several = encoded(FIRST, format, save_all=True, append_images=[SECOND])
    assert shows_several(several)
    assert count_frames(open_picture(several), several) == 2
    single = encoded(FIRST, format)
    assert not shows_several(single)
    assert count_frames(open_picture(single), single) == 1


def test_depth_behind_a_photograph_is_no_second_picture() -> None:
    assert not shows_several(encoded(FIRST, "MPO", save_all=True, append_images=[SECOND]))


def test_a_damaged_second_frame_counts_and_harms_nothing() -> None:
    data = encoded(FIRST, "GIF", save_all=True, append_images=[SECOND])
    assert shows_several(data[:-200])


def test_a_smaller_version_is_no_second_picture() -> None:
    """A file of an instrument may begin with a thumbnail, or go on with its pyramid."""
    small = FIRST.resize((FIRST.width // 4, FIRST.height // 4))
    for pages in ([FIRST, small], [small, FIRST]):
        assert not shows_several(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


def test_pages_that_are_channels_are_one_picture() -> None:
    planes = [Image.fromarray(np.full((8, 8), level, np.uint8)) for level in (10, 20, 30)]
    description = "ImageJ=1.54\nimages=3\nchannels=3\n"
    data = encoded(planes[0], "TIFF", save_all=True, append_images=planes[1:], description=description)
    assert not shows_several(data)


def test_the_answer_to_several_has_a_doubt_after_those_that_weigh_more() -> None:
    several = encoded(FIRST, "GIF", save_all=True, append_images=[SECOND])
    assert misfit_of(several, None, None, expects_depth=False) is Misfit.FRAMES
    assert misfit_of(several, (0, 4095), None, expects_depth=True) is Misfit.SHALLOW
    stack = encoded(DEEP, "TIFF", save_all=True, append_images=[DEEP])
    assert misfit_of(stack, None, None, expects_depth=False) is Misfit.FRAMES
    assert doubt_about(several, None, None, expects_depth=False) == (
        "The file has several frames or pages. Only the first was classified."
    )
