"""Question of an import job: how a source is understood that the user must confirm.

The worker writes it into the job's directory, ``core/runs/import_questions.py`` answers it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from core.data.formats.summary import Understanding
from core.data.formats.understanding import ConfirmationNeededError
from core.errors import DamagedFileError, SchemaVersionError
from core.records import read_record, write_record

# An ``Understanding``.
QUESTION_FILE = "question.json"
# Thumbnails of its examples, named by their position, and the files of those with more than 8 bits.
EXAMPLES_FOLDER = "examples"
_DEEP_SUFFIX = ".picture"
# Channels of an example; see ``channel_offer.channel_views``.
_CHANNELS_FILE = "channels.png"


def write_question(directory: Path, error: ConfirmationNeededError) -> None:
    """Write the thumbnails, then the record that makes the question valid."""
    remove_question(directory)
    folder = directory / EXAMPLES_FOLDER
    folder.mkdir()
    for position, thumbnail in error.files.thumbnails.items():
        (folder / f"{position}.jpg").write_bytes(thumbnail)
    for position, data in error.files.deep.items():
        (folder / f"{position}{_DEEP_SUFFIX}").write_bytes(data)
    if error.files.channel_views:
        (folder / _CHANNELS_FILE).write_bytes(error.files.channel_views)
    write_record(directory / QUESTION_FILE, error.understanding)


def has_question(directory: Path) -> bool:
    return (directory / QUESTION_FILE).exists()


def read_question(directory: Path) -> Understanding | None:
    """Read the question in a job's directory; None without a readable one."""
    try:
        return read_record(directory / QUESTION_FILE, Understanding)
    except (FileNotFoundError, DamagedFileError, SchemaVersionError):
        return None


def example_thumbnails(directory: Path) -> Mapping[int, Path]:
    """List the thumbnails of a question's examples, by position."""
    return {int(path.stem): path for path in (directory / EXAMPLES_FOLDER).glob("[0-9]*.jpg")}


def deep_examples(directory: Path) -> Mapping[int, Path]:
    """List the examples with more than 8 bits, by position."""
    return {int(path.stem): path for path in (directory / EXAMPLES_FOLDER).glob(f"[0-9]*{_DEEP_SUFFIX}")}


def channel_views(directory: Path) -> Path | None:
    """Path of the views of an example's channels; None without any."""
    path = directory / EXAMPLES_FOLDER / _CHANNELS_FILE
    return path if path.exists() else None


def move_question(directory: Path, other: Path) -> None:
    """Move a question to the directory of the job that tries its answer, unless that has asked already."""
    if (other / QUESTION_FILE).exists():
        remove_question(directory)
        return
    shutil.copytree(directory / EXAMPLES_FOLDER, other / EXAMPLES_FOLDER, dirs_exist_ok=True)
    (directory / QUESTION_FILE).replace(other / QUESTION_FILE)
    remove_question(directory)


def remove_question(directory: Path) -> None:
    (directory / QUESTION_FILE).unlink(missing_ok=True)
    shutil.rmtree(directory / EXAMPLES_FOLDER, ignore_errors=True)
