"""Outliers are detected with features of the real backbone, with few false alarms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.data.images.picture import load_picture
from core.doctor.checks.outliers import MIN_PICTURES, Outlier, outliers_finding, outlying_pictures
from core.doctor.findings import Remedy
from core.doctor.sentences import FindingKind
from core.models.litert.engine import FeatureExtractor
from core.progress import JobStopped, QuietProgress
from tests.support.digit_features import digit_labels
from tests.support.pictures import digit_scans, encoded, small_photograph
from tests.support.trained import Trained

DIGITS = 200


@pytest.fixture(scope="module")
def extractor(trained: Trained) -> FeatureExtractor:
    return FeatureExtractor(
        next((trained.home / "backbones" / "engines").glob("efficientnet_lite0-*.tflite"))
    )


@pytest.fixture(scope="module")
def features(extractor: FeatureExtractor) -> np.ndarray:
    """Of the first digits as Darkroom's sample shows them, and of five strangers after them."""
    scans = [
        Image.fromarray(scan).resize((64, 64), Image.Resampling.BICUBIC) for scan in digit_scans()[:DIGITS]
    ]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    photographs = [small_photograph(name) for name in ("china", "flower", "chelsea", "coffee")]
    pictures: list[Image.Image | np.ndarray] = [*scans, *photographs, noise]
    pixels = [load_picture(encoded(picture, "PNG"), extractor.input_size) for picture in pictures]
    return extractor.run(np.stack(pixels))


def test_photographs_and_noise_among_digits_are_the_first_outliers(features: np.ndarray) -> None:
    labels = np.concatenate([digit_labels()[:DIGITS], [0, 1, 2, 3, 3]])
    found = outlying_pictures(features, labels, QuietProgress())
    assert {outlier.row for outlier in found[:5]} == set(range(DIGITS, DIGITS + 5))
    assert len(found) <= 5 + 0.02 * DIGITS
    scores = [outlier.score for outlier in found]
    assert scores == sorted(scores, reverse=True)


def test_a_class_of_unlike_pictures_has_no_outliers(features: np.ndarray) -> None:
    """Pictures that have their like in the dataset are at home in it."""
    alike = np.concatenate([features[:DIGITS], np.repeat(features[DIGITS : DIGITS + 1], 20, axis=0)])
    alike[DIGITS:] *= np.random.default_rng(0).uniform(0.9, 1.1, (20, features.shape[1])).astype(np.float32)
    labels = np.concatenate([digit_labels()[:DIGITS], np.full(20, 10)])
    assert not [
        outlier for outlier in outlying_pictures(alike, labels, QuietProgress()) if outlier.row >= DIGITS
    ]


def test_digits_alone_have_few(features: np.ndarray) -> None:
    found = outlying_pictures(features[:DIGITS], digit_labels()[:DIGITS], QuietProgress())
    assert len(found) <= 0.02 * DIGITS


def test_rows_choose_what_is_looked_at(features: np.ndarray) -> None:
    rows = np.concatenate([np.arange(0, DIGITS, 2), [DIGITS + 1]])
    labels = np.concatenate([digit_labels()[0:DIGITS:2], [5]])
    chosen = outlying_pictures(features, labels, QuietProgress(), rows=rows)
    assert chosen == outlying_pictures(features[rows], labels, QuietProgress())
    assert chosen[0].row == len(rows) - 1


def test_too_few_pictures_have_no_outliers(features: np.ndarray) -> None:
    strange = np.concatenate([features[: MIN_PICTURES - 2], features[DIGITS : DIGITS + 1]])
    labels = np.zeros(len(strange), np.int64)
    assert outlying_pictures(strange, labels, QuietProgress()) == []


def test_pictures_all_alike_are_no_error(features: np.ndarray) -> None:
    same = np.repeat(features[:1], 80, axis=0)
    assert outlying_pictures(same, np.arange(80) % 2, QuietProgress()) == []


def test_it_stops_when_asked(features: np.ndarray) -> None:
    class Impatient(QuietProgress):
        def should_stop(self) -> bool:
            return True

    with pytest.raises(JobStopped):
        outlying_pictures(features, np.zeros(len(features), np.int64), Impatient())


def test_the_finding_names_the_pictures() -> None:
    pictures = pd.DataFrame({"id": ["a", "b"], "name": ["1.png", "2.png"], "label": ["cat", "dog"]})
    finding = outliers_finding([Outlier(row=1, score=4.5)], pictures)
    assert finding is not None
    assert (finding.kind, finding.remedy) == (FindingKind.OUTLIERS, Remedy.EXCLUDE)
    assert [(item.id, item.name, item.label, item.score) for item in finding.suspects] == [
        ("b", "2.png", "dog", 4.5)
    ]
    assert outliers_finding([], pictures) is None
