"""The HTTP routes hand out exact files, to this machine's own pages only."""

from __future__ import annotations

import json
import shutil
import socket
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import core
from core.data.dataset import image_path, thumbnail_path
from core.data.decoder_version import DECODER, record_decoder
from core.data.pixels.decoding import examine_picture
from core.delivery.export import EXPORTERS
from core.delivery.exporter import Exporter
from core.delivery.files import keras_file, parity_file, tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.keras_format import KERAS
from core.delivery.formats.litert.tflite_format import TFLITE
from core.files import hash_file, sha256_bytes
from core.http.pages import export_path, picture_address, plotly_script_path, thumbnail_address
from core.http.server import send_at_once
from core.workspace import get_project, open_staging, publish_project
from tests.support.http_client import ask
from tests.support.pictures import encoded, photograph


def test_the_server_says_that_it_is_well_and_which_version_it_is() -> None:
    reply = ask("/api/health")
    assert reply.status == 200
    assert json.loads(reply.body) == {"status": "ok", "version": core.__version__}


@pytest.mark.parametrize("base", ["darkroom", "/darkroom/", "tools/darkroom"])
def test_routes_move_with_the_pages(base: str) -> None:
    """Behind a proxy the pages are served under a path."""
    assert ask(f"/{base.strip('/')}/api/health", base=base).status == 200
    assert ask("/api/health", base=base).status == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.0.7:8501", ""])
def test_another_name_for_this_machine_is_refused(finished_run: Path, host: str) -> None:
    """A site that points its own name at 127.0.0.1 could read every classifier (DNS rebinding)."""
    for path in (
        "/api/health",
        "/" + export_path(finished_run, TFLITE.code),
        "/" + thumbnail_address("digits", "0" * 64),
    ):
        reply = ask(path, host=host)
        assert reply.status == 400
        assert reply.headers["content-type"] == "application/problem+json"
        assert set(reply.json) == {"type", "title", "status", "detail", "error", "code"}
        assert reply.json["detail"].startswith(f"This server is not called “{host}”.")


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:8501"])
def test_its_own_names_are_answered(host: str) -> None:
    assert ask("/api/health", host=host).status == 200


def test_without_names_any_is_answered() -> None:
    """A server that is open to a network on purpose sets none."""
    assert ask("/api/health", host="darkroom.lan", allowed=()).status == 200


def test_plotly_is_the_file_that_its_package_ships() -> None:
    """Pages load nothing from other machines; the version in the address lets browsers keep it."""
    reply = ask("/" + plotly_script_path())
    assert reply.digest == hash_file(Path(str(files("plotly"))) / "package_data" / "plotly.min.js")
    assert reply.headers["content-type"].startswith("text/javascript")
    assert "immutable" in reply.headers["cache-control"]
    assert plotly_script_path().endswith(f"?v={version('plotly')}")


@pytest.mark.parametrize(("kind", "file"), [(KERAS, keras_file), (TFLITE, tflite_file)])
def test_an_export_is_the_proven_file_byte_for_byte(finished_run: Path, kind: Exporter, file: Any) -> None:
    reply = ask("/" + export_path(finished_run, kind.code))
    assert reply.status == 200
    assert reply.digest == hash_file(file(finished_run))
    assert reply.headers["content-length"] == str(file(finished_run).stat().st_size)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"] == f'attachment; filename="{finished_run.name}.{kind.code}"'


def test_an_export_never_lies_in_memory_whole(finished_run: Path) -> None:
    """A network of half a gigabyte would push the web process far past its 400 MB."""
    reply = ask("/" + export_path(finished_run, KERAS.code))
    assert sum(map(len, reply.pieces)) > 10_000_000
    assert max(map(len, reply.pieces)) <= 1 << 20


def test_a_bundle_is_made_when_it_is_asked_for(finished_run: Path, tmp_path: Path) -> None:
    reply = ask("/" + export_path(finished_run, BUNDLE.code))
    assert reply.headers["content-disposition"].endswith(f'"{finished_run.name}-bundle.zip"')
    (tmp_path / "bundle.zip").write_bytes(reply.body)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert sha256_bytes(bundle.read("model.tflite")) == hash_file(tflite_file(finished_run))


def test_a_head_request_gets_the_size_and_no_body(finished_run: Path) -> None:
    reply = ask("/" + export_path(finished_run, TFLITE.code), method="HEAD")
    assert reply.status == 200
    assert reply.body == b""
    assert reply.headers["content-length"] == str(tflite_file(finished_run).stat().st_size)


@pytest.mark.parametrize(
    "run", ["run-none", "..", "%2e%2e", "..%2f..%2fproject.json", "%00", "%ff", "ü" * 300]
)
def test_a_run_that_is_not_there_is_not_found(finished_run: Path, run: str) -> None:
    """Nothing but the name of a run in this workspace finds a file."""
    reply = ask(f"/api/projects/digits/runs/{run}/export/tflite")
    assert reply.status == 404
    assert len(reply.body) < 1000


def test_a_restored_project_sends_its_own_run(finished_run: Path) -> None:
    """Its runs have the names of the original's."""
    projects = finished_run.parents[2]
    shutil.copytree(projects / "digits", projects / "back")
    restored, original = (
        projects / "back" / "runs" / finished_run.name,
        tflite_file(finished_run).read_bytes(),
    )
    tflite_file(restored).write_bytes(b"another classifier")
    assert ask("/" + export_path(finished_run, TFLITE.code)).body == original
    assert ask("/" + export_path(restored, TFLITE.code)).body != original


