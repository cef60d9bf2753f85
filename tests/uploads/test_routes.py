"""The upload routes take bytes from the page that holds the token, and from nobody else."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path
from urllib.parse import quote

import pytest

from core.uploads.routes import TOKEN_HEADER, uploads_path
from core.uploads.store import Ticket, find_upload, forget_upload, open_upload
from tests.support.http_client import Reply, ask

DATA = bytes(range(256)) * 10_000  # two and a half pieces of a megabyte


def put(
    ticket: Ticket,
    *body: bytes,
    path: str = "pets.zip",
    offset: int | str = 0,
    size: int | str = len(DATA),
    headers: dict[str, str] | None = None,
    is_cut_off: bool = False,
) -> Reply:
    return ask(
        f"/{uploads_path()}/{ticket.upload}?path={quote(path)}&offset={offset}&size={size}",
        method="PUT",
        headers={TOKEN_HEADER: ticket.token} | (headers or {}),
        body=body or (b"",),
        is_cut_off=is_cut_off,
    )


def offset_told(ticket: Ticket, path: str = "pets.zip") -> dict[str, int | bool]:
    reply = ask(f"/{uploads_path()}/{ticket.upload}?path={quote(path)}", headers={TOKEN_HEADER: ticket.token})
    assert reply.status == 200
    told: dict[str, int | bool] = reply.json
    return told


@pytest.fixture
def ticket(workspace: Path) -> Ticket:
    return open_upload(2 * len(DATA))


def test_a_file_arrives_in_several_requests(ticket: Ticket) -> None:
    assert offset_told(ticket) == {"offset": 0, "finished": False}
    first = put(ticket, DATA[:300_000], DATA[300_000:2_000_000])
    assert (first.status, first.json) == (200, {"offset": 2_000_000, "finished": False})
    assert offset_told(ticket) == first.json
    second = put(ticket, DATA[2_000_000:], offset=2_000_000)
    assert second.json == offset_told(ticket) == {"offset": len(DATA), "finished": True}
    assert find_upload(ticket).content.read_bytes() == DATA


def test_what_came_before_the_connection_dropped_is_kept(ticket: Ticket) -> None:
    put(ticket, DATA[:1_500_000], DATA[1_500_000:1_600_000], is_cut_off=True)
    assert offset_told(ticket) == {"offset": 1_600_000, "finished": False}
    assert put(ticket, DATA[1_600_000:], offset=1_600_000).json["finished"]
    assert find_upload(ticket).content.read_bytes() == DATA


def test_the_true_offset_is_told_with_a_refusal(ticket: Ticket) -> None:
    """So that the browser can go on at once."""
    put(ticket, DATA[:1000])
    reply = put(ticket, DATA[2000:], offset=2000)
    assert reply.status == 409
    assert reply.json == {"error": "“pets.zip” goes on at byte 1000, not at byte 2000.", "offset": 1000}
    assert offset_told(ticket) == {"offset": 1000, "finished": False}


def test_a_second_tab_that_sends_the_same_file_does_no_harm(ticket: Ticket) -> None:
    """It comes while the first is in the middle of a request."""
    replies = []

    def second_tab() -> bytes:
        replies.append(put(ticket, DATA[:500]))
        replies.append(put(ticket, DATA[1_500_000:], offset=1_500_000))
        return DATA[1_500_000:]

    first = ask(
        f"/{uploads_path()}/{ticket.upload}?path=pets.zip&offset=0&size={len(DATA)}",
        method="PUT",
        headers={TOKEN_HEADER: ticket.token},
        body=[DATA[:1_500_000], second_tab],
    )
    assert [reply.status for reply in (*replies, first)] == [409, 200, 409]
    assert find_upload(ticket).content.read_bytes() == DATA


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_without_the_token_nothing_is_done(ticket: Ticket, method: str) -> None:
    put(ticket, DATA[:1000])
    address = f"/{uploads_path()}/{ticket.upload}?path=pets.zip&offset=1000&size={len(DATA)}"
    assert ask(address, method=method, body=[DATA[1000:]]).status == 401
    wrong = ask(address, method=method, body=[DATA[1000:]], headers={TOKEN_HEADER: ticket.token[:-1] + "!"})
    assert wrong.status == 403
    assert "belongs to another page" in wrong.json["error"]
    assert offset_told(ticket) == {"offset": 1000, "finished": False}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost:8501.evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8501"},
    ],
)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_page_of_another_site_is_refused_even_with_the_token(
    ticket: Ticket, method: str, headers: dict[str, str]
) -> None:
    reply = ask(
        f"/{uploads_path()}/{ticket.upload}?path=pets.zip&offset=0&size=3",
        method=method,
        headers={TOKEN_HEADER: ticket.token, **headers},
        body=[b"abc"],
    )
    assert reply.status == 403
    assert "may not send files" in reply.json["error"]
    assert find_upload(ticket).files == []


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
    assert put(ticket, b"abc", size=3, headers=headers).json == {"offset": 3, "finished": True}


def test_another_name_for_this_machine_is_refused(ticket: Ticket) -> None:
    """A site that points its own name at 127.0.0.1 has the origin that it asks for."""
    address = f"/{uploads_path()}/{ticket.upload}?path=a&offset=0&size=1"
    headers = {TOKEN_HEADER: ticket.token, "Origin": "http://evil.example"}
    assert ask(address, method="PUT", host="evil.example", headers=headers, body=[b"a"]).status == 400
    assert find_upload(ticket).files == []


def test_more_than_was_announced_is_too_large(ticket: Ticket) -> None:
    assert put(ticket, b"abc", size=2 * len(DATA) + 1).status == 413
    assert put(ticket, DATA[:1000], size=999).status == 413
    assert offset_told(ticket) == {"offset": 0, "finished": False}


def test_a_full_disk_has_a_status_of_its_own(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page offers to go on once there is room."""
    put(ticket, DATA[:1000])
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 0))
        reply = put(ticket, DATA[1000:], offset=1000)
    assert reply.status == 507
    assert "is full" in reply.json["error"]
    assert put(ticket, DATA[1000:], offset=1000).json["finished"]


