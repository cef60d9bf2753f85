"""The estimate of a run grows with its pictures, and a measurement at one picture size is not used for another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.data.dataset import Dataset
from core.data.labels.layout import Split
from core.models.backbones import get_backbone
from core.models.speeds import remember_speed
from core.progress import Stage
from core.training.config import Recipe, TrainingConfig
from core.training.cost.estimate import estimate, expected_stages
from core.training.cost.throughput import Throughput, measured_throughput, remember_throughput
from core.training.phases import Phase

QUICK = TrainingConfig(dataset_version=1)  # EfficientNet-Lite0: 224 pixels
SCRATCH = TrainingConfig(dataset_version=1, backbone="small_cnn", recipe=Recipe.SCRATCH, epochs=10)  # 96
MEGABYTE = 1 << 20


def test_half_the_side_takes_a_quarter_of_the_time_for_features(dataset: Dataset) -> None:
    """Thirteen pictures at ten a second."""
    remember_speed("efficientnet_lite0", 10.0)
    assert expected_stages(dataset, QUICK)[Stage.FEATURES] == pytest.approx(1.3)
    half = replace(QUICK, picture_size=112)
    assert expected_stages(dataset, half)[Stage.FEATURES] == pytest.approx(1.3 / 4)


def test_a_speed_with_another_size_is_not_called_measured(dataset: Dataset) -> None:
    remember_speed("efficientnet_lite0", 10.0)
    assert estimate(dataset, QUICK).is_measured
    assert not estimate(dataset, replace(QUICK, picture_size=112)).is_measured
    remember_speed("efficientnet_lite0@112", 35.0)
    assert estimate(dataset, replace(QUICK, picture_size=112)).is_measured


def test_decoded_pictures_take_the_disk_of_their_size(dataset: Dataset) -> None:
    """Thirteen squares of 448 instead of 224 pixels, three bytes each."""
    more = (
        estimate(dataset, replace(QUICK, picture_size=448)).disk_bytes - estimate(dataset, QUICK).disk_bytes
    )
    assert more == 13 * 3 * (448**2 - 224**2)


def test_a_batch_of_larger_pictures_takes_more_memory(dataset: Dataset) -> None:
    """Before anything is measured: 500 bytes for each pixel of the 32 pictures of a batch."""
    before, after = (
        estimate(dataset, replace(SCRATCH, picture_size=size)).memory_bytes for size in (96, 192)
    )
    assert after - before == 32 * 500 * (192**2 - 96**2)


def test_throughputs_of_two_sizes_stand_beside_each_other() -> None:
    own, other = SCRATCH, replace(SCRATCH, picture_size=48)
    throughput = Throughput(pictures_per_second=100.0, memory_bytes=1, outputs=0)
    remember_throughput(own, Phase.SCRATCH, throughput)
    assert measured_throughput(other, Phase.SCRATCH) is None
    remember_throughput(other, Phase.SCRATCH, replace(throughput, pictures_per_second=350.0))
    assert measured_throughput(own, Phase.SCRATCH) == throughput
    assert measured_throughput(replace(SCRATCH, picture_size=96), Phase.SCRATCH) == throughput, (
        "that is its own size"
    )


def test_a_throughput_that_was_not_measured_follows_from_that_of_the_own_size(dataset: Dataset) -> None:
    """Twice the side: four times the time, and as much more memory as the guess would grow."""
    throughput = Throughput(pictures_per_second=100.0, memory_bytes=1500 * MEGABYTE, outputs=0)
    remember_throughput(SCRATCH, Phase.SCRATCH, throughput)
    twice = replace(SCRATCH, picture_size=192)
    train, validation = (len(dataset.rows(split)) for split in (Split.TRAIN, Split.VALIDATION))
    pictures = 10 * (train + 0.35 * validation)
    assert expected_stages(dataset, SCRATCH)[Stage.TRAINING] == pytest.approx(pictures / 100)
    assert expected_stages(dataset, twice)[Stage.TRAINING] == pytest.approx(pictures / 25)
    assert estimate(dataset, twice).memory_bytes == 1500 * MEGABYTE + 32 * 500 * (192**2 - 96**2)
    assert not estimate(dataset, twice).is_measured


def test_no_estimate_of_memory_falls_below_what_the_worker_itself_needs(dataset: Dataset) -> None:
    remember_throughput(
        SCRATCH, Phase.SCRATCH, Throughput(pictures_per_second=100.0, memory_bytes=900 * MEGABYTE, outputs=0)
    )
    assert estimate(dataset, replace(SCRATCH, picture_size=32)).memory_bytes == 900 * MEGABYTE
    assert get_backbone("small_cnn").input_size == 96
