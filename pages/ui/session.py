"""Storage of a browser session: small values by key, some also in the page's address.

The one module that touches ``st.session_state``. Values are identifiers, numbers and short texts,
never frames or models. The truth is on disk, so a refresh or another tab shows the same.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import streamlit as st


def get(key: str, default: Any = None) -> Any:
    """Return the value of a key."""
    return st.session_state.get(key, default)


def put(key: str, value: object) -> None:
    """Store a value."""
    st.session_state[key] = value


def put_if_missing(key: str, value: object) -> Any:
    """Store a value unless the key has one; returns the value that the key has now."""
    return st.session_state.setdefault(key, value)


def pop(key: str) -> Any:
    """Remove a key and return its value; None if it had none."""
    return st.session_state.pop(key, None)


def get_addressed(key: str) -> str | None:
    """Return a name from the session, or else from the page's address."""
    name = st.session_state.get(key) or st.query_params.get(key)
    return str(name) if name else None


def get_known(key: str, known: Collection[str]) -> str | None:
    """Return a name from the session, or else from the page's address, that is one of ``known``."""
    for name in (st.session_state.get(key), st.query_params.get(key)):
        if name in known:
            return str(name)
    return None


def put_addressed(key: str, name: str) -> None:
    """Store a name in the session and in the page's address."""
    st.session_state[key] = name
    if st.query_params.get(key) != name:
        st.query_params[key] = name


def pop_addressed(key: str) -> None:
    """Remove a name from the session and from the page's address."""
    st.session_state.pop(key, None)
    st.query_params.pop(key, None)
