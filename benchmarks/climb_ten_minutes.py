"""Test accuracy of *best in 10 minutes* against *quick* and the expert's script."""

from __future__ import annotations

from benchmarks.climbing import measured
from benchmarks.figures import Figure
from benchmarks.options import Options

_GAIN = 4.0  # points


def run(options: Options) -> list[Figure]:
    return measured(options, minutes=10, gain=_GAIN, with_expert=True)
