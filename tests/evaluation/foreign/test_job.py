"""Real exports are opened in their own process, understood, and tested like a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.delivery.robustness_job import measure_run
from core.errors import ForeignModelError
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.foreign.facts import (
    ChannelOrder,
    InspectionRequest,
    JudgementRequest,
    Kind,
    Layout,
    ModelFacts,
    Runtime,
)
from core.evaluation.foreign.job import inspect, judge
from core.evaluation.foreign.judged_model import is_judged, list_models, read_facts, read_judgement
from core.evaluation.foreign.preprocessing import code_of, parse
from core.evaluation.report import MultiClassReport, MultiLabelReport
from core.evaluation.robustness.records import RobustnessRequest, read_answers, read_robustness
from core.progress import QuietProgress
from core.workspace import Project
from tests.support.foreign_models import (
    COLOURS,
    colour_model,
    import_colours,
    saved_as_keras_2,
    teachable_machine_h5,
    teachable_machine_js,
    to_tflite,
    write_zip,
)
from tests.support.onnx_file import colour_onnx
from tests.support.pictures import two_digits_folder

LABELS = "\n".join(COLOURS)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return import_colours(tmp_path / "source")


def understand(project: Project, source: Path, labels: str = "") -> ModelFacts:
    """Run the first step; ``labels`` are given beside the model."""
    directory = project.jobs / "inspection"
    directory.mkdir(parents=True, exist_ok=True)
    file = None
    if labels:
        file = directory / "labels.txt"
        file.write_text(labels)
    version = open_dataset(project).version
    request = InspectionRequest(source=source, name="theirs", dataset_version=version, labels=file)
    inspect(directory, request.to_json(), QuietProgress())
    return read_facts(project.judged / "theirs")


def answer_all(project: Project, **settings: object) -> EvaluatedRun:
    """Run the second step."""
    version = open_dataset(project).version
    request = {"name": "theirs", "dataset_version": version, **settings}
    judge(project.jobs / "inspection", request, QuietProgress())
    return EvaluatedRun.open(project.judged / "theirs")


def assert_samples_right(project: Project, facts: ModelFacts) -> None:
    """The first step's answers to a few pictures are their labels."""
    labels = open_dataset(project).pictures.set_index("id")["label"]
    answers = {sample.picture: sample.answer for sample in facts.samples}
    assert len(answers) == 6
    assert answers == labels.loc[list(answers)].to_dict()


def confusion_of(judged: EvaluatedRun) -> list[list[int]]:
    assert isinstance(judged.report, MultiClassReport)
    return np.array(judged.report.confusion).tolist()


def tflite(folder: Path, outputs: Sequence[int] = (0, 1, 2)) -> Path:
    file = folder / "theirs.tflite"
    file.write_bytes(to_tflite(colour_model(outputs)))
    return file


def test_a_judged_model_has_what_a_run_has(project: Project, tmp_path: Path) -> None:
    """Report, predictions of validation and test pictures, and their ids, on the same rows."""
    facts = understand(project, tflite(tmp_path), LABELS)
    assert (facts.kind, facts.runtime, facts.class_names) == (Kind.LITERT, Runtime.LITERT, COLOURS)
    assert (facts.input.width, facts.input.layout) == (24, Layout.CHANNELS_LAST)
    judged = answer_all(project)
    dataset = open_dataset(project)
    assert judged.report.accuracy == 1.0
    assert judged.test.exact_matches.all()
    np.testing.assert_array_equal(judged.test.targets, dataset.targets[dataset.rows(Split.TEST)] > 0.5)
    rows = np.concatenate([dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)])
    assert judged.predictions["id"].tolist() == dataset.pictures["id"].iloc[rows].tolist()
    assert list_models(project) == [project.judged / "theirs"]


def test_robustness_asks_the_judged_model_itself(project: Project, tmp_path: Path) -> None:
    """As they are, pictures get the answers of its test, also one that the project does not know."""
    understand(project, tflite(tmp_path), "red\ngreen\nviolet")
    judged = answer_all(project)
    request = RobustnessRequest(run="theirs", is_judged=True)
    measure_run(project.jobs / "inspection", request.to_json(), QuietProgress())
    report, answers = read_robustness(judged), read_answers(judged)
    assert report is not None
    assert 0 < report.clean.accuracy == judged.report.accuracy < 1
    clean = answers[answers["code"] == ""].set_index("id")
    recorded = judged.predictions.set_index("id").loc[clean.index]
    assert clean["predicted"].tolist() == recorded["predicted"].tolist()
    assert "another answer" in set(clean["predicted"])


