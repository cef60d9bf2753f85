"""Requests that an exported server refuses: a sentence as problem JSON, and the server is unharmed."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from core.delivery.formats.server.server_answers import running_server
from tests.support.api_client import form
from tests.support.command_line import PATIENCE_SECONDS
from tests.support.exported_server import MAX_MEGABYTES, Exported, ask
from tests.support.pictures import digit

TIMEOUT_SECONDS = 1


@pytest.fixture(autouse=True)
def unharmed(port: int) -> Iterator[None]:
    """After every test the server answers the next client."""
    yield
    assert ask(port, "/health").json["status"] == "ok"
    assert ask(port, "/predict", digit(3)).answer["labels"]


def picture_of_100_megapixels() -> bytes:
    """A PNG of a hundred bytes that claims to be large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


FORM = {"Content-Type": "multipart/form-data; boundary=x"}
EMPTY_FILE = b'--x\r\nContent-Disposition: form-data; name=picture; filename="a.png"\r\n\r\n\r\n--x--\r\n'
FIELD = b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\nhello\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("body", "headers", "status", "sentence"),
    [
        (b"", {}, 400, "holds no picture"),
        (b"no picture", {}, 422, "picture cannot be classified: it is not a picture"),
        (b"%PDF-1.7", {}, 422, "cannot be classified"),
        (digit(3)[:60], {}, 422, "damaged or cut off"),
        (picture_of_100_megapixels(), {}, 422, "10000 × 10000 pixels, more than the 89 million"),
        (EMPTY_FILE, FORM, 422, r"a\.png cannot be classified"),
        (FIELD, FORM, 400, "The form holds no picture"),
        (EMPTY_FILE[:-10], FORM, 400, "cut off"),
        (b"x", {"Content-Type": "multipart/form-data"}, 400, "no boundary"),
        (b"x" * (MAX_MEGABYTES * 1_000_000 + 1), {}, 413, f"larger than {MAX_MEGABYTES} MB"),
        (b"x", {"Content-Length": "9" * 20}, 413, f"larger than {MAX_MEGABYTES} MB"),
        (b"x", {"Content-Length": "-1"}, 411, "Content-Length"),
        (b"1\r\nx\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}, 411, "Content-Length"),
    ],
)
def test_bodies_without_a_usable_picture_are_refused_with_a_sentence(
    port: int, body: bytes, headers: Mapping[str, str], status: int, sentence: str
) -> None:
    reply = ask(port, "/predict", body, headers)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.json["status"] == status
    assert re.search(sentence, reply.json["detail"])


@pytest.mark.parametrize("query", ["top=0", "top=many", "top=-1", "top=1.5", "top=9999999", "top=²"])
def test_a_number_of_classes_that_is_none_is_refused(port: int, query: str) -> None:
    reply = ask(port, f"/predict?{quote(query, safe='=')}", digit(3))
    assert (reply.status, reply.json["detail"][:5]) == (400, "“top”")


def test_too_many_pictures_in_one_request_are_refused(port: int) -> None:
    headers, body = form(*[digit(3)] * 65)
    assert ask(port, "/predict", body, headers).status == 413


