"""The database that several machines share: its address as people write it, and what is wrong with it.

A password never leaves the address: whatever is shown, logged or raised names the
address without it. With PostgreSQL it need not stand there at all: ``PGPASSWORD``
and ``~/.pgpass`` are read as by every other of its programs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.storages import RDBStorage
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from core.errors import SearchError
from core.messages import N_

STALE_VARIABLE = "DARKROOM_STALE_SECONDS"  # a trial that nobody was heard of for so long is done again
_STALE_SECONDS = 60
_BEATS = 4  # heartbeats in that time
_CONNECT_SECONDS = 10
_SILENT_SECONDS = 60  # in the middle of a change; then PostgreSQL takes it back
_POSTGRESQL = re.compile(r"^postgres(ql)?://")
_HIDDEN = ((re.compile(r"(://[^:/@]*):.*@"), r"\1:…@"), (re.compile(r"(password=)[^&]*"), r"\1…"))


def open_database(address: str, on_stale: Any) -> RDBStorage:
    """Optuna's storage in a database.

    Args:
        on_stale: called with the study and a trial whose machine was not heard of any more.
    Raises:
        SearchError: it cannot be reached or used.
    """
    stale = stale_seconds()
    with _explained(address):
        storage = RDBStorage(
            driver_address(address),
            engine_kwargs=_options(address),
            heartbeat_interval=max(1, stale // _BEATS),
            grace_period=stale,
            heartbeat_stale_trial_callback=on_stale,
        )
        _limit_silence(storage.engine)
        return storage


def _limit_silence(engine: Engine) -> None:
    """A machine that loses power in the middle of a change would hold up all others for hours."""
    if engine.dialect.name != "postgresql":
        return

    def limit(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{_SILENT_SECONDS}s'")
        connection.commit()

    event.listen(engine, "connect", limit)
    engine.dispose()  # with the connections that were made before


def open_engine(address: str) -> Engine:
    """The same database for tables of our own.

    Raises:
        SearchError: the address is none.
    """
    with _explained(address):
        engine = create_engine(driver_address(address), **_options(address), pool_size=1)
        _limit_silence(engine)
        return engine


def driver_address(address: str) -> str:
    """``postgres://`` and ``postgresql://`` with the driver that Darkroom installs; others as they are.

    Raises:
        SearchError: where the password ends cannot be told, and a part of it would be taken for a name.
    """
    who, _, _ = address.partition("://")[2].partition("?")[0].rpartition("@")
    if set(who) & set("@/#"):
        raise SearchError(
            N_(
                "The address {address} cannot be read. In a user's name or password write "
                "@ as %40, / as %2F, # as %23 and % as %25."
            ),
            address=without_password(address),
        )
    return _POSTGRESQL.sub("postgresql+psycopg://", address.strip())


def without_password(address: str) -> str:
    for pattern, shown in _HIDDEN:
        address = pattern.sub(shown, address)
    return address


def stale_seconds() -> int:
    return int(os.environ.get(STALE_VARIABLE) or _STALE_SECONDS)


@contextmanager
def database_in_use(address: str) -> Iterator[None]:
    """Say in a sentence that a database was lost while it was worked with."""
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        if not address:
            raise
        raise SearchError(
            N_(
                "The database {address} did not answer any more: {error}. "
                "What was done until then is kept there; once it runs again, resume the search."
            ),
            address=without_password(address),
            error=_words(error),
        ) from error


@contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except (ImportError, NoSuchModuleError) as error:
        raise SearchError(
            N_(
                "There is no driver here for the database {address}. "
                "PostgreSQL's comes with Darkroom: python -m pip install -r requirements.txt. "
                "For another database install its own."
            ),
            address=without_password(address),
        ) from error
    except (SQLAlchemyError, ValueError) as error:
        raise SearchError(
            N_(
                "The database {address} cannot be used: {error}. Check the address (such as "
                "postgresql://user:password@machine/database), the password, and that the server runs."
            ),
            address=without_password(address),
            error=_words(error) if isinstance(error, SQLAlchemyError) else "no such address",
        ) from error


def _words(error: Exception) -> str:
    """What the database said, on one line; the command that it was said to is left out."""
    cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error
    told = cause.orig if isinstance(cause, DBAPIError) and cause.orig is not None else cause
    lines = [line.strip() for line in str(told).splitlines() if line.strip()]
    return "; ".join(lines[:3]).rstrip(".?")


def _options(address: str) -> dict[str, Any]:
    options: dict[str, Any] = {"pool_pre_ping": True}
    if _POSTGRESQL.match(address.strip()) and "connect_timeout" not in address:
        options["connect_args"] = {"connect_timeout": _CONNECT_SECONDS}
    return options
