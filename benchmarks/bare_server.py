"""Bare prediction server, the reference of the HTTP API: Starlette, Pillow and LiteRT, and nothing else.

``python -m benchmarks.bare_server MODEL.tflite PORT``
"""

from __future__ import annotations

import io
import os
import sys
import threading

import numpy as np
import uvicorn
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class Network:
    """A LiteRT file on all cores, one picture at a time."""

    def __init__(self, file: str) -> None:
        self._interpreter = Interpreter(file, num_threads=os.cpu_count())
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        self._lock = threading.Lock()

    def answer(self, data: bytes) -> list[float]:
        size = int(self._input["shape"][1])
        image = Image.open(io.BytesIO(data)).convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        with self._lock:
            self._interpreter.set_tensor(self._input["index"], np.asarray(image)[np.newaxis])
            self._interpreter.invoke()
            return [float(value) for value in self._interpreter.get_tensor(self._output["index"])[0]]


def main(file: str, port: int) -> None:
    network = Network(file)

    async def predict(request: Request) -> JSONResponse:
        async with request.form() as form:
            picture = form["picture"]
            assert isinstance(picture, UploadFile)
            answer = await run_in_threadpool(network.answer, await picture.read())
        return JSONResponse({"probabilities": answer})

    application = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
