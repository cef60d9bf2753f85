"""Decoder: every kind of picture becomes upright RGB; other files are refused."""

from __future__ import annotations

import ast
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.images import picture, readers
from core.data.images.picture import MAX_PIXELS, PictureError, decode_picture, load_picture, open_picture
from tests.support.pictures import digit_scans, encoded, photograph, small_photograph

# Pillow warns of what these tests feed it on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore::PIL.Image.DecompressionBombWarning", "ignore::UserWarning:PIL.TiffImagePlugin"
)

ORIENTATION = 0x0112  # the EXIF tag

Turn = Callable[[np.ndarray], np.ndarray]
# What a camera stores for each orientation, so that it is upright once the viewer
# has turned it as the EXIF standard says (2.3, table 6). Axes: row, column, colour.
STORED: dict[int, Turn] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],  # mirrored left to right
    3: lambda upright: upright[::-1, ::-1],  # upside down
    4: lambda upright: upright[::-1],  # mirrored top to bottom
    5: lambda upright: upright.transpose(1, 0, 2),  # mirrored along the main diagonal
    6: lambda upright: np.rot90(upright, 1),  # to be turned right
    7: lambda upright: upright.transpose(1, 0, 2)[::-1, ::-1],  # mirrored along the other diagonal
    8: lambda upright: np.rot90(upright, -1),  # to be turned left
}


def decoded(data: bytes) -> np.ndarray:
    """uint8 RGB, shape (height, width, 3)."""
    return np.asarray(decode_picture(open_picture(data)))


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """Mean absolute difference of two pictures, in grey levels."""
    assert first.shape == second.shape
    return float(np.abs(first.astype(np.float64) - second).mean())


def grey(values: np.ndarray) -> np.ndarray:
    """One channel as three equal ones."""
    return np.repeat(values[:, :, None], 3, axis=2).astype(np.uint8)


def exif(orientation: int) -> Image.Exif:
    record = Image.Exif()
    record[ORIENTATION] = orientation
    return record


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("WEBP", {"lossless": True}),
        ("PPM", {}),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_a_lossless_picture_keeps_every_pixel(format: str, options: dict) -> None:
    upright = small_photograph()
    assert difference(decoded(encoded(upright, format, **options)), upright) <= (format == "AVIF")


@pytest.mark.parametrize("name", ["china", "flower"])
@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}),
        ("JPEG", {"quality": 95, "subsampling": 0, "optimize": True}),
        ("WEBP", {"quality": 95}),
    ],
    ids=["baseline", "progressive", "optimised", "webp"],
)
def test_a_lossy_picture_decodes_closely(name: str, format: str, options: dict) -> None:
    upright = photograph(name)[:200, :300]
    data = encoded(upright, format, **options)
    assert open_picture(data).format == format
    assert difference(decoded(data), upright) < 4


def test_a_progressive_jpeg_is_really_one() -> None:
    """The test above would pass if Pillow ignored the option."""
    data = encoded(small_photograph(), "JPEG", progressive=True)
    assert open_picture(data).info["progressive"]


def test_a_grey_jpeg_has_three_equal_channels() -> None:
    values = small_photograph()[:, :, 1]
    pixels = decoded(encoded(values, "JPEG", quality=95))
    assert pixels.shape == (48, 64, 3)
    assert np.array_equal(pixels[:, :, 0], pixels[:, :, 1])
    assert np.array_equal(pixels[:, :, 0], pixels[:, :, 2])
    assert difference(pixels, grey(values)) < 3


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_printing_colours_become_screen_colours(format: str) -> None:
    """Pictures from print shops come as CMYK; read as they stand they look negative."""
    upright = small_photograph("flower")
    data = encoded(
        Image.fromarray(upright).convert("CMYK"), format, **({"quality": 95} if format == "JPEG" else {})
    )
    assert open_picture(data).mode == "CMYK"
    assert difference(decoded(data), upright) < 6


