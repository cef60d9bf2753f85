"""The upload routes take bytes from the page that holds the token, and from nobody else."""

from __future__ import annotations

import base64
import shutil
from collections import namedtuple
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.files import sha256_bytes
from core.uploads import store
from core.uploads.routes import MAX_METADATA_BYTES, TOKEN_HEADER, TUS_VERSION, uploads_path
from core.uploads.store import Ticket, find_upload, open_upload, remove_upload
from tests.support.http_client import Reply, ask

BODY_TYPE = "application/offset+octet-stream"
DATA = bytes(range(256)) * 10_000  # two and a half pieces of a megabyte


def collection(ticket: Ticket) -> str:
    return f"/{uploads_path()}/{ticket.upload}/"


def own_headers(ticket: Ticket) -> dict[str, str]:
    return {TOKEN_HEADER: ticket.token, "Tus-Resumable": TUS_VERSION}


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def post(
    ticket: Ticket,
    path: str = "pets.zip",
    size: int | str = len(DATA),
    headers: dict[str, str] | None = None,
    body: Sequence[bytes] = (b"",),
) -> Reply:
    """Announce a file."""
    announced = {"Upload-Length": str(size), "Upload-Metadata": f"filename {base64_of(path)}"}
    return ask(
        collection(ticket),
        method="POST",
        headers=own_headers(ticket) | announced | (headers or {}),
        body=body,
    )


def patch(
    ticket: Ticket,
    *body: bytes | Callable[[], bytes],
    offset: int | str = 0,
    path: str = "pets.zip",
    headers: dict[str, str] | None = None,
    is_cut_off: bool = False,
) -> Reply:
    """Append to an announced file."""
    described = {"Upload-Offset": str(offset), "Content-Type": BODY_TYPE}
    return ask(
        address_of(path, ticket),
        method="PATCH",
        headers=own_headers(ticket) | described | (headers or {}),
        body=body or (b"",),
        is_cut_off=is_cut_off,
    )


def address_of(path: str, ticket: Ticket) -> str:
    return collection(ticket) + sha256_bytes(path.encode())[:32]


def offset_of(ticket: Ticket, path: str = "pets.zip") -> int:
    reply = ask(address_of(path, ticket), method="HEAD", headers=own_headers(ticket))
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    return int(reply.headers["upload-offset"])


@pytest.fixture
def ticket(workspace: Path) -> Ticket:
    """An upload with room for two files."""
    return open_upload(2 * len(DATA))


def test_the_server_names_its_protocol_and_extensions(ticket: Ticket) -> None:
    """Without a token: a client asks before it has one."""
    reply = ask(collection(ticket), method="OPTIONS")
    assert reply.status == 204
    assert reply.headers["tus-version"] == TUS_VERSION
    assert set(reply.headers["tus-extension"].split(",")) >= {"creation", "termination"}


def test_another_version_of_the_protocol_is_refused(ticket: Ticket) -> None:
    """The answer names the version that is spoken here."""
    reply = post(ticket, headers={"Tus-Resumable": "0.2.2"})
    assert reply.status == 412
    assert reply.headers["tus-version"] == TUS_VERSION


def test_a_file_arrives_in_several_requests(ticket: Ticket) -> None:
    """Each answer has the offset of the next piece."""
    created = post(ticket)
    assert (created.status, created.headers["upload-offset"]) == (201, "0")
    assert collection(ticket) + created.headers["location"] == address_of("pets.zip", ticket)
    assert offset_of(ticket) == 0
    first = patch(ticket, DATA[:300_000], DATA[300_000:2_000_000])
    assert (first.status, first.headers["upload-offset"]) == (204, "2000000")
    assert offset_of(ticket) == 2_000_000
    second = patch(ticket, DATA[2_000_000:], offset=2_000_000)
    assert second.headers["upload-offset"] == str(len(DATA))
    assert find_upload(ticket).content.read_bytes() == DATA


def test_a_file_may_begin_with_its_announcement(ticket: Ticket) -> None:
    """The extension creation-with-upload saves a request for each small file."""
    reply = post(ticket, size=5, headers={"Content-Type": BODY_TYPE}, body=[b"he", b"llo"])
    assert (reply.status, reply.headers["upload-offset"]) == (201, "5")
    assert find_upload(ticket).content.read_bytes() == b"hello"


