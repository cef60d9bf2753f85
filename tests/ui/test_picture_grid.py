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


def test_what_was_acted_on_is_not_done_again() -> None:
    """The browser's words stay in the session's state: every rerun reads them anew."""
    sent = [message(1, "exclude", "a"), message(2, "relabel", "b", choice="dog")]
    event, answered = read(*sent)
    assert (event, answered) == (GridEvent(action="exclude", ids=("a",)), 1)
    event, answered = read(*sent, answered=answered)
    assert (event, answered) == (GridEvent(action="relabel", ids=("b",), choice="dog"), 2)
    assert read(*sent, answered=answered) == (None, 2)


def test_the_same_done_several_times_in_a_row_is_one_event() -> None:
    """Each event makes a version of the dataset; a burst at the keyboard should make one."""
    cats = [message(n, "relabel", f"p{n}", choice="cat") for n in (1, 2, 3)]
    event, answered = read(*cats, message(4, "relabel", "p2", choice="dog"))
    assert event == GridEvent(action="relabel", ids=("p1", "p2", "p3"), choice="cat")
    assert answered == 3


def test_what_another_session_sent_is_not_done_again() -> None:
    """After a restart of the server the browser still shows, and sends, what it did before."""
    assert read(message(7, "exclude", "a", session="before the restart")) == (None, 0)


def test_a_new_name_may_be_given_where_it_is_asked_for() -> None:
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
def test_what_no_button_of_the_page_sends_is_passed_over(sent: Any) -> None:
    """Anyone can type into a browser's console; and nothing that comes later may be held up by it."""
    assert read(sent)[0] is None
    assert read(sent, message(2, "exclude", "b")) == (GridEvent(action="exclude", ids=("b",)), 2)


@pytest.mark.parametrize("sent", [None, "x", 3, {"serial": 1}])
def test_a_browser_that_sent_nothing_sensible_did_nothing(sent: Any) -> None:
    assert next_event(sent, "mine", 0, ACTIONS) == (None, 0)


STEPS = st.lists(st.one_of(st.sampled_from(["x", "cat", "dog"]), st.sampled_from(["send", "run", "told"])))


@given(STEPS)
def test_however_keys_messages_and_runs_fall_together_each_key_counts_once(steps: list[str]) -> None:
    """A person labels faster than the page runs, and a run may be cut off by the next."""
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
