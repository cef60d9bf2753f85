"""Rate limit of the API: a token bucket for each caller."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from core.errors import ConfigError
from core.messages import N_

VARIABLE = "DARKROOM_REQUESTS_PER_SECOND"
DEFAULT_PER_SECOND = 200.0
# Requests that may come at once after a pause, in seconds of the rate.
_BURST_SECONDS = 2.0
# Callers that are remembered; the ones that waited longest are forgotten first.
_MOST_CALLERS = 10_000


class RateLimiter:
    """Token buckets by caller. Safe to share between threads."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, per_second * _BURST_SECONDS, clock
        # Requests left, and when that was counted.
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def seconds_to_wait(self, caller: str) -> float:
        """Count a request; 0 if it may pass, else the seconds until the next one may."""
        with self._lock:
            now = self._clock()
            left, counted = self._buckets.pop(caller, (self._burst, now))
            left = min(self._burst, left + (now - counted) * self._per_second)
            if len(self._buckets) >= _MOST_CALLERS:
                self._buckets.pop(next(iter(self._buckets)))
            if left < 1:
                self._buckets[caller] = (left, now)
                return (1 - left) / self._per_second
            self._buckets[caller] = (left - 1, now)
            return 0.0


def requests_per_second() -> float:
    """Read the limit from ``$DARKROOM_REQUESTS_PER_SECOND``.

    Raises:
        ConfigError: the limit is no number above 0.
    """
    setting = os.environ.get(VARIABLE) or str(DEFAULT_PER_SECOND)
    try:
        limit = float(setting)
    except ValueError:
        limit = 0.0
    if not 0 < limit < float("inf"):
        raise ConfigError(
            N_("{variable} is “{value}”; it must be a number of requests above 0, such as 200."),
            variable=VARIABLE,
            value=setting,
        )
    return limit
