"""LiteRT export with weights and features of 8 bits."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.calibration_pictures import calibration_pictures
from core.delivery.formats.litert.derived import write_derived
from core.delivery.formats.litert.quantising import PACKAGE, Recipe, quantised
from core.messages import N_


def make_int8_file(model: DeliveredModel, path: Path) -> None:
    pictures = calibration_pictures(model.run)
    write_derived(model, path, partial(quantised, recipe=Recipe.STATIC, pictures=pictures))


TFLITE_INT8 = Exporter(
    code="tflite_int8",
    label=N_("LiteRT, quarter size (int8)"),
    description=N_(
        "For small devices and accelerators: weights and features of 8 bits. Answers change a little, one picture at a time."
    ),
    icon=":material/memory:",
    file_name="model-int8.tflite",
    group=FormatGroup.DEVICES,
    make=make_int8_file,
    made_from=("tflite",),
    packages=(PACKAGE,),
    opens="core.delivery.formats.litert.tflite_opener:open_tflite",
    is_exact=False,
)
