"""Web folder export: a zip for any web server, with a small JavaScript module."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.facts_files import facts_files
from core.delivery.formats.web.browser import can_open_pages
from core.delivery.formats.web.files import RUNTIME_LICENCE, web_files
from core.delivery.formats.web.page import folder_module, folder_page
from core.messages import N_
from core.workspace import project_of

_README = Path(__file__).with_name("folder_readme.md")


def make_web_folder(model: DeliveredModel, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("index.html", folder_page(project_of(model.run).name))
        folder.writestr("classifier.js", folder_module())
        for name, content in web_files(model.run).items():
            folder.writestr(name, gzip.decompress(content))
        for name, content in facts_files(model.facts).items():
            folder.writestr(name, content)
        folder.write(RUNTIME_LICENCE, "runtime/LICENSE")
        folder.write(_README, "README.md")


WEB = Exporter(
    code="web",
    label=N_("For a website"),
    description=N_(
        "A folder for any web server, and a module for your own pages. It runs in the visitor's browser: no picture is sent."
    ),
    icon=":material/public:",
    file_name="web.zip",
    group=FormatGroup.WEB,
    make=make_web_folder,
    made_from=("tflite",),
    answers_files="core.delivery.formats.web.answers:answer_with_folder",
    has_checker=can_open_pages,
)