@pytest.mark.parametrize("at_least", [None, 16], ids=["full", "shrunk"])
def test_ink_without_adobes_marker_is_not_inverted(at_least: int | None) -> None:
    """Adobe's marker alone says that the amounts of ink are inverted, as Pillow writes them."""
    upright = small_photograph("flower")
    negative = Image.fromarray(255 - np.asarray(Image.fromarray(upright).convert("CMYK")), "CMYK")
    data = encoded(negative, "JPEG", quality=95)
    start = data.index(b"\xff\xee")
    unmarked = data[:start] + data[start + 2 + int.from_bytes(data[start + 2 : start + 4], "big") :]
    shown = np.asarray(decode_picture(open_picture(unmarked), at_least).resize((64, 48)))
    assert difference(shown, upright) < (6 if at_least is None else 20)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_a_picture_stands_upright(orientation: int, format: str) -> None:
    """Phones store the sensor's rows and say how the phone was held."""
    upright = small_photograph()
    options = {"lossless": True} if format == "WEBP" else {}
    stored = np.ascontiguousarray(STORED[orientation](upright))
    data = encoded(stored, format, exif=exif(orientation), **options)
    assert np.array_equal(decoded(data), upright)


@pytest.mark.parametrize("orientation", STORED)
def test_a_jpeg_stands_upright(orientation: int) -> None:
    upright = photograph("china")[:200, :300]
    stored = np.ascontiguousarray(STORED[orientation](upright))
    data = encoded(stored, "JPEG", quality=95, subsampling=0, exif=exif(orientation))
    assert difference(decoded(data), upright) < 4
    quickly = np.asarray(decode_picture(open_picture(data), at_least=48))
    assert difference(quickly, shrunk(upright, 150, 100)) < 4


def shrunk(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    upright = small_photograph()
    assert np.array_equal(decoded(encoded(upright, "PNG", exif=exif(orientation))), upright)


def test_damaged_exif_does_not_cost_the_picture() -> None:
    """Editors write broken EXIF; the pixels are fine."""
    data = encoded(small_photograph(), "JPEG", quality=95, exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff broken")
    assert difference(decoded(data), small_photograph()) < 4


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_transparency_lies_on_white(format: str) -> None:
    """Cut-out pictures stand on white in every viewer; their hidden colour is often black."""
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0] = [(200, 0, 0, 255), (200, 0, 0, 0), (200, 0, 0, 128), (0, 0, 0, 0)]
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    # 128 of 255 parts of (200, 0, 0) and 127 of white: 227.4, 127, 127
    expected = [(200, 0, 0), (255, 255, 255), (227, 127, 127), (255, 255, 255)]
    assert np.abs(decoded(encoded(pixels, format, **options))[0].astype(int) - expected).max() <= 1


def test_a_transparent_photograph_keeps_what_is_seen() -> None:
    upright = small_photograph("flower")
    alpha = np.full(upright.shape[:2], 255, np.uint8)
    alpha[:, :32] = 0
    pixels = decoded(encoded(np.dstack([upright, alpha]), "PNG"))
    assert np.array_equal(pixels[:, 32:], upright[:, 32:])
    assert (pixels[:, :32] == 255).all()


def test_grey_with_transparency_lies_on_white() -> None:
    pixels = np.array([[[100, 255], [100, 0], [0, 128]]], np.uint8)
    image = Image.fromarray(pixels)
    assert image.mode == "LA"
    row = decoded(encoded(image, "PNG"))[0].astype(int)
    assert np.abs(row - [[100] * 3, [255] * 3, [127] * 3]).max() <= 1


def palette_image() -> Image.Image:
    """Four pixels in red, green, blue and grey."""
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90])
    for column in range(4):
        image.putpixel((column, 0), column)
    return image


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_gives_its_colours(format: str) -> None:
    row = decoded(encoded(palette_image(), format))[0].tolist()
    assert row == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]]


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_is_white(format: str) -> None:
    row = decoded(encoded(palette_image(), format, transparency=1))[0].tolist()
    assert row == [[255, 0, 0], [255, 255, 255], [0, 0, 255], [90, 90, 90]]


