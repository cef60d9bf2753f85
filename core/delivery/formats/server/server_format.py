"""Server export: a zip with a small HTTP server around the bundle's program, and a container file for it."""

from __future__ import annotations

import json
import platform
import zipfile
from pathlib import Path
from string import Template

from core.delivery.decisions import sets_of
from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.bundle_format import add_program, program_files
from core.delivery.formats.facts_files import facts_files
from core.delivery.formats.web.page import server_page
from core.messages import N_
from core.workspace import project_of

# Files of the zip; ``Dockerfile`` is a template.
_PROGRAM = Path(__file__).parent / "program"
_CONTAINER, _PREDICTION_SET = "Dockerfile", "prediction_set.json"


def make_server(model: DeliveredModel, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        add_program(archive, model.run)
        for name, file in program_files(_PROGRAM).items():
            if name != _CONTAINER:
                archive.write(file, name)
        archive.writestr(_CONTAINER, _container_file())
        archive.writestr("page.html", server_page(project_of(model.run).name))
        for name, content in facts_files(model.facts).items():
            archive.writestr(name, content)
        if (sets := sets_of(model.run)) is not None:
            archive.writestr(_PREDICTION_SET, json.dumps(sets.to_json(), indent=1))


def _container_file() -> str:
    """Container file for this version of Python, in which the packages were checked."""
    major, minor, _ = platform.python_version_tuple()
    return Template((_PROGRAM / _CONTAINER).read_text(encoding="utf-8")).substitute(python=f"{major}.{minor}")


SERVER = Exporter(
    code="server",
    label=N_("Small server"),
    description=N_(
        "A zip with an HTTP server that needs three small packages, no TensorFlow, and a container file for it. The server is checked here; the container is not built here."
    ),
    icon=":material/dns:",
    file_name="server.zip",
    group=FormatGroup.SERVERS,
    make=make_server,
    made_from=("tflite",),
    answers_files="core.delivery.formats.server.server_answers:answer_with_server",
)
