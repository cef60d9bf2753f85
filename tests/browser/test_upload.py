"""Files and folders reach the server's disk from a real browser, also over a connection that drops."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from core.files import hash_file
from core.uploads.store import LIMIT_VARIABLE
from tests.browser.conftest import Servers
from tests.support.browser import screenshot, settled
from tests.support.pictures import class_folders, write_folder

SCRIPT = """
import streamlit as st
from pages.ui.components import upload as component

component.CHUNK_BYTES = 1 << 20  # the driver of the browser looks into every request

def data():
    st.title("Data")
    arrived = component.upload(
        key="pictures",
        label="Your own pictures",
        hint="A zip file, or a folder with one folder for each class.",
        extensions=[".zip", ".tar"],
        folder=True,
    )
    if arrived:
        st.session_state["arrivals"] = [*st.session_state.get("arrivals", []), arrived]
    for item in st.session_state.get("arrivals", []):
        st.code(f"{item.path}|{item.name}|{item.bytes}|{item.files}")

def other():
    st.title("Other")

st.navigation([st.Page(data, default=True), st.Page(other)]).run()
"""
MEGABYTE = 1 << 20


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two chunks and a half."""
    path = tmp_path / "my pets (2).zip"
    path.write_bytes(os.urandom(5 * MEGABYTE // 2))
    return path


def choose(page: Page, path: Path) -> None:
    page.locator(".folder-input" if path.is_dir() else ".file-input").set_input_files(path)


def component(page: Page) -> Locator:
    return page.locator(".st-key-pictures .upload")


def expect_status(page: Page, status: str) -> None:
    expect(component(page)).to_have_attribute("data-status", status)


def arrived(page: Page) -> list[str]:
    """Return the one upload that Python received: path, name, bytes, files."""
    code = page.get_by_test_id("stCode")
    expect(code).to_have_count(1)
    expect_status(page, "idle")
    return code.inner_text().strip().split("|")


def chunk_offset(request: Request) -> int | None:
    """Offset of the chunk that a request sends; None for other requests."""
    return int(request.headers["upload-offset"]) if request.method == "PATCH" else None


def sent_offsets(page: Page) -> list[int]:
    """Filled with the offset of every chunk that the page sends from now on."""
    offsets: list[int] = []

    def note(request: Request) -> None:
        offset = chunk_offset(request)
        if offset is not None:
            offsets.append(offset)

    page.on("request", note)
    return offsets


def at_chunk(page: Page, offset: int, handle: Callable[[Route], object]) -> None:
    """Let ``handle`` decide about every request that sends the chunk at ``offset``."""

    def route_chunk(route: Route) -> None:
        if chunk_offset(route.request) == offset:
            handle(route)
        else:
            route.fallback()

    page.route(re.compile("/api/uploads/"), route_chunk)


def hold(page: Page, offset: int) -> list[Route]:
    """Keep the chunk at ``offset`` on its way; continuing the routes lets it go."""
    held: list[Route] = []
    at_chunk(page, offset, held.append)
    return held


def test_a_file_arrives_in_chunks_and_resumes_after_a_dropped_connection(
    script_servers: Servers, page: Page, archive: Path
) -> None:
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    offsets, dropped = sent_offsets(page), 0

    def drop_twice(route: Route) -> None:
        nonlocal dropped
        dropped += 1
        if dropped > 2:
            route.continue_()
        else:
            route.abort("connectionreset")

    at_chunk(page, MEGABYTE, drop_twice)
    choose(page, archive)
    expect(page.get_by_text("The connection dropped.")).to_be_visible()
    expect(page.get_by_text("1.0 MB of 2.6 MB")).to_be_visible()
    screenshot(page, "upload-waiting")
    page.get_by_role("button", name="Try now").click()
    path, *told = arrived(page)

    assert told == ["my pets (2).zip", str(archive.stat().st_size), "1"]
    assert hash_file(Path(path)) == hash_file(archive)
    assert offsets == [0, MEGABYTE, MEGABYTE, MEGABYTE, 2 * MEGABYTE]


def test_a_network_that_goes_away_in_the_middle_of_a_chunk_costs_nothing(
    script_servers: Servers, page: Page, archive: Path
) -> None:
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    network = page.context.new_cdp_session(page)
    limits = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": MEGABYTE / 2}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", {"offline": False, **limits})
    choose(page, archive)
    page.wait_for_function("[...window.darkroomUploads.values()][0]?.sent > 1_200_000")
    network.send("Network.emulateNetworkConditions", {"offline": True, **limits, "uploadThroughput": -1})
    expect_status(page, "waiting")
    network.send("Network.emulateNetworkConditions", {"offline": False, **limits, "uploadThroughput": -1})
    path, *_ = arrived(page)
    assert hash_file(Path(path)) == hash_file(archive)


@pytest.mark.parametrize("way", ["choose", "drop"])
def test_a_folder_keeps_its_shape_and_leaves_its_junk(
    script_servers: Servers, page: Page, tmp_path: Path, way: str
) -> None:
    pictures = class_folders({"cats & co": 130, "狗": 30})
    folder = write_folder(tmp_path / "Pets", pictures)
    write_folder(
        folder, dict.fromkeys((".DS_Store", "__MACOSX/1.png", "狗/Thumbs.db", "狗/.x/1.png"), b"junk")
    )
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    if way == "choose":
        choose(page, folder)
    else:
        drop(page, folder)
    path, *told = arrived(page)
    assert told == ["Pets", str(sum(map(len, pictures.values()))), "160"]
    kept = {file.relative_to(path).as_posix(): file for file in Path(path).rglob("*") if file.is_file()}
    assert {name: file.read_bytes() for name, file in kept.items()} == pictures


def drop(page: Page, path: Path) -> None:
    """Drag it from the desktop and let go over the component."""
    box = component(page).bounding_box()
    assert box
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        if kind == "drop":
            expect(page.locator(".drop.over")).to_be_visible()
            screenshot(page, "upload-drop")
        devtools.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + box["width"] / 2,
                "y": box["y"] + box["height"] / 2,
                "data": {"items": [], "files": [str(path)], "dragOperationsMask": 1},
            },
        )


