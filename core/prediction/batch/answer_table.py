"""Table of a batch's answers: Parquet, one row a picture, in the order of the pictures.

=================  ==========================================================================
``source``         number of the picture's source
``path``           in its source
``sha256``         of the file; null where it could not be read
``error``          code of the reason why the picture has no answer (``SkipReason``), else null
``error_values``   values of that reason's sentence, as JSON
``misfit``         code of the reason why the answer means little (``Misfit``), else null
``predicted``      the answer; several labels are one text, see ``label_sets``
``confidence``     probability that the whole answer is right
``probabilities``  of all classes
``stranger_score`` higher for pictures of none of the classes
``is_stranger``    the score is above the run's limit
``is_unsure``      the confidence is below the least one that the user chose
``prediction_set`` names of the classes in it
``features``       of unit length, float16; only where the network gives some
=================  ==========================================================================

While the batch is worked on, its rows are in shards. Each is written once and as a whole, so a
killed worker loses only what came after the last one.
"""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, parquet

from core.data.labels.label_sets import joined_labels
from core.data.labels.task import Task
from core.data.skip_reasons import Reason
from core.delivery.decisions import decide
from core.files import whole_file
from core.prediction.batch.network import Outputs, joined_outputs
from core.prediction.batch.reading import ReadPicture
from core.prediction.batch.records import BatchCounts, BatchFacts
from core.prediction.batch.sources import BatchPicture

# A killed worker loses at most that much work.
_SAVE_EVERY_SECONDS = 5.0
_ROWS_IN_GROUP = 4096
_FLAGS = ("is_stranger", "is_unsure")
_FEATURES = "features"


class AnswerWriter:
    """Writer of a batch's answers: shards while the batch is worked on, then one file."""

    def __init__(self, directory: Path, facts: BatchFacts) -> None:
        self._directory, self._facts = directory, facts
        self._read: list[ReadPicture] = []
        self._outputs: list[Outputs] = []
        self._saved = time.monotonic()

    def without_stored(self, pictures: Sequence[BatchPicture]) -> list[BatchPicture]:
        """Leave out the pictures that have an answer already."""
        stored = Counter[tuple[int, str]]()
        for table in _tables(self._directory, ["source", "path"]):
            stored.update(zip(table["source"].to_pylist(), table["path"].to_pylist(), strict=True))
        remaining = []
        for picture in pictures:
            key = picture.source, picture.path
            if stored[key]:
                stored[key] -= 1
            else:
                remaining.append(picture)
        return remaining

    def add(self, read: Sequence[ReadPicture], outputs: Outputs) -> None:
        """Add pictures in their order, and the outputs for those that are decoded; saved every few seconds."""
        self._read += read
        self._outputs.append(outputs)
        if time.monotonic() - self._saved >= _SAVE_EVERY_SECONDS:
            self.save()

    def save(self) -> None:
        """Write what was added since the last time as a shard."""
        if self._read:
            table = _table_of(self._read, joined_outputs(self._outputs), self._facts)
            # Shards are only removed together.
            path = _shards(self._directory) / f"{len(_shard_files(self._directory)):06d}.parquet"
            with whole_file(path) as temporary:
                parquet.write_table(table, temporary, compression="zstd")
        self._read, self._outputs, self._saved = [], [], time.monotonic()

    def join(self) -> BatchCounts:
        """Write all shards into one file, and count its answers. The shards stay."""
        self.save()
        counted = Counter[str]()
        with (
            whole_file(answers_file(self._directory)) as temporary,
            parquet.ParquetWriter(temporary, _schema_of(self._facts), compression="zstd") as writer,
        ):
            for group in _joined(_tables(self._directory)):
                writer.write_table(group)
                counted["pictures"] += group.num_rows
                counted["unreadable"] += group.num_rows - group["error"].null_count
                for flag in _FLAGS:
                    counted[flag] += compute.sum(group[flag]).as_py() or 0
        return BatchCounts(
            pictures=counted["pictures"],
            unreadable=counted["unreadable"],
            strangers=counted["is_stranger"],
            unsure=counted["is_unsure"],
        )


def remove_shards(directory: Path) -> None:
    """Remove the shards once their answers are in the one file."""
    shutil.rmtree(_shards(directory), ignore_errors=True)


def answers_file(directory: Path) -> Path:
    return directory / "answers.parquet"


