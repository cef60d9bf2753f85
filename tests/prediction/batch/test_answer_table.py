"""The table of answers is read whole and in order while its batch goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.prediction.batch.answer_table import AnswerWriter, answer_groups, read_answers, remove_shards
from core.prediction.batch.network import Outputs
from core.prediction.batch.reading import ReadPicture
from core.prediction.batch.records import BatchFacts
from core.prediction.batch.sources import BatchPicture
from tests.support.batches import labels_of

NAMES = [f"{number}.png" for number in range(6)]


@pytest.fixture
def writer(tmp_path: Path) -> AnswerWriter:
    """Writer of a batch with three shards of two pictures."""
    facts = BatchFacts(labels=labels_of("cat", "dog"), network="0" * 64, feature_size=2)
    writer, probabilities = AnswerWriter(tmp_path, facts), np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    for start in range(0, len(NAMES), 2):
        read = [
            ReadPicture(picture=BatchPicture(source=0, path=name, read=bytes), sha256="0" * 64)
            for name in NAMES[start : start + 2]
        ]
        outputs = Outputs(
            probabilities=probabilities, stranger_scores=None, features=np.eye(2, dtype=np.float32)
        )
        writer.add(read, outputs)
        writer.save()
    return writer


@pytest.mark.parametrize("read_before", [0, 1, 2, 3])
def test_reading_goes_on_in_the_file_when_the_batch_ends_meanwhile(
    tmp_path: Path, writer: AnswerWriter, read_before: int
) -> None:
    groups = answer_groups(tmp_path, ["path"])
    names = [name for _ in range(read_before) for name in next(groups)["path"].to_pylist()]
    writer.join()
    remove_shards(tmp_path)
    names += [name for group in groups for name in group["path"].to_pylist()]
    assert names == NAMES


def test_answers_of_shards_and_of_the_file_have_the_same_columns(
    tmp_path: Path, writer: AnswerWriter
) -> None:
    """All but the features."""
    running = read_answers(tmp_path)
    writer.join()
    remove_shards(tmp_path)
    assert running.equals(read_answers(tmp_path))
    assert "features" not in running
