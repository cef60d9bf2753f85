"""A PostgreSQL of the tests' own: real, private, gone with them.

``python -m tests.search.postgresql`` tells where its programs are; ``make test`` asks, and installs them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

USER, PASSWORD = "ann", "s@cret/7"  # with what must be written otherwise in an address
QUOTED = "s%40cret%2F7"
MISSING = "PostgreSQL's server (initdb, postgres) is not installed here; `make test` installs it as root"
_PATIENCE_SECONDS = 300.0
_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server, in which a user with a password may make databases."""

    port: int

    def address(self, database: str, *, user: str = USER, password: str = QUOTED) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The address of an empty one."""
        name = f"searches_{next(_NUMBERS)}"
        with self._connection() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.address(name)

    def close(self, address: str) -> None:
        """Remove a database, whoever is connected to it."""
        with self._connection() as connection:
            connection.execute(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)".encode())

    def is_in_transaction(self, address: str) -> bool:
        """True if a client of a database is within a transaction, whose locks others may wait for."""
        with self._connection() as connection:
            states = connection.execute(
                "SELECT state FROM pg_stat_activity WHERE datname = %s", (address.rpartition("/")[2],)
            )
            return any(state != "idle" for (state,) in states)

    def predictions(self) -> bool:
        try:
            self._connection().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(self.address("postgres"), autocommit=True, connect_timeout=5)


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server that listens to this machine alone; it is ended with the block."""
    folder = programs()
    assert folder is not None, MISSING
    home = Path(tempfile.mkdtemp(prefix="darkroom-postgresql-"))  # pytest's own are closed to other users
    try:
        secret = home / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            for path in (home, secret):
                shutil.chown(path, *_other_user())
        make: list[str | Path] = [
            folder / "initdb",
            "-D",
            home / "data",
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "--no-sync",
        ]
        subprocess.run(
            [*make, f"--pwfile={secret}"], cwd=home, check=True, capture_output=True, **_as_other()
        )
        server = Server(port=_free_port())
        options: list[str | Path] = ["-h", "127.0.0.1", "-p", str(server.port), "-k", home, "-F"]
        process = subprocess.Popen(
            [folder / "postgres", "-D", home / "data", *options],
            cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **_as_other(),
        )  # fmt: skip
        try:
            _await(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # do not wait for those that are connected
            process.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not server.predictions():
        assert process.poll() is None, "the server ended at once"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.05)


def _as_other() -> dict[str, Any]:
    return dict(zip(("user", "group"), _other_user(), strict=True)) if os.getuid() == 0 else {}


def _other_user() -> tuple[str, str]:
    import pwd  # Windows has none, and needs none

    names = {entry.pw_name for entry in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    return name, "postgres" if name == "postgres" else "nogroup"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    print(programs() or MISSING)
    sys.exit(programs() is None)
