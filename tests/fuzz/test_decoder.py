"""Pictures that were changed at random are refused or decoded; none takes the process, or the machine, with it."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from core.data.pixels.decoding import examine_picture
from core.errors import UnreadableImageError

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 2000  # the budget: about six seconds


def test_the_decoder_survives_what_it_is_fed() -> None:
    """In a process of its own, for a decoder written in C may end it. Its last input is kept then."""
    command = [sys.executable, "-m", "tests.fuzz.decoder", "--inputs", str(INPUTS)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"see tests/artifacts/fuzz-last-input.bin\n{ended.stderr[-3000:]}"
    still_pictures = int(ended.stdout.split()[0])
    assert INPUTS / 10 < still_pictures < INPUTS  # neither all nothing nor all unharmed


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_a_picture_of_60000_by_60000_is_refused_by_its_header() -> None:
    """Eleven gigabytes of pixels in a file of eleven megabytes, and in one of a hundred bytes."""
    header = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    for rows in (b"", zlib.compress(bytes(16 << 20), 9)):
        with pytest.raises(UnreadableImageError, match="safely"):
            examine_picture(header + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
