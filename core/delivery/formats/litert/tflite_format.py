"""LiteRT export: ``model.tflite``."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.facts import ModelFacts
from core.messages import N_


def make_tflite_file(model: DeliveredModel, path: Path) -> None:
    from core.delivery.formats.litert.signature import with_signature
    from core.models.litert import conversion

    path.write_bytes(with_signature(conversion.convert_to_tflite(model.scored_model)))
    embed_facts(path, model.facts)


def embed_facts(path: Path, facts: ModelFacts) -> None:
    """Write the facts into a LiteRT file, in place of those that it has."""
    from core.delivery.formats.litert.metadata import with_metadata

    path.write_bytes(with_metadata(path.read_bytes(), facts))


TFLITE = Exporter(
    code="tflite",
    label=N_("LiteRT (.tflite)"),
    description=N_(
        "For phones, Raspberry Pi and other small devices. Preprocessing is inside: give it the pixels."
    ),
    icon=":material/smartphone:",
    file_name="model.tflite",
    group=FormatGroup.DEVICES,
    make=make_tflite_file,
    embed=embed_facts,
    is_made_in_run=True,
    opens="core.delivery.formats.litert.tflite_opener:open_tflite",
)
