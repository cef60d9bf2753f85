"""Web page export: one HTML file that opens by a double click and needs no network."""

from __future__ import annotations

import base64
from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.web.browser import can_open_pages
from core.delivery.formats.web.files import web_files
from core.delivery.formats.web.page import single_page
from core.messages import N_
from core.workspace import project_of


def make_web_page(model: DeliveredModel, path: Path) -> None:
    files = {name: base64.b64encode(content).decode() for name, content in web_files(model.run).items()}
    path.write_text(single_page(project_of(model.run).name, files, model.facts), encoding="utf-8")


WEB_PAGE = Exporter(
    code="web_page",
    label=N_("Web page"),
    description=N_(
        "One file that opens by a double click in any current browser, with pictures or the camera. Works without a network."
    ),
    icon=":material/web:",
    file_name="classifier.html",
    group=FormatGroup.WEB,
    make=make_web_page,
    made_from=("tflite",),
    answers_files="core.delivery.formats.web.answers:answer_with_page",
    has_checker=can_open_pages,
)