def test_an_empty_file_is_whole_at_once(ticket: Ticket) -> None:
    """Nothing is left to send."""
    assert post(ticket, size=0).status == 201
    assert find_upload(ticket).content.read_bytes() == b""


def test_the_metadata_comes_back_as_it_was_sent(ticket: Ticket) -> None:
    """Clients keep what they need in it."""
    metadata = f"filename {base64_of('pets.zip')},note {base64_of('ä')},empty"
    post(ticket, headers={"Upload-Metadata": metadata})
    reply = ask(address_of("pets.zip", ticket), method="HEAD", headers=own_headers(ticket))
    assert reply.headers["upload-metadata"] == metadata
    assert reply.headers["upload-length"] == str(len(DATA))


def test_all_files_are_listed_with_their_offsets(ticket: Ticket) -> None:
    """An interrupted folder resumes after one request, also after a restart of the server."""
    post(ticket, "pets/a.jpg", 5)
    patch(ticket, b"hello", path="pets/a.jpg")
    post(ticket, "pets/ü.jpg", 10)
    patch(ticket, b"hel", path="pets/ü.jpg")
    store._OPENED.clear()
    listed = ask(collection(ticket), headers=own_headers(ticket)).json
    assert [(file["path"], file["offset"], file["is_whole"]) for file in listed] == [
        ("pets/a.jpg", 5, True),
        ("pets/ü.jpg", 3, False),
    ]


def test_an_unfinished_file_that_is_announced_again_restarts(ticket: Ticket) -> None:
    """The answer to the first announcement was lost, and the client knows no offset."""
    post(ticket)
    patch(ticket, DATA[:1000])
    assert post(ticket).status == 201
    assert offset_of(ticket) == 0
    assert patch(ticket, DATA).headers["upload-offset"] == str(len(DATA))


def test_a_whole_file_that_is_announced_again_stays(ticket: Ticket) -> None:
    """The last answer was lost; the client finds nothing left to send."""
    post(ticket, size=5)
    patch(ticket, b"hello")
    assert post(ticket, size=5).status == 201
    assert offset_of(ticket) == 5
    assert post(ticket, size=6).status == 409
    assert find_upload(ticket).content.read_bytes() == b"hello"


def test_a_file_sent_with_its_announcement_may_be_sent_again(ticket: Ticket) -> None:
    """The answer was lost; after a refusal with the same offset the client would ask for ever."""
    for _ in range(3):
        reply = post(ticket, size=5, headers={"Content-Type": BODY_TYPE}, body=[b"hello"])
        assert (reply.status, reply.headers["upload-offset"]) == (201, "5")
    upload = find_upload(ticket)
    assert upload.content.read_bytes() == b"hello"
    assert len((upload.folder / "announced.jsonl").read_text().splitlines()) == 1


