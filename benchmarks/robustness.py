"""Robustness test of photographs, against the bare rate of the network.

The test decodes the files, corrupts them in every way and classifies them; the bare rate is
that of the network on as many pictures in memory. Both are timed turn by turn in this process,
so that whatever else the machine does slows both. The fastest turn of each counts.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.commands import log
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import write_photographs
from core.data.dataset import Dataset, open_dataset
from core.data.importing import import_dataset
from core.evaluation.robustness.answering import RunClassifier, answer_corrupted
from core.evaluation.robustness.corruptions import CORRUPTIONS, corrupt
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.head import HeadWeights
from core.models.litert.conversion import feature_engine
from core.models.litert.engine import FeatureExtractor
from core.progress import QuietProgress

LEAST_RATIO = 0.7
_PICTURES, _QUICK_PICTURES = 300, 16
_FEWEST_PHOTOGRAPHS = 100  # that make all classes
_TURNS = 2
_BARE_TIMES = 8  # as many pictures as a turn tests are classified without the test


def run(options: Options) -> list[Figure]:
    pictures = _QUICK_PICTURES if options.quick else _PICTURES
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["DARKROOM_HOME"] = temporary
        log(f"writing {pictures} photographs")
        write_photographs(Path(temporary) / "photographs", max(pictures, _FEWEST_PHOTOGRAPHS))
        dataset = open_dataset(import_dataset(Path(temporary) / "photographs", "Photographs").project)
        extractor = FeatureExtractor(feature_engine(get_backbone(DEFAULT_BACKBONE)))
        turns = _turns(dataset, extractor, np.arange(pictures))
        costs = _costs_of_corruptions(extractor.input_size)
    tested, bare = (max(column) for column in zip(*turns, strict=True))
    conditions = sum(len(row.strengths) for row in CORRUPTIONS)
    return [
        Figure(
            name=f"robustness, {len(CORRUPTIONS)} kinds in {conditions} strengths on {pictures} photographs",
            measured=tested,
            unit="pictures/s",
            reference=Reference(name="the network alone", value=bare),
            target=Target(of="ratio", at_least=LEAST_RATIO),
            details={"milliseconds_a_picture": costs},
        )
    ]


def _turns(dataset: Dataset, extractor: FeatureExtractor, rows: np.ndarray) -> list[tuple[float, float]]:
    """Pictures per second of the test and of the network alone, turn by turn."""
    size, count = extractor.input_size, len(rows) // _TURNS
    head = _any_head(extractor.output_size, len(dataset.class_names))
    classifier = RunClassifier(extractor=extractor, head=head, thresholds=None)
    some = np.random.default_rng(0).integers(0, 256, (_BARE_TIMES * count, size, size, 3), np.uint8)
    extractor.run(some[:count])
    rates = []
    for part in np.array_split(rows, _TURNS):
        began = time.perf_counter()
        answers = answer_corrupted(dataset, part, classifier, CORRUPTIONS, QuietProgress())
        tested = answers.confidence.size / (time.perf_counter() - began)
        began = time.perf_counter()
        extractor.run(some)
        rates.append((tested, len(some) / (time.perf_counter() - began)))
    return rates


def _costs_of_corruptions(size: int) -> dict[str, float]:
    """Milliseconds a picture of each corruption at its middle strength."""
    pictures = np.random.default_rng(0).integers(0, 256, (32, size, size, 3), np.uint8)
    ids = [str(number) for number in range(len(pictures))]
    costs = {}
    for row in CORRUPTIONS:
        began = time.perf_counter()
        corrupt(row, pictures, row.strengths[2], ids)
        costs[row.code] = round(1000 * (time.perf_counter() - began) / len(pictures), 2)
    return costs


def _any_head(features: int, classes: int) -> HeadWeights:
    """A linear head of zeros: weights do not change how much there is to compute."""
    return HeadWeights(
        feature_mean=np.zeros(features),
        feature_scale=np.ones(features),
        layers=((np.zeros((features, classes)), np.zeros(classes)),),
    )