def test_a_palette_may_be_half_transparent() -> None:
    data = encoded(palette_image(), "PNG", transparency=bytes([255, 0, 128, 255]))
    row = decoded(data)[0].astype(int)
    assert np.abs(row - [[255, 0, 0], [255] * 3, [127, 127, 255], [90] * 3]).max() <= 1


def test_a_palette_with_transparent_colours_lies_on_white() -> None:
    """TGA has them without a word in the header that Pillow passes on: red, and a green that is not seen."""
    header = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 2, 32, 0, 0, 2, 1, 8, 0x20)
    palette = bytes([0, 0, 255, 255, 0, 255, 0, 0])
    assert decoded(header + palette + bytes([0, 1])).tolist() == [[[255, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (7, 7, 7))])
def test_one_transparent_colour_is_white(mode: str, key: int | tuple[int, int, int]) -> None:
    """A PNG without an alpha channel may still name one colour that is not there."""
    image = Image.fromarray(np.array([[7, 8]], np.uint8)).convert(mode)
    assert decoded(encoded(image, "PNG", transparency=key))[0].tolist() == [[255] * 3, [8] * 3]


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("kind", ["<u2", ">u2"])
def test_sixteen_bits_become_eight(format: str, kind: str) -> None:
    """Microscopes write them; cut off at 255 they would be white."""
    values = np.array([[0, 257, 257 * 100, 257 * 100 + 128, 257 * 100 + 129, 65535]], kind)
    if (format, kind) == ("PNG", ">u2"):
        data = png_chunks((6, 1), bits=16, colour=0, rows=b"\x00" + values.tobytes())
    else:
        data = encoded(Image.fromarray(values), format)
    assert open_picture(data).mode.startswith("I;16")
    assert decoded(data)[0, :, 0].tolist() == [0, 1, 100, 100, 101, 255]


def test_sixteen_bits_a_colour_become_eight() -> None:
    values = np.array([[[0, 25700, 65535]]], ">u2")
    data = png_chunks((1, 1), bits=16, colour=2, rows=b"\x00" + values.tobytes())
    assert decoded(data)[0, 0].tolist() == [0, 100, 255]


