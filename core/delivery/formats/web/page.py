"""HTML of the page around a classifier."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

from core.delivery.facts import ModelFacts
from core.delivery.formats.web.scripts import CLASSIFIER, LIVE, joined
from core.delivery.formats.web.texts import SERVER_TEXTS, page_texts

_PAGE = ("elements.js", *LIVE, "page.js")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob: 'wasm-unsafe-eval'{own}; connect-src {connects}; "
    "style-src 'unsafe-inline'; img-src blob: data:; media-src blob:"
)


def folder_page(title: str) -> str:
    """Page that loads ``classifier.js`` from beside it."""
    script = f'import {{ load }} from "./classifier.js"\n{joined(*_PAGE)}\n{_start("load()")}'
    return _page(title, script, policy=_POLICY.format(own=" 'self'", connects="'self'"))


def single_page(title: str, files: Mapping[str, str], facts: ModelFacts) -> str:
    """Page that holds everything and may open no address at all.

    Args:
        files: of ``web_files``, in Base64.
    """
    script = f"{joined(*CLASSIFIER, 'embedded.js', *_PAGE)}\n{_start('loadClassifier(takeEmbedded)')}"
    return _page(title, script, policy=_POLICY.format(own="", connects="'none'"), files=files, facts=facts)


def server_page(title: str) -> str:
    """Page of a server: it sends pictures to ``predict`` beside it."""
    script = f"{joined('answer.js', 'remote.js', *_PAGE)}\n{_start('connect()')}"
    policy = _POLICY.format(own="", connects="'self'")
    return _page(title, script, policy=policy, texts=SERVER_TEXTS, runs_here=False)


def folder_module() -> str:
    """``classifier.js`` of the folder, with its exports."""
    return joined(*CLASSIFIER, "folder.js")


def _start(loading: str) -> str:
    """Script that starts the page; ``classifier`` is there for the browser's console and for tests."""
    return (
        f"globalThis.classifier = {loading}\n"
        'runPage(globalThis.classifier, JSON.parse(document.getElementById("texts").textContent))'
    )


def _page(
    title: str,
    script: str,
    policy: str,
    *,
    files: Mapping[str, str] | None = None,
    facts: ModelFacts | None = None,
    texts: Mapping[str, str] | None = None,
    runs_here: bool = True,
) -> str:
    return _template().render(
        title=title,
        policy=policy,
        style=Markup(joined("answer.css", "page.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        texts=_in_script(page_texts(texts or {})),
        runs_here=runs_here,
        files=files or {},
        facts=_in_script(facts.to_json()) if facts else None,
    )


def _in_script(value: object) -> Markup:
    """JSON for a script element, which "<" would end."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja")
