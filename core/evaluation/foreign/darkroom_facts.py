"""Class names and preprocessing that an export of Darkroom states inside itself: JSON, read as data."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.sources.zips import ARCHIVE_ERRORS
from core.evaluation.foreign.facts import Preprocessing
from core.evaluation.foreign.preprocessing import scaled

# Key in the metadata of an ONNX file.
ONNX_KEY = "darkroom"
# In a Keras file, behind the network of a TFLite file, and in the folder ``EXTRA`` of a SavedModel.
FACTS_FILE = "darkroom.json"
EXTRA = "assets.extra"
_LARGEST_BYTES = 4 << 20
# Words of the facts for pictures as ``scaled("bytes")`` makes them.
_PLAIN_PICTURES = "uint8 RGB, 0 to 255"


@dataclass(frozen=True, kw_only=True)
class StatedFacts:
    """Facts of an export that answer the questions of a judgement."""

    # In the order of the answers.
    class_names: tuple[str, ...]
    # None: of a form that this version does not know.
    preprocessing: Preprocessing | None


def parse_facts(text: str | bytes) -> StatedFacts | None:
    """Read the facts that Darkroom embeds; None for any other text, which may be hostile."""
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("darkroom"), str):
        return None
    names = content.get("class_names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        return None
    is_plain = _PLAIN_PICTURES in str(content.get("preprocessing"))
    return StatedFacts(class_names=tuple(names), preprocessing=scaled("bytes") if is_plain else None)


def facts_beside(folder: Path) -> StatedFacts | None:
    """Read the facts in the folder of a SavedModel."""
    file = folder / EXTRA / FACTS_FILE
    try:
        return parse_facts(file.read_bytes()) if file.stat().st_size <= _LARGEST_BYTES else None
    except OSError:
        return None


def facts_inside(file: Path) -> StatedFacts | None:
    """Read the facts in a Keras file, or in the archive behind the network of a TFLite file."""
    try:
        with zipfile.ZipFile(file) as archive:
            info = archive.getinfo(FACTS_FILE)
            return parse_facts(archive.read(info)) if info.file_size <= _LARGEST_BYTES else None
    except (*ARCHIVE_ERRORS, KeyError):
        return None
