"""Metrics in the text format of Prometheus."""

import threading
from collections import Counter

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Name, kind and meaning.
_REQUESTS = ("darkroom_requests_total", "counter", "Requests answered, by path and status.")
_SECONDS = ("darkroom_request_seconds_total", "counter", "Seconds spent on them, by path.")
_PICTURES = ("darkroom_pictures_total", "counter", "Pictures classified.")
_IN_PROGRESS = ("darkroom_requests_in_progress", "gauge", "Requests being answered, this one included.")


class Metrics:
    """Counts since the server started."""

    def __init__(self):
        self._lock, self._values = threading.Lock(), Counter()
        self._values[_PICTURES, ""] = 0

    def count_request(self, path, status, seconds):
        with self._lock:
            self._values[_REQUESTS, f'{{path="{path}",status="{status}"}}'] += 1
            self._values[_SECONDS, f'{{path="{path}"}}'] += seconds

    def count_pictures(self, pictures):
        with self._lock:
            self._values[_PICTURES, ""] += pictures

    def text(self, in_progress):
        with self._lock:
            values = sorted({**self._values, (_IN_PROGRESS, ""): in_progress}.items())
        lines = []
        for metric in (_REQUESTS, _SECONDS, _PICTURES, _IN_PROGRESS):
            name, kind, meaning = metric
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{labels} {value}" for (owner, labels), value in values if owner == metric]
        return "\n".join(lines) + "\n"
