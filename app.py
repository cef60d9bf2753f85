"""The server: Darkroom's pages, its HTTP routes, and what is loaded ahead of need."""

from __future__ import annotations

import gc
import importlib
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from core.http import server

os.environ.setdefault(
    "KERAS_BACKEND", "numpy"
)  # should anything here want Keras: only workers load TensorFlow
# Those of the first page. A browser is busy with Streamlit's own files for a second.
FIRST_IMPORTS = ("pages.ui.shell", "pages.ui.data.sources.new_project", "pages.ui.overview.saving")
HEAVY_IMPORTS = ("plotly.graph_objects", "scipy.stats", "core.http.application")
# By then a browser that opened at the start has its first page; imports beside it would delay it.
SECONDS_BEFORE_WARM_UP = 5.0
BASE_PATH = str(st.get_option("server.baseUrlPath")).strip("/")


def prepare_first_page() -> None:
    """Load what the first page needs while the browser gets ready to ask for it."""
    for name in FIRST_IMPORTS:
        importlib.import_module(name)


def warm_up() -> None:
    """Load what the pages will need, and leave it out of the garbage collection after every script run."""
    for name in HEAVY_IMPORTS:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # Streamlit collects each time: 150 ms over all that was imported, 20 ms without


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Say where the pages are, and load slow packages while the first one is read."""
    threading.Thread(target=prepare_first_page, daemon=True).start()
    warming = threading.Timer(SECONDS_BEFORE_WARM_UP, warm_up)
    warming.daemon = True
    warming.start()
    server.send_at_once(int(st.get_option("server.port")))
    print(f"\n  Darkroom is at http://localhost:{st.get_option('server.port')}/{BASE_PATH}\n", flush=True)
    yield


app = st.App(
    Path(__file__).parent / "pages" / "navigation.py",
    routes=server.routes_under(
        BASE_PATH,
        st.get_option("server.allowedHosts") or (),
        is_local=server.is_loopback(st.get_option("server.address")),
    ),
    lifespan=lifespan,
)
