"""LiteRT export with weights of 8 bits."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.litert.derived import write_derived
from core.delivery.formats.litert.quantising import PACKAGE, Recipe, quantised
from core.messages import N_

_NO_PICTURES = np.empty(0, np.uint8)


def make_dynamic_file(model: DeliveredModel, path: Path) -> None:
    write_derived(model, path, partial(quantised, recipe=Recipe.DYNAMIC, pictures=_NO_PICTURES))


TFLITE_DYNAMIC = Exporter(
    code="tflite_dynamic",
    label=N_("LiteRT, quarter size (dynamic)"),
    description=N_(
        "Weights of 8 bits, without sample pictures. Often slower than the others, one picture at a time."
    ),
    icon=":material/compress:",
    file_name="model-dynamic.tflite",
    group=FormatGroup.DEVICES,
    make=make_dynamic_file,
    made_from=("tflite",),
    packages=(PACKAGE,),
    opens="core.delivery.formats.litert.tflite_opener:open_tflite",
    is_exact=False,
)
