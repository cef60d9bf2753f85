"""Guard of the API: the caller of a request, and the right to make it.

A server that listens on this computer alone answers programs of this computer without a token.
Web pages of other sites reach it too, through their visitors' browsers, so a request without a
token must not come from another site's page, and one that a proxy passed on needs a token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Container
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from core.errors import ScopeError, TokenError, TooManyRequestsError
from core.http.access.rate_limit import RateLimiter
from core.http.access.tokens import ApiToken, Scope, find_token
from core.http.access.uses import note_use
from core.messages import N_

# Proxies add one of these.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_THIS_COMPUTER = {"127.0.0.1", "::1"}
_SAME_SITE = {"same-origin", "none"}
# Guesses of a token, per second and address.
_REFUSALS_PER_SECOND = 1.0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Program that makes a request."""

    # None: on this computer, where none is needed.
    token: ApiToken | None
    address: str
    # See ``is_at_this_computer``.
    is_here: bool

    @property
    def token_id(self) -> str:
        return self.token.id if self.token else ""


class Guard:
    """Access to one server. Safe to share between threads."""

    def __init__(self, *, is_local: bool, limiter: RateLimiter) -> None:
        """Guard a server.

        Args:
            is_local: it listens on this computer alone.
        """
        self.is_local, self._limiter = is_local, limiter
        self._refusals = RateLimiter(_REFUSALS_PER_SECOND)

    def identify(self, connection: HTTPConnection) -> Caller:
        """Return the caller of a request.

        Raises:
            TokenError: its token is unknown or was revoked.
            TooManyRequestsError: the caller is beyond its rate.
        """
        address = connection.client.host if connection.client else ""
        caller = Caller(
            token=self._token(connection, address),
            address=address,
            is_here=is_at_this_computer(address, connection.headers),
        )
        self._count(self._limiter, caller.token_id or address)
        return caller

    def require(self, caller: Caller, connection: HTTPConnection, scope: Scope | None) -> None:
        """Check that a caller may make a request that needs this scope.

        Args:
            scope: None: any token will do.
        Raises:
            TokenError: a token is needed.
            ScopeError: the token lacks the scope, or the request comes from another site's page.
        """
        if caller.token is not None:
            if scope is not None:
                _require_scope(caller.token, scope)
        elif not self.is_local or _is_forwarded(connection.headers):
            raise TokenError(
                N_(
                    "This request needs a token: “Authorization: Bearer …”. Make one with “python -m core token create”."
                )
            )
        else:
            _require_own_page(connection)

    def _token(self, connection: HTTPConnection, address: str) -> ApiToken | None:
        header = connection.headers.get("authorization")
        if header is None:
            return None
        token = find_token(_secret_in(header))
        if token is None:
            self._count(self._refusals, address)
            raise TokenError(N_("This token is unknown or was revoked. Make another one."))
        note_use(token.id)
        return token

    @staticmethod
    def _count(limiter: RateLimiter, caller: str) -> None:
        wait = limiter.seconds_to_wait(caller)
        if wait:
            raise TooManyRequestsError(
                N_("Too many requests. Try again in {seconds:.1f} seconds."), seconds=max(wait, 0.1)
            )


def is_at_this_computer(address: str, headers: Container[str]) -> bool:
    """True unless a caller is on another computer, or behind a proxy, which hides where it is.

    Args:
        headers: names, in any case.
    """
    return address in _THIS_COMPUTER and not _is_forwarded(headers)


def _is_forwarded(headers: Container[str]) -> bool:
    return any(name in headers for name in _FORWARDED)


def _secret_in(header: str) -> str:
    """Return the token of an ``Authorization`` header; with Basic, which Label Studio sends, the password."""
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return value.strip()
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _require_scope(token: ApiToken, scope: Scope) -> None:
    if scope not in token.scopes:
        raise ScopeError(
            N_("The token “{name}” has the scopes {scopes}; this request needs “{needed}”."),
            name=token.name,
            scopes=", ".join(token.scopes),
            needed=scope.value,
        )


def _require_own_page(connection: HTTPConnection) -> None:
    """Refuse a request without a token that a page of another site sends through a visitor's browser.

    Browsers state the site in ``Sec-Fetch-Site`` or ``Origin``, which no script can change.
    """
    headers = connection.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_own = origin is None or origin.partition("://")[2].lower() == headers.get("host", "").lower()
    if not is_own or (site is not None and site not in _SAME_SITE):
        raise ScopeError(
            N_("A page of {origin} may not use this server without a token."), origin=origin or site
        )