def test_an_upload_continues_on_another_page(script_servers: Servers, page: Page, archive: Path) -> None:
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    held = hold(page, MEGABYTE)
    choose(page, archive)
    expect(page.get_by_text("1.0 MB of 2.6 MB")).to_be_visible()
    page.get_by_role("link", name="Other").click()
    expect(page.get_by_role("heading", name="Other")).to_be_visible()
    expect(component(page)).to_have_count(0)
    with page.expect_response(lambda response: chunk_offset(response.request) == 2 * MEGABYTE):
        held[0].continue_()
    page.get_by_role("link", name="Data").click()
    path, *_ = arrived(page)
    assert hash_file(Path(path)) == hash_file(archive)


def test_after_a_reload_the_same_file_resumes(script_servers: Servers, page: Page, archive: Path) -> None:
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    hold(page, MEGABYTE)
    choose(page, archive)
    expect(page.get_by_text("1.0 MB of 2.6 MB")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())  # whether to leave the page
    page.reload()
    page.unroute_all()
    settled(page)
    offsets = sent_offsets(page)
    choose(page, archive)
    path, *_ = arrived(page)
    assert offsets == [MEGABYTE, 2 * MEGABYTE]
    assert hash_file(Path(path)) == hash_file(archive)


def test_an_upload_can_be_paused_and_cancelled(
    script_servers: Servers, page: Page, archive: Path, workspace: Path
) -> None:
    page.goto(script_servers.serve(SCRIPT))
    settled(page)
    hold(page, MEGABYTE)
    choose(page, archive)
    expect(page.get_by_text("1.0 MB of 2.6 MB")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused. What arrived so far is kept.")).to_be_visible()
    page.unroute_all()
    hold(page, 2 * MEGABYTE)
    # The text may stand there before the chunk is on its way.
    with page.expect_request(lambda request: chunk_offset(request) == 2 * MEGABYTE):
        page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("2.1 MB of 2.6 MB")).to_be_visible()
    with page.expect_response(lambda response: response.request.method == "DELETE") as removal:
        page.get_by_role("button", name="Cancel").click()
    assert removal.value.ok
    expect_status(page, "idle")
    assert list((workspace / "uploads").iterdir()) == []
    page.unroute_all()
    choose(page, archive)
    assert hash_file(Path(arrived(page)[0])) == hash_file(archive)


def test_an_upload_that_cannot_be_accepted_is_refused_at_once(
    servers: Servers,
    page: Page,
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0.001")
    page.goto(servers.serve(SCRIPT))
    settled(page)
    offsets = sent_offsets(page)
    choose(page, archive)
    expect(page.get_by_text(re.compile(r"needs 2\.6 MB; there is room for 1\.0 MB"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    stranger = tmp_path / "pets $& {kinds}.rar"
    stranger.write_bytes(b"rar")
    choose(page, stranger)
    expect(page.get_by_role("alert")).to_have_text(
        "“pets $& {kinds}.rar” is of another kind. Possible are: .zip, .tar"
    )
    assert offsets == []


def test_uploads_work_below_a_path_and_follow_the_theme(
    script_servers: Servers, page: Page, archive: Path
) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(script_servers.serve(SCRIPT, "lab"))
    settled(page)
    expect(component(page).locator(".label")).to_have_css("color", "rgb(237, 237, 239)")
    screenshot(page, "upload-dark")
    with page.expect_response(re.compile(r"/lab/api/uploads/")) as sending:
        choose(page, archive)
    assert sending.value.ok
    assert hash_file(Path(arrived(page)[0])) == hash_file(archive)