def test_whole_numbers_of_32_bits_are_read_as_16() -> None:
    """Scientific TIFF files store 16-bit values so; what is beyond is white, or black below zero."""
    values = np.array([[-5, 0, 257 * 100, 65535, 10**6]], np.int32)
    assert decoded(encoded(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 0, 100, 255, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 0.5, 200.0, 300.0], [0, 0, 200, 255]), ([-1.0, 0.2], [0, 51])],
    ids=["0 to 1", "0 to 255", "below zero"],
)
def test_floats_become_grey(values: list[float], expected: list[int]) -> None:
    data = encoded(Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert open_picture(data).mode == "F"
    assert decoded(data)[0, :, 0].tolist() == expected


def test_a_float_that_is_no_number_is_black() -> None:
    """Measured pictures mark missing pixels with NaN."""
    values = np.array([[np.nan, 0.5, np.inf, 1.0]], np.float32)
    assert decoded(encoded(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == [0, 128, 255, 255]


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "GIF"])
def test_one_bit_is_black_or_white(format: str) -> None:
    bits = digit_scans()[0] > 127
    assert bits.any() and not bits.all()  # noqa: PT018 - one fact: the picture has both
    assert np.array_equal(decoded(encoded(Image.fromarray(bits), format)), grey(bits * 255))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_a_moving_picture_shows_its_first_frame(format: str) -> None:
    frames = [Image.fromarray(scan) for scan in digit_scans()[:3]]
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert getattr(open_picture(data), "n_frames", 1) == 3
    assert np.array_equal(decoded(data), grey(digit_scans()[0]))


def test_a_two_picture_jpeg_shows_its_first() -> None:
    """Phones store depth or a film still behind the photograph (MPO)."""
    first = small_photograph("china")
    data = encoded(
        first, "MPO", save_all=True, append_images=[Image.fromarray(small_photograph("flower"))], quality=95
    )
    assert open_picture(data).format == "MPO"
    assert difference(decoded(data), first) < 6


WHOLE = {
    "JPEG": lambda: encoded(photograph("china")[:200, :300], "JPEG"),
    "progressive JPEG": lambda: encoded(photograph("china")[:200, :300], "JPEG", progressive=True),
    "PNG": lambda: encoded(small_photograph(), "PNG"),
    "WEBP": lambda: encoded(small_photograph(), "WEBP"),
    "GIF": lambda: encoded(small_photograph(), "GIF"),
    "BMP": lambda: encoded(small_photograph(), "BMP"),
    "TIFF": lambda: encoded(small_photograph(), "TIFF"),
    "TIFF LZW": lambda: encoded(small_photograph(), "TIFF", compression="tiff_lzw"),
    "AVIF": lambda: encoded(small_photograph(), "AVIF"),
    "JPEG2000": lambda: encoded(small_photograph(), "JPEG2000"),
    "HEIC": lambda: encoded(small_photograph(), "HEIF"),
}


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_picture_that_is_cut_off_is_refused(kind: str, share: float) -> None:
    """Half a picture with grey below would be learnt as one."""
    data = WHOLE[kind]()
    with pytest.raises(PictureError, match="it is "):
        decoded(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_damage_and_another_kind_have_different_reasons(kind: str) -> None:
    data = WHOLE[kind]()
    with pytest.raises(PictureError, match=r"^it is damaged or cut off$"):
        decoded(data[: len(data) // 2])


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_bytes_never_break_the_reader(kind: str) -> None:
    """An import of a hundred thousand files must survive the worst of them."""
    data = WHOLE[kind]()
    random = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 3):
            damaged[place] = random.integers(0, 256)
        try:
            pixels = load_picture(bytes(damaged), 16)
        except PictureError:
            continue
        assert pixels.shape == (16, 16, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"Dear diary, today I took a picture.",
        b"<!DOCTYPE html><title>404 Not Found</title>",
        b"PK\x03\x04 a zip",
        bytes(1000),
    ],
    ids=["a zero", "JPEG's mark", "PNG's mark", "text", "HTML", "zip", "zeros"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError, match=r"^it is not a picture, or of a kind that cannot be read$"):
        open_picture(data)


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(PictureError, match=r"^it is empty \(0 bytes\)$"):
        open_picture(b"")


def test_a_phones_picture_is_read() -> None:
    """HEIC is what iPhones write since 2017."""
    upright = photograph("china")[:200, :300]
    data = encoded(upright, "HEIF", quality=95)
    assert data[4:12] == b"ftypheic"
    assert open_picture(data).format == "HEIF"
    assert difference(decoded(data), upright) < 4


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_phones_picture_stands_upright(orientation: int) -> None:
    """HEIF turns the picture itself; to turn it once more as EXIF says would lay it down again."""
    upright = photograph("china")[:200, :300]
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    stored.info["exif"] = exif(orientation).tobytes()
    data = encoded(stored, "HEIF", quality=95)
    assert b"irot" in data
    assert difference(decoded(data), upright) < 4


def test_an_embedded_thumbnail_does_not_replace_the_picture() -> None:
    """If the frames show different things, the displayed one must be the one that is learnt."""
    data = encoded(photograph("china"), "HEIF", quality=80, thumbnails=[160])
    assert decode_picture(open_picture(data), at_least=40).size == (640, 427)


def test_without_its_reader_a_phones_picture_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a bundle, the reader may not be installed."""
    data = encoded(small_photograph(), "HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    readers._can_read_heif.cache_clear()
    with pytest.raises(PictureError, match="HEIC picture, and the package pillow-heif"):
        open_picture(data)
    readers._can_read_heif.cache_clear()


def test_the_reader_of_phone_pictures_is_loaded_only_for_them() -> None:
    """It is large, and the page that shows other pictures can do without."""
    code = (
        "import sys; from core.data.images.picture import open_picture; from tests.support.pictures import digit; "
        "open_picture(digit(0)); sys.exit('pillow_heif' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_postscript_is_not_run() -> None:
    """Pillow would hand it to Ghostscript: a program inside a picture must not start another."""
    data = encoded(small_photograph(), "EPS")
    assert data.startswith(b"%!PS")
    with pytest.raises(PictureError, match=r"it is a drawing \(PostScript\), not a picture of pixels"):
        open_picture(data)


@pytest.mark.parametrize(
    "format", ["ICO", "ICNS", "JPEG2000", "PCX", "PPM", "QOI", "SGI", "TGA", "AVIF", "DIB"]
)
def test_rarer_kinds_are_read_too(format: str) -> None:
    picture = Image.fromarray(photograph("china")).resize((32, 32))
    data = encoded(picture, format)
    assert open_picture(data).format == format
    assert load_picture(data, 16).shape == (16, 16, 3)


def chunk(name: bytes, content: bytes) -> bytes:
    """One part of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_chunks(size: tuple[int, int], *, bits: int, colour: int, rows: bytes) -> bytes:
    """A PNG file by its specification. ``colour``: 0 grey, 2 RGB."""
    header = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_000, 9_000), (13_000, 13_000), (60_000, 60_000), (89_000_001, 1)])
