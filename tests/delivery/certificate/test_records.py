"""A file is withheld for too many other answers, or too large a loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.delivery.answering import Environment
from core.delivery.certificate.records import Agreement, Certificate, FileCheck
from core.evaluation.comparison.differences import MetricDifference


def certificate(
    *, pictures: int = 1000, same: int = 1000, ties: int = 0, lost: float = 0.0, is_exact: bool = True
) -> Certificate:
    agreement = Agreement(
        pictures=pictures,
        same=same,
        ties=ties,
        largest_difference=0.1,
        mean_difference=0.01,
        accuracy=MetricDifference(
            code="accuracy", first=0.9, second=0.9 - lost, interval=(-lost - 0.01, -lost + 0.01)
        ),
        classes=(),
    )
    return Certificate(
        run="run-1",
        format="tflite",
        sha256="0" * 64,
        size_bytes=1,
        checked=0.0,
        evaluation="digest",
        is_exact=is_exact,
        tolerance=1e-3,
        check=FileCheck(agreement=agreement, is_whole=True),
    )


@pytest.mark.parametrize(
    ("pictures", "same", "ties", "is_good"),
    [
        (1000, 999, 0, True),
        (1000, 998, 0, False),
        (1000, 998, 1, True),
        (100, 99, 0, False),
        (100, 99, 1, True),
    ],
)
def test_a_float_format_agrees_on_999_of_1000_answers(
    pictures: int, same: int, ties: int, is_good: bool
) -> None:
    assert (certificate(pictures=pictures, same=same, ties=ties).refusal is None) == is_good


def test_the_reason_names_the_pictures() -> None:
    reason = str(certificate(same=990).refusal)
    assert reason.startswith("It answers 10 of 1,000 test pictures differently")


@pytest.mark.parametrize(("lost", "is_good"), [(0.0, True), (-0.02, True), (0.01, True), (0.011, False)])
def test_a_quantised_format_may_lose_what_is_allowed(lost: float, is_good: bool) -> None:
    """It may answer otherwise in any number of pictures, if as many are right."""
    assert (certificate(same=500, lost=lost, is_exact=False).refusal is None) == is_good


def test_another_allowance_judges_the_same_measurement_anew() -> None:
    lossy = certificate(lost=0.02, is_exact=False)
    assert lossy.refusal is not None
    assert replace(lossy, allowed_loss=0.02).refusal is None
    assert (
        "loses 2.0 points of accuracy on the test pictures (95% interval: 1.0 to 3.0), and you allow 1.0"
        in str(lossy.refusal)
    )


def test_a_file_that_cannot_run_here_is_not_withheld() -> None:
    assert replace(certificate(), check=None).refusal is None


def test_a_certificate_survives_json() -> None:
    assert Certificate.from_json(certificate().to_json()) == certificate()


def with_faults(good: Certificate, **faults: Any) -> Certificate:
    assert good.check is not None
    agreement = replace(good.check.agreement, **faults)
    return replace(good, check=replace(good.check, agreement=agreement))


def test_a_float_format_marks_the_same_strangers() -> None:
    """The answers are the same, and pictures of none of the classes would pass for one of them."""
    assert with_faults(certificate(), changed_marks=9, wrong_marks=1).refusal is None
    wrong = with_faults(certificate(), changed_marks=9, wrong_marks=2)
    assert str(wrong.refusal).startswith("It marks 2 of 1,000 test pictures otherwise")


@pytest.mark.parametrize("is_exact", [True, False])
def test_a_file_that_gives_no_numbers_is_withheld(is_exact: bool) -> None:
    """With several labels, no answer is right for a picture that shows none, so the loss can be small."""
    silent = with_faults(certificate(is_exact=is_exact), unanswered=2)
    assert str(silent.refusal).startswith("It gives no numbers for 2 of 1,000 test pictures")


def test_a_certificate_of_the_first_form_is_read() -> None:
    """It called the environment of the check ``surroundings``."""
    values = certificate().to_json()
    values["check"] = {
        "surroundings" if name == "environment" else name: value for name, value in values["check"].items()
    } | {"surroundings": "browser"}
    check = Certificate.from_json(values).check
    assert check is not None
    assert check.environment is Environment.BROWSER