def test_the_guess_is_made_on_validation_pictures_and_said(project: Project, tmp_path: Path) -> None:
    """A network that takes blue first answers rightly only with blue first."""
    facts = understand(project, tflite(tmp_path, outputs=(2, 1, 0)), LABELS)
    assert facts.preprocessing is None
    assert facts.sample_preprocessing.order is ChannelOrder.BGR
    assert (facts.guessed_on, facts.guessed_accuracy) == (6, 1.0)
    assert len(facts.samples) == 6
    judged = answer_all(project)
    judgement = read_judgement(project.judged / "theirs")
    assert (judgement.preprocessing.order, judgement.guessed_on) == (ChannelOrder.BGR, 6)
    assert judged.report.accuracy == 1.0


def test_a_stated_preprocessing_is_not_guessed(project: Project, tmp_path: Path) -> None:
    """The wrong order swaps red and blue, and is taken as it is stated."""
    understand(project, tflite(tmp_path), LABELS)
    judged = answer_all(project, preprocessing=parse("bytes-bgr").to_json())
    assert read_judgement(project.judged / "theirs").guessed_on == 0
    assert confusion_of(judged) == [[0, 0, 2], [0, 2, 0], [2, 0, 0]]  # blue, green, red


def test_lacking_and_foreign_classes_count_as_wrong(project: Project, tmp_path: Path) -> None:
    """The model knows no green; what it calls “sky” is blue."""
    understand(project, tflite(tmp_path, (0, 1, 2)), "Red\nsky\nBLUE")
    judged = answer_all(project)
    judgement = read_judgement(project.judged / "theirs")
    assert (judgement.lacking, judgement.foreign) == (("green",), ("sky",))
    assert judgement.mapping == {"Red": "red", "BLUE": "blue"}
    # Columns: blue, green, red, another answer.
    assert confusion_of(judged) == [[2, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0], [0, 0, 0, 0]]
    assert judged.report.accuracy == pytest.approx(4 / 6)
    assert judged.report.macro.recall == pytest.approx(2 / 3)
    assert judged.test.probabilities.shape == (6, 4)


def test_choices_map_the_rest(project: Project, tmp_path: Path) -> None:
    understand(project, tflite(tmp_path), "Red\ngrass\nBLUE")
    assert answer_all(project, changes={"grass": "green"}).report.accuracy == 1.0


def test_without_a_common_class_nothing_is_judged(project: Project, tmp_path: Path) -> None:
    facts = understand(project, tflite(tmp_path))
    assert (facts.class_names, facts.has_class_names) == (("0", "1", "2"), False)
    with pytest.raises(ForeignModelError, match=r"no class in common\. The model knows 0, 1, 2"):
        answer_all(project)
    # The project's order is blue, green, red.
    judged = answer_all(project, by_order=True, preprocessing=parse("bytes").to_json())
    assert judged.report.accuracy == pytest.approx(1 / 3)


def test_with_several_labels_each_class_is_answered_by_itself(tmp_path: Path) -> None:
    """Logits become independent probabilities; the thresholds are chosen on validation pictures."""
    source = two_digits_folder(tmp_path / "source", 60)
    project = import_dataset(source, "Pairs", ImportConfig(multi_label=True)).project
    names = open_dataset(project).class_names
    file = tmp_path / "theirs.tflite"
    file.write_bytes(to_tflite(colour_model([0] * len(names), softmax=False)))
    understand(project, file, "\n".join([*names[1:], "nothing"]))
    judged = answer_all(project, preprocessing=parse("symmetric").to_json())
    judgement = read_judgement(project.judged / "theirs")
    assert (judgement.lacking, judgement.foreign) == (names[:1], ("nothing",))
    assert isinstance(judged.report, MultiLabelReport)
    assert [row.name for row in judged.report.classes] == list(names)
    assert not judged.test.predicted[:, 0].any()
    assert judged.test.probabilities[:, 0].max() == 0


