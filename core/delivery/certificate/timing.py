"""Speed of a file against another, both measured in turns so that what slows one slows both."""

from __future__ import annotations

import numpy as np

from core.delivery.certificate.client import CheckProcess
from core.delivery.certificate.records import Speed

# The 2nd and the 8th of 9 ratios hold their median with 96.1% (binomial).
ROUNDS = 9
_LOWER, _UPPER = 1, 7
_ROUND_SECONDS = 0.15
_LEAST_CALLS, _MOST_CALLS = 3, 50


def measure_speed(process: CheckProcess, reference: CheckProcess | None) -> Speed:
    """Measure the time of one picture.

    Args:
        reference: holds the float32 LiteRT file; None: this is that file.
    """
    # The first calls plan memory and compile.
    process.seconds_of(_LEAST_CALLS)
    calls = _calls_for(process.seconds_of(_LEAST_CALLS))
    if reference is None:
        return Speed(milliseconds=1000 * process.seconds_of(ROUNDS * calls))
    reference_calls = _calls_for(reference.seconds_of(_LEAST_CALLS))
    rounds = [(process.seconds_of(calls), reference.seconds_of(reference_calls)) for _ in range(ROUNDS)]
    return speed_of_rounds(rounds)


def speed_of_rounds(rounds: list[tuple[float, float]]) -> Speed:
    """Summarise seconds of the file and of the reference, one pair for each of 9 rounds."""
    own, other = np.array(rounds).T
    ratios = np.sort(own / other)
    return Speed(
        milliseconds=1000 * float(np.median(own)),
        ratio=float(np.median(ratios)),
        ratio_interval=(float(ratios[_LOWER]), float(ratios[_UPPER])),
    )


def _calls_for(seconds: float) -> int:
    return int(np.clip(_ROUND_SECONDS / max(seconds, 1e-6), _LEAST_CALLS, _MOST_CALLS))