def test_a_small_file_is_brought_to_disk_once(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the disk is most of the time for a folder of small files."""
    synced: list[int] = []
    monkeypatch.setattr("core.uploads.part.os.fsync", synced.append)
    post(ticket, size=5, headers={"Content-Type": BODY_TYPE}, body=[b"hello"])
    assert len(synced) == 1


def test_a_removed_file_is_gone_and_its_room_is_free(ticket: Ticket) -> None:
    """This holds for whole and partial files, also after a restart of the server."""
    for path, data in (("a", DATA), ("b", DATA[:1000])):
        post(ticket, path)
        patch(ticket, data, path=path)
        assert ask(address_of(path, ticket), method="DELETE", headers=own_headers(ticket)).status == 204
        store._OPENED.clear()
        assert ask(address_of(path, ticket), method="HEAD", headers=own_headers(ticket)).status == 404
    assert find_upload(ticket).size_bytes == 0
    assert post(ticket, size=2 * len(DATA)).status == 201


def test_the_method_may_be_named_in_a_header(ticket: Ticket) -> None:
    """Some proxies forward GET and POST only."""
    post(ticket, size=5)
    reply = ask(
        address_of("pets.zip", ticket),
        method="POST",
        headers=own_headers(ticket)
        | {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0", "Content-Type": BODY_TYPE},
        body=[b"hello"],
    )
    assert (reply.status, reply.headers["upload-offset"]) == (204, "5")


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("PATCH", 405)])
def test_a_method_that_a_collection_does_not_have_is_refused(
    ticket: Ticket, method: str, status: int
) -> None:
    """Nothing is appended to a collection."""
    assert ask(collection(ticket), method=method, headers=own_headers(ticket)).status == status


def test_a_body_of_another_type_is_refused(ticket: Ticket) -> None:
    """A form that a page of another site sends has such a type."""
    post(ticket)
    assert patch(ticket, b"abc", headers={"Content-Type": "text/plain"}).status == 415
    assert offset_of(ticket) == 0


def test_bytes_that_arrived_before_the_connection_dropped_are_kept(ticket: Ticket) -> None:
    """The file resumes there."""
    post(ticket)
    patch(ticket, DATA[:1_500_000], DATA[1_500_000:1_600_000], is_cut_off=True)
    assert offset_of(ticket) == 1_600_000
    assert patch(ticket, DATA[1_600_000:], offset=1_600_000).status == 204
    assert find_upload(ticket).content.read_bytes() == DATA


def test_the_true_offset_comes_with_a_refusal(ticket: Ticket) -> None:
    """The browser resumes at once."""
    post(ticket)
    patch(ticket, DATA[:1000])
    reply = patch(ticket, DATA[2000:], offset=2000)
    assert (reply.status, reply.headers["upload-offset"]) == (409, "1000")
    assert reply.json == {"error": "“pets.zip” resumes at byte 1000, not at byte 2000."}
    assert offset_of(ticket) == 1000


def test_a_second_tab_may_send_the_same_file(ticket: Ticket) -> None:
    """Its request arrives during a request of the first tab."""
    post(ticket)
    replies = []

    def second_tab() -> bytes:
        replies.append(patch(ticket, DATA[:500]))
        replies.append(patch(ticket, DATA[1_500_000:], offset=1_500_000))
        return DATA[1_500_000:]

    first = patch(ticket, DATA[:1_500_000], second_tab)
    assert [reply.status for reply in (*replies, first)] == [409, 204, 409]
    assert find_upload(ticket).content.read_bytes() == DATA


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "DELETE"])
def test_without_the_token_nothing_is_done(ticket: Ticket, method: str) -> None:
    """The token of another upload is refused as well."""
    post(ticket)
    patch(ticket, DATA[:1000])
    headers = {"Tus-Resumable": TUS_VERSION, "Upload-Offset": "1000", "Content-Type": BODY_TYPE}
    address = address_of("pets.zip", ticket)
    assert ask(address, method=method, body=[DATA[1000:]], headers=headers).status == 401
    wrong = ask(
        address,
        method=method,
        body=[DATA[1000:]],
        headers=headers | {TOKEN_HEADER: ticket.token[:-1] + "!"},
    )
    assert wrong.status == 403
    assert "belongs to another page" in wrong.json["error"]
    assert offset_of(ticket) == 1000


OTHER_SITES = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://localhost:8501.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8501"},
]


@pytest.mark.parametrize("headers", OTHER_SITES)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS"])
def test_a_page_of_another_site_is_refused_even_with_the_token(
    ticket: Ticket, method: str, headers: dict[str, str]
) -> None:
    """Preflights too: their answer allows nothing."""
    announced = {"Upload-Length": "3", "Upload-Metadata": f"filename {base64_of('a')}"}
    reply = ask(
        collection(ticket), method=method, headers=own_headers(ticket) | announced | headers, body=[b"abc"]
    )
    assert reply.status == 403
    assert "may not send files" in reply.json["error"]
    assert find_upload(ticket).states() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:8501"},
        {"Origin": "https://LOCALHOST:8501"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://darkroom.example"},
    ],
)
def test_its_own_page_may_send(ticket: Ticket, headers: dict[str, str]) -> None:
    """The last one through a proxy that asks for another Host than the browser did."""
    assert post(ticket, size=3, headers=headers).status == 201
    assert patch(ticket, b"abc", headers=headers).headers["upload-offset"] == "3"


def test_another_name_for_this_machine_is_refused(ticket: Ticket) -> None:
    """A site that points its own name at 127.0.0.1 has the origin that it asks for."""
    headers = own_headers(ticket) | {"Origin": "http://evil.example", "Upload-Length": "1"}
    assert ask(collection(ticket), method="POST", host="evil.example", headers=headers).status == 400
    assert find_upload(ticket).states() == []


def test_more_than_was_announced_is_too_large(ticket: Ticket) -> None:
    """For the upload, and for the file."""
    assert post(ticket, size=2 * len(DATA) + 1).status == 413
    post(ticket, size=999)
    assert patch(ticket, DATA[:1000]).status == 413
    assert offset_of(ticket) == 0


def test_a_full_disk_has_a_status_of_its_own(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page offers to go on once there is room."""
    post(ticket)
    patch(ticket, DATA[:1000])
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 0))
        reply = patch(ticket, DATA[1000:], offset=1000)
    assert reply.status == 507
    assert "is full" in reply.json["error"]
    assert patch(ticket, DATA[1000:], offset=1000).status == 204