def test_too_many_pixels_are_refused_by_the_header(size: tuple[int, int]) -> None:
    """A file of a hundred bytes could claim all memory; nothing is decoded to find out."""
    data = png_chunks(size, bits=8, colour=2, rows=b"")
    assert len(data) < 100
    with pytest.raises(PictureError, match="safely"):
        open_picture(data)


def test_the_refusal_names_the_size() -> None:
    with pytest.raises(PictureError, match=r"it has 10000 × 9000 pixels, more than the 89 million"):
        open_picture(png_chunks((10_000, 9_000), bits=8, colour=2, rows=b""))


def test_the_largest_picture_is_let_through() -> None:
    assert open_picture(png_chunks((MAX_PIXELS, 1), bits=8, colour=0, rows=b"")).size == (MAX_PIXELS, 1)


def test_a_photograph_of_108_megapixels_is_read() -> None:
    """Phones write them; at an eighth of its sides it takes less memory than most."""
    data = encoded(Image.new("L", (12_000, 9_000), 90), "JPEG")
    assert decode_picture(open_picture(data), at_least=224).size == (1_500, 1_125)
    assert (load_picture(data, 32) == 90).all()


def test_200_megapixels_are_beyond_pillows_own_limit() -> None:
    """16320 × 12240, as the largest sensors of phones give."""
    data = jpeg_of_size(16_320, 12_240)
    assert open_picture(data).size == (16_320, 12_240)


def test_a_large_jpeg_is_not_decoded_in_full() -> None:
    with pytest.raises(PictureError, match="it has 12000 × 9000 pixels, more than the 89 million"):
        decode_picture(open_picture(jpeg_of_size(12_000, 9_000)))


@pytest.mark.parametrize(
    ("size", "process"),
    [((65_500, 65_500), 0xC0), ((16_000, 16_000), 0xC0), ((12_000, 11_000), 0xC2)],
    ids=["4 gigapixels", "256 megapixels", "progressive"],
)
def test_a_jpeg_that_costs_too_much_is_refused(size: tuple[int, int], process: int) -> None:
    """A progressive one holds all its coefficients in memory, whatever size is asked for."""
    with pytest.raises(PictureError, match="safely"):
        open_picture(jpeg_of_size(*size, process=process))