def test_a_quantised_teachable_machine_export(project: Project, tmp_path: Path) -> None:
    content = to_tflite(colour_model(), is_quantised=True)
    export = write_zip(
        tmp_path / "tm.zip", {"model.tflite": content, "labels.txt": b"0 Red\n1 Green\n2 Blue\n"}
    )
    facts = understand(project, export)
    assert (facts.kind, facts.input.tensor.dtype, facts.input.tensor.scale > 0) == (
        Kind.TEACHABLE_MACHINE,
        "uint8",
        True,
    )
    assert code_of(facts.sample_preprocessing) == "symmetric-crop"
    assert answer_all(project).report.accuracy == 1.0


def test_a_teachable_machine_export_for_keras(project: Project, tmp_path: Path) -> None:
    """As Keras 2 wrote it: its DepthwiseConv2D has ``groups``, which Keras 3 refuses."""
    content = saved_as_keras_2(tmp_path / "keras_model.h5").read_bytes()
    export = write_zip(
        tmp_path / "tm.zip", {"keras_model.h5": content, "labels.txt": b"0 red\n1 green\n2 blue\n"}
    )
    facts = understand(project, export)
    assert facts.kind is Kind.TEACHABLE_MACHINE
    assert_samples_right(project, facts)


def test_a_teachable_machine_export_of_nested_models(project: Project, tmp_path: Path) -> None:
    """As its real files are: Keras 3 takes the one output of a model within for a list of several."""
    content = teachable_machine_h5(tmp_path / "keras_model.h5").read_bytes()
    export = write_zip(
        tmp_path / "tm.zip", {"keras_model.h5": content, "labels.txt": b"0 red\n1 green\n2 blue\n"}
    )
    assert understand(project, export).kind is Kind.TEACHABLE_MACHINE
    assert answer_all(project).report.accuracy == 1.0


def test_a_teachable_machine_export_for_tensorflow_js(project: Project, tmp_path: Path) -> None:
    """The form that it offers first; weights stand in a file of their own."""
    export = write_zip(tmp_path / "tm.zip", teachable_machine_js())
    facts = understand(project, export)
    assert (facts.kind, facts.runtime) == (Kind.TEACHABLE_MACHINE, Runtime.TENSORFLOW_JS)
    assert (facts.class_names, code_of(facts.sample_preprocessing)) == (COLOURS, "symmetric-crop")
    assert_samples_right(project, facts)


def test_a_program_in_a_layers_model_is_refused_by_name(project: Project, tmp_path: Path) -> None:
    files = teachable_machine_js()
    files["model.json"] = files["model.json"].replace(b'"GlobalAveragePooling2D"', b'"Lambda"')
    with pytest.raises(ForeignModelError, match=r"programs of their own \(Lambda\)"):
        understand(project, write_zip(tmp_path / "tm.zip", files))


def test_a_lobe_export_for_tensorflow(project: Project, tmp_path: Path) -> None:
    colour_model(scale=1.0).export(tmp_path / "lobe", verbose=False)
    signature = {
        "format": "tf",
        "filename": "saved_model.pb",
        "inputs": {"Image": {"name": "picture"}},
        "classes": {"Label": list(COLOURS)},
    }
    (tmp_path / "lobe" / "signature.json").write_text(json.dumps(signature))
    facts = understand(project, tmp_path / "lobe")
    assert (facts.kind, facts.runtime) == (Kind.LOBE, Runtime.SAVED_MODEL)
    assert answer_all(project).report.accuracy == 1.0


