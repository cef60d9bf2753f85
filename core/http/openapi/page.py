"""Documentation page of the API: one HTML file without scripts, made from the endpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.http.endpoint import Endpoint
from core.records import JsonObject

# The page runs nothing and loads nothing.
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@dataclass(frozen=True, kw_only=True)
class _Parameter:
    name: str
    location: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One endpoint as the page shows it."""

    method: str
    path: str
    summary: str
    scope: str
    parameters: tuple[_Parameter, ...]
    body: str
    answer: str
    example: str


def documentation_page(endpoints: Sequence[Endpoint], document: JsonObject) -> str:
    """Write the page.

    Args:
        document: the OpenAPI document of the same endpoints.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    sections = [
        (tag, [_row(endpoint, document) for endpoint in rows])
        for tag, rows in groupby(endpoints, key=lambda endpoint: endpoint.tag)
    ]
    schemas = [
        (name, json.dumps(schema, indent=2, ensure_ascii=False))
        for name, schema in document["components"]["schemas"].items()
    ]
    template = environment.get_template("page.html.jinja")
    return template.render(info=document["info"], sections=sections, schemas=schemas)


def _row(endpoint: Endpoint, document: JsonObject) -> _Row:
    operation = document["paths"][endpoint.path][endpoint.method.lower()]
    return _Row(
        method=endpoint.method,
        path=f"/api{endpoint.path}",
        summary=endpoint.summary,
        scope=endpoint.scope.value if endpoint.scope else "",
        parameters=tuple(
            _Parameter(
                name=item["name"],
                location=item["in"],
                kind=_kind(item["schema"]),
                text=item.get("description", ""),
            )
            for item in operation["parameters"]
        ),
        body=endpoint.body.__name__ if endpoint.body else "",
        answer=endpoint.answer.__name__ if endpoint.answer else "",
        example=_example(endpoint),
    )


def _kind(schema: JsonObject) -> str:
    return " | ".join(map(str, schema["enum"])) if "enum" in schema else str(schema.get("type", ""))


def _example(endpoint: Endpoint) -> str:
    address = f"http://localhost:8501/api{endpoint.path}".replace("{", "").replace("}", "")
    if endpoint.takes_pictures:
        return f"curl -F picture=@leaf.jpg {address}"
    if endpoint.body is not None:
        return f"curl -X {endpoint.method} {address} -H 'Content-Type: application/json' -d '{{…}}'"
    return f"curl {address}" if endpoint.method == "GET" else f"curl -X {endpoint.method} {address}"
