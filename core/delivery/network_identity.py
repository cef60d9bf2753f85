"""Identity of a delivered network: equal for files that answer alike, whatever facts they state."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.delivery.files import tflite_file
from core.delivery.formats.litert.model_metadata import ENTRY
from core.delivery.formats.litert.network import Network, text_of
from core.files import sha256_bytes


def network_digest(content: bytes) -> str:
    """SHA-256 of a LiteRT file without its metadata, which state thresholds and limits too."""
    network = Network(content)
    model, entries = network.model, network.model.metadata or []
    model.metadata = [entry for entry in entries if text_of(entry.name) != ENTRY]
    own = [entry.buffer for entry in entries if text_of(entry.name) == ENTRY]
    # An older file had none: it was added behind all others.
    if own == [len(model.buffers) - 1]:
        del model.buffers[-1]
    return sha256_bytes(network.to_bytes())


def digest_of_network(run: Path) -> str:
    """``network_digest`` of a delivered run, computed again once its file was written."""
    file = tflite_file(run)
    status = file.stat()
    # New facts leave the time of the content.
    return _digest(file, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(maxsize=64)
def _digest(file: Path, _written: int, _changed: int, _size: int) -> str:
    return network_digest(file.read_bytes())
