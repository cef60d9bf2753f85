"""Reports of a run as files: one HTML page, and a model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from starlette.responses import Response

from core.catalogues import LANGUAGES, translations
from core.errors import ConfigError
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.messages import N_
from core.records import Record
from core.reporting.html import report_html
from core.reporting.model_card import model_card
from core.reporting.source import ReportSource


@dataclass(frozen=True, kw_only=True)
class ReportOptions(Record):
    """Options of a report."""

    pictures: Annotated[bool, Note(text="With small copies of the worst mistakes.")] = True
    language: Annotated[str, Note(schema={"type": "string", "enum": list(LANGUAGES)})] = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ConfigError(
                N_("There is no {setting} called “{name}”. Choose from: {known}."),
                setting="language",
                name=self.language[:80],
                known=", ".join(LANGUAGES),
            )


def html(call: Call) -> Response:
    source, language = _source(call), call.query_as(ReportOptions).language
    return _file(
        report_html(source, language.replace("_", "-")), "text/html", f"{source.run.name}-report.html"
    )


def card(call: Call) -> Response:
    return _file(model_card(_source(call)), "text/markdown", "README.md")


def _source(call: Call) -> ReportSource:
    options = call.query_as(ReportOptions)
    return ReportSource(
        evaluated=call.evaluated,
        translate=translations(options.language).gettext,
        has_pictures=options.pictures,
    )


def _file(text: str, media_type: str, name: str) -> Response:
    # As a file: a page of this origin could ask the server for more.
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=media_type, headers=headers)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/report.html",
        summary="Download the evaluation as one HTML page that prints.",
        scope=Scope.READ,
        handler=html,
        query=ReportOptions,
        media_type="text/html",
    ),
    Endpoint(
        method="GET",
        path="/v1/runs/{run}/model-card",
        summary="Download the model card (Markdown, in the form that Hugging Face reads).",
        scope=Scope.READ,
        handler=card,
        query=ReportOptions,
        media_type="text/markdown",
    ),
)
