"""Events of the picture grid: complete, in order, once, and from this session only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.ui.components.picture_grid import GridAction, GridEvent, next_event

ACTIONS = (
    GridAction(id="exclude", label="Exclude", key="x"),
    GridAction(id="relabel", label="Class", choices=("cat", "dog")),
    GridAction(id="name", label="Name", choices=(), allows_new=True),
    GridAction(id="undo", label="Undo", needs_pictures=False),
)


def message(serial: int, action: str = "exclude", *ids: str, **other: Any) -> dict[str, Any]:
    return {"serial": serial, "session": "mine", "action": action, "ids": list(ids), "choice": "", **other}


def read(*sent: Any, answered: int = 0) -> tuple[GridEvent | None, int]:
    return next_event(list(sent), "mine", answered, ACTIONS)


def test_a_handled_event_is_not_repeated() -> None:
    """Messages stay in the session's state, and every rerun reads them again."""
    sent = [message(1, "exclude", "a"), message(2, "relabel", "b", choice="dog")]
    event, answered = read(*sent)
    assert (event, answered) == (GridEvent(action="exclude", ids=("a",)), 1)
    event, answered = read(*sent, answered=answered)
    assert (event, answered) == (GridEvent(action="relabel", ids=("b",), choice="dog"), 2)
    assert read(*sent, answered=answered) == (None, 2)


def test_equal_consecutive_actions_are_one_event() -> None:
    """Each event makes a version of the dataset; fast typing should make one."""
    cats = [message(n, "relabel", f"p{n}", choice="cat") for n in (1, 2, 3)]
    event, answered = read(*cats, message(4, "relabel", "p2", choice="dog"))
    assert event == GridEvent(action="relabel", ids=("p1", "p2", "p3"), choice="cat")
    assert answered == 3


def test_events_of_another_session_are_ignored() -> None:
    """After a restart of the server the browser sends its old events again."""
    assert read(message(7, "exclude", "a", session="before the restart")) == (None, 0)


def test_a_new_class_name_is_accepted_only_where_allowed() -> None:
    assert read(message(1, "name", "a", choice="<b>owl</b>"))[0] == GridEvent(
        action="name", ids=("a",), choice="<b>owl</b>"
    )
    assert read(message(1, "name", "a", choice="  "))[0] is None


@pytest.mark.parametrize(
    "sent",
    [
        message(1, "delete everything", "a"),
        message(1, "relabel", "a", choice="horse"),  # not among the choices
        message(1, "exclude", "a", choice="cat"),  # nothing was to choose
        message(1, "exclude"),  # no picture
        message(1, "undo", "a"),  # means none
        message(1, "exclude", "a") | {"ids": "abc"},
        message(1, "exclude", "a") | {"ids": [{"a": 1}]},
        message(1, "exclude", "a") | {"serial": "1"},
        {"action": "exclude"},
        "exclude",
        None,
    ],
)
def test_events_of_unknown_actions_are_ignored(sent: Any) -> None:
    """A browser can send anything; later events must not be blocked."""
    assert read(sent)[0] is None
    assert read(sent, message(2, "exclude", "b")) == (GridEvent(action="exclude", ids=("b",)), 2)


@pytest.mark.parametrize("sent", [None, "x", 3, {"serial": 1}])
def test_malformed_messages_are_ignored(sent: Any) -> None:
    assert next_event(sent, "mine", 0, ACTIONS) == (None, 0)


STEPS = st.lists(st.one_of(st.sampled_from(["x", "cat", "dog"]), st.sampled_from(["send", "run", "told"])))


@given(STEPS)
def test_each_key_counts_once_in_any_interleaving_of_messages_with_reruns(steps: list[str]) -> None:
    """A user labels faster than the page reruns, and a rerun may be interrupted by the next."""
    waiting: list[dict[str, Any]] = []  # in the browser
    arrived: list[dict[str, Any]] = []  # in the session's state
    pressed: list[tuple[str, str]] = []
    done: list[tuple[str, str]] = []
    answered = 0
    for step in [*steps, *["send", "run", "told"] * (len(steps) + 1)]:
        if step == "send":
            arrived = list(waiting)
        elif step == "run":
            event, answered = next_event(arrived, "mine", answered, ACTIONS)
            done += [(picture, event.choice or "x") for picture in event.ids] if event else []
        elif step == "told":
            waiting = [entry for entry in waiting if entry["serial"] > answered]
        else:
            picture = f"p{len(pressed)}"
            pressed.append((picture, step))
            action, choice = ("exclude", "") if step == "x" else ("relabel", step)
            waiting.append(message(len(pressed), action, picture, choice=choice))
    assert done == pressed
