"""Reachability of servers, checked quickly and remembered for a minute.

Pages must not wait for a missing network. Resolving a name can hang for longer than
any timeout, so a thread of its own sends the request.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.request
from urllib.parse import urlsplit

_WAIT_SECONDS = 1.0  # of a page
_ASK_SECONDS = 5.0  # timeout of the request in its own thread
_REMEMBER_SECONDS = 60.0

_lock = threading.Lock()
_requests: dict[str, _Request] = {}


class _Request:
    """One request to one server, and its result once it has arrived."""

    def __init__(self, url: str) -> None:
        self.began = time.monotonic()
        self.is_reachable = False
        self._thread = threading.Thread(target=self._ask, args=(url,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """The result; False until it has arrived."""
        self._thread.join(max(0.0, seconds))
        return self.is_reachable

    def _ask(self, url: str) -> None:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - an address from our own table
        try:
            with urllib.request.urlopen(request, timeout=_ASK_SECONDS):  # noqa: S310
                self.is_reachable = True
        except (OSError, http.client.HTTPException):
            self.is_reachable = False  # no network, no such server, or a refusal


def is_reachable(url: str) -> bool:
    """True if the server of ``url`` answers; checked with one file of each server, once a minute."""
    host = urlsplit(url).netloc
    with _lock:
        pending = _requests.get(host)
        if pending is None or time.monotonic() - pending.began > _REMEMBER_SECONDS:
            pending = _requests[host] = _Request(url)
    return pending.wait(pending.began + _WAIT_SECONDS - time.monotonic())
