"""Pictures are selected and acted on by mouse, finger and keyboard; nothing done is lost or done twice."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from core.data.dataset import image_path, thumbnail_path
from core.data.pixels.decoding import PictureFacts, examine_picture
from core.files import sha256_bytes
from core.workspace import Project, open_staging, publish_project
from tests.browser.conftest import Servers
from tests.support.browser import overtake_components, screenshot, settled
from tests.support.pictures import digit, encoded, photograph

SCRIPT = """
import json
import streamlit as st
from core.http.pages import picture_address, thumbnail_address
from core.files import write_json
from core.workspace import get_project
from pages.ui.components.picture_grid import GridAction, GridTile, picture_grid
from pages.ui.urls import own_url

PAGE = 24
st.set_page_config(layout="wide")
project = get_project("Leaves & co")
book, log = project.path / "book.json", project.path / "log.jsonl"
with (project.path / "runs.txt").open("a") as stream:
    stream.write(".")
pictures = json.loads(book.read_text())
st.title("Gallery")
if log.exists():
    st.info("Done. " * len(log.read_text().splitlines()))
if st.toggle("Aside"):
    st.markdown("Something above the pictures")
shown = [picture for picture in pictures if not picture.get("gone")]
page = st.pagination(-(-len(shown) // PAGE), key="page")
tiles = [
    GridTile(
        id=picture["sha256"][:12],
        source=own_url(thumbnail_address(project.name, picture["sha256"])),
        large=own_url(picture_address(project.name, picture["sha256"])),
        caption=picture["name"],
        strong=picture["label"],
        badge=picture.get("badge", ""),
        attention="→" in picture.get("badge", ""),
        dimmed=picture.get("badge") == "excluded",
        facts=(("Size", picture["size"]),),
    )
    for picture in shown[(page - 1) * PAGE : page * PAGE]
]
event = picture_grid(
    tiles,
    key="gallery",
    label="Pictures",
    actions=[] if "look" in st.query_params else [
        GridAction(id="class", label="Class", key="c", choices=("cat", "dog", "École", "<b>owl</b>"),
                   allows_new=True, digits=True),
        GridAction(id="exclude", label="Exclude", key="x"),
        GridAction(id="reject", label="Reject", key="r"),
        GridAction(id="ask", label="Ask", key="q", opens_dialog=True),
        GridAction(id="undo", label="Undo", key="z", needs_pictures=False),
    ],
)
if event and event.action == "ask":
    st.dialog("Really?")(lambda: st.button("Yes"))()
elif event:
    for picture in pictures:
        if picture["sha256"][:12] in event.ids:
            if event.action == "class":
                picture["label"] = event.choice
            elif event.action == "exclude":
                picture["badge"] = "excluded"
            else:
                picture["gone"] = True
    write_json(book, pictures)
    with log.open("a") as stream:
        stream.write(json.dumps([event.action, event.ids, event.choice]) + "\\n")
    st.rerun()
"""
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
BACKWARDS = "\u202e“gpj.txt\u202c שלום"


@pytest.fixture
def project(workspace: Path) -> Project:
    """A project of 30 pictures: photographs, scanned digits, names of every kind, and one file that is gone."""
    project = publish_project(open_staging(), "Leaves & co")
    pictures = [store(project, number) for number in range(30)]
    pictures[1] |= {"badge": "test"}
    pictures[2] |= {"badge": "5 → 8"}
    pictures[3] |= {"badge": "excluded"}
    pictures[5] |= {"name": HOSTILE, "label": "<i>cat</i>"}
    pictures[6] |= {"name": BACKWARDS, "label": "قطة"}
    pictures[7] |= {"sha256": "0" * 64}
    pictures[8] |= {"name": "a very long name that does not fit below a picture at all.jpg"}
    (project.path / "book.json").write_text(json.dumps(pictures))
    return project


@cache
def drawn(number: int) -> tuple[bytes, PictureFacts]:
    """Part of a photograph, or every third a digit: its file and what an import finds in it."""
    if number % 3 == 2:
        data = digit(number)
    else:
        whole = photograph(["china", "flower", "chelsea", "coffee"][number % 4])
        top, left = number % 100, 9 * number % 200
        data = encoded(np.ascontiguousarray(whole[top : top + 150, left : left + 180]), "JPEG")
    return data, examine_picture(data)


def store(project: Project, number: int) -> dict[str, Any]:
    """Put a picture where an import puts it."""
    data, facts = drawn(number)
    sha256 = sha256_bytes(data)
    for path, content in (
        (image_path(project.dataset, sha256, facts.extension), data),
        (thumbnail_path(project.dataset, sha256), facts.thumbnail),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    label = ["cat", "dog", ""][number % 3]
    size = f"{facts.width} × {facts.height}"
    return {"sha256": sha256, "name": f"IMG_{number:04d}.jpg", "label": label, "size": size}


@pytest.fixture
def address(script_servers: Servers, project: Project) -> str:
    return script_servers.serve(SCRIPT)


@pytest.fixture
def grid(page: Page, address: str) -> Locator:
    """The list of pictures on a page that has come to rest."""
    page.goto(address)
    settled(page)
    grid = page.get_by_role("listbox", name="Pictures")
    expect(grid.get_by_role("option")).to_have_count(24)
    return grid


def tile(grid: Locator, number: int) -> Locator:
    """The picture that came as the ``number``-th; names leave no other way to tell them apart."""
    return grid.get_by_role("option", name=f"IMG_{number:04d}.jpg")


def ids(project: Project, *numbers: int) -> list[str]:
    pictures = json.loads((project.path / "book.json").read_text())
    return [pictures[number]["sha256"][:12] for number in numbers]


def log(project: Project) -> list[list[Any]]:
    """Every event that reached the page, as [action, ids, choice]."""
    path = project.path / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def expect_log(page: Page, project: Project, expected: list[list[Any]]) -> None:
    """Wait until the page has acted on everything, and compare."""
    said = page.get_by_test_id("stAlertContentInfo").get_by_text("Done.")
    expect(said).to_have_text(" ".join(["Done."] * len(expected)))
    settled(page)
    assert log(project) == expected


def test_the_mouse_selects_one_a_range_and_all(page: Page, grid: Locator, project: Project) -> None:
    selected = grid.get_by_role("option", selected=True)
    tile(grid, 1).click()
    tile(grid, 4).click(modifiers=["Shift"])
    expect(selected).to_have_count(4)
    tile(grid, 2).click(modifiers=["ControlOrMeta"])
    expect(page.get_by_text("3 selected").first).to_be_visible()
    page.get_by_role("button", name="Exclude").click()
    expect(selected).to_have_count(0)
    expect_log(page, project, [["exclude", ids(project, 1, 3, 4), ""]])

    page.get_by_role("button", name="Select all").click()
    expect(selected).to_have_count(24)
    page.get_by_role("button", name="Clear").click()
    expect(selected).to_have_count(0)
    expect(page.get_by_role("button", name="Exclude")).to_be_disabled()
    page.get_by_role("button", name="Undo").click()
    expect_log(page, project, [["exclude", ids(project, 1, 3, 4), ""], ["undo", [], ""]])


def test_hands_stay_on_the_keyboard(page: Page, grid: Locator, project: Project) -> None:
    """The page redraws itself after each action; the focus stays where it belongs."""
    tile(grid, 0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(grid.get_by_role("option", selected=True)).to_have_count(2)
    page.keyboard.press("Space")
    page.keyboard.press("2")
    dogs = ["class", ids(project, 1, 2, 0), "dog"]
    expect_log(page, project, [dogs])
    expect(tile(grid, 0)).to_have_accessible_name(re.compile("dog"))
    expect(tile(grid, 3)).to_be_focused()  # the one that follows them

    page.keyboard.press("x")
    expect(tile(grid, 4)).to_be_focused()
    expect_log(page, project, [dogs, ["exclude", ids(project, 3), ""]])
    expect(tile(grid, 4)).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    expect(grid.get_by_role("option", selected=True)).to_have_count(24)
    page.keyboard.press("Escape")
    expect(grid.get_by_role("option", selected=True)).to_have_count(0)


def test_arrows_go_to_the_picture_above_and_below(page: Page, grid: Locator) -> None:
    tile(grid, 1).focus()
    page.keyboard.press("ArrowDown")
    place = "e => { const { x, y } = e.getBoundingClientRect(); return [x, y + scrollY] }"
    (x, y), (x_below, y_below) = tile(grid, 1).evaluate(place), grid.locator(":focus").evaluate(place)
    assert x_below == x
    assert y_below > y
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(tile(grid, 1)).to_be_focused()


def test_keys_faster_than_the_page_are_all_heard_once(page: Page, grid: Locator, project: Project) -> None:
    """Streamlit keeps only the last of the events that fall into one run."""
    tile(grid, 10).focus()
    keys = "1x2r1x2rx1"
    expected = []
    for place, key in enumerate(keys):
        page.keyboard.press(key)
        action, choice = {
            "1": ("class", "cat"),
            "2": ("class", "dog"),
            "x": ("exclude", ""),
            "r": ("reject", ""),
        }[key]
        expected.append([action, ids(project, 10 + place), choice])
    expect_log(page, project, expected)
    expect(tile(grid, 20)).to_be_focused()
    expect(tile(grid, 13)).to_have_count(0)


def test_streamlits_own_keys_do_not_fire(page: Page, grid: Locator, project: Project) -> None:
    """R runs a Streamlit page again and C clears caches; here they reject and choose a class."""
    before = len((project.path / "runs.txt").read_text())
    tile(grid, 0).focus()
    page.keyboard.press("c")
    page.get_by_role("combobox", name="Class").press_sequentially("rrc")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Class")).to_be_hidden()
    tile(grid, 0).press("Enter")
    page.keyboard.press("c")
    page.get_by_role("combobox", name="Class").press_sequentially("r")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(tile(grid, 0)).to_be_focused()
    settled(page)
    assert len((project.path / "runs.txt").read_text()) == before
    assert log(project) == []


def test_a_class_is_found_by_typing_or_made(page: Page, grid: Locator, project: Project) -> None:
    tile(grid, 4).click()
    page.get_by_role("button", name="Class").click()
    search = page.get_by_role("combobox", name="Class")
    choices = page.get_by_role("dialog", name="Class").get_by_role("option")
    expect(choices).to_have_text(["cat", "dog", "École", "<b>owl</b>"])
    search.fill("ecole")
    expect(choices).to_have_text(["École", "New: “\u2068ecole\u2069”"])
    search.press("Enter")
    expect_log(page, project, [["class", ids(project, 4), "École"]])

    tile(grid, 4).press("c")
    search.fill("newt")
    search.press("Enter")
    expect_log(page, project, [["class", ids(project, 4), "École"], ["class", ids(project, 4), "newt"]])
    expect(tile(grid, 4)).to_have_accessible_name(re.compile("newt"))


def test_the_selection_lasts_over_reruns_and_pages(page: Page, grid: Locator, project: Project) -> None:
    tile(grid, 0).click()
    tile(grid, 4).click()
    page.get_by_text("Aside").click()  # an element appears above the pictures
    expect(page.get_by_text("Something above")).to_be_visible()
    expect(grid.get_by_role("option", selected=True)).to_have_count(2)
    page.get_by_role("button", name="Page 2").or_(
        page.get_by_role("button", name="2", exact=True)
    ).last.click()
    expect(grid.get_by_role("option")).to_have_count(6)
    expect(page.get_by_text("2 selected, 2 of them not shown here").first).to_be_visible()
    tile(grid, 25).click()
    tile(grid, 25).press("x")
    expect_log(page, project, [["exclude", ids(project, 0, 4, 25), ""]])


def test_the_bar_follows_the_page_although_a_call_was_overtaken(page: Page, address: str) -> None:
    """With an overtaken call, the bar covered the page numbers for good."""
    overtake_components(page)
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto(address)
    settled(page)
    grid = page.get_by_role("listbox", name="Pictures")
    tile(grid, 20).click()
    bar = page.locator(".dr-bar")
    expect(bar).to_have_class(re.compile("dr-stuck"))
    page.get_by_role("heading", name="Gallery").scroll_into_view_if_needed()
    expect(bar).not_to_have_class(re.compile("dr-stuck"))
    page.get_by_test_id("stPaginationPage").last.click()
    expect(grid.get_by_role("option")).to_have_count(6)


def test_names_are_text_and_nothing_else(page: Page, grid: Locator) -> None:
    page.get_by_text("Aside").click()
    title = page.title()
    caption = grid.get_by_text(HOSTILE)
    expect(caption).to_be_visible()
    assert caption.evaluate("element => element.children.length") == 0
    expect(grid.get_by_text("<i>cat</i>")).to_be_visible()
    expect(grid.locator("i, script")).to_have_count(0)
    expect(grid.get_by_text(BACKWARDS)).to_have_css("unicode-bidi", "isolate")
    grid.get_by_role("option", name="<script>").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
    assert page.title() == title != "taken"


def test_a_picture_is_looked_at_closely(page: Page, grid: Locator, project: Project) -> None:
    """The thumbnail of an import has 160 pixels; here is the picture itself."""
    tile(grid, 3).dblclick()
    large = page.get_by_role("dialog")
    expect(large).to_contain_text("4 of 24")
    expect(large).to_contain_text("180 × 150")
    picture = large.get_by_role("img")
    expect(picture).to_have_js_property("naturalWidth", 180)
    expect(grid.get_by_role("option", selected=True)).to_have_count(0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(large).to_contain_text("5 of 24")
    page.keyboard.press("Space")
    expect(large.get_by_role("button", name="Select")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    page.keyboard.press("1")
    cat = ["class", ids(project, 5), "cat"]
    expect_log(page, project, [["reject", ids(project, 4), ""], cat])
    expect(large).to_contain_text("6 of 24")  # one went, and the next was looked at
    expect(large).to_contain_text(BACKWARDS)
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(grid.get_by_role("option").nth(5)).to_be_focused()


def test_a_dialog_of_the_page_does_not_open_below_the_enlarged_picture(page: Page, grid: Locator) -> None:
    """It would be seen nowhere, and nothing could be pressed."""
    tile(grid, 3).dblclick()
    page.keyboard.press("q")
    question = page.get_by_role("dialog", name="Really?")
    question.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_without_actions_a_click_enlarges(page: Page, grid: Locator, address: str) -> None:
    page.goto(f"{address}/?look")
    settled(page)
    tile(grid, 4).click()
    expect(page.get_by_role("dialog")).to_contain_text("5 of 24")
    expect(page.get_by_role("button", name="Select")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Space")
    expect(grid.get_by_role("option", selected=True)).to_have_count(0)


def test_few_pixels_are_enlarged_as_squares(page: Page, grid: Locator) -> None:
    """Smoothed, a scan of 8 × 8 pixels looks sharper than what the network gets."""
    tile(grid, 2).press("Enter")
    picture = page.get_by_role("dialog").get_by_role("img")
    expect(picture).to_have_js_property("naturalWidth", 8)
    expect(picture).to_have_css("image-rendering", "pixelated")
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_js_property("naturalWidth", 180)
    expect(picture).to_have_css("image-rendering", "auto")


def test_a_picture_that_is_gone_says_so(page: Page, grid: Locator) -> None:
    broken = grid.get_by_role("option").nth(7)
    expect(broken).to_have_class(re.compile("dr-broken"))
    expect(grid.get_by_role("option").nth(6)).not_to_have_class(re.compile("dr-broken"))
    broken.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("This picture cannot be shown")).to_be_visible()


def test_pictures_far_down_are_not_asked_for_yet(
    page: Page, script_servers: Servers, project: Project
) -> None:
    page.set_viewport_size({"width": 390, "height": 300})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    many = [store(project, number) for number in range(200)]
    (project.path / "book.json").write_text(json.dumps(many))
    page.goto(script_servers.serve(SCRIPT.replace("PAGE = 24", "PAGE = 200")))
    settled(page)
    last = page.get_by_role("option").last
    assert not any(many[-1]["sha256"] in url for url in asked)
    with page.expect_response(re.compile(many[-1]["sha256"])):
        last.scroll_into_view_if_needed()


WINDOWS = (("wide", 1280, 900), ("narrow", 390, 844), ("zoomed", 640, 450))  # the last: 1280 × 900 at 200%


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_grid_fits_every_window(page: Page, grid: Locator, scheme: Literal["light", "dark"]) -> None:
    """Nothing hangs over, and the focus can be seen."""
    page.emulate_media(color_scheme=scheme)
    first, second = grid.get_by_role("option").nth(0), grid.get_by_role("option").nth(1)
    first.click()
    for name, width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        first.focus()
        page.keyboard.press("ArrowRight")
        expect(second.locator(".dr-frame")).to_have_css("outline-style", "solid")
        assert page.evaluate("() => document.scrollingElement.scrollWidth <= innerWidth")
        screenshot(page, f"picture-grid-{name}-{scheme}")
        second.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("img")).to_have_css("opacity", "1")
        fits = "e => e.getBoundingClientRect().right <= innerWidth && e.scrollWidth <= e.clientWidth"
        assert dialog.evaluate(fits)
        screenshot(page, f"picture-grid-{name}-{scheme}-large")
        page.keyboard.press("Escape")
