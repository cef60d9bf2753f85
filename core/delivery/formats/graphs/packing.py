"""Steps that several graph formats share: silence of the converters, facts as text, folders as zip."""

from __future__ import annotations

import json
import logging
import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from core.delivery.facts import ModelFacts


@contextmanager
def quiet() -> Iterator[None]:
    """Silence converters: their warnings, their log and their progress bars are for programmers."""
    earlier = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with Path(os.devnull).open("w") as nothing, redirect_stderr(nothing), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(earlier)


def facts_as_json(facts: ModelFacts) -> str:
    return json.dumps(facts.to_json(), ensure_ascii=False)


def pack_folder(folder: Path, path: Path) -> None:
    """Write all files below a folder into a zip."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder).as_posix())
