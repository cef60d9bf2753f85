"""Content of a server export, its container file, its end, and its certificate."""

from __future__ import annotations

import json
import platform
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from core.delivery.certificate.store import read_certificate
from core.delivery.decisions import sets_of
from core.delivery.export_job import ExportRequest
from core.delivery.files import tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.server.server_format import SERVER
from core.files import hash_file
from core.progress import QuietProgress
from core.reporting.exports import export_file, export_formats
from core.workspace import project_of
from tests.conftest import ROOT
from tests.support.command_line import PATIENCE_SECONDS
from tests.support.exported_server import Exported, ask
from tests.support.pictures import digit

# Added to every zip that is delivered.
SEAL = {"MODEL_CARD.md", "verify.py", "answers.json", "SHA256SUMS"}
OWN = {
    "server.py",
    "service/__init__.py",
    "service/classifier.py",
    "service/errors.py",
    "service/metrics.py",
    "service/open_inference.py",
    "service/requests.py",
    "page.html",
    "prediction_set.json",
    "darkroom.json",
    "labels.txt",
    "Dockerfile",
    ".dockerignore",
    "compose.yaml",
}


def test_a_server_is_the_bundle_and_what_serves_it(exported: Exported) -> None:
    with zipfile.ZipFile(export_file(exported.run, BUNDLE)) as archive:
        of_bundle = set(archive.namelist()) - SEAL
        program = archive.read("predict.py")
    there = {
        path.relative_to(exported.folder).as_posix() for path in exported.folder.rglob("*") if path.is_file()
    }
    assert {name for name in there if not name.endswith(".pyc")} == of_bundle | OWN
    assert (exported.folder / "predict.py").read_bytes() == program
    assert hash_file(exported.folder / "model.tflite") == hash_file(tflite_file(exported.run))


def test_the_prediction_sets_are_those_of_the_usual_promise(exported: Exported) -> None:
    sets = sets_of(exported.run)
    assert sets is not None
    stored = json.loads((exported.folder / "prediction_set.json").read_text())
    assert (stored["promise"], tuple(stored["least_probabilities"])) == (0.9, sets.least_probabilities)


def test_the_readme_names_every_file_and_address(exported: Exported) -> None:
    readme = (exported.folder / "README.md").read_text(encoding="utf-8")
    of_parts = {name for name in OWN if name.startswith(("service/", "page", ".docker"))}
    for name in OWN - of_parts | {
        "service/",
        "decoder/",
        "model.tflite",
        "labels.json",
        "predict.py",
        "verify.py",
    }:
        assert f"`{name}`" in readme
    source = (exported.folder / "server.py").read_text(encoding="utf-8")
    for path in re.findall(r'^    "(/\w*)":', source, re.MULTILINE):
        assert path in readme


def instructions(exported: Exported) -> list[tuple[str, str]]:
    """Instructions of the container file: name and arguments."""
    text = (exported.folder / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def test_the_container_has_pinned_parts_and_no_rights(exported: Exported) -> None:
    given = dict(instructions(exported))
    major, minor, _ = platform.python_version_tuple()
    assert given["FROM"] == f"python:{major}.{minor}-slim-bookworm"
    assert given["USER"] == "10001"
    requirements = (exported.folder / "requirements.txt").read_text().splitlines()
    assert requirements == [f"{name}=={version(name)}" for name in ("ai-edge-litert", "numpy", "pillow")]
    assert "read_only: true" in (exported.folder / "compose.yaml").read_text()


def test_the_containers_check_of_health_tells_a_server_from_none(exported: Exported, port: int) -> None:
    """Run as the container would run it, at the port of the test's server."""
    health = dict(instructions(exported))["HEALTHCHECK"]
    command = json.loads(health[health.index("[") :])
    assert command[0] == "python"

    def check(at: int) -> int:
        program = [part.replace(":8000/", f":{at}/") for part in command[1:]]
        return subprocess.run([sys.executable, *program], stderr=subprocess.DEVNULL, check=False).returncode

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert (check(port), check(unused.getsockname()[1]) == 0) == (0, False)


def started(exported: Exported) -> tuple[subprocess.Popen[bytes], int]:
    """The server as its container starts it, but for the port."""
    command = json.loads(dict(instructions(exported))["CMD"])
    assert command[:2] == ["python", "server.py"]
    process = subprocess.Popen(
        [sys.executable, *command[1:], "--port", "0"], cwd=exported.folder, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline().decode().rpartition(":")[2])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without a signal")
def test_a_server_that_is_told_to_end_answers_the_request_that_it_has(exported: Exported) -> None:
    process, port = started(exported)
    data = digit(3)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(
            f"POST /predict HTTP/1.1\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data[:9]
        )
        # The other one asks for the metrics.
        while b"darkroom_requests_in_progress 2" not in ask(port, "/metrics").body:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        connection.sendall(data[9:])
        assert b" 200 " in connection.recv(4096)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0


def test_no_server_outlives_the_process_that_checks_it(exported: Exported) -> None:
    """The process is killed, as when somebody stops the job."""
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from core.delivery.formats.server.server_answers import running_server\n"
        "with running_server(Path(sys.argv[1]), sys.executable) as port:\n"
        "    print(port, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(exported.folder)], cwd=ROOT, stdout=subprocess.PIPE
    ) as checker:
        assert checker.stdout is not None
        port = int(checker.stdout.readline())
        assert ask(port, "/health").status == 200
        checker.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_open(port):
        assert time.monotonic() < deadline, "the server still runs"
        time.sleep(0.05)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_certificate_is_that_of_the_server_at_work(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From picture files over HTTP to answers, in Darkroom's environment where nothing may be installed."""
    monkeypatch.setenv("DARKROOM_INSTALL", "0")
    directory = project_of(finished_run).jobs / "export-1"
    directory.mkdir(parents=True)
    request = ExportRequest(run=finished_run.name, formats=("server",))
    assert export_formats(directory, request.to_json(), QuietProgress())["failed"] == {}
    certificate = read_certificate(finished_run, SERVER)
    assert certificate is not None
    assert certificate.check is not None
    assert (certificate.check.agreement.same, certificate.check.environment) == (9, "process")
    assert certificate.check.runtime.keys() == {"ai-edge-litert", "numpy", "pillow"}
    with zipfile.ZipFile(export_file(finished_run, SERVER)) as archive:
        assert SEAL | {"certificate.json"} <= set(archive.namelist())