def jpeg_of_size(width: int, height: int, process: int = 0xC0) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(encoded(small_photograph(), "JPEG", progressive=process == 0xC2))
    frame = data.index(bytes([0xFF, process, 0x00, 0x11]))
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def test_a_jpeg_is_decoded_for_the_shape_that_is_asked_for() -> None:
    """Twice 160 × 106 is enough for a thumbnail; a square of twice 160 would decode four times as much."""
    data = encoded(Image.new("RGB", (1280, 854)), "JPEG")
    assert decode_picture(open_picture(data), at_least=(160, 106)).size == (320, 214)
    assert decode_picture(open_picture(data), at_least=160).size == (640, 427)


@pytest.mark.parametrize(
    ("side", "size"), [(100, (320, 214)), (200, (640, 427)), (50, (160, 107)), (5, (80, 54))]
)
def test_a_jpeg_is_decoded_no_larger_than_needed(side: int, size: tuple[int, int]) -> None:
    """At least twice the side asked for, out of 1/1, 1/2, 1/4 and 1/8 of 640 × 427."""
    data = encoded(photograph("china"), "JPEG")
    assert decode_picture(open_picture(data), at_least=side).size == size


@pytest.mark.parametrize("name", ["china", "flower", "chelsea"])
@pytest.mark.parametrize("size", [48, 96])
def test_quick_decoding_gives_the_same_picture(name: str, size: int) -> None:
    """Every prediction goes through it; a shifted picture would cost accuracy unseen."""
    data = encoded(photograph(name), "JPEG", quality=95)
    quick = load_picture(data, size)
    slow = decode_picture(open_picture(data)).resize((size, size), Image.Resampling.BILINEAR)
    assert difference(quick, np.asarray(slow)) < 2


def test_a_picture_is_stretched_to_the_square() -> None:
    """A leaf that lies at the edge counts, so nothing is cut away."""
    pixels = np.full((20, 80, 3), 128, np.uint8)
    pixels[:, :20], pixels[:, 60:] = (255, 0, 0), (0, 0, 255)
    square = load_picture(encoded(pixels, "PNG"), 16)
    assert square.shape == (16, 16, 3)
    assert square.dtype == np.uint8
    assert (square[:, :3] == (255, 0, 0)).all()
    assert (square[:, 13:] == (0, 0, 255)).all()
    assert (square[:, 6:10] == 128).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_tiny_and_thin_pictures_are_read(size: tuple[int, int]) -> None:
    data = encoded(Image.new("RGB", size, (10, 20, 30)), "PNG")
    assert (load_picture(data, 32) == (10, 20, 30)).all()


def test_the_same_bytes_always_give_the_same_pixels() -> None:
    data = encoded(photograph("china"), "JPEG")
    assert np.array_equal(load_picture(data, 96), load_picture(data, 96))


def test_pixels_can_be_handed_on() -> None:
    """TensorFlow and LiteRT take contiguous arrays without a copy."""
    assert load_picture(encoded(small_photograph(), "PNG"), 32).flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(
    ("module", "optional"),
    [
        ("picture", set()),
        ("faults", set()),
        ("readers", {"pillow_heif", "pillow_jxl"}),
        ("colour", set()),
        ("channels", set()),
        ("depth", set()),
        ("kinds", set()),
        ("jpeg", set()),
        ("tiff", set()),
        ("dicom", {"pydicom"}),
    ],
)
def test_the_decoder_can_travel_alone(module: str, optional: set[str]) -> None:
    """It is copied into every bundle, where there is no Darkroom."""
    source = Path(picture.__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
    modules = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules.add(str(node.module).partition(".")[0])
    assert modules - sys.stdlib_module_names - {"numpy", "PIL"} == optional
