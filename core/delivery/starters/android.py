"""Android starter: a Kotlin project that names what the camera sees."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.litert.float16_format import TFLITE_FLOAT16
from core.delivery.starters.packing import write_starter
from core.messages import N_


def make_android(model: DeliveredModel, path: Path) -> None:
    network = TFLITE_FLOAT16.file(model.run)
    write_starter(model.run, path, "android", {"app/src/main/assets/model.tflite": network})


ANDROID = Exporter(
    code="android",
    label=N_("Android app"),
    description=N_(
        "A zip with a small app for Android Studio, in Kotlin: it names what the camera sees. Android 7 or later."
    ),
    icon=":material/android:",
    file_name="android.zip",
    group=FormatGroup.STARTERS,
    make=make_android,
    made_from=(TFLITE_FLOAT16.code,),
    opens="core.delivery.starters.opener:open_starter",
    checks_program=False,
    # That of the network.
    tolerance=TFLITE_FLOAT16.tolerance,
)
