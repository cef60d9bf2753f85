"""Export page: a row for each format of the table, with its state and its certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.cli import exporting
from core.delivery import export
from core.delivery.export import EXPORTERS
from core.delivery.export_job import ExportRequest
from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.files import parity_file, read_labels
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.keras_format import KERAS
from core.delivery.formats.litert.tflite_format import TFLITE
from core.files import write_json
from core.http.access.tokens import Scope, find_token, list_tokens
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.models.backbones import BACKBONES, DEFAULT_BACKBONE
from core.optional_packages import OptionalPackage, missing_packages
from core.processes import ProcessRecord
from core.records import write_record
from core.workspace import Project
from pages.ui.text import escape
from tests.support.certificates import certified
from tests.support.http_client import ask
from tests.support.page_queries import said

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


def written(app: AppTest) -> str:
    """All Markdown of the page."""
    return "\n".join(str(element.value) for element in app.markdown)


def test_a_new_format_appears_on_the_page_in_the_command_line_and_for_download(
    open_page: OpenPage,
    run: JobDirectory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Its row in the table is all that it takes."""
    monkeypatch.setattr(export, "EXPORTERS", (*EXPORTERS, THROWAWAY))
    app = open_page("export")
    assert "**Class names (.txt)**" in written(app)
    assert "/api/projects/Digits/runs/run-1/export/throwaway" in links(app)
    monkeypatch.setattr(exporting, "_make", lambda *arguments: {})
    output = tmp_path / "names.txt"
    answer = ["export", run.name, "--format", "throwaway", "--output", str(output), "--json"]
    assert main(answer) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == output.stat().st_size
    assert output.read_text(encoding="utf-8") == "0\n1\n2"
    reply = ask("/api/projects/Digits/runs/run-1/export/throwaway")
    assert reply.body == b"0\n1\n2"
    assert reply.headers["content-disposition"] == 'attachment; filename="run-1-throwaway.txt"'


def test_formats_stand_under_their_use_and_newcomers_find_the_bundle_first(
    open_page: OpenPage, run: JobDirectory
) -> None:
    app = open_page("export")
    assert links(app)[0] == "/api/projects/Digits/runs/run-1/export/bundle"
    text = written(app)
    places = [text.index(f"##### {name}") for name in ("This computer", "Phones and small", "For people who")]
    assert places == sorted(places)


