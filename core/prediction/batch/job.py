"""Batch job: classify all pictures of a batch, and write the table of answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from core.delivery.decisions import sets_of
from core.delivery.files import Labels, read_labels
from core.errors import ConfigError, ErrorCode, NotFoundError
from core.messages import N_
from core.prediction.batch.answer_table import AnswerWriter, remove_shards
from core.prediction.batch.network import BatchNetwork
from core.prediction.batch.reading import Decoded, read_ahead
from core.prediction.batch.records import (
    BatchFacts,
    BatchRequest,
    has_facts,
    is_finished,
    read_facts,
    write_facts,
)
from core.prediction.batch.sources import BatchPicture, open_pictures
from core.progress import Progress, Stage, raise_if_stopped
from core.records import JsonObject
from core.workspace import project_of


def predict_batch(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: classify the pictures of a ``BatchRequest``; one that was interrupted goes on.

    Raises:
        NotFoundError: the run or a source is not there.
        ConfigError: the run's classifier has changed since the batch began.
        DataError: a source cannot be opened, or has no pictures.
        JobStopped, JobPaused: the user asked for it; the answers so far are stored.
    """
    progress.stage(Stage.READING)
    if not is_finished(directory):
        _answer_all(directory, BatchRequest.from_json(config), progress)
    remove_shards(directory)
    counts = read_facts(directory).counts
    return {"counts": None if counts is None else counts.to_json()}


def _answer_all(directory: Path, request: BatchRequest, progress: Progress) -> None:
    run = project_of(directory).runs / request.run
    if not run.exists():
        raise NotFoundError(
            N_("“{name}” was deleted in the meantime."), code=ErrorCode.CANNOT_GO_ON, name=request.run
        )
    network = BatchNetwork(run)
    facts = _facts_of(directory, run, network)
    writer = AnswerWriter(directory, facts)
    with open_pictures(directory, request.sources) as pictures:
        _classify(pictures, network, facts.labels, writer, progress)
    write_facts(directory, replace(facts, counts=writer.join()))


def _facts_of(directory: Path, run: Path, network: BatchNetwork) -> BatchFacts:
    """Read the facts by which the batch began; at its first attempt they are written."""
    if has_facts(directory):
        facts = read_facts(directory)
    else:
        facts = BatchFacts(
            labels=read_labels(run),
            network=network.digest,
            sets=sets_of(run),
            feature_size=network.feature_size,
        )
    if not network.has_digest(facts.network):
        raise ConfigError(
            N_("The classifier of “{name}” has changed since this batch began. Start a new batch."),
            code=ErrorCode.CANNOT_GO_ON,
            name=run.name,
        )
    # An earlier digest would change with the thresholds.
    facts = replace(facts, network=network.digest)
    write_facts(directory, facts)
    return facts


def _classify(
    pictures: Sequence[BatchPicture],
    network: BatchNetwork,
    labels: Labels,
    writer: AnswerWriter,
    progress: Progress,
) -> None:
    progress.stage(Stage.PREDICTING)
    remaining = writer.without_stored(pictures)
    done, total = len(pictures) - len(remaining), len(pictures)
    progress.advance(done, total)
    with closing(read_ahead(remaining, labels)) as decoded:
        for block in _blocks(decoded, network.block_size):
            pixels = [picture for _, picture in block if picture is not None]
            writer.add([read for read, _ in block], network.run(_stacked(pixels, labels.input_size)))
            done += len(block)
            progress.advance(done, total)
            if progress.should_stop() or progress.should_pause():
                writer.save()
                raise_if_stopped(progress)


def _blocks(decoded: Iterator[Decoded], size: int) -> Iterator[list[Decoded]]:
    while block := list(islice(decoded, size)):
        yield block


def _stacked(pixels: Sequence[np.ndarray], size: int) -> np.ndarray:
    return np.stack(pixels) if pixels else np.empty((0, size, size, 3), np.uint8)
