"""Translation catalogues: ``locale/<language>/LC_MESSAGES/darkroom.po``, read without compiling."""

from __future__ import annotations

import gettext
from functools import lru_cache
from io import BytesIO
from pathlib import Path

LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
LOCALE_FOLDER = Path(__file__).resolve().parents[1] / "locale"
DOMAIN = "darkroom"


def translations(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; an empty one for English and unknown languages."""
    if language == "en":
        return gettext.NullTranslations()
    path = catalogue_path(language)
    if not path.is_file():
        return gettext.NullTranslations()
    return _read_catalogue(language, path, path.stat().st_mtime_ns)


def catalogue_path(language: str) -> Path:
    return LOCALE_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@lru_cache(maxsize=8)
def _read_catalogue(language: str, path: Path, modified_ns: int) -> gettext.GNUTranslations:
    """Read the catalogue at ``path``; ``modified_ns`` makes the cache miss after an edit."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language, domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
