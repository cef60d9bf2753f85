"""Memory that a network takes in TensorFlow Lite Micro, and its answers there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.processes import run_module

PACKAGE = "tflite-micro"


@dataclass(frozen=True, kw_only=True)
class MicroRun:
    """A network's run on a few pictures."""

    # float32 (n, classes)
    probabilities: np.ndarray
    # of everything that it computes, on a computer with 64 bits and without a processor's own kernels
    arena_bytes: int


def run_in_micro(network: bytes, pictures: np.ndarray) -> MicroRun:
    """Run a network in a process of its own.

    Args:
        pictures: uint8 (n, size, size, 3).
    Raises:
        RuntimeError: TensorFlow Lite Micro cannot run it.
    """
    with TemporaryDirectory(prefix="darkroom-") as folder:
        source, samples, output = (Path(folder, name) for name in ("in.tflite", "samples.npy", "out.npz"))
        source.write_bytes(network)
        np.save(samples, pictures)
        run_module(
            "core.delivery.starters.microcontroller.runtime",
            (source, samples, output),
            failure="TensorFlow Lite Micro could not run the network",
        )
        with np.load(output) as measured:
            return MicroRun(probabilities=measured["probabilities"], arena_bytes=int(measured["arena_bytes"]))