@pytest.mark.parametrize(
    ("offset", "size"), [("", 3), ("x", 3), (0, ""), (0, "3.0"), ("-1", 3), (4, 3), (0, "9" * 5000), ("²", 3)]
)
def test_an_address_without_sense_is_refused(ticket: Ticket, offset: int | str, size: int | str) -> None:
    assert put(ticket, b"abc", offset=offset, size=size).status == 400


def test_an_address_without_a_path_is_refused(ticket: Ticket) -> None:
    reply = ask(
        f"/{uploads_path()}/{ticket.upload}?offset=0&size=1",
        method="PUT",
        headers={TOKEN_HEADER: ticket.token},
    )
    assert reply.status == 400


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fprojects", "%00", "%ff", "0" * 16, "ü" * 300])
def test_an_upload_that_is_not_there_is_not_found(ticket: Ticket, name: str) -> None:
    reply = ask(f"/{uploads_path()}/{name}?path=a", headers={TOKEN_HEADER: ticket.token})
    assert reply.status == 404
    assert len(reply.body) < 1000


def test_giving_up_removes_what_came(ticket: Ticket, workspace: Path) -> None:
    put(ticket, DATA[:1000])
    address = f"/{uploads_path()}/{ticket.upload}"
    assert ask(address, method="DELETE", headers={TOKEN_HEADER: ticket.token}).status == 200
    assert list((workspace / "uploads").iterdir()) == []
    assert put(ticket, DATA[1000:], offset=1000).status == 404


def test_a_request_for_an_upload_that_is_removed_meanwhile_is_refused(ticket: Ticket) -> None:
    """Another tab has pressed Cancel."""

    def cancel() -> bytes:
        forget_upload(find_upload(ticket))
        return DATA[1_500_000:]

    reply = ask(
        f"/{uploads_path()}/{ticket.upload}?path=pets.zip&offset=0&size={len(DATA)}",
        method="PUT",
        headers={TOKEN_HEADER: ticket.token},
        body=[DATA[:1_500_000], cancel],
    )
    assert reply.status in {404, 409}


def test_uploads_move_with_the_pages(ticket: Ticket) -> None:
    """Behind a proxy the pages are served under a path."""
    address = f"/lab/{uploads_path()}/{ticket.upload}?path=a&offset=0&size=1"
    reply = ask(address, method="PUT", base="lab", headers={TOKEN_HEADER: ticket.token}, body=[b"a"])
    assert reply.json == {"offset": 1, "finished": True}
