"""A board is named as fitting only if its flash and its memory hold the network."""

from __future__ import annotations

import pytest

from core.delivery.starters.microcontroller.boards import Board, boards_table

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("network", "arena", "fits"),
    [
        (3 * MEGABYTE, 2 * MEGABYTE - MEGABYTE // 2, True),
        (3 * MEGABYTE + 1, MEGABYTE, False),
        (MEGABYTE, 2 * MEGABYTE - MEGABYTE // 2 + 1, False),
    ],
)
def test_program_and_pictures_take_a_megabyte_and_a_half(network: int, arena: int, fits: bool) -> None:
    board = Board(name="a board", flash_bytes=4 * MEGABYTE, memory_bytes=2 * MEGABYTE)
    assert board.fits(network, arena) is fits


def test_a_large_network_fits_boards_with_psram_alone() -> None:
    """EfficientNet-Lite0 takes about so much."""
    rows = boards_table(5 * MEGABYTE, 3 * MEGABYTE).splitlines()[2:]
    fitting = {row.split("|")[1].strip() for row in rows if row.endswith("| yes |")}
    assert fitting == {"ESP32-S3 with 8 MB of PSRAM, 16 MB of flash", "ESP32-S3-EYE"}
    assert "| Raspberry Pi Pico 2 | 4 MB | 520 KB | no |" in rows
