"""HTML file of a report: no scripts, no addresses; pictures and charts stand inside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

import core
from core.files import whole_file
from core.reporting.blocks import Block
from core.reporting.sections import table
from core.reporting.source import ReportSource


class _Section(NamedTuple):
    code: str
    title: str
    # name of each block's kind, for the template
    blocks: Sequence[tuple[str, Block]]


def report_html(source: ReportSource, language: str = "en") -> str:
    """Write the report as one HTML page.

    Args:
        language: of the texts, such as "zh-CN"; browsers choose fonts by it.
    """
    made = ((row, row.blocks(source)) for row in table.SECTIONS)
    sections = [
        _Section(row.code, source.say(row.title), [(type(block).__name__, block) for block in blocks])
        for row, blocks in made
        if blocks
    ]
    return _template().render(
        source=source,
        sections=sections,
        language=language,
        made_by=f"Darkroom {core.__version__}",
    )


def write_report_html(source: ReportSource, path: Path, language: str = "en") -> None:
    """Write the report to a file, atomically."""
    text = report_html(source, language)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline_jpeg"] = _inline_jpeg
    environment.filters["drawn"] = Markup
    return environment.get_template("report.html.jinja")


def _inline_jpeg(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
