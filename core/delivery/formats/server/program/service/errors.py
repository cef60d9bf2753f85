"""Errors of requests, which become problem details (RFC 9457)."""

from http import HTTPStatus

MEDIA_TYPE = "application/problem+json"


class RequestError(Exception):
    """A request that is not answered: status, a sentence for people, and further headers of the reply."""

    def __init__(self, status, detail, headers=None):
        super().__init__(detail)
        self.status, self.detail, self.headers = HTTPStatus(status), detail, headers or {}

    def to_json(self):
        # ``error`` repeats the sentence for clients of the Open Inference Protocol.
        return {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "error": self.detail,
        }