@pytest.mark.parametrize(
    "path", ["/nowhere", "/predict/", "/v2/models/other", "/../labels.json", "/server.py"]
)
def test_an_unknown_address_is_named(port: int, path: str) -> None:
    """No file of the folder can be fetched but those that are meant to be."""
    for body in (None, b"x"):
        reply = ask(port, path, body)
        assert reply.status == 404
        assert path in reply.json["detail"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_wrong_method_is_answered_with_the_right_one(port: int, method: str) -> None:
    reply = ask(port, "/predict", method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert ask(port, "/health", b"x", method="POST").headers["allow"] == "GET"


def test_what_is_no_request_is_refused(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"hello world out there\r\n\r\n")
        reply = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b" 400 " in reply.splitlines()[0]
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["status"] == 400


def test_several_requests_use_one_connection_and_a_refused_body_ends_it(port: int) -> None:
    """The rest of a refused body must not be taken for the next request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    for _ in range(3):
        connection.request("POST", "/predict", digit(3))
        response = connection.getresponse()
        assert (response.status, response.will_close) == (200, False)
        response.read()
    connection.request("POST", "/nowhere", b"GET /health HTTP/1.1\r\n\r\n")
    response = connection.getresponse()
    assert (response.status, response.will_close) == (404, True)
    connection.close()


def test_a_client_that_waits_to_be_told_to_send_is_told(port: int) -> None:
    """curl does so before bodies of more than a megabyte."""
    data = digit(3)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        head = f"POST /predict HTTP/1.1\r\nContent-Length: {len(data)}\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(data)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_clients_that_hang_up_in_the_middle_leave_no_trace(exported: Exported) -> None:
    """More of them than requests fit into memory."""
    with running_server(exported.folder, sys.executable, "--max-requests", "4") as port:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: 100000\r\n\r\nhalf")
        assert ask(port, "/predict", digit(3)).status == 200


def test_bodies_that_do_not_arrive_are_ended_and_others_wait_no_longer(exported: Exported) -> None:
    """Three clients send half a body where one fits: one is timed out, then another; the third waited too long."""
    arguments = ("--max-requests", "1", "--timeout", str(TIMEOUT_SECONDS))

    def send_half(port: int) -> int:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: 100000\r\n\r\nhalf")
            return int(connection.recv(4096).split()[1])

    with running_server(exported.folder, sys.executable, *arguments) as port:
        with ThreadPoolExecutor(3) as clients:
            statuses = sorted(clients.map(send_half, [port] * 3))
        assert statuses[0] == 408
        assert set(statuses) == {408, 503}
        assert ask(port, "/predict", digit(3)).status == 200


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no JSON", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b'{"inputs": "x"}', "“inputs” a list of objects"),
        (b'{"inputs": []}', "Send one input"),
        (b'{"inputs": [{"name": "file", "datatype": "BYTES"}]}', "cannot be read"),
        (b'{"inputs": [{"name": "file", "datatype": "BYTES", "data": [7]}]}', "cannot be read"),
        (b'{"inputs": [{"name": "file", "datatype": "BYTES", "data": ["%"]}]}', "cannot be read"),
        (b'{"inputs": [{"name": "file", "datatype": "BYTES", "data": [""]}]}', "cannot be classified"),
        (b'{"inputs": [{"name": "picture", "datatype": "UINT8", "data": [256]}]}', "from 0 to 255"),
        (b'{"inputs": [{"name": "picture", "datatype": "UINT8", "data": [0.5]}]}', "from 0 to 255"),
        (b'{"inputs": [{"name": "picture", "datatype": "UINT8", "data": [1, 2]}]}', "cannot be read"),
        (b'{"inputs": [{"name": "picture", "datatype": "UINT8", "data": [[1], 2]}]}', "cannot be read"),
        (
            b'{"inputs": [{"name": "picture", "datatype": "UINT8", "data": []}], "outputs": [{"name": "x"}]}',
            "“x”",
        ),
    ],
)
def test_what_the_protocol_does_not_want_is_refused(
    exported: Exported, port: int, content: bytes, sentence: str
) -> None:
    reply = ask(port, f"/v2/models/{exported.run.name}/infer", content)
    assert reply.status in {400, 422}
    assert sentence in reply.json["error"]


def test_the_binary_form_of_the_protocol_is_refused_with_the_way_out(exported: Exported, port: int) -> None:
    headers = {"Inference-Header-Content-Length": "2"}
    reply = ask(port, f"/v2/models/{exported.run.name}/infer", b"{}", headers)
    assert (reply.status, "binary_data=False" in reply.json["error"]) == (415, True)


def test_a_port_that_is_taken_ends_in_a_sentence(exported: Exported, port: int) -> None:
    outcome = subprocess.run(
        [sys.executable, "server.py", "--port", str(port)],
        cwd=exported.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert f"port {port}: " in outcome.stderr
    assert "Traceback" not in outcome.stderr
