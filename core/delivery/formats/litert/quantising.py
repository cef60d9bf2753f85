"""Quantised LiteRT files, by ai-edge-quantizer in a process of its own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.processes import run_module

PACKAGE = "ai-edge-quantizer"


class Recipe(StrEnum):
    """Numbers that are stored with 8 bits."""

    # weights, and what is computed from a picture: ranges are measured on sample pictures
    STATIC = "static"
    # weights alone: ranges of what is computed are measured while it runs
    DYNAMIC = "dynamic"


def quantised(content: bytes, recipe: Recipe, pictures: np.ndarray) -> bytes:
    """Quantise a LiteRT classifier with a batch of 1 and a signature.

    Args:
        pictures: uint8 (n, S, S, 3); sample pictures, of which a dynamic recipe needs none.
    Raises:
        RuntimeError: the quantisation process failed.
    """
    with TemporaryDirectory(prefix="darkroom-") as folder:
        source, samples, output = (Path(folder, name) for name in ("in.tflite", "samples.npy", "out.tflite"))
        source.write_bytes(content)
        np.save(samples, pictures)
        run_module(
            "core.delivery.formats.litert.quantise",
            (recipe, source, samples, output),
            failure="The network could not be quantised",
        )
        return output.read_bytes()
