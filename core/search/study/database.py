"""Database shared by the machines of a search: connections, and errors explained to people.

Whatever is shown, logged or raised names the address without its password. For PostgreSQL
the address can leave the password out: ``PGPASSWORD`` and ``~/.pgpass`` are read as in
every PostgreSQL client.
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

# A trial without a heartbeat for this long is queued again.
STALE_VARIABLE = "DARKROOM_STALE_SECONDS"
_STALE_SECONDS = 60
_BEATS = 4  # heartbeats in that time
_CONNECT_SECONDS = 10
_SILENT_SECONDS = 60  # within a transaction; then PostgreSQL rolls it back
_POSTGRESQL = re.compile(r"^postgres(ql)?://")
_HIDDEN = ((re.compile(r"(://[^:/@]*):.*@"), r"\1:…@"), (re.compile(r"(password=)[^&]*"), r"\1…"))


def open_database(address: str, on_stale: Any) -> RDBStorage:
    """Open Optuna's storage in a database.

    Args:
        on_stale: called with the study and a trial whose heartbeat has stopped.
    Raises:
        SearchError: the database cannot be reached or used.
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
    """End idle transactions: a machine that loses power would otherwise block all others for hours."""
    if engine.dialect.name != "postgresql":
        return

    def limit(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{_SILENT_SECONDS}s'")
        connection.commit()

    event.listen(engine, "connect", limit)
    engine.dispose()  # connections made before the listener


def open_engine(address: str) -> Engine:
    """Open the database for Darkroom's own tables.

    Raises:
        SearchError: the address is invalid.
    """
    with _explained(address):
        engine = create_engine(driver_address(address), **_options(address), pool_size=1)
        _limit_silence(engine)
        return engine


def driver_address(address: str) -> str:
    """Add the installed driver to a PostgreSQL address; other addresses stay as they are.

    Raises:
        SearchError: the end of the password is ambiguous, so that a part of it would be read as a host.
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
    """The address with its password replaced by an ellipsis."""
    for pattern, shown in _HIDDEN:
        address = pattern.sub(shown, address)
    return address


def stale_seconds() -> int:
    """Time without a heartbeat after which a trial counts as abandoned."""
    return int(os.environ.get(STALE_VARIABLE) or _STALE_SECONDS)


@contextmanager
def database_in_use(address: str) -> Iterator[None]:
    """Explain the loss of a database during the work.

    Raises:
        SearchError: the database stopped answering.
    """
    try:
        yield
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        if not address:
            raise
        raise SearchError(
            N_(
                "The database {address} stopped answering: {error}. "
                "Everything done until then is stored there. Once it runs again, resume the search."
            ),
            address=without_password(address),
            error=_reason(error),
        ) from error


@contextmanager
def _explained(address: str) -> Iterator[None]:
    try:
        yield
    except (ImportError, NoSuchModuleError) as error:
        raise SearchError(
            N_(
                "No driver for the database {address} is installed. "
                "The one for PostgreSQL comes with Darkroom: python -m pip install -r requirements.txt. "
                "For another database, install its driver."
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
            error=_reason(error) if isinstance(error, SQLAlchemyError) else "no such address",
        ) from error


def _reason(error: Exception) -> str:
    """The database's own message on one line, without the SQL statement."""
    cause = error.__cause__ if isinstance(error.__cause__, SQLAlchemyError) else error
    original = cause.orig if isinstance(cause, DBAPIError) and cause.orig is not None else cause
    lines = [line.strip() for line in str(original).splitlines() if line.strip()]
    return "; ".join(lines[:3]).rstrip(".?")


def _options(address: str) -> dict[str, Any]:
    options: dict[str, Any] = {"pool_pre_ping": True}
    if _POSTGRESQL.match(address.strip()) and "connect_timeout" not in address:
        options["connect_args"] = {"connect_timeout": _CONNECT_SECONDS}
    return options
