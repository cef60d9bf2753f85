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

_WAIT_SECONDS = 1.0  # how long a page waits for the answer
_ASK_SECONDS = 5.0  # how long the asking may go on behind it
_REMEMBER_SECONDS = 60.0

_lock = threading.Lock()
_asked: dict[str, _Question] = {}


class _Question:
    """One request to one server, and its result once it has arrived."""

    def __init__(self, url: str) -> None:
        self.began = time.monotonic()
        self.answer = False
        self._thread = threading.Thread(target=self._ask, args=(url,), daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """The result; False until it has arrived."""
        self._thread.join(max(0.0, seconds))
        return self.answer

    def _ask(self, url: str) -> None:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - an address from our own table
        try:
            with urllib.request.urlopen(request, timeout=_ASK_SECONDS):  # noqa: S310
                self.answer = True
        except (OSError, http.client.HTTPException):
            self.answer = False  # no network, no such server, or it refuses: all the same here


def answers(url: str) -> bool:
    """True if the server of ``url`` answers; checked with one file a server, once a minute."""
    host = urlsplit(url).netloc
    with _lock:
        question = _asked.get(host)
        if question is None or time.monotonic() - question.began > _REMEMBER_SECONDS:
            question = _asked[host] = _Question(url)
    return question.wait(question.began + _WAIT_SECONDS - time.monotonic())
