"""LiteRT export with weights of 16 bits."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.litert.derived import write_derived
from core.messages import N_


def make_float16_file(model: DeliveredModel, path: Path) -> None:
    from core.delivery.formats.litert.float16 import with_half_weights

    write_derived(model, path, with_half_weights)


TFLITE_FLOAT16 = Exporter(
    code="tflite_float16",
    label=N_("LiteRT, half size"),
    description=N_(
        "For phones: weights of 16 bits instead of 32. Almost the same answers, one picture at a time."
    ),
    icon=":material/smartphone:",
    file_name="model-float16.tflite",
    group=FormatGroup.DEVICES,
    make=make_float16_file,
    made_from=("tflite",),
    opens="core.delivery.formats.litert.tflite_opener:open_tflite",
    # Measured: up to 0.02.
    tolerance=0.02,
)
