"""Port of the server: ``python -m core.port 8501`` fails with a sentence if it cannot be used.

``make run`` asks before it starts the server, whose own error names no way out.
"""

from __future__ import annotations

import socket
import sys

_FIRST_OTHER_PORT = 9000


def main(arguments: list[str]) -> int:
    """Check the port in the first argument; returns the exit code."""
    problem = problem_of(arguments[0])
    if problem is None:
        return 0
    print(f"{problem} Choose another port: make PORT={free_port()} run", file=sys.stderr)
    return 2


def problem_of(text: str) -> str | None:
    """Say why a port cannot be used; None if it can."""
    try:
        port = int(text)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
            # As servers do: connections that are about to end are no obstacle.
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("", port))
            server.listen()
    except (ValueError, OverflowError):
        return f"“{text}” is no port: it must be a number from 1 to 65535."
    except PermissionError:
        return f"Port {text} needs the rights of an administrator."
    except OSError:
        return f"Port {text} is in use, perhaps by another Darkroom: http://localhost:{text}/."
    return None


def free_port() -> int:
    """Find the first free port from 9000 on."""
    return next(port for port in range(_FIRST_OTHER_PORT, 1 << 16) if problem_of(str(port)) is None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
