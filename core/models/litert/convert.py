"""Conversion process for other backends: ``python -m core.models.litert.convert NETWORK.keras ENGINE.tflite``.

Started by ``conversion`` with Keras on TensorFlow, and given files that it wrote.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras

from core.models.litert.conversion import convert_to_tflite


def main() -> None:
    """Convert the file that the first argument names into the one that the second names."""
    network, engine = map(Path, sys.argv[1:])
    model = keras.models.load_model(network, compile=False, safe_mode=True)
    engine.write_bytes(convert_to_tflite(model))


if __name__ == "__main__":
    main()
