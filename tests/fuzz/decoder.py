"""Feeds the picture decoder real pictures that were changed at random, and watches what it does.

``python -m tests.fuzz.decoder --inputs 100000 --seed 1`` looks longer than the
tests do. What broke it then lies in ``tests/artifacts``, even if the process died.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.images.picture import MAX_PIXELS
from core.data.metadata.removal import strip_metadata
from core.data.pixels.decoding import examine_picture, load_picture
from core.errors import UnreadableImageError
from tests.support.pictures import digit_scans, encoded, small_photograph

LAST_INPUT = Path(__file__).resolve().parents[1] / "artifacts" / "fuzz-last-input.bin"
_MEMORY_BYTES = 6 << 30  # of addresses, libraries included: no picture may ask for more
_EXTREMES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
_LONGEST_STRETCH = 64  # bytes taken out, doubled or put in at once
_MOST_CHANGES = 4

Random = np.random.Generator


def seeds() -> list[bytes]:
    """One small real picture of every kind that is read, and some with all that may stand beside the pixels."""
    photograph = Image.fromarray(small_photograph("china", 48, 32))
    scan = Image.fromarray(digit_scans()[0])
    transparent = photograph.copy()
    transparent.putalpha(128)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    kinds = (
        *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "ICO", "ICNS"),
        *("PCX", "SGI", "TGA", "QOI", "AVIF", "HEIF"),
    )
    films = ("GIF", "PNG", "WEBP", "TIFF", "MPO", "AVIF")
    return [
        *(encoded(photograph, kind) for kind in kinds),
        *(encoded(photograph, kind, exif=exif) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")),
        *(encoded(scan, kind, save_all=True, append_images=[scan, scan]) for kind in films),
        encoded(photograph, "JPEG", progressive=True),
        encoded(photograph.convert("CMYK"), "JPEG"),
        encoded(photograph.convert("P"), "PNG", transparency=3),
        encoded(transparent, "PNG"),
        encoded(transparent, "WEBP"),
        encoded(Image.fromarray(digit_scans()[0].astype(np.uint16) * 257), "PNG"),
        encoded(photograph, "TIFF", compression="tiff_lzw"),
        encoded(photograph, "TIFF", compression="jpeg"),
    ]


def changed(data: bytes, random: Random, others: list[bytes]) -> bytes:
    """The same bytes after a few changes."""
    for _ in range(random.integers(1, _MOST_CHANGES + 1)):
        data = _CHANGES[random.integers(len(_CHANGES))](data, random, others)
    return data


def judge(data: bytes) -> bool:
    """Decode in every way that Darkroom does; True if it is a picture.

    Raises:
        AssertionError: an answer that must not be. Any other error is one too many as well.
    """
    try:
        facts = examine_picture(data)
    except UnreadableImageError:
        return False
    assert 0 < facts.width * facts.height <= MAX_PIXELS
    assert facts.frames >= 1
    assert facts.camera.isprintable()
    thumbnail = Image.open(io.BytesIO(facts.thumbnail))
    assert thumbnail.mode == "RGB"
    assert max(thumbnail.size) <= 160
    try:
        pixels = load_picture(data, 16)
        strip_metadata(data, facts.format)
    except UnreadableImageError:
        return True  # damage that the small scale of a JPEG does not meet
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8
    return True


def _somewhere(data: bytes, random: Random) -> int:
    """A place, more often near the beginning, where headers stand."""
    return int(len(data) * random.random() ** 3)


def _change_bit(data: bytes, random: Random, _: list[bytes]) -> bytes:
    return _put(data, _somewhere(data, random), lambda old: bytes([old ^ 1 << int(random.integers(8))]))


def _change_byte(data: bytes, random: Random, _: list[bytes]) -> bytes:
    return _put(data, _somewhere(data, random), lambda _: bytes([int(random.choice(_EXTREMES))]))


def _put_number(data: bytes, random: Random, _: list[bytes]) -> bytes:
    """Sizes and offsets of two, four or eight bytes."""
    size = int(random.choice([2, 4, 8]))
    number = bytes([int(random.choice(_EXTREMES))]) * size
    place = _somewhere(data, random)
    return data[:place] + number + data[place + size :]


def _take_out(data: bytes, random: Random, _: list[bytes]) -> bytes:
    place = _somewhere(data, random)
    return data[:place] + data[place + int(random.integers(1, _LONGEST_STRETCH)) :]


def _double(data: bytes, random: Random, _: list[bytes]) -> bytes:
    place = _somewhere(data, random)
    stretch = data[place : place + int(random.integers(1, _LONGEST_STRETCH))]
    return data[:place] + stretch * int(random.integers(1, 4)) + data[place:]


def _cut(data: bytes, random: Random, _: list[bytes]) -> bytes:
    return data[: int(random.integers(0, len(data) + 1))]


def _put_in_another(data: bytes, random: Random, others: list[bytes]) -> bytes:
    other = others[random.integers(len(others))]
    begin = _somewhere(other, random)
    stretch = other[begin : begin + int(random.integers(1, _LONGEST_STRETCH))]
    place = _somewhere(data, random)
    return data[:place] + stretch + data[place + len(stretch) :]


def _put(data: bytes, place: int, change: Callable[[int], bytes]) -> bytes:
    return data[:place] + change(data[place]) + data[place + 1 :] if data else data


_CHANGES = (_change_bit, _change_byte, _put_number, _take_out, _double, _cut, _put_in_another)


def main() -> None:
    """Judge so many inputs; the process ends with an error at the first that breaks a promise."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # Pillow's, about what is done here on purpose
    originals = seeds()
    assert all(judge(data) for data in originals)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    LAST_INPUT.parent.mkdir(exist_ok=True)
    random = np.random.default_rng(options.seed)
    pictures = 0
    for number in range(options.inputs):
        data = changed(originals[number % len(originals)], random, originals)
        LAST_INPUT.write_bytes(data)
        pictures += judge(data)
    LAST_INPUT.unlink()
    sys.stdout.write(f"{pictures} of {options.inputs} were still pictures\n")


if __name__ == "__main__":
    main()
