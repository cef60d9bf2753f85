"""Clients of other tools that ask a server: ``python -m tests.exports.api_clients CLIENT ADDRESS RUN PICTURE``.

Prints the answer as JSON. It runs in the environment of the tools, without Darkroom. Every client has its
default options.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def ask_triton(address: str, run: str, picture: bytes) -> Any:
    from tritonclient.http import InferenceServerClient, InferInput

    client = InferenceServerClient(address.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(run)
    assert client.get_server_metadata()["name"] == "darkroom"
    metadata = client.get_model_metadata(run)
    file = InferInput("file", [1], "BYTES")
    file.set_data_from_numpy(np.array([picture], dtype=object))
    answer = client.infer(run, [file], request_id="7")
    return {
        "id": answer.get_response()["id"],
        "inputs": [row["name"] for row in metadata["inputs"]],
        "probabilities": answer.as_numpy("probabilities").tolist(),
        "label": [item.decode() for item in answer.as_numpy("label")],
    }


def ask_kserve(address: str, run: str, picture: bytes) -> Any:
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    async def ask() -> Any:
        client = InferenceRESTClient(RESTConfig(protocol="v2"))
        assert await client.is_server_live(address)
        assert await client.is_server_ready(address)
        assert await client.is_model_ready(address, run)
        file = InferInput("file", [1], "BYTES")
        file.set_data_from_numpy(np.array([picture], dtype=object))
        answer = await client.infer(address, InferRequest(run, [file], request_id="7"), model_name=run)
        outputs = {output.name: output for output in answer.outputs}
        return {"id": answer.id, "probabilities": outputs["probabilities"].as_numpy().tolist()}

    return asyncio.run(ask())


def ask_mcp(address: str, run: str, picture: bytes) -> Any:
    from mcp.client.client import Client

    async def ask() -> Any:
        async with Client(f"{address}/api/mcp") as client:
            tools = await client.list_tools()
            image = base64.b64encode(picture).decode()
            answer = await client.call_tool("predict", {"run": run, "image": image})
            return {"tools": [tool.name for tool in tools.tools], "answer": answer.structured_content}

    return asyncio.run(ask())


CLIENTS: dict[str, Callable[[str, str, bytes], Any]] = {
    "triton": ask_triton,
    "kserve": ask_kserve,
    "mcp": ask_mcp,
}

if __name__ == "__main__":
    client, address, run, picture = sys.argv[1:]
    print(json.dumps(CLIENTS[client](address, run, Path(picture).read_bytes())))
