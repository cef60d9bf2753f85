"""Update of the translation catalogues from the code.

``python -m pages.ui.catalogue update`` adds new sentences with an empty
translation, keeps translations and drops sentences that left the code.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

import core
from core.catalogues import DOMAIN, LANGUAGES, catalogue_path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pages", "core")
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
BEGINNING = datetime(2026, 11, 22, tzinfo=UTC)  # a fixed date: no churn in version control


def sentences() -> Catalog:
    """Collect every sentence that the code marks for translation, with its files."""
    catalogue = Catalog(domain=DOMAIN, fuzzy=False)
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for _line, text, comments, _context in extract_from_file(
                "python", path, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
            ):
                catalogue.add(text, locations=[(name, 0)], auto_comments=comments)
    return catalogue


def read_catalogue(language: str) -> Catalog:
    """Read a language's catalogue; without a file, an empty one."""
    path = catalogue_path(language)
    if not path.is_file():
        return Catalog(
            locale=language,
            domain=DOMAIN,
            header_comment=f"# Darkroom in {LANGUAGES[language]}. Licensed as Darkroom is: Apache-2.0.",
            project="Darkroom",
            version=core.__version__,
            creation_date=BEGINNING,
            revision_date=BEGINNING,
            last_translator="The Darkroom authors",
            language_team=LANGUAGES[language],
            fuzzy=False,
        )
    with path.open("rb") as stream:
        return read_po(stream, locale=language, domain=DOMAIN)


def update(language: str) -> int:
    """Bring one catalogue up to date; returns how many sentences still need a translation."""
    catalogue = read_catalogue(language)
    catalogue.update(sentences(), no_fuzzy_matching=True, update_creation_date=False)
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(stream, catalogue, width=110, ignore_obsolete=True, include_lineno=False, sort_by_file=True)
    return sum(not is_translated(message) for message in entries(catalogue))


def entries(catalogue: Catalog) -> Iterator[Message]:
    """Return the catalogue's sentences, without the header."""
    return (message for message in catalogue if message.id)


def is_translated(message: Message) -> bool:
    """Check that every form is translated and not marked as fuzzy."""
    forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return all(forms) and not message.fuzzy


def placeholders(template: str) -> set[str]:
    """Return the placeholders of a template: ``{"file"}`` for ``"{file} is empty."``"""
    return {
        name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name is not None
    }


def main(arguments: list[str]) -> int:
    if arguments != ["update"]:
        print("Usage: python -m pages.ui.catalogue update")
        return 2
    for language in LANGUAGES:
        if language != "en":
            print(f"{language}: {update(language)} sentences to translate in {catalogue_path(language)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