def test_a_custom_vision_export_for_tensorflow(project: Project, tmp_path: Path) -> None:
    """A frozen graph with a placeholder, which takes blue first."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = colour_model((2, 1, 0))
    function = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec((None, 24, 24, 3)))
    graph = convert_variables_to_constants_v2(function).graph.as_graph_def().SerializeToString()
    export = write_zip(
        tmp_path / "cv.zip",
        {
            "model.pb": graph,
            "labels.txt": LABELS.encode(),
            "cvexport.manifest": b'{"DomainType": "Classification"}',
        },
    )
    facts = understand(project, export)
    assert (facts.kind, facts.runtime) == (Kind.CUSTOM_VISION, Runtime.FROZEN_GRAPH)
    assert answer_all(project).report.accuracy == 1.0


@pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="onnxruntime, an optional package, is not installed"
)
def test_an_onnx_file_with_channels_first(project: Project, tmp_path: Path) -> None:
    (tmp_path / "yolo.onnx").write_bytes(colour_onnx(names=COLOURS))
    facts = understand(project, tmp_path / "yolo.onnx")
    assert (facts.input.layout, facts.class_names) == (Layout.CHANNELS_FIRST, COLOURS)
    assert answer_all(project).report.accuracy == 1.0


@pytest.mark.skipif(
    find_spec("onnxruntime") is None, reason="onnxruntime, an optional package, is not installed"
)
def test_a_table_of_probabilities_names_its_classes(project: Project, tmp_path: Path) -> None:
    """Custom Vision answers in this form; its labels.txt has another order."""
    export = write_zip(
        tmp_path / "cv.zip",
        {
            "model.onnx": colour_onnx((2, 1, 0), table=COLOURS),
            "labels.txt": LABELS.encode(),
            "cvexport.manifest": b'{"DomainType": "Classification"}',
        },
    )
    facts = understand(project, export)
    assert (facts.kind, facts.class_names) == (Kind.CUSTOM_VISION, tuple(sorted(COLOURS)))
    assert answer_all(project).report.accuracy == 1.0


@pytest.mark.skipif(find_spec("onnxruntime") is not None, reason="onnxruntime is installed")
def test_without_its_package_an_onnx_file_says_what_is_missing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "yolo.onnx").write_bytes(colour_onnx())
    with pytest.raises(ForeignModelError, match=r"pip install onnxruntime==") as raised:
        understand(project, tmp_path / "yolo.onnx")
    assert raised.value.message.code == "reader_missing"


@pytest.mark.parametrize("content", [b"", b"TFL3 only pretends", None])
def test_a_damaged_file_is_refused_and_nothing_remains(
    project: Project, tmp_path: Path, content: bytes | None
) -> None:
    file = tflite(tmp_path)
    file.write_bytes(file.read_bytes()[:700] if content is None else content)
    with pytest.raises(ForeignModelError, match=r"theirs\.tflite is damaged, cut off|ended in the middle"):
        understand(project, file)
    assert not (project.judged / "theirs").exists()


def test_answers_that_are_not_numbers_are_refused(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "theirs.tflite"
    file.write_bytes(to_tflite(colour_model(scale=float("nan"))))
    with pytest.raises(ForeignModelError, match=r"not numbers \(NaN\)"):
        understand(project, file, LABELS)


def test_the_wrong_number_of_names_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ForeignModelError, match="answers with 3 numbers, but 2 classes are named"):
        understand(project, tflite(tmp_path), "red\ngreen")


def test_names_that_lead_out_of_an_archive_are_left_out(project: Project, tmp_path: Path) -> None:
    content = tflite(tmp_path).read_bytes()
    export = write_zip(tmp_path / "x.zip", {"../../m.tflite": content, "labels.txt": LABELS.encode()})
    with pytest.raises(ForeignModelError, match="There is no model in it"):
        understand(project, export)
    assert not list(project.path.rglob("m.tflite"))


@pytest.mark.parametrize("name", ["labels.txt/m.tflite", f"{'m' * 300}.tflite"])
def test_names_that_the_disk_does_not_take_are_said(project: Project, tmp_path: Path, name: str) -> None:
    """A file that is a folder as well, and a name that is too long."""
    export = write_zip(tmp_path / "x.zip", {"labels.txt": LABELS.encode(), name: b"TFL3"})
    with pytest.raises(ForeignModelError, match="cannot be read: "):
        understand(project, export)
    assert not (project.judged / "theirs").exists()


def test_an_opening_that_was_killed_starts_again(project: Project, tmp_path: Path) -> None:
    half = project.judged / "theirs" / "model" / "theirs.keras"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    assert understand(project, tflite(tmp_path), LABELS).runtime is Runtime.LITERT
    assert not half.exists()


def test_a_test_that_is_killed_leaves_no_settings_of_an_earlier_one(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping that the page shows belongs to the numbers beside it."""
    understand(project, tflite(tmp_path), LABELS)
    answer_all(project)

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.evaluation.foreign.judging.write_record", killed)
    with pytest.raises(KeyboardInterrupt):
        answer_all(project, changes={"red": "blue", "blue": "red"})
    assert not is_judged(project.judged / "theirs")


def test_a_file_of_another_kind_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"something else")
    with pytest.raises(ForeignModelError, match=r"There is no model in it\. Possible are Keras"):
        understand(project, tmp_path / "model.bin")


def test_a_request_survives_its_file() -> None:
    request = JudgementRequest(
        name="a", dataset_version=3, changes={"x": ""}, preprocessing=parse("unit-crop")
    )
    assert JudgementRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
