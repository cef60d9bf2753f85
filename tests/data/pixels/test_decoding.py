"""One decoding gives the size, format, statistics and thumbnail of a picture."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from core.data.images import picture
from core.data.pixels.decoding import examine_picture, load_picture, make_thumbnail
from core.data.pixels.statistics import measure
from core.data.skip_reasons import SENTENCES, SkipReason
from core.errors import UnreadableImageError
from core.messages import Message
from tests.support.pictures import digit, digit_scans, encoded, photograph, small_photograph


@pytest.mark.parametrize(
    ("format", "extension"),
    [
        ("JPEG", "jpg"),
        ("PNG", "png"),
        ("GIF", "gif"),
        ("BMP", "bmp"),
        ("TIFF", "tif"),
        ("WEBP", "webp"),
        ("AVIF", "avif"),
        ("HEIF", "heic"),
        ("JPEG2000", "jp2"),
    ],
)
def test_the_format_is_detected_from_the_bytes(format: str, extension: str) -> None:
    """A name may lie; what is stored under its true kind opens everywhere."""
    facts = examine_picture(encoded(small_photograph(), format))
    assert (facts.format, facts.extension) == (format, extension)
    assert (facts.width, facts.height) == (64, 48)


def test_a_two_picture_jpeg_is_stored_as_jpeg() -> None:
    frames = [Image.fromarray(small_photograph(name)) for name in ("china", "flower")]
    facts = examine_picture(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert (facts.format, facts.extension) == ("MPO", "jpg")


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (300, 200)), (3, (300, 200)), (6, (200, 300)), (8, (200, 300))]
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_sizes_are_upright(format: str, orientation: int, size: tuple[int, int]) -> None:
    """Width and height as people see them, not as the sensor stored them."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    facts = examine_picture(encoded(photograph("china")[:200, :300], format, exif=exif))
    assert (facts.width, facts.height) == size
    thumbnail = Image.open(io.BytesIO(facts.thumbnail))
    assert thumbnail.size == ((160, 107) if size == (300, 200) else (107, 160))


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_size_is_that_of_the_file_however_quickly_it_was_decoded(orientation: int) -> None:
    """Shrunk while decoding, 1002 × 1001 becomes a square; the facts must not."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    facts = examine_picture(encoded(Image.new("L", (2002, 2001), 90), "JPEG", exif=exif))
    assert (facts.width, facts.height) == ((2002, 2001) if orientation == 1 else (2001, 2002))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 427), (160, 107)), ((427, 640), (107, 160)), ((100, 40), (100, 40)), ((2000, 1), (160, 1))],
)
def test_a_thumbnail_fits_and_keeps_its_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    """427 / 640 × 160 = 106.75; small pictures are not blown up."""
    thumbnail = Image.open(io.BytesIO(make_thumbnail(Image.new("RGB", size))))
    assert thumbnail.format == "JPEG"
    assert thumbnail.size == expected


def test_a_thumbnail_shows_the_picture() -> None:
    facts = examine_picture(encoded(photograph("china"), "JPEG", quality=95))
    thumbnail = np.asarray(Image.open(io.BytesIO(facts.thumbnail)))
    shrunk = np.asarray(Image.fromarray(photograph("china")).resize((160, 107), Image.Resampling.BILINEAR))
    assert np.abs(thumbnail.astype(float) - shrunk).mean() < 5
    assert len(facts.thumbnail) < 15_000  # bytes: a gallery shows fifty at once


@pytest.mark.parametrize("format", ["GIF", "TIFF", "PNG", "WEBP", "AVIF"])
def test_the_pictures_of_a_film_are_counted(format: str) -> None:
    """Only the first is used, and the page says so."""
    scans = [Image.fromarray(scan).convert("RGB") for scan in digit_scans()[:3]]
    film = encoded(scans[0], format, save_all=True, append_images=scans[1:])
    assert examine_picture(film).frames == 3
    assert examine_picture(encoded(scans[0], format)).frames == 1


def test_what_phones_store_behind_a_photograph_is_no_second_picture() -> None:
    frames = [Image.fromarray(small_photograph(name)) for name in ("china", "flower")]
    assert examine_picture(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])).frames == 1


def test_a_damaged_later_page_does_not_cost_the_first() -> None:
    pages = [Image.fromarray(small_photograph(name)) for name in ("china", "flower")]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert examine_picture(data[: len(data) - 2000]).width == 64


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D Mark IV", "Canon EOS 5D Mark IV"),
        ("NIKON CORPORATION", "NIKON D850", "NIKON D850"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("samsung\x00", "  SM-G991B \x00junk", "samsung SM-G991B"),
        ("", "\x1b[2J<script>\n", "[2J<script>"),
        ("x" * 500, "y" * 500, "x" * 40 + " " + "y" * 40),
        (None, None, ""),
    ],
)
def test_the_camera_is_named_as_people_name_it(make: str | None, model: str | None, camera: str) -> None:
    """A class that one camera took alone is learnt by its noise; so cameras are compared."""
    exif = Image.Exif()
    if make is not None:
        exif[0x010F], exif[0x0110] = make, model
    assert examine_picture(encoded(small_photograph(), "JPEG", exif=exif)).camera == camera


def test_the_measures_are_those_of_the_thumbnail() -> None:
    """The doctor measures pictures of older imports from their thumbnails; both must say the same."""
    facts = examine_picture(encoded(photograph("china"), "JPEG", quality=95))
    again = measure(Image.open(io.BytesIO(facts.thumbnail)).convert("RGB"))
    assert facts.statistics.brightness == pytest.approx(again.brightness, abs=1)
    assert facts.statistics.contrast == pytest.approx(again.contrast, abs=1)
    assert facts.statistics.perceptual_hash == again.perceptual_hash


def test_a_thumbnail_says_nothing_of_who_took_the_picture() -> None:
    data = encoded(photograph("china"), "JPEG", comment=b"at 52.5163, 13.3777", dpi=(301, 301))
    thumbnail = examine_picture(data).thumbnail
    assert b"52.5163" not in thumbnail
    assert "comment" not in Image.open(io.BytesIO(thumbnail)).info


def test_loading_is_the_one_that_bundles_use() -> None:
    """Training and serving cannot disagree if they are the same function."""
    data = encoded(photograph("flower"), "JPEG")
    assert np.array_equal(load_picture(data, 96), picture.load_picture(data, 96))


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"", "empty_file", "it is empty (0 bytes)"),
        (b"no picture", "not_a_picture", "it is not a picture, or of a kind that cannot be read"),
        (digit(0)[:-30], "damaged", "it is damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_darkroom(data: bytes, code: str, reason: str) -> None:
    """The page shows the sentence as it is, in the reader's language."""
    with pytest.raises(UnreadableImageError, match=re.escape(reason)):
        examine_picture(data)
    with pytest.raises(UnreadableImageError) as refusal:
        load_picture(data, 16)
    assert refusal.value.message == Message(reason, {}, code)


def test_every_fault_of_the_bundled_decoder_has_its_translatable_sentence() -> None:
    """The file that travels with bundles cannot mark its own sentences."""
    assert {SkipReason(code): text for code, text in picture.FAULTS.items()}.items() <= SENTENCES.items()
