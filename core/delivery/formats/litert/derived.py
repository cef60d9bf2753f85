"""LiteRT files that are made from a run's own, for one picture at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.delivery.exporter import DeliveredModel
from core.delivery.files import tflite_file


def write_derived(model: DeliveredModel, path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a run's LiteRT file with a batch of 1, and write it with the run's facts."""
    # Not at the top: pages import the table of formats, and LiteRT's schema takes a while.
    from core.delivery.formats.litert.fixed_batch import with_batch_of_one
    from core.delivery.formats.litert.metadata import with_metadata
    from core.delivery.formats.litert.signature import with_signature

    content = with_batch_of_one(with_signature(tflite_file(model.run).read_bytes()))
    path.write_bytes(with_metadata(change(content), model.facts))
