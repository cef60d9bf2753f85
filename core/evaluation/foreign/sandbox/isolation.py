"""Limits of this process: memory, time, file size, no network, no new programs.

On Linux a seccomp filter holds for every library in the process: sockets, io_uring and new programs
fail with EPERM. Elsewhere an audit hook refuses the same within Python.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from typing import NamedTuple

from core.evaluation.foreign.facts import NetworkBlock

MEMORY_BYTES = 8 << 30
CPU_SECONDS = 4 * 3600
# TensorFlow tries the temporary folder with a few bytes when it is imported.
FILE_BYTES = 1 << 20
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVILEGES = 1, 38
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 1, 1
# Instructions and answers of linux/filter.h and linux/seccomp.h.
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_ARCHITECTURE_OFFSET, _NUMBER_OFFSET = 4, 0


class _SystemCalls(NamedTuple):
    """Numbers of one architecture: its identifier, ``seccomp``, and those that are refused."""

    architecture: int
    seccomp: int
    # socket, socketpair, connect, execve, execveat, ptrace, io_uring_setup
    refused: tuple[int, ...]


_SYSTEM_CALLS = {
    "x86_64": _SystemCalls(0xC000003E, 317, (41, 53, 42, 59, 322, 101, 425)),
    "aarch64": _SystemCalls(0xC00000B7, 277, (198, 199, 203, 221, 281, 117, 425)),
}
# The x32 calls of x86-64 have this bit.
_X32_BIT = 0x40000000
_JUMP_IF_AT_LEAST = 0x35
_REFUSED_EVENTS = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn")


def isolate() -> NetworkBlock:
    """Limit this process for the rest of its life; call it before anything else is imported."""
    _limit_resources()
    if sys.platform == "linux" and _filter_system_calls():
        return NetworkBlock.SYSTEM
    sys.addaudithook(_refuse_event)
    return NetworkBlock.PYTHON


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:
        # Windows: the time limit of the parent process remains.
        return
    for limit, value in (
        (resource.RLIMIT_DATA, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hardest = resource.getrlimit(limit)[1]
        if hardest != resource.RLIM_INFINITY:
            value = min(value, hardest)
        resource.setrlimit(limit, (value, value))


def _filter_system_calls() -> bool:
    """Install the seccomp filter; False where the system does not allow it."""
    calls = _SYSTEM_CALLS.get(platform.machine())
    if calls is None:
        return False
    program = _program(calls)
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(program)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    whole = Program(len(program) // 8, ctypes.addressof(buffer))
    # Ends with its parent, also in the middle of a computation.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    answer = libc.syscall(
        calls.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(whole)
    )
    return bool(answer == 0)


def _program(calls: _SystemCalls) -> bytes:
    """Assemble the filter: 8 bytes an instruction."""
    numbers = calls.refused
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_JUMP_IF_EQUAL, 1, 0, calls.architecture),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_IF_AT_LEAST, len(numbers) + 1, 0, _X32_BIT),
        *((_JUMP_IF_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def _refuse_event(event: str, _arguments: object) -> None:
    if event.startswith(_REFUSED_EVENTS):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), event)
