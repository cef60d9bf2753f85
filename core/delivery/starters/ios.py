"""iOS starter: a SwiftUI project that names what the camera sees, with the Core ML network."""

from __future__ import annotations

import zipfile
from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.graphs.coreml_format import COREML, PACKAGE
from core.delivery.starters.packing import write_starter
from core.messages import N_


def make_ios(model: DeliveredModel, path: Path) -> None:
    with zipfile.ZipFile(COREML.file(model.run)) as archive:
        package = [name for name in archive.namelist() if name.startswith(f"{PACKAGE}/")]
        files = {f"Classifier/{name}": archive.read(name) for name in package}
    write_starter(model.run, path, "ios", files)


IOS = Exporter(
    code="ios",
    label=N_("iPhone and iPad app"),
    description=N_(
        "A zip with a small app for Xcode, in SwiftUI: it names what the camera sees. Needs a Mac with XcodeGen; iOS 17 or later."
    ),
    icon=":material/phone_iphone:",
    file_name="ios.zip",
    group=FormatGroup.STARTERS,
    make=make_ios,
    made_from=(COREML.code,),
    packages=COREML.packages,
    checks_program=False,
)
