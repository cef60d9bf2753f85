"""The process of a foreign model has no network, starts no programs and writes no large files."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.command_line import PATIENCE_SECONDS, ROOT

_ATTEMPTS = """
import errno, os, socket, subprocess, sys, tempfile
from core.evaluation.foreign.sandbox import isolation
if sys.argv[1] == "python":
    isolation._filter_system_calls = lambda: False
print(isolation.isolate().value)
def attempt(name, act):
    try:
        act()
        print(name, "worked")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
attempt("socket", socket.socket)
attempt("address", lambda: socket.create_connection(("127.0.0.1", 9)))
attempt("program", lambda: subprocess.run(["true"], check=True))
attempt("system", lambda: os.system("true") and (_ for _ in ()).throw(OSError(errno.EPERM, "")))
def write():
    with tempfile.TemporaryFile() as file:
        file.write(bytes(isolation.FILE_BYTES + 1))
        file.flush()
attempt("file", write)
try:
    bytearray(isolation.MEMORY_BYTES + (1 << 20))
    print("memory worked")
except MemoryError:
    print("memory refused")
"""


def attempts(how: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", _ATTEMPTS, how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return result.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of Linux")
@pytest.mark.parametrize("how", ["system", "python"])
def test_nothing_leaves_the_process(how: str) -> None:
    assert attempts(how) == [
        how,
        "socket EPERM",
        "address EPERM",
        "program EPERM",
        "system EPERM",
        "file EFBIG",
        "memory refused",
    ]
