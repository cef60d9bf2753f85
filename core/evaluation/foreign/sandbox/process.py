"""Isolated process: ``python -m core.evaluation.foreign.sandbox.process`` runs one foreign model.

It is asked through standard input and answers through standard output. A message is a line of JSON;
arrays follow it as plain bytes. Nothing is pickled.
"""

from __future__ import annotations

from core.evaluation.foreign.sandbox.isolation import isolate

_NETWORK = isolate()  # before any other import starts a thread

import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import BinaryIO  # noqa: E402

from core.errors import DarkroomError  # noqa: E402
from core.evaluation.foreign.facts import Runtime  # noqa: E402
from core.evaluation.foreign.sandbox.messages import receive, receive_array, send, send_array  # noqa: E402
from core.evaluation.foreign.sandbox.opened_model import OpenedModel  # noqa: E402
from core.evaluation.foreign.sandbox.runtimes import open_model  # noqa: E402

log = logging.getLogger("darkroom.foreign")


def main() -> int:
    """Open the model that the first message names, then answer batches until the input ends."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # Libraries print to standard output: only messages may go there.
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = receive(sys.stdin.buffer)
    try:
        model = open_model(Runtime(request["runtime"]), Path(request["path"]), int(request["threads"]))
    except DarkroomError as error:
        log.exception("The model cannot be opened")
        send(stream, {"error": error.message.to_json()})
        return 0
    send(stream, {"network": _NETWORK.value, "interface": model.interface.to_json()})
    _answer(model, sys.stdin.buffer, stream)
    return 0


def _answer(model: OpenedModel, requests: BinaryIO, answers: BinaryIO) -> None:
    while request := receive(requests):
        batch = receive_array(requests, request)
        arrays = model.answer(batch)
        send(answers, {"outputs": len(arrays)})
        for array in arrays:
            send_array(answers, array)


if __name__ == "__main__":
    sys.exit(main())