@pytest.mark.parametrize("size", ["", "3.0", "-1", "9" * 5000, "²", "x"])
def test_an_invalid_length_is_refused(ticket: Ticket, size: str) -> None:
    """The answer names the header."""
    reply = post(ticket, headers={"Upload-Length": size})
    assert reply.status == 400
    assert "Upload-Length" in reply.json["error"]


@pytest.mark.parametrize("offset", ["", "x", "-1", "4", "9" * 5000])
def test_an_invalid_offset_is_refused(ticket: Ticket, offset: str) -> None:
    """Also one beyond the end of the file."""
    post(ticket, size=3)
    assert patch(ticket, b"abc", offset=offset).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload-Metadata": ""},
        {"Upload-Metadata": "filename"},
        {"Upload-Metadata": "filename not-base64!"},
        {"Upload-Metadata": "filename /w=="},
        {"Upload-Metadata": f"relativePath {base64_of('null')}"},
        {"Upload-Defer-Length": "1"},
        {"Upload-Concat": "partial"},
    ],
)
def test_an_invalid_announcement_is_refused(ticket: Ticket, headers: dict[str, str]) -> None:
    """Without a path, without text in Base64, or with an extension that is not supported."""
    assert post(ticket, headers=headers).status == 400
    assert find_upload(ticket).states() == []


def test_metadata_beyond_its_limit_is_refused(ticket: Ticket) -> None:
    """Otherwise a server's limit for all headers decides, and the connection just ends."""
    path = f"filename {base64_of('pets.zip')},notes "
    assert (MAX_METADATA_BYTES - len(path)) % 4 == 0, "Base64 comes in fours"
    fits = path + "YWFh" * ((MAX_METADATA_BYTES - len(path)) // 4)
    assert post(ticket, headers={"Upload-Metadata": fits}).status == 201
    reply = post(ticket, "other.zip", headers={"Upload-Metadata": fits + "YWFh"})
    assert reply.status == 431
    assert reply.json["error"] == (
        f"The header Upload-Metadata has {MAX_METADATA_BYTES + 4} bytes; at most {MAX_METADATA_BYTES} are "
        "possible. Send the path of the file and little else in it."
    )
    assert len(find_upload(ticket).states()) == 1


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fprojects", "%00", "%ff", "0" * 16, "ü" * 300])
def test_an_upload_that_is_not_there_is_not_found(ticket: Ticket, name: str) -> None:
    """Nor is a file that was never announced."""
    for address in (f"/{uploads_path()}/{name}/x", collection(ticket) + name):
        reply = ask(address, method="HEAD", headers=own_headers(ticket))
        assert reply.status == 404, address
        assert len(reply.body) < 1000


def test_a_cancelled_upload_is_removed(ticket: Ticket, workspace: Path) -> None:
    """The page's Cancel."""
    post(ticket)
    patch(ticket, DATA[:1000])
    assert ask(collection(ticket), method="DELETE", headers=own_headers(ticket)).status == 204
    assert list((workspace / "uploads").iterdir()) == []
    assert patch(ticket, DATA[1000:], offset=1000).status == 404


def test_a_request_for_an_upload_that_is_removed_meanwhile_is_refused(ticket: Ticket) -> None:
    """Another tab has pressed Cancel."""
    post(ticket)

    def cancel() -> bytes:
        remove_upload(find_upload(ticket))
        return DATA[1_500_000:]

    assert patch(ticket, DATA[:1_500_000], cancel).status in {404, 409}


def test_uploads_move_with_the_pages(ticket: Ticket) -> None:
    """Behind a proxy the pages are served under a path; the address of a new file is relative."""
    announced = {"Upload-Length": "1", "Upload-Metadata": f"filename {base64_of('a')}"}
    reply = ask(
        f"/lab{collection(ticket)}", method="POST", base="lab", headers=own_headers(ticket) | announced
    )
    assert reply.status == 201
    assert "/" not in reply.headers["location"]
