"""Current search and trial of a session."""

from __future__ import annotations

from pages.ui import session

_SEARCH, _TRIAL = "search", "trial"


def chosen_search() -> str | None:
    """Return the name of the current search: chosen, or named by the address."""
    return session.get_addressed(_SEARCH)


def choose_search(name: str) -> None:
    """Make a search the current one."""
    if name != chosen_search():
        forget_trial()
    session.put_addressed(_SEARCH, name)


def forget_search() -> None:
    """Forget the chosen search; the newest is shown again."""
    session.pop_addressed(_SEARCH)
    forget_trial()


def chosen_trial() -> int | None:
    """Return the number of the current trial: chosen, or named by the address."""
    number = session.get_addressed(_TRIAL)
    return int(number) if number and number.isdecimal() else None


def choose_trial(number: int) -> None:
    """Make a trial the current one."""
    session.put_addressed(_TRIAL, str(number))


def forget_trial() -> None:
    """Forget the chosen trial; the best is shown again."""
    session.pop_addressed(_TRIAL)
