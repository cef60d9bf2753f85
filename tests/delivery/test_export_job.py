"""Files are made and certified by a job; one that answers otherwise is not handed out."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from core.delivery import export, export_job
from core.delivery.certificate.records import Certificate
from core.delivery.certificate.store import FileState, certificate_file, read_certificate
from core.delivery.delivered import SealCheck, check_delivered
from core.delivery.export import in_order_of_making, state_of
from core.delivery.export_job import Doing, ExportRequest, _Work, work_of
from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.files import labels_file, parity_file, tflite_file
from core.delivery.formats.bundle_format import BUNDLE
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.limits import use_limits
from core.errors import ConfigError, DeliveryError, NotFoundError
from core.evaluation.strangers.chosen import AnswerLimits
from core.files import hash_file, write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.messages import Message
from core.optional_packages import OptionalPackage
from core.progress import JobStopped, QuietProgress
from core.reporting.exports import export_file, export_formats, export_run
from core.reporting.model_card import run_card
from core.workspace import project_of
from tests.support.progress_recorder import Recorder


def copy_of_litert(model: DeliveredModel, path: Path) -> None:
    path.write_bytes(tflite_file(model.run).read_bytes())


def with_swapped_classes(model: DeliveredModel, path: Path) -> None:
    """A file whose last class takes the answers of the one before, as a wrong converter would make it."""
    from core.models.litert import conversion

    keras_model = model.build()
    layer = keras_model.get_layer("probabilities")
    kernel, bias = layer.get_weights()
    bias[-1] = -1e3
    layer.set_weights([kernel, bias])
    path.write_bytes(conversion.convert_to_tflite(keras_model))


def one_byte(model: DeliveredModel, path: Path) -> None:
    path.write_bytes(b"x")


def broken(model: DeliveredModel, path: Path) -> None:
    raise TypeError("unsupported operation")


COPY = replace(
    TFLITE,
    code="copy",
    label="Copy",
    file_name="copy.tflite",
    group=FormatGroup.DEVICES,
    make=copy_of_litert,
    made_from=("tflite",),
    is_made_in_run=False,
)


def make(run: Path, *formats: str, allowed_loss: float = 0.01, progress: QuietProgress | None = None) -> dict:
    directory = project_of(run).jobs / "export-1"
    directory.mkdir(parents=True, exist_ok=True)
    request = ExportRequest(run=run.name, formats=formats, allowed_loss=allowed_loss)
    return export_formats(directory, request.to_json(), progress or QuietProgress())


def packed_sizes(archive: zipfile.ZipFile) -> dict[str, int]:
    """Compressed sizes of the files in a zip, without the certificate."""
    sizes = {info.filename: info.compress_size for info in archive.infolist()}
    del sizes["certificate.json"]
    return sizes


def add(monkeypatch: pytest.MonkeyPatch, *exporters: Exporter) -> None:
    monkeypatch.setattr(export, "EXPORTERS", (*export.EXPORTERS, *exporters))


def test_a_format_is_made_after_those_it_is_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COPY, replace(COPY, code="second", made_from=("copy",)))
    assert [exporter.code for exporter in in_order_of_making(["second", "tflite"])] == [
        "tflite",
        "copy",
        "second",
    ]


def test_a_file_is_offered_once_it_is_certified_and_not_after_a_change(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add(monkeypatch, COPY)
    assert state_of(finished_run, COPY) is FileState.NOT_MADE
    with pytest.raises(NotFoundError, match=r"Copy of run .* is not made yet"):
        export_file(finished_run, COPY)
    assert make(finished_run, "copy") == {"failed": {}}
    assert [state_of(finished_run, item) for item in (TFLITE, COPY)] == [FileState.CERTIFIED] * 2
    certificate = read_certificate(finished_run, COPY)
    assert certificate is not None
    assert certificate.check is not None
    agreement, speed = certificate.check.agreement, certificate.check.speed
    assert (agreement.pictures, agreement.same, agreement.changed_marks) == (9, 9, 0)
    assert agreement.largest_difference < 1e-5
    assert certificate.check.runtime.keys() == {"ai_edge_litert"}
    assert speed is not None
    assert speed.ratio is not None
    export_run(finished_run, COPY, tmp_path / "taken.tflite")

    # The same file: nothing is measured again.
    before = certificate_file(finished_run, COPY).read_bytes()
    make(finished_run, "copy")
    assert certificate_file(finished_run, COPY).read_bytes() == before

    with COPY.file(finished_run).open("ab") as stream:
        stream.write(b"x")
    assert state_of(finished_run, COPY) is FileState.CHANGED
    with pytest.raises(DeliveryError, match=r"copy\.tflite was changed after it was checked"):
        export_file(finished_run, COPY)
    # It can be made anew.
    make(finished_run, "copy")
    assert state_of(finished_run, COPY) is FileState.CERTIFIED


def test_a_file_that_answers_otherwise_in_one_class_is_withheld(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, replace(COPY, make=with_swapped_classes))
    make(finished_run, "copy")
    certificate = read_certificate(finished_run, COPY)
    assert certificate is not None
    assert certificate.check is not None
    last = certificate.check.agreement.classes[-1]
    assert (last.name, last.exported) == ("8", 0.0)
    assert state_of(finished_run, COPY) is FileState.WITHHELD
    with pytest.raises(DeliveryError, match="differently from the evaluated classifier"):
        export_file(finished_run, COPY)

    quantised = replace(COPY, make=with_swapped_classes, is_exact=False, code="quantised")
    add(monkeypatch, quantised)
    make(finished_run, "quantised")
    with pytest.raises(DeliveryError, match=r"loses .* points of accuracy"):
        export_file(finished_run, quantised)
    make(finished_run, "quantised", allowed_loss=1.0)
    assert state_of(finished_run, quantised) is FileState.CERTIFIED


def test_one_format_that_breaks_leaves_the_others(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(
        monkeypatch,
        replace(COPY, code="broken", make=broken, file_name="broken.tflite"),
        replace(COPY, code="needy", made_from=("broken",), file_name="needy.tflite"),
        COPY,
    )
    failed = make(finished_run, "broken", "needy", "copy")["failed"]
    assert failed.keys() == {"broken", "needy"}
    assert failed["broken"]["values"]["error"] == "TypeError: unsupported operation"
    assert state_of(finished_run, COPY) is FileState.CERTIFIED
    with pytest.raises(TypeError, match="unsupported operation"):
        make(finished_run, "broken")


def test_the_bundle_answers_by_its_own_program_and_holds_its_certificate(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARKROOM_INSTALL", "0")
    make(finished_run, "bundle")
    certificate = read_certificate(finished_run, BUNDLE)
    assert certificate is not None
    assert certificate.check is not None
    assert (certificate.check.agreement.same, certificate.check.environment) == (9, "process")
    assert certificate.check.runtime.keys() == {"ai-edge-litert", "numpy", "pillow"}
    with zipfile.ZipFile(export_file(finished_run, BUNDLE)) as bundle:
        inside, sizes = json.loads(bundle.read("certificate.json")), packed_sizes(bundle)
    assert inside["check"] == certificate.to_json()["check"]

    # Nothing is measured again, and the zip states what is allowed now.
    make(finished_run, "bundle", allowed_loss=0.05)
    again = read_certificate(finished_run, BUNDLE)
    assert again is not None
    assert (again.allowed_loss, again.check) == (0.05, certificate.check)
    with zipfile.ZipFile(export_file(finished_run, BUNDLE)) as bundle:
        again_inside = json.loads(bundle.read("certificate.json"))
        assert (again_inside["allowed_loss"], again_inside["check"]) == (0.05, inside["check"])
        assert packed_sizes(bundle) == sizes
    assert isinstance(check_delivered(BUNDLE.file(finished_run)), SealCheck)


def test_a_new_limit_removes_what_held_the_old_one(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, COPY)
    make(finished_run, "copy")
    use_limits(finished_run, AnswerLimits(stranger_limit=2.0))
    assert [state_of(finished_run, item) for item in (TFLITE, COPY)] == [
        FileState.PROVEN,
        FileState.NOT_MADE,
    ]


def test_a_format_whose_package_is_missing_says_how_to_get_it(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OptionalPackage, "is_installed", property(lambda package: False))
    add(monkeypatch, replace(COPY, packages=("nibabel",)))
    with pytest.raises(NotFoundError, match="pip install nibabel=="):
        make(finished_run, "copy")
    assert state_of(finished_run, export.EXPORTERS[-1]) is FileState.PACKAGE_MISSING


def test_the_job_says_what_it_does_with_each_format(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(monkeypatch, COPY, replace(COPY, code="next", file_name="next.tflite"))
    request = ExportRequest(run=finished_run.name, formats=("copy", "next"))
    job = JobDirectory.create(project_of(finished_run).jobs / "export-2", JobKind.EXPORT, request.to_json())
    waiting = dict.fromkeys(("tflite", "copy", "next"), Doing.WAITING)
    assert work_of(job) == waiting
    seen = []

    class Written(Recorder):
        def live(self, record: Mapping[str, object]) -> None:
            write_json(job.path / "live.json", dict(record))
            seen.append(work_of(job))

    export_formats(job.path, job.config(), Written())
    assert seen == [
        waiting | {"tflite": Doing.MAKING},
        waiting | {"tflite": Doing.CHECKING},
        {"copy": Doing.MAKING, "next": Doing.WAITING},
        {"copy": Doing.CHECKING, "next": Doing.WAITING},
        {"next": Doing.MAKING},
        {"next": Doing.CHECKING},
    ]


def test_a_stop_between_batches_ends_the_job(finished_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, COPY)
    with pytest.raises(JobStopped):
        make(finished_run, "copy", progress=Recorder(stop=lambda recorder: True))
    assert read_certificate(finished_run, COPY) is None


@pytest.mark.parametrize("loss", [-0.1, 1.1])
def test_a_loss_beyond_all_accuracy_is_refused(loss: float) -> None:
    with pytest.raises(ConfigError, match="Allow between 0 and 100"):
        ExportRequest(run="run-1", formats=("tflite",), allowed_loss=loss)


def test_an_unknown_format_is_refused_before_anything_starts() -> None:
    with pytest.raises(NotFoundError, match="no export format called “onyx”"):
        ExportRequest(run="run-1", formats=("onyx",))


@dataclass
class Recorded:
    """Sample of a run whose labels alone count."""

    digest: str
    labels: str


@pytest.fixture
def small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A delivered run of which only the labels are read."""
    run = tmp_path / "run-1"
    run.mkdir()
    labels_file(run).write_text("before")
    parity_file(run).write_text("{}")
    monkeypatch.setattr(export_job, "draw_sample", lambda run: Recorded(*[labels_file(run).read_text()] * 2))
    return run