@pytest.mark.parametrize("kind", ["caffe", "KERAS", "..", "zip"])
def test_a_format_that_is_not_there_is_not_found(finished_run: Path, kind: str) -> None:
    assert ask(f"/api/projects/digits/runs/{finished_run.name}/export/{kind}").status == 404


@pytest.mark.parametrize("kind", EXPORTERS)
def test_a_run_without_a_proven_classifier_has_no_export(finished_run: Path, kind: Exporter) -> None:
    parity_file(finished_run).unlink()
    reply = ask("/" + export_path(finished_run, kind.code))
    assert reply.status == 404
    assert "has no finished classifier" in json.loads(reply.body)["error"]


@pytest.fixture(params=["leaves", "简体 & 100% “sure” #1"])
def picture(request: pytest.FixtureRequest, workspace: Path) -> tuple[str, str]:
    """The names of a project and of its one picture, a photograph."""
    project = publish_project(open_staging(), request.param)
    data = encoded(photograph("china"), "TIFF")
    sha256 = sha256_bytes(data)
    for path, content in (
        (image_path(project.dataset, sha256, "tif"), data),
        (thumbnail_path(project.dataset, sha256), examine_picture(data).thumbnail),
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    record_decoder(project.dataset)
    return project.name, sha256


def test_a_thumbnail_is_the_file_that_the_import_made(picture: tuple[str, str]) -> None:
    project, sha256 = picture
    reply = ask("/" + thumbnail_address(project, sha256))
    assert reply.status == 200
    assert reply.body == thumbnail_path(get_project(project).dataset, sha256).read_bytes()
    assert reply.headers["content-type"] == "image/jpeg"


def test_a_full_picture_comes_in_a_format_that_browsers_show(picture: tuple[str, str]) -> None:
    """Few show TIFF; what is inside the JPEG is tested with ``core.data.pixels.viewing``."""
    reply = ask("/" + picture_address(*picture))
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.body.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("address", [thumbnail_address, picture_address])
def test_a_picture_is_kept_by_the_browser_for_its_own_pages_alone(
    picture: tuple[str, str], address: Callable[[str, str], str]
) -> None:
    """No proxy keeps it, no other site shows it, and no browser takes it for a script."""
    headers = ask("/" + address(*picture)).headers
    assert headers["cache-control"].startswith("private, max-age=31536000")
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_a_thumbnail_that_will_be_made_again_is_kept_briefly(picture: tuple[str, str]) -> None:
    """A newer decoder may read the picture otherwise; its thumbnail then has another address, too."""
    (get_project(picture[0]).dataset / "decoder.json").unlink()
    assert ask("/" + thumbnail_address(*picture)).headers["cache-control"] == "private, max-age=600"


@pytest.mark.parametrize(
    "digest",
    [
        *("", "0" * 64, "{sha}0", "{SHA}", "{sha}%0A", "{sha}.jpg", "%00", "%ff"),
        *("..", "%2e%2e%2fproject.json", "..%2f..%2f..%2f..%2fetc%2fpasswd"),
        *("*", "{sh}*", "%5B0-9a-f%5D" * 64),
    ],
)
@pytest.mark.parametrize("kind", ["thumbnails", "pictures"])
def test_only_the_digest_of_a_picture_names_one(picture: tuple[str, str], kind: str, digest: str) -> None:
    """Nothing else in the project, or outside it, can be read."""
    project, sha = picture
    asked = digest.format(sha=sha, SHA=sha.upper(), sh=sha[:4])
    reply = ask(f"/api/projects/{quote(project)}/{kind}/{DECODER}/{asked}")
    assert reply.status == 404
    assert len(reply.body) < 300
    assert "cache-control" not in reply.headers


@pytest.mark.parametrize("project", ["nobody", "..", "%2e%2e", "..%2fprojects%2fleaves", "%00", ""])
@pytest.mark.parametrize("kind", ["thumbnails", "pictures"])
def test_a_picture_is_found_in_a_project_of_the_workspace_only(
    picture: tuple[str, str], kind: str, project: str
) -> None:
    assert ask(f"/api/projects/{project}/{kind}/{DECODER}/{picture[1]}").status == 404


def test_a_file_that_is_no_picture_is_not_handed_out(picture: tuple[str, str]) -> None:
    """A file overwritten by another program is never passed on unchanged."""
    project, sha256 = picture
    image_path(get_project(project).dataset, sha256, "tif").write_bytes(b"<script>alert(1)</script>")
    reply = ask("/" + picture_address(project, sha256))
    assert reply.status == 404
    assert b"<script>" not in reply.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed_through_the_routes(finished_run: Path, method: str) -> None:
    """They have no login and no check against forged requests, so they only read."""
    for path in (
        "/api/health",
        "/" + export_path(finished_run, TFLITE.code),
        "/" + picture_address("digits", "0" * 64),
    ):
        assert ask(path, method=method).status == 405
    assert tflite_file(finished_run).exists()


def test_short_answers_are_sent_at_once() -> None:
    """A socket as Streamlit makes it: each answer would wait 40 ms."""
    with socket.socket(socket.AF_INET) as listening, socket.socket(socket.AF_INET) as browser:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        send_at_once(listening.getsockname()[1])
        browser.connect(listening.getsockname())
        with listening.accept()[0] as connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert browser.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
