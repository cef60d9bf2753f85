"""Memory of well-known boards, and those that a network fits."""

from __future__ import annotations

from dataclasses import dataclass

_MEGABYTE = 1 << 20
# Taken by the program with its camera driver, and by camera pictures.
_PROGRAM_BYTES, _PICTURES_BYTES = _MEGABYTE, _MEGABYTE // 2


@dataclass(frozen=True, kw_only=True)
class Board:
    """A kind of board."""

    name: str
    # that programs run from
    flash_bytes: int
    # the largest memory for data
    memory_bytes: int

    def fits(self, network_bytes: int, arena_bytes: int) -> bool:
        """True if flash holds the network and memory its arena, beside program and pictures."""
        return (
            network_bytes + _PROGRAM_BYTES <= self.flash_bytes
            and arena_bytes + _PICTURES_BYTES <= self.memory_bytes
        )


BOARDS = (
    Board(
        name="ESP32-S3 with 8 MB of PSRAM, 16 MB of flash",
        flash_bytes=16 * _MEGABYTE,
        memory_bytes=8 * _MEGABYTE,
    ),
    Board(name="ESP32-S3-EYE", flash_bytes=8 * _MEGABYTE, memory_bytes=8 * _MEGABYTE),
    Board(name="ESP32-CAM", flash_bytes=4 * _MEGABYTE, memory_bytes=4 * _MEGABYTE),
    Board(name="Arduino Portenta H7", flash_bytes=2 * _MEGABYTE, memory_bytes=8 * _MEGABYTE),
    Board(name="Raspberry Pi Pico 2", flash_bytes=4 * _MEGABYTE, memory_bytes=520 << 10),
    Board(name="Arduino Nano 33 BLE Sense", flash_bytes=_MEGABYTE, memory_bytes=256 << 10),
)


def boards_table(network_bytes: int, arena_bytes: int) -> str:
    """Boards and their memory as a Markdown table, in English, for a README."""
    rows = ["| board | flash | memory | the network fits |", "|---|---|---|---|"]
    for board in BOARDS:
        answer = "yes" if board.fits(network_bytes, arena_bytes) else "no"
        rows.append(f"| {board.name} | {_size(board.flash_bytes)} | {_size(board.memory_bytes)} | {answer} |")
    return "\n".join(rows)


def _size(count: int) -> str:
    return f"{count / _MEGABYTE:g} MB" if count >= _MEGABYTE else f"{count >> 10} KB"
