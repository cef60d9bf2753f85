"""Answers as JSON lines, for programs: one object a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from core.messages import N_
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.result_format import ResultFormat
from core.prediction.batch.files.rows import ResultRow, result_rows
from core.records import JsonObject


def json_lines_chunks(batch: Batch) -> Iterator[bytes]:
    """Write one line a picture."""
    classes = batch.facts.labels.class_names if batch.facts else ()
    for row in result_rows(batch):
        yield json.dumps(_object(row, classes), ensure_ascii=False).encode() + b"\n"


def _object(row: ResultRow, classes: Sequence[str]) -> JsonObject:
    return {
        "file": row.file,
        "sha256": row.sha256,
        "status": row.status.value,
        "labels": list(row.labels),
        "confidence": row.confidence,
        # Without an answer there are none.
        "classes": dict(zip(classes, row.probabilities, strict=False)),
        "prediction_set": None if row.prediction_set is None else list(row.prediction_set),
        "stranger_score": row.stranger_score,
        "doubt": row.doubt or None,
        "error": {"code": row.reason.code.value, "sentence": str(row.reason)} if row.reason else None,
    }


JSON_LINES = ResultFormat(
    code="jsonl",
    label=N_("JSON lines"),
    suffix=".jsonl",
    media_type="application/x-ndjson",
    chunks=json_lines_chunks,
)
