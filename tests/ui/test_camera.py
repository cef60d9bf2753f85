"""Messages of the camera component."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from pages.ui.components.camera import LIMIT, CameraCatch, read_catch
from tests.support.pictures import encoded, small_photograph

JPEG = encoded(small_photograph(), "JPEG")


def message(*pictures: Any, **other: Any) -> dict[str, Any]:
    return {"serial": 3, "session": "mine", "pictures": list(pictures), **other}


def entry(data: bytes = JPEG, burst: int = 1) -> dict[str, Any]:
    return {"jpeg": base64.b64encode(data).decode(), "burst": burst}


def read(sent: Any, answered: int = 0) -> CameraCatch | None:
    return read_catch(sent, key="camera", session="mine", answered=answered)


def test_pictures_arrive_unchanged_under_distinct_names() -> None:
    other = encoded(small_photograph("flower"), "JPEG")
    catch = read(message(entry(), entry(other, burst=2)))
    assert catch is not None
    assert [(picture.data, picture.burst) for picture in catch.pictures] == [(JPEG, 1), (other, 2)]
    names = [picture.name for picture in catch.pictures]
    assert len(set(names)) == 2
    assert names == sorted(names)
    assert all(name.startswith("camera-") and name.endswith(".jpg") for name in names)


def test_accepted_pictures_do_not_arrive_again() -> None:
    """The browser sends once more when the page did not answer in time."""
    assert read(message(entry()), answered=2) is not None
    assert read(message(entry()), answered=3) is None


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        message(),
        message(entry(), session="another"),
        message(entry(), serial="3"),
        message(entry()) | {"pictures": "many"},
        message({"jpeg": "not Base64!", "burst": 1}),
        message({"jpeg": None, "burst": 1}),
        message(entry() | {"burst": "1"}),
        message("picture"),
        message(entry(b"\xff\xd8" + bytes(3_000_000))),  # no camera picture of 640 pixels is that large
    ],
)
def test_malformed_messages_of_the_camera_are_ignored(sent: Any) -> None:
    assert read(sent) is None


def test_pictures_beyond_the_limit_are_dropped() -> None:
    catch = read(message(*[entry()] * (LIMIT + 50)))
    assert catch is not None
    assert len(catch.pictures) == LIMIT