def test_a_file_of_earlier_thresholds_is_not_left_to_be_offered(small_run: Path) -> None:
    """A packed file is offered without a certificate."""

    def make_beside_a_change(model: DeliveredModel, path: Path) -> None:
        path.write_bytes(b"with the labels before")
        labels_file(model.run).write_text("after")

    exporter = replace(BUNDLE, file_name="bundle.bin", make=make_beside_a_change)
    with ExitStack() as processes:
        work = _Work(small_run, 0.01, small_run, run_card, processes)
        with pytest.raises(DeliveryError, match="changed while its files were made"):
            work.export(exporter, QuietProgress())
    assert not exporter.file(small_run).exists()


def test_new_thresholds_in_the_middle_of_an_export_are_the_reason_that_is_said(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They remove the file that this one is read from, so its converter breaks on something else."""
    begun: list[str] = []

    def make_beside_a_change(model: DeliveredModel, path: Path) -> None:
        begun.append("late")
        use_limits(model.run, AnswerLimits(least_confidence=0.9))
        path.write_bytes(COPY.file(model.run).read_bytes())

    def make_after_the_change(model: DeliveredModel, path: Path) -> None:
        begun.append("later")

    late = replace(COPY, code="late", file_name="late.tflite", make=make_beside_a_change, made_from=("copy",))
    later = replace(COPY, code="later", file_name="later.tflite", make=make_after_the_change)
    add(monkeypatch, COPY, late, later)
    failed = make(finished_run, "copy", "late", "later")["failed"]
    assert failed.keys() == {"late", "later"}
    assert {Message.from_json(reason).render() for reason in failed.values()} == {
        f"The thresholds or limits of run “{finished_run.name}” were changed while its files were made. Make them again."
    }
    assert begun == ["late"]


def test_thresholds_do_not_change_while_a_certificate_is_written(
    small_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = Certificate(
        run="run-1",
        format="bundle",
        sha256="",
        size_bytes=1,
        checked=0.0,
        evaluation="",
        is_exact=True,
        tolerance=1e-3,
    )
    monkeypatch.setattr(export_job, "certify", lambda *_args, **_options: certificate)
    refused = []

    def write(*_arguments: object) -> None:
        with pytest.raises(Timeout), FileLock(small_run / ".labels.lock", timeout=0):
            pass
        refused.append("a change")

    monkeypatch.setattr(export_job, "write_certificate", write)
    exporter = replace(BUNDLE, file_name="bundle.bin", make=one_byte, opens=None)
    with ExitStack() as processes:
        _Work(small_run, 0.01, small_run, run_card, processes).export(exporter, QuietProgress())
    assert refused == ["a change"]


def test_a_file_is_checked_once_it_can_be(small_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web page is made without a browser, and one is installed later."""
    has_browser = False
    exporter = replace(
        BUNDLE,
        file_name="page.bin",
        make=one_byte,
        has_checker=lambda: has_browser,
    )
    checks: list[bool] = []

    def certify(file: Path, *_arguments: object, **_options: object) -> Certificate:
        checks.append(has_browser)
        return Certificate(
            run="run-1",
            format="bundle",
            sha256=hash_file(file),
            size_bytes=1,
            checked=0.0,
            evaluation="before",
            is_exact=True,
            tolerance=1e-3,
        )

    monkeypatch.setattr(export_job, "certify", certify)
    with ExitStack() as processes:
        work = _Work(small_run, 0.01, small_run, run_card, processes)
        work.export(exporter, QuietProgress())
        work.export(exporter, QuietProgress())
        assert checks == [False]
        has_browser = True
        work.export(exporter, QuietProgress())
    assert checks == [False, True]
