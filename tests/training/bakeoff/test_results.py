"""The choice is the fastest of those that the validation pictures cannot tell from the best."""

from __future__ import annotations

import pytest

from core.files import read_json, write_json
from core.statistics import wilson_interval
from core.training.bakeoff.results import (
    BakeOff,
    Entry,
    Sample,
    read_bake_off,
    sensible_choice,
    write_bake_off,
)
from core.workspace import Project, open_staging, publish_project

VALIDATION = 200


def entry(backbone: str, right: int, milliseconds: float, size: int = 1000, job: str = "job-1") -> Entry:
    """``right`` of 200 validation pictures."""
    return Entry(
        backbone=backbone,
        job=job,
        validation_accuracy=right / VALIDATION,
        interval=wilson_interval(right, VALIDATION),
        validation_loss=0.5,
        milliseconds=milliseconds,
        bytes=size,
        seconds=1.0,
    )


SAMPLE = Sample(
    digest="abc", version=1, training=900, validation=VALIDATION, all_training=900, all_validation=VALIDATION
)


@pytest.fixture
def project() -> Project:
    return publish_project(open_staging(), "Leaves")


def test_a_faster_one_within_the_uncertainty_of_the_best_is_chosen() -> None:
    """180 of 200: by Wilson's formula the best lies between 85.1% and 93.4%, and 171 are 85.5%."""
    found = sensible_choice([entry("resnet50", 180, 60.0), entry("efficientnet_lite0", 171, 8.0)])
    assert found is not None
    assert found.backbone == "efficientnet_lite0"
    assert "7.5 times as fast as ResNet50" in str(found.reason)
    assert "85.5%" in str(found.reason)


def test_a_faster_one_that_is_clearly_worse_is_not() -> None:
    """170 are 85.0%, just below what may be chance."""
    found = sensible_choice([entry("resnet50", 180, 60.0), entry("efficientnet_lite0", 170, 8.0)])
    assert found is not None
    assert found.backbone == "resnet50"
    assert "ResNet50 has the most validation pictures right (90.0%)" in str(found.reason)


def test_of_several_as_good_the_fastest_is_chosen_whatever_their_order() -> None:
    entries = [
        entry("vgg16", 181, 180.0),
        entry("efficientnet_b0", 178, 11.0),
        entry("efficientnet_lite0", 176, 8.0),
        entry("resnet50", 182, 60.0),
    ]
    assert {sensible_choice(entries[n:] + entries[:n]).backbone for n in range(4)} == {"efficientnet_lite0"}  # type: ignore[union-attr]


def test_of_equals_in_speed_the_smaller_is_chosen() -> None:
    found = sensible_choice([entry("vgg16", 180, 8.0, 60_000), entry("resnet50", 180, 8.0, 90_000)])
    assert found is not None
    assert found.backbone == "vgg16"


def test_one_alone_is_not_called_the_best() -> None:
    found = sensible_choice([entry("vgg16", 180, 8.0)])
    assert found is not None
    assert "the only one tried so far" in str(found.reason)


def test_nothing_tried_is_nothing_to_choose() -> None:
    assert sensible_choice([]) is None


def test_results_are_read_as_they_were_written(project: Project) -> None:
    found = BakeOff(sample=SAMPLE, entries=(entry("vgg16", 180, 8.0), entry("resnet50", 150, 9.0)))
    assert read_bake_off(project) is None
    write_bake_off(project, found)
    assert read_bake_off(project) == found


def test_a_backbone_measured_again_is_there_once(project: Project) -> None:
    found = BakeOff(sample=SAMPLE, entries=(entry("vgg16", 180, 8.0), entry("resnet50", 150, 9.0)))
    again = found.with_entry(entry("vgg16", 170, 7.0, job="job-2"))
    assert [(one.backbone, one.job) for one in again.entries] == [("resnet50", "job-1"), ("vgg16", "job-2")]


def test_results_of_another_format_are_measured_again(project: Project) -> None:
    write_bake_off(project, BakeOff(sample=SAMPLE))
    file = project.dataset / "bakeoff.json"
    write_json(file, read_json(file) | {"schema_version": 99})
    assert read_bake_off(project) is None


def test_a_part_of_the_pictures_is_told_from_all() -> None:
    assert SAMPLE.is_everything
    assert not Sample(**{**vars(SAMPLE), "all_training": 5000}).is_everything