def test_weights_that_forbid_commercial_use_are_warned_of(
    open_page: OpenPage, run: JobDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [warning for warning in open_page("export").warning if "commercial" in warning.value]
    bound = replace(BACKBONES[DEFAULT_BACKBONE], licence="CC-BY-NC-4.0", commercial_use=False)
    monkeypatch.setitem(BACKBONES, DEFAULT_BACKBONE, bound)
    (warning,) = open_page("export").warning
    assert "forbids commercial use" in warning.value
    assert escape("EfficientNet-Lite0 (CC-BY-NC-4.0)") in warning.value


def test_a_format_that_is_not_made_has_a_button_and_no_download(
    open_page: OpenPage, run: JobDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button starts a job for this format alone; one for all makes the rest."""
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "pages.ui.export.making.start_export", lambda run, codes, loss: started.append((*codes, str(loss)))
    )
    later = replace(THROWAWAY, code="later", is_packed=False)
    monkeypatch.setattr(export, "EXPORTERS", (BUNDLE, TFLITE, KERAS, later))
    app = open_page("export")
    assert "/api/projects/Digits/runs/run-1/export/later" not in links(app)
    assert "not made yet" in written(app)
    app.button(key="make-later").click().run()
    app.number_input(key="export-allowed-loss").set_value(0.5).run()
    app.button(key="export-all").click().run()
    installed = [item.code for item in export.EXPORTERS if not missing_packages(item.packages)]
    assert started == [("later", "0.01"), (*installed, "0.005")]


def test_starters_stand_under_their_own_heading_and_are_made_one_by_one(
    open_page: OpenPage, run: JobDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "pages.ui.export.making.start_export", lambda run, codes, loss: started.append(tuple(codes))
    )
    later = replace(THROWAWAY, code="later", is_packed=False, made_from=(), group=FormatGroup.STARTERS)
    monkeypatch.setattr(export, "EXPORTERS", (BUNDLE, TFLITE, KERAS, later))
    app = open_page("export")
    assert "##### Start on a device" in written(app)
    app.button(key="export-all").click().run()
    app.button(key="make-later").click().run()
    assert started == [("bundle", "tflite", "keras"), ("later",)]


def test_a_missing_converter_shows_the_command_that_installs_it(
    open_page: OpenPage, run: JobDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OptionalPackage, "is_installed", property(lambda package: False))
    needy = replace(THROWAWAY, code="needy", is_packed=False, packages=("nibabel",))
    monkeypatch.setattr(export, "EXPORTERS", (BUNDLE, TFLITE, KERAS, needy))
    app = open_page("export")
    assert any("nibabel==" in str(caption.value) for caption in app.caption)
    assert "its converter is not installed" in written(app)


def test_a_certificate_is_shown_with_its_agreement_speed_and_classes(
    open_page: OpenPage, run: JobDirectory
) -> None:
    certified(run.path, TFLITE)
    app = open_page("export")
    text = written(app)
    assert "100 of 100 answers the same" in text
    assert "8.0 ms" in text
    assert "All 100 test pictures" in text
    (table,) = app.dataframe
    assert table.value.to_dict("records") == [
        {
            "class": "dog",
            "pictures": 50,
            "evaluated": "90%",
            "exported": "90%",
            "difference": "0.0",
            "interval": "−20.0 to +10.0",
        }
    ]


def test_times_are_those_of_one_reference_by_the_ratio_measured_in_turns(
    open_page: OpenPage, run: JobDirectory
) -> None:
    """The file itself was measured at 300 ms beside other work: nobody may compare that with 8 ms."""
    certified(run.path, KERAS)
    assert "1.50 × the time" in written(open_page("export"))
    assert " ms" not in written(open_page("export"))
    certified(run.path, TFLITE)
    text = written(open_page("export"))
    assert "12.0 ms · 1.50 × the time" in text
    assert "300.0 ms" not in text


def test_a_file_with_other_answers_is_withheld_and_says_why(open_page: OpenPage, run: JobDirectory) -> None:
    certified(run.path, TFLITE, dogs_lost=3)
    app = open_page("export")
    assert [link for link in links(app) if "/export/" in link] == [
        "/api/projects/Digits/runs/run-1/export/keras"
    ]
    assert "withheld" in written(app)
    assert not app.success
    assert any("It answers 3 of 100 test pictures differently" in error.value for error in app.error)
    assert ask("/api/projects/Digits/runs/run-1/export/tflite").status == 404


def test_the_stated_bound_is_not_below_the_measured_difference(
    open_page: OpenPage, run: JobDirectory
) -> None:
    """3e-7 rounds to 0.000000, which would claim that nothing differs."""
    write_json(parity_file(run.path), {"tflite": {"pictures": 6, "max_difference": 3e-7}})
    (success,) = open_page("export").success
    assert "at most 0.000001 in" in success.value


def test_a_token_is_made_shown_once_and_revoked(open_page: OpenPage, run: JobDirectory) -> None:
    app = open_page("export", project="Digits", run=run.name)
    app.text_input("token-name").set_value("camera at the gate")
    press(app, "Make a token")
    (token,) = list_tokens()
    assert (token.name, token.scopes) == ("camera at the gate", (Scope.PREDICT,))
    (secret,) = [block.value for block in app.code if block.value.startswith("darkroom_")]
    assert find_token(secret) == token
    assert "not shown again" in said(app)
    assert "never used" in said(app)
    app.run()
    assert secret not in [block.value for block in app.code]
    app.button(f"revoke-now-{token.id}").click().run()
    assert not app.exception
    assert list_tokens() == ()
    assert "camera at the gate" not in said(app)


def test_a_token_without_a_name_is_refused_in_a_sentence(open_page: OpenPage, run: JobDirectory) -> None:
    app = open_page("export", project="Digits", run=run.name)
    press(app, "Make a token")
    assert "A token needs a name" in said(app)
    assert list_tokens() == ()


def test_the_examples_name_the_run_and_the_documentation(open_page: OpenPage, run: JobDirectory) -> None:
    """On this computer alone, they need no token."""
    app = open_page("export", project="Digits", run=run.name)
    curl, python = (block.value for block in app.code)
    for example in (curl, python):
        assert f"/api/v1/runs/{run.name}/predict" in example
        assert "TOKEN" not in example
    assert "/api/docs" in links(app)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_the_table_follows_the_job_format_by_format(
    open_page: OpenPage, project: Project, run: JobDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = replace(THROWAWAY, code="later", is_packed=False)
    monkeypatch.setattr(export, "EXPORTERS", (TFLITE, BUNDLE, later))
    request = ExportRequest(run=run.name, formats=("tflite", "bundle", "later"))
    job = JobDirectory.create(project.jobs / "export-1", JobKind.EXPORT, request.to_json())
    write_record(job.path / "process.json", ProcessRecord.of())
    write_json(job.path / "status.json", {"state": "running", "stage": "exporting"})
    write_json(job.path / "live.json", {"format": "bundle", "doing": "checking"})
    certified(run.path, TFLITE)
    app = open_page("export")
    shown = written(app)
    places = [shown.index(text) for text in ("made, being checked …", "100 of 100", "waits for its turn")]
    assert places == sorted(places)
    assert app.button(key="make-later").disabled
