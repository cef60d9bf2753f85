"""Version of the decoder, and of the one that filled a project's caches and drew its thumbnails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.records import Record, read_record, write_record

# Raised with every change of decoded pixels, together with ``decoder_changes``.
# 2: colours of profiles become sRGB; values of TIFF and channels are read right.
# 3: transparency of 16 bits, infrared in TIFF, separate planes, ink without Adobe's marker.
DECODER = 3
_RECORD = "decoder.json"


@dataclass(frozen=True, kw_only=True)
class DecoderRecord(Record):
    """Version of the decoder whose pixels a project has; ``decoder.json``."""

    decoder: int


def recorded_decoder(folder: Path) -> int:
    """Version of the decoder whose pixels a project's dataset folder has."""
    try:
        return read_record(folder / _RECORD, DecoderRecord).decoder
    except FileNotFoundError:
        # Of a version of Darkroom that kept no record.
        return 1


def record_decoder(folder: Path) -> None:
    """Record that caches and thumbnails are those of this decoder."""
    write_record(folder / _RECORD, DecoderRecord(decoder=DECODER))
