"""Serve the classifier over HTTP: python server.py [--host ADDRESS] [--port NUMBER]

Needs the three packages in requirements.txt, nothing else, and no network of its own. It keeps no
pictures. README.md describes the addresses.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6, SHUT_WR
from socketserver import ThreadingTCPServer
from urllib.parse import quote

from predict import HERE, LABELS
from service import metrics, open_inference
from service.classifier import Classifier
from service.errors import MEDIA_TYPE, RequestError
from service.requests import Request, pictures_of, read_body, top_of

HTML, JSON = "text/html; charset=utf-8", "application/json"
# Connections that may be open; each has a thread.
MAX_CONNECTIONS = 256
# Seconds in which a client may read an error before its connection is closed, and for the last requests.
LINGER_SECONDS, LAST_SECONDS = 2.0, 10.0


def page(server, request):
    return HTML, (HERE / "page.html").read_text(encoding="utf-8")


def about(server, request):
    return JSON, LABELS


def health(server, request):
    return JSON, {"status": "ok", "run": LABELS["run"]}


def measured(server, request):
    return metrics.MEDIA_TYPE, server.metrics.text(server.in_progress)


def predict(server, request):
    pictures, top = pictures_of(request), top_of(request)
    answers = [server.classifier.answer(name, data, top) for name, data in pictures]
    server.metrics.count_pictures(len(answers))
    return JSON, {"run": LABELS["run"], "predictions": answers}


def of_protocol(function):
    """Route of the Open Inference Protocol."""
    return lambda server, request: (JSON, function(server.classifier, request))


MODEL = f"/v2/models/{quote(open_inference.MODEL)}"
# Functions by path and method: from the server and a ``Request`` to the media type and content of the reply.
ROUTES = {
    "/": {"GET": page},
    "/labels.json": {"GET": about},
    "/health": {"GET": health},
    "/metrics": {"GET": measured},
    "/predict": {"POST": predict},
    "/v2": {"GET": of_protocol(open_inference.server_metadata)},
    "/v2/health/live": {"GET": of_protocol(open_inference.live)},
    "/v2/health/ready": {"GET": of_protocol(open_inference.ready)},
    MODEL: {"GET": of_protocol(open_inference.model_metadata)},
    f"{MODEL}/ready": {"GET": of_protocol(open_inference.model_ready)},
    f"{MODEL}/infer": {"POST": of_protocol(open_inference.infer)},
}


class Server(ThreadingTCPServer):
    """A thread for each connection, and bounds on connections and on requests in memory."""

    daemon_threads = True
    request_queue_size = 128
    # On Windows it would let two servers share a port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, options):
        self.address_family = AF_INET6 if ":" in options.host else AF_INET
        self.options, self.metrics = options, metrics.Metrics()
        self.classifier = Classifier(options.timeout)
        self._connections = threading.Semaphore(MAX_CONNECTIONS)
        self._body_slots = threading.Semaphore(options.max_requests)
        self._changed, self.in_progress = threading.Condition(), 0
        super().__init__((options.host, options.port), Handler)

    def process_request(self, request, client_address):
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request, client_address):
        # Clients go away at any time.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    @contextmanager
    def body_slot(self):
        """Take one of the slots for requests whose bodies are in memory."""
        if not self._body_slots.acquire(timeout=self.options.timeout):
            raise RequestError(503, "The server is busy. Try again in a moment.", {"Retry-After": "1"})
        try:
            yield
        finally:
            self._body_slots.release()

    @contextmanager
    def answering(self):
        """Count a request, until its reply is sent, among those that ``finish`` waits for."""
        with self._changed:
            self.in_progress += 1
        try:
            yield
        finally:
            with self._changed:
                self.in_progress -= 1
                self._changed.notify_all()

    def finish(self):
        """Wait for the requests in progress."""
        with self._changed:
            self._changed.wait_for(lambda: not self.in_progress, LAST_SECONDS)


class Handler(BaseHTTPRequestHandler):
    """One connection: its requests, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Darkroom", ""
    # Of what is no request: with 0.9 it would be answered without status and headers.
    default_request_version = "HTTP/1.0"
    # Head and body leave in one packet, at once.
    wbufsize, disable_nagle_algorithm = -1, True

    def setup(self):
        self.timeout = self.server.options.timeout
        super().setup()

    def answer(self):
        """Answer one request, whatever its method."""
        began, path = time.perf_counter(), self.path.partition("?")[0]
        has_length = self.headers.get("Content-Length", "0") != "0"
        self.has_unread_body = has_length or "Transfer-Encoding" in self.headers
        try:
            with self.server.answering():
                status = self._answer(path)
                self.wfile.flush()
        except ConnectionError:
            self.close_connection = True
            return
        known = path if path in ROUTES else "other"
        self.server.metrics.count_request(known, int(status), time.perf_counter() - began)

    def handle_expect_100(self):
        """Tell a client that waits to send its body."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def send_error(self, code, message=None, explain=None):
        """Refuse what is no request of HTTP; the base class calls it."""
        self.has_unread_body = True
        self._refuse(RequestError(code, f"{message or 'The request cannot be read'}."))

    def _answer(self, path):
        try:
            media_type, content = self._content(path)
        except RequestError as error:
            return self._refuse(error)
        except ConnectionError:
            raise
        # The server outlives every fault of a request.
        except Exception:
            logging.exception("The request failed")
            return self._refuse(RequestError(500, "An error inside the server. Its log says more."))
        return self._reply(200, media_type, content, {})

    def _content(self, path):
        if path not in ROUTES:
            raise RequestError(404, f"There is nothing at {path[:200]}. README.md names the addresses.")
        methods = ROUTES[path]
        function = methods.get("GET" if self.command == "HEAD" else self.command)
        if function is None:
            raise RequestError(405, f"Use {', '.join(methods)} here.", {"Allow": ", ".join(methods)})
        query = self.path.partition("?")[2]
        if self.command != "POST":
            return function(self.server, Request(self.headers, query, b""))
        options = self.server.options
        with self.server.body_slot():
            body = read_body(self.headers, self.rfile, options.max_megabytes * 1_000_000, options.timeout)
            self.has_unread_body = False
            return function(self.server, Request(self.headers, query, body))

    def _refuse(self, error):
        return self._reply(error.status, MEDIA_TYPE, error.to_json(), error.headers)

    def _reply(self, status, media_type, content, headers):
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        data = text.encode()
        if self.has_unread_body:
            # ``send_header`` also remembers it: what follows would be taken for a request.
            headers = {**headers, "Connection": "close"}
        self.send_response(status)
        for name, value in {
            "Content-Type": media_type,
            "X-Content-Type-Options": "nosniff",
            **headers,
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        if self.has_unread_body:
            self._let_read()
        return status

    def _let_read(self):
        """Give the client time for the reply: closing while it still sends would discard that."""
        self.wfile.flush()
        self.connection.shutdown(SHUT_WR)
        self.connection.settimeout(LINGER_SECONDS)
        deadline = time.monotonic() + LINGER_SECONDS
        with suppress(OSError):
            while self.rfile.read1(1 << 16) and time.monotonic() < deadline:
                pass


# The base class looks for a function of this name.
for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
    setattr(Handler, f"do_{method}", Handler.answer)


def main():
    options = _options()
    try:
        server = Server(options)
    except (OSError, OverflowError) as error:
        print(f"{options.host}, port {options.port}: {error}. Choose another with --port.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    with server:
        host = f"[{options.host}]" if ":" in options.host else options.host
        print(f"http://{host}:{server.server_address[1]}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.finish()
    return 0


def _options():
    parser = argparse.ArgumentParser(description="Serve the classifier over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (this computer alone)")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one")
    parser.add_argument("--max-megabytes", type=_positive, default=20, help="of a request's body (20)")
    parser.add_argument("--max-requests", type=_positive, default=32, help="in memory at a time (32)")
    parser.add_argument("--timeout", type=_positive, default=30, help="seconds for a body, or to wait (30)")
    return parser.parse_args()


def _positive(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def _interrupt(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
