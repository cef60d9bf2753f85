"""Export page: a card for each format of the table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.delivery import export
from core.delivery.export import EXPORTERS
from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.files import parity_file, read_labels
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.status import JobState
from core.workspace import Project
from tests.support.http_client import ask

OpenPage = Callable[..., AppTest]
MakeRun = Callable[..., JobDirectory]
Deliver = Callable[[JobDirectory, Path], None]


@pytest.fixture
def run(project: Project, make_run: MakeRun, deliver: Deliver, tiny_tflite: Path) -> JobDirectory:
    job = make_run(project, "run-1", JobState.FINISHED, evaluated=True)
    deliver(job, tiny_tflite)
    return job


def write_class_names(model: DeliveredModel, path: Path) -> None:
    path.write_text("\n".join(read_labels(model.run).class_names), encoding="utf-8")


THROWAWAY = Exporter(
    code="throwaway",
    label="Class names (.txt)",
    description="For a test.",
    icon=":material/description:",
    file_name="classes.txt",
    make=write_class_names,
    made_from=("tflite",),
    is_packed=True,
)


def links(app: AppTest) -> list[str]:
    return [element.proto.url for element in app.main.get("link_button")]


def test_a_new_format_appears_on_the_page_in_the_command_line_and_for_download(
    open_page: OpenPage,
    run: JobDirectory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Its row in the table is all that it takes; three cards stand in a row."""
    monkeypatch.setattr(export, "EXPORTERS", (*EXPORTERS, THROWAWAY))
    app = open_page("export")
    assert "Class names (.txt)" in [header.value for header in app.subheader]
    assert links(app)[-1] == "/api/runs/run-1/export/throwaway"
    assert len(app.columns) == 3 * math.ceil((len(EXPORTERS) + 1) / 3)
    output = tmp_path / "names.txt"
    answer = ["export", run.name, "--format", "throwaway", "--output", str(output), "--json"]
    assert main(answer) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == output.stat().st_size
    assert output.read_text(encoding="utf-8") == "0\n1\n2"
    reply = ask("/api/runs/run-1/export/throwaway")
    assert reply.body == b"0\n1\n2"
    assert reply.headers["content-disposition"] == 'attachment; filename="run-1-throwaway.txt"'


def test_a_format_newer_than_the_run_has_no_download(
    open_page: OpenPage, run: JobDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Exporter(
        code="later",
        label="Later",
        description="For a test.",
        icon=":material/code:",
        file_name="model.later",
        make=write_class_names,
    )
    monkeypatch.setattr(export, "EXPORTERS", (*EXPORTERS, later))
    app = open_page("export")
    assert "/api/runs/run-1/export/later" not in links(app)
    assert any("finished before this format existed" in str(caption.value) for caption in app.caption)


def test_the_stated_bound_is_not_below_the_measured_difference(
    open_page: OpenPage, run: JobDirectory
) -> None:
    """3e-7 rounds to 0.000000, which would claim that nothing differs."""
    write_json(parity_file(run.path), {"tflite": {"pictures": 6, "max_difference": 3e-7}})
    (success,) = open_page("export").success
    assert "at most 0.000001 in" in success.value
