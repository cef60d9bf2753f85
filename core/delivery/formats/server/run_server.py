"""Run the server of the current folder until standard input ends: python run_server.py [ARGUMENT ...]

Darkroom's check runs it in the server's own environment, so that no server outlives the check; it does
not travel with it.
"""

import os
import runpy
import sys
import threading


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_path("server.py", run_name="__main__")
