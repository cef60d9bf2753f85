"""Test accuracy of *best in 1 minute* against *quick*."""

from __future__ import annotations

from benchmarks.climbing import measured
from benchmarks.figures import Figure
from benchmarks.options import Options

_GAIN = 2.0  # points


def run(options: Options) -> list[Figure]:
    return measured(options, minutes=1, gain=_GAIN, with_expert=False)