def read_answers(directory: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read the answers so far, one row a picture; see the module for the columns.

    Args:
        columns: those to read; None: all but the features.
    """
    tables = list(answer_groups(directory, columns))
    return pa.concat_tables(tables).to_pandas() if tables else pd.DataFrame(columns=list(columns or ()))


def answer_groups(directory: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Read the answers so far in groups of rows, for work that needs little memory.

    The batch may end meanwhile: its file then goes on where the shards are gone.

    Args:
        columns: those to read; None: all but the features.
    """
    shards, done = _shard_files(directory), 0
    # Looked for after the shards, which are removed once it is there.
    if not answers_file(directory).exists():
        for path in shards:
            try:
                table = _read_shard(path, columns)
            except FileNotFoundError:
                break
            yield table
            done += table.num_rows
        else:
            return
    yield from _groups_after(directory, done, columns)


def _groups_after(directory: Path, done: int, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    """Read the file of all answers from a row on."""
    with parquet.ParquetFile(answers_file(directory)) as file:
        names = _wanted(file.schema_arrow, columns)
        for number in range(file.num_row_groups):
            rows = file.metadata.row_group(number).num_rows
            if done < rows:
                yield file.read_row_group(number, columns=names).slice(done)
            done = max(0, done - rows)


def _read_shard(path: Path, columns: Sequence[str] | None) -> pa.Table:
    with parquet.ParquetFile(path) as file:
        return file.read(columns=_wanted(file.schema_arrow, columns))


def matrix_of(column: pa.ChunkedArray) -> np.ndarray:
    """Stack the lists of a column, such as ``probabilities`` or ``features``: (rows that have one, length)."""
    lists = column.drop_null().combine_chunks()
    values: np.ndarray = lists.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(lists), -1) if len(lists) else np.empty((0, 0), values.dtype)


def reason_of(error: str | None, error_values: str | None) -> Reason | None:
    """Return the reason why a picture has no answer; arguments as the table has them."""
    if not isinstance(error, str):
        return None
    return Reason.from_json({"code": error, "values": json.loads(error_values or "{}")})


def _shards(directory: Path) -> Path:
    return directory / "shards"


def _shard_files(directory: Path) -> list[Path]:
    # A name that begins with a dot is a shard being written, or left by a crash.
    return sorted(path for path in _shards(directory).glob("*.parquet") if path.name[0] != ".")


def _tables(directory: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    for path in _shard_files(directory):
        names = None if columns is None else list(columns)
        yield parquet.read_table(path, columns=names)


def _wanted(schema: pa.Schema, columns: Sequence[str] | None) -> list[str]:
    return list(columns) if columns is not None else [name for name in schema.names if name != _FEATURES]


def _joined(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Join small tables to groups that are read fast."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(item.num_rows for item in waiting) >= _ROWS_IN_GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _schema_of(facts: BatchFacts) -> pa.Schema:
    texts = ("path", "sha256", "error", "error_values", "misfit", "predicted")
    answers = [
        ("confidence", pa.float32()),
        ("probabilities", pa.list_(pa.float32())),
        ("stranger_score", pa.float32()),
        *((flag, pa.bool_()) for flag in _FLAGS),
        ("prediction_set", pa.list_(pa.string())),
    ]
    features = [(_FEATURES, pa.list_(pa.float16()))] if facts.feature_size else []
    return pa.schema([("source", pa.int32()), *((name, pa.string()) for name in texts), *answers, *features])


def _table_of(read: Sequence[ReadPicture], outputs: Outputs, facts: BatchFacts) -> pa.Table:
    has_answer = np.array([picture.reason is None for picture in read])
    # Row of the answer; a missing one gives an empty row.
    rows = pa.array(np.cumsum(has_answer) - 1, pa.int64(), mask=~has_answer)
    columns = _picture_columns(read)
    for name, values in _answer_columns(outputs, facts).items():
        column = values.take(rows)
        columns[name] = compute.fill_null(column, False) if name in _FLAGS else column
    schema = _schema_of(facts)
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _picture_columns(read: Sequence[ReadPicture]) -> dict[str, pa.Array]:
    reasons = [picture.reason for picture in read]
    records = [None if reason is None else reason.to_json() for reason in reasons]
    return {
        "source": pa.array([picture.picture.source for picture in read], pa.int32()),
        "path": pa.array([picture.picture.path for picture in read], pa.string()),
        "sha256": pa.array([picture.sha256 for picture in read], pa.string()),
        "error": pa.array([None if record is None else record["code"] for record in records], pa.string()),
        "error_values": pa.array(
            [None if record is None else json.dumps(record["values"]) for record in records], pa.string()
        ),
        "misfit": pa.array([picture.misfit and picture.misfit.value for picture in read], pa.string()),
    }


def _answer_columns(outputs: Outputs, facts: BatchFacts) -> dict[str, pa.Array]:
    labels, scores = facts.labels, outputs.stranger_scores
    answers = decide(labels, facts.sets, outputs.probabilities, scores)
    count, sets = len(answers.probabilities), pa.list_(pa.string())
    members = answers.in_set
    columns = {
        "predicted": _predicted(answers.predicted, facts),
        "confidence": pa.array(answers.confidence.astype(np.float32)),
        "probabilities": _lists_of(answers.probabilities),
        "stranger_score": pa.nulls(count, pa.float32()) if scores is None else pa.array(scores),
        "is_stranger": pa.array(answers.is_stranger),
        "is_unsure": pa.array(answers.is_unsure),
        "prediction_set": pa.nulls(count, sets)
        if members is None
        else _names_of(members, labels.class_names),
    }
    if outputs.features is not None:
        columns[_FEATURES] = _lists_of(outputs.features.astype(np.float16))
    return columns


def _predicted(predicted: np.ndarray, facts: BatchFacts) -> pa.Array:
    names = facts.labels.class_names
    if facts.labels.task is Task.MULTI_LABEL:
        return pa.array(joined_labels(predicted, names), pa.string())
    return pa.array(names, pa.string()).take(pa.array(predicted.argmax(axis=1)))


def _lists_of(rows: np.ndarray) -> pa.ListArray:
    """Rows of a matrix as lists."""
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(rows.shape[1])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(rows).ravel()))


def _names_of(members: np.ndarray, names: Sequence[str]) -> pa.ListArray:
    """Names of the classes that each row of bool (n, classes) contains."""
    offsets = np.concatenate([[0], members.sum(axis=1).cumsum()]).astype(np.int32)
    chosen = pa.array(names, pa.string()).take(pa.array(np.nonzero(members)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets), chosen)
