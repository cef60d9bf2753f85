"""Queries on pages under AppTest: sentences, picture grids, and actions in a grid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from streamlit.testing.v1 import AppTest

_SENTENCES = ("markdown", "caption", "info", "warning", "success", "error")


def parts(app: AppTest, kind: str) -> list[Any]:
    """Return the elements of a kind in the page's main part."""
    return list(app.main.get(kind))


def said(app: AppTest) -> str:
    """Return every sentence in the page's main part."""
    return "\n".join(str(part.value) for kind in _SENTENCES for part in parts(app, kind))


def opened_dialog(app: AppTest) -> str:
    """Return the title of the open dialog and every sentence in it; "" where none is open."""
    dialogs: list[Any] = list(app.get("dialog"))
    return "\n".join(
        [
            *(dialog.proto.dialog.title for dialog in dialogs),
            *(str(part.value) for dialog in dialogs for kind in _SENTENCES for part in dialog.get(kind)),
        ]
    )


def drawn(app: AppTest, key: str) -> dict[str, Any]:
    """Return the data that the grid of this key draws."""
    (element,) = [one for one in app.get("bidi_component") if one.proto.id.endswith(f"-{key}")]
    return dict(json.loads(element.proto.json))


def shown(app: AppTest, key: str) -> list[dict[str, Any]]:
    """Return the tiles of the grid."""
    return list(drawn(app, key)["tiles"])


def offered(app: AppTest, key: str) -> list[str]:
    """Return the actions of the grid."""
    return [action["id"] for action in drawn(app, key)["actions"]]


def act(app: AppTest, key: str, action: str, ids: Sequence[str] = (), choice: str = "") -> AppTest:
    """Perform an action on pictures of the grid, as its buttons and keys do."""
    data = drawn(app, key)
    message = {"serial": data["answered"] + 1, "session": data["session"], "action": action}
    app.session_state[key] = {"events": [message | {"ids": list(ids), "choice": choice}]}
    app.run()
    assert not app.exception
    return app
