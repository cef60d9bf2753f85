"""Section for other programs: examples of the HTTP API with the user's own run, and its tokens."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from core.errors import NotFoundError
from core.http.access.tokens import MAX_NAME_LENGTH, ApiToken, Scope, create_token, list_tokens, revoke_token
from core.http.access.uses import last_use
from core.http.server import is_loopback
from core.messages import N_
from pages.ui.export.examples import curl_example, python_example
from pages.ui.jobs import try_to
from pages.ui.text import _, escape, moment
from pages.ui.urls import own_url

_SCOPE_NAMES = {
    Scope.PREDICT: N_("classify pictures"),
    Scope.READ: N_("look at everything"),
    Scope.TRAIN: N_("change everything"),
}
_WIDTHS = (2.2, 2.6, 2.2, 1.2)


def show_programs(run: Path) -> None:
    """Draw the way in for programs."""
    st.subheader(_("From other programs"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Programs can ask this server about pictures, and do all that the pages do."))
        st.link_button(_("API documentation"), own_url("api/docs"), icon=":material/api:", key="api-docs")
    address, needs_token = _address(), not is_loopback(st.get_option("server.address"))
    for tab, language, example in zip(
        st.tabs(["curl", "Python"]), ("bash", "python"), (curl_example, python_example), strict=True
    ):
        tab.code(example(address, run.name, needs_token=needs_token), language=language, wrap_lines=True)
    with st.expander(_("Tokens"), icon=":material/key:", key="api-tokens"):
        _tokens()


def _address() -> str:
    """Address of the server as the reader's browser sees it."""
    seen = urlsplit(st.context.url or "")
    host = (
        f"{seen.scheme}://{seen.netloc}"
        if seen.netloc
        else f"http://localhost:{st.get_option('server.port')}"
    )
    return f"{host}{own_url('')}".rstrip("/")


@st.fragment
def _tokens() -> None:
    """Draw the tokens, and the form that makes one; a new secret is shown until the next action here."""
    st.markdown(
        _(
            "A token is needed only where the server listens beyond this computer: programs on this computer need none."
        )
    )
    listed = st.container()
    _make()
    with listed:
        for token in list_tokens():
            _row(token)


def _row(token: ApiToken) -> None:
    used = last_use(token.id)
    with st.container(key=f"token-{token.id}"):
        name, scopes, times, action = st.columns(_WIDTHS, vertical_alignment="center")
        name.markdown(f"**{escape(token.name)}**")
        scopes.markdown(_(", ").join(_(_SCOPE_NAMES[scope]) for scope in token.scopes))
        times.caption(
            _("made {when}").format(when=escape(moment(token.created)))
            + "  \n"
            + (
                _("last used {when}").format(when=escape(moment(used)))
                if used is not None
                else _("never used")
            )
        )
        with action.popover(_("Revoke"), type="tertiary", key=f"revoke-{token.id}"):
            st.markdown(_("Programs with this token are refused from now on. **This cannot be undone.**"))
            st.button(_("Revoke for good"), key=f"revoke-now-{token.id}", on_click=_revoke, args=(token.id,))


def _revoke(token_id: str) -> None:
    # Somebody else may have been faster.
    with suppress(NotFoundError):
        revoke_token(token_id)


def _make() -> None:
    """Draw the form for a token, and the secret of one that was just made."""
    with st.form("new-token", border=False, clear_on_submit=True):
        name, scopes = st.columns((2, 3), vertical_alignment="top")
        chosen_name = name.text_input(
            _("Name of the new token"),
            placeholder=_("such as “camera at the gate”"),
            max_chars=MAX_NAME_LENGTH,
            key="token-name",
        )
        chosen_scopes = scopes.pills(
            _("It may"),
            list(_SCOPE_NAMES),
            selection_mode="multi",
            default=[Scope.PREDICT],
            format_func=lambda scope: _(_SCOPE_NAMES[scope]),
            key="token-scopes",
            wrap=True,
        )
        is_pressed = st.form_submit_button(_("Make a token"), icon=":material/add:")
    if is_pressed:
        try_to(lambda: _show_secret(*create_token(chosen_name, [Scope(one) for one in chosen_scopes])))


def _show_secret(token: ApiToken, secret: str) -> None:
    st.success(
        _("Copy the token of {name} now: it is not shown again.").format(name=f"**{escape(token.name)}**"),
        icon=":material/key:",
    )
    st.code(secret, language=None, wrap_lines=True)
