"""Metrics of the API for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

# Upper bounds in seconds: one picture takes about 10 ms, a batch of 64 about half a second.
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Counts of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.in_progress = Gauge(
            "darkroom_requests_in_progress", "Requests that are being answered.", registry=self._registry
        )
        self.pictures = Counter(
            "darkroom_pictures_classified", "Pictures classified.", ["run"], registry=self._registry
        )
        self._requests = Counter(
            "darkroom_requests",
            "Requests answered.",
            ["method", "path", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "darkroom_request_seconds",
            "Seconds from request to answer.",
            ["method", "path"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def count(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answered request, by the path's template."""
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(method, path).observe(seconds)

    def text(self) -> bytes:
        """Write all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
