"""A finished run was measured on its test pictures, once, with the head it delivers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.job import import_pictures
from core.data.labels.layout import Split
from core.delivery.exporter import delivered_head
from core.evaluation import job
from core.evaluation.calibration import temperature
from core.evaluation.job import evaluate
from core.evaluation.report import MultiClassReport, read_predictions, read_report
from core.evaluation.strangers import job as strangers_job
from core.evaluation.strangers.detector import StrangerDetector, fit_detector
from core.evaluation.strangers.results import read_known_scores, read_stranger_scores, read_strangers
from core.files import read_json
from core.models.head import HeadWeights
from core.progress import QuietProgress, Stage
from core.training.artifacts import engine_path, head_file
from core.training.config import TrainingConfig
from core.training.features.cache import cached_features
from core.workspace import project_of
from tests.support.pictures import class_folders, write_folder
from tests.support.progress_recorder import Recorder


@pytest.fixture
def config(finished_run: Path) -> dict[str, Any]:
    return dict(read_json(finished_run / "config.json")["config"])


def confusion_of(run: Path) -> np.ndarray:
    report = read_report(run)
    assert isinstance(report, MultiClassReport)
    return np.array(report.confusion)


@pytest.fixture
def dataset(finished_run: Path) -> Dataset:
    return open_dataset(project_of(finished_run))


def test_the_report_counts_the_test_pictures_and_no_others(finished_run: Path, dataset: Dataset) -> None:
    report, predictions = read_report(finished_run), read_predictions(finished_run)
    test = predictions[predictions["split"] == "test"]
    assert isinstance(report, MultiClassReport)
    assert report.pictures == len(test) == len(dataset.rows(Split.TEST)) == 9
    assert np.sum(report.confusion) == 9
    assert [row.support for row in report.classes] == [4, 3, 2]
    assert report.accuracy == (test["label"] == test["predicted"]).mean()
    assert report.majority_class == "3"
    assert report.majority_baseline == 4 / 9


def test_recorded_predictions_are_those_of_the_head(finished_run: Path, config: dict[str, Any]) -> None:
    """Evaluated again from the files on disk, to the last digit."""
    before = read_report(finished_run), read_predictions(finished_run)["probabilities"].tolist()
    result = evaluate(finished_run, config, QuietProgress())
    assert read_report(finished_run) == before[0]
    np.testing.assert_array_equal(read_predictions(finished_run)["probabilities"].tolist(), before[1])
    assert result == {"test": read_json(finished_run / "result.json")["test"]}
    assert result["test"]["macro_f1"] == before[0].macro.f1


def test_predictions_are_kept_for_validation_and_test_alone(finished_run: Path, dataset: Dataset) -> None:
    """Those on training pictures would flatter whoever looks at them."""
    rows = np.concatenate([dataset.rows(Split.VALIDATION), dataset.rows(Split.TEST)])
    predictions = read_predictions(finished_run)
    expected = dataset.pictures.iloc[rows]
    assert predictions["id"].tolist() == expected["id"].tolist()
    assert predictions["split"].tolist() == expected["split"].tolist()
    assert predictions["label"].tolist() == expected["label"].tolist()


@pytest.mark.parametrize(
    ("spoilt", "changes"), [(Split.TRAIN, False), (Split.VALIDATION, False), (Split.TEST, True)]
)
def test_only_test_pictures_enter_the_report(
    finished_run: Path,
    dataset: Dataset,
    config: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    spoilt: Split,
    changes: bool,
) -> None:
    """Pictures of the other parts may be spoilt without a trace; those of the test may not."""
    before = replace(read_report(finished_run), calibration=None)  # is chosen on validation pictures

    def spoil(dataset: Dataset, *arguments: Any, rows: np.ndarray, **options: Any) -> np.ndarray:
        features = cached_features(dataset, *arguments, rows=rows, **options)
        is_spoilt = np.isin(rows, dataset.rows(spoilt))
        features[is_spoilt] = -features[is_spoilt]
        return features

    monkeypatch.setattr(job, "cached_features", spoil)
    evaluate(finished_run, config, QuietProgress())
    assert (replace(read_report(finished_run), calibration=None) != before) is changes


def test_each_row_has_its_own_pictures_probabilities(finished_run: Path, dataset: Dataset) -> None:
    """Rows that were shifted by one would still add up to a plausible report."""
    from core.delivery.prediction import Classifier

    classifier = Classifier(finished_run)
    row_of = {picture: row for row, picture in enumerate(dataset.pictures["id"])}
    predictions = read_predictions(finished_run)
    for record in (predictions.iloc[0], predictions.iloc[8], predictions.iloc[-1]):
        answer = classifier.probabilities(dataset.picture_bytes(row_of[record["id"]]))
        np.testing.assert_allclose(answer, record["probabilities"], atol=1e-4)
        assert record["predicted"] == dataset.class_names[int(answer.argmax())]


def test_the_best_head_is_measured(finished_run: Path, dataset: Dataset, config: dict[str, Any]) -> None:
    """Another head on disk gives another report: nothing is taken from the training step's memory."""
    head = HeadWeights.load(head_file(finished_run))
    (kernel, bias) = head.layers[-1]
    turned = (np.roll(kernel, 1, axis=1), np.roll(bias, 1))  # every class is called the next one
    HeadWeights(
        feature_mean=head.feature_mean, feature_scale=head.feature_scale, layers=(*head.layers[:-1], turned)
    ).save(head_file(finished_run))
    before = confusion_of(finished_run)
    evaluate(finished_run, config, QuietProgress())
    np.testing.assert_array_equal(confusion_of(finished_run), np.roll(before, 1, axis=1))


