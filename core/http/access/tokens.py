"""API tokens: random secrets with scopes, stored as hashes in ``tokens.json`` of the workspace."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from core.errors import ConfigError, NotFoundError
from core.files import sha256_bytes
from core.http.access.uses import forget_use
from core.messages import N_
from core.records import Record, read_record, write_record
from core.workspace import home

MAX_NAME_LENGTH = 60
# Secret scanners find a leaked token by it.
PREFIX = "darkroom_"
_SECRET_BYTES = 32


class Scope(StrEnum):
    """Right of a token. Each stands by itself: a camera that predicts cannot read the training pictures."""

    READ = "read"
    PREDICT = "predict"
    TRAIN = "train"  # everything that changes something


@dataclass(frozen=True, kw_only=True)
class ApiToken(Record):
    """One token, without its secret."""

    id: str
    name: str
    # Of the secret in UTF-8. A random secret of 256 bits needs no slow hash.
    sha256: str
    scopes: tuple[Scope, ...]
    # Seconds since the epoch.
    created: float


@dataclass(frozen=True, kw_only=True)
class TokenFile(Record):
    """All tokens of a workspace; ``tokens.json``."""

    tokens: tuple[ApiToken, ...] = ()


def create_token(name: str, scopes: Sequence[Scope]) -> tuple[ApiToken, str]:
    """Make a token and return it with its secret, which is stored nowhere.

    Raises:
        ConfigError: no name, or one that is too long, or no scope.
    """
    clean = " ".join(name.split())
    if not 0 < len(clean) <= MAX_NAME_LENGTH:
        raise ConfigError(
            N_("A token needs a name of at most {limit} characters, such as “camera at the gate”."),
            limit=MAX_NAME_LENGTH,
        )
    if not scopes:
        raise ConfigError(N_("A token needs at least one scope: {known}."), known=", ".join(Scope))
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    token = ApiToken(
        id=secrets.token_hex(4),
        name=clean,
        sha256=sha256_bytes(secret.encode()),
        scopes=tuple(dict.fromkeys(scopes)),
        created=time.time(),
    )
    with _changing():
        _write((*list_tokens(), token))
    return token, secret


def revoke_token(token_id: str) -> ApiToken:
    """Remove a token; requests with it are refused from now on.

    Raises:
        NotFoundError: there is no token of this id.
    """
    with _changing():
        tokens = list_tokens()
        revoked = next((token for token in tokens if token.id == token_id), None)
        if revoked is None:
            raise NotFoundError(
                N_("There is no token “{id}”. “python -m core token list” lists them."), id=token_id[:80]
            )
        _write([token for token in tokens if token is not revoked])
    forget_use(revoked.id)
    return revoked


def list_tokens() -> tuple[ApiToken, ...]:
    """List all tokens, oldest first."""
    file = tokens_file()
    try:
        status = file.stat()
    except FileNotFoundError:
        return ()
    return _read(file, status.st_mtime_ns, status.st_ino)


def find_token(secret: str) -> ApiToken | None:
    """Find the token of a secret; None if there is none or it was revoked."""
    digest = sha256_bytes(secret.encode(errors="replace"))
    return next((token for token in list_tokens() if hmac.compare_digest(token.sha256, digest)), None)


def tokens_file() -> Path:
    return home() / "tokens.json"


def _changing() -> FileLock:
    home().mkdir(parents=True, exist_ok=True)
    return FileLock(home() / ".tokens.lock")


def _write(tokens: Sequence[ApiToken]) -> None:
    write_record(tokens_file(), TokenFile(tokens=tuple(tokens)), is_private=True)


@lru_cache(maxsize=2)
def _read(file: Path, _modified_ns: int, _inode: int) -> tuple[ApiToken, ...]:
    """Read the file once for all requests until it is replaced."""
    return read_record(file, TokenFile).tokens
