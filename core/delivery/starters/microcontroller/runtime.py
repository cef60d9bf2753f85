"""Process with TensorFlow Lite Micro: ``python -m core.delivery.starters.microcontroller.runtime NETWORK PICTURES OUTPUT``.

Started by ``measuring``: a network that it cannot run may end the process.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from tflite_micro import runtime

# More than any network that fits a microcontroller needs.
_ARENA_BYTES = 256 << 20
_TOTAL = re.compile(r"Arena allocation total (\d+) bytes")


def main() -> None:
    """Answer pictures, uint8 (n, size, size, 3), and write probabilities and the arena's size."""
    network, pictures, output = sys.argv[1:]
    interpreter = runtime.Interpreter.from_file(network, arena_size=_ARENA_BYTES)
    probabilities = []
    for picture in np.load(pictures):
        interpreter.set_input(picture[np.newaxis], 0)
        interpreter.invoke()
        probabilities.append(interpreter.get_output(0)[0])
    report = printed(interpreter.print_allocations)
    found = _TOTAL.search(report)
    if found is None:
        raise RuntimeError(f"no size of the arena in {report!r}")
    with Path(output).open("wb") as file:
        np.savez(file, probabilities=np.stack(probabilities), arena_bytes=int(found[1]))


def printed(function: Callable[[], None]) -> str:
    """Text that native code writes to standard output or error meanwhile."""
    with TemporaryFile() as file:
        saved = [(stream, os.dup(stream)) for stream in (1, 2)]
        try:
            for stream, _ in saved:
                os.dup2(file.fileno(), stream)
            function()
        finally:
            for stream, copy in saved:
                os.dup2(copy, stream)
                os.close(copy)
        file.seek(0)
        return file.read().decode(errors="replace")


if __name__ == "__main__":
    main()