def test_evaluating_from_the_cache_is_one_short_stage(finished_run: Path, config: dict[str, Any]) -> None:
    recorder = Recorder()
    evaluate(finished_run, config, recorder)
    assert set(recorder.stages) == {Stage.EVALUATING}


def test_the_delivered_head_has_the_temperatures_of_the_report(
    finished_run: Path, dataset: Dataset, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chosen on validation pictures; the predictions and the exports have them, the answers stay."""
    before = read_predictions(finished_run)
    monkeypatch.setattr(temperature, "LEAST_PICTURES", 1)
    evaluate(finished_run, config, QuietProgress())
    calibration, after = read_report(finished_run).calibration, read_predictions(finished_run)
    assert calibration is not None
    assert len(set(calibration.temperatures)) == 1
    assert calibration.temperatures[0] != 1
    assert after["predicted"].tolist() == before["predicted"].tolist()
    assert after["probabilities"].iloc[0].tolist() != before["probabilities"].iloc[0].tolist()
    features = cached_features(
        dataset, engine_path(finished_run, TrainingConfig.from_json(config)), QuietProgress(),
        rows=dataset.rows(Split.TEST),
    )  # fmt: skip
    np.testing.assert_allclose(
        delivered_head(finished_run).probabilities(features),
        np.stack(after.loc[after["split"] == "test", "probabilities"].to_list()),
        atol=1e-6,
    )


def test_strangers_are_measured_on_the_same_test_pictures(finished_run: Path, dataset: Dataset) -> None:
    """Nine strangers of each material, made from the nine test pictures."""
    report = read_strangers(finished_run)
    assert report is not None
    assert report.strangers == {"shuffled": 9, "patch": 9, "noise": 9}
    assert (report.fitted_on, report.test_pictures) == (len(dataset.rows(Split.TRAIN)), 9)
    assert report.separation is not None
    assert report.separation.auroc > 0.9
    known = read_known_scores(finished_run)
    assert known["id"].tolist() == read_predictions(finished_run)["id"].tolist()


def test_pictures_of_another_project_are_strangers_unless_a_class_has_the_same_name(
    finished_run: Path, config: dict[str, Any], tmp_path: Path
) -> None:
    for number, (name, classes) in enumerate({"pets": ("cats", "dogs"), "more": ("3", "dogs")}.items()):
        files = class_folders(dict.fromkeys(classes, 8), start=900 + 50 * number)
        source = write_folder(tmp_path / name, files)
        import_pictures(tmp_path / "job", {"project": name, "source": str(source)}, QuietProgress())
    evaluate(finished_run, config, QuietProgress())
    scores = read_stranger_scores(finished_run)
    assert set(scores["project"]) == {"", "pets"}
    assert (scores["project"] == "pets").sum() == 16


def test_a_run_with_hardly_any_training_pictures_has_no_stranger_score(
    finished_run: Path, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The score of the evaluation before is removed, too."""
    monkeypatch.setattr(strangers_job, "LEAST_PICTURES", 1000)
    evaluate(finished_run, config, QuietProgress())
    assert read_strangers(finished_run) is None


def test_a_network_to_which_all_pictures_look_alike_has_no_stranger_score(
    finished_run: Path, config: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exported files would answer with other scores, so the run would never be delivered."""

    def fit_with_tiny_deviation(*arguments: Any, **options: Any) -> StrangerDetector:
        return replace(fit_detector(*arguments, **options), distance_scale=1e-6)

    monkeypatch.setattr(strangers_job, "fit_detector", fit_with_tiny_deviation)
    evaluate(finished_run, config, QuietProgress())
    assert read_strangers(finished_run) is None
