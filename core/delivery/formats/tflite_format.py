"""LiteRT export: ``model.tflite``."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.messages import N_


def make_tflite_file(model: DeliveredModel, path: Path) -> None:
    from core.models.litert import conversion

    path.write_bytes(conversion.convert_to_tflite(model.scored_model))


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
    is_made_in_run=True,
    opens="core.delivery.formats.tflite_opener:open_tflite",
)
