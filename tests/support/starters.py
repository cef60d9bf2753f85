"""Starter projects, made from files that are there and unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

from core.delivery.export import make_file
from core.delivery.exporter import Exporter, FinishedModel
from core.reporting.model_card import run_card


def unpack_starter(run: Path, starter: Exporter, folder: Path) -> Path:
    """Make a starter, and return the folder of its files."""
    file = folder / starter.file_name
    make_file(FinishedModel(run), starter, file, run_card)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / starter.code)
    return folder / starter.code
