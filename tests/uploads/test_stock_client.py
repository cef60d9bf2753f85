"""A stock tus client uploads to a real server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from tusclient.client import TusClient

from core.http.server import routes_under
from core.uploads.routes import TOKEN_HEADER, uploads_path
from core.uploads.store import find_upload, open_upload

DATA = bytes(range(256)) * 4000


@pytest.fixture
def server_url(workspace: Path) -> Iterator[str]:
    """A server of the routes alone, on a free port."""
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes_under("")), port=0, log_level="warning"))
    started = threading.Event()

    async def serve() -> None:
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        started.set()
        await task

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(300)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_tuspy_uploads_a_file_and_resumes_it(server_url: str, tmp_path: Path) -> None:
    """The client knows nothing of Darkroom but an address and a header."""
    file = tmp_path / "pets.zip"
    file.write_bytes(DATA)
    ticket = open_upload(len(DATA))
    client = TusClient(
        f"{server_url}/{uploads_path()}/{ticket.upload}/", headers={TOKEN_HEADER: ticket.token}
    )
    first = client.uploader(str(file), chunk_size=300_000, metadata={"filename": "fotos/ä b.zip"})
    first.upload_chunk()
    second = client.uploader(str(file), chunk_size=300_000, url=first.url)
    assert second.get_offset() == 300_000
    second.upload()
    stored = find_upload(ticket).folder / "files" / "fotos" / "ä b.zip"
    assert stored.read_bytes() == DATA
