"""Pictures of a batch sorted into folders by their answers, with the table of answers beside them.

A picture with several labels lies in the folder of each. Strangers, unsure and unreadable
pictures have folders of their own. The files are unchanged.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.data.exports.content import UniqueNames, made_unique, safe_name
from core.errors import ConfigError, NotFoundError
from core.messages import N_
from core.prediction.batch.batches import Batch
from core.prediction.batch.files.result_format import ResultFormat
from core.prediction.batch.files.rows import ResultRow, Status, result_rows
from core.prediction.batch.files.spreadsheets import csv_chunks

_TABLE, _MISSING = "answers.csv", "not copied.txt"
_FOLDERS = {
    Status.STRANGER: "none of these",
    Status.UNSURE: "unsure",
    Status.UNREADABLE: "unreadable",
}
# Of a picture without any of several labels.
_NO_LABEL = "no label"


@dataclass(frozen=True, kw_only=True)
class SortedFile:
    """A file of the sorted folders."""

    # With “/” between folders; safe and unique on every system.
    path: str
    chunks: Iterable[bytes]


def sorted_files(batch: Batch) -> Iterator[SortedFile]:
    """Read the pictures one after another, each with its place."""
    names, folders = UniqueNames(), _Folders(batch.facts.labels.class_names if batch.facts else ())
    missing = []
    with batch.files() as files:
        for row in result_rows(batch):
            try:
                data = files.read(row.source, row.path, row.sha256)
            except NotFoundError as error:
                missing.append(f"{row.file}: {error}\n")
                continue
            for folder in folders.of(row):
                yield SortedFile(path=_unique_path(folder, row.path, names), chunks=[data])
    yield SortedFile(path=_TABLE, chunks=csv_chunks(batch))
    if missing:
        yield SortedFile(path=_MISSING, chunks=[line.encode() for line in missing])


def sort_into(batch: Batch, folder: Path) -> None:
    """Copy the pictures into folders by their answers.

    Raises:
        ConfigError: the folder has content already.
    """
    require_empty(folder)
    for file in sorted_files(batch):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.writelines(file.chunks)


def require_empty(folder: Path) -> None:
    """Refuse a folder in which something would be mixed up.

    Raises:
        ConfigError: it is a file, or has content.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise ConfigError(
            N_("“{folder}” is not empty. Choose a new folder for the sorted pictures."), folder=str(folder)
        )


def zip_chunks(batch: Batch) -> Iterator[bytes]:
    """Write the sorted folders as a zip, which is nowhere as a whole."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted_files(batch):
            with archive.open(file.path, "w", force_zip64=True) as stream:
                for chunk in file.chunks:
                    stream.write(chunk)
                    yield sink.taken()
    yield sink.taken()


class _Folders:
    """Names of the folders, safe and unique."""

    def __init__(self, class_names: Sequence[str]) -> None:
        wanted = [*_FOLDERS.values(), _NO_LABEL, *(safe_name(name) for name in class_names)]
        unique = made_unique(wanted)
        self._of_status: Mapping[Status, str] = dict(zip(_FOLDERS, unique, strict=False))
        self._no_label = unique[len(_FOLDERS)]
        self._of_class = dict(zip(class_names, unique[len(_FOLDERS) + 1 :], strict=True))

    def of(self, row: ResultRow) -> list[str]:
        if row.status in self._of_status:
            return [self._of_status[row.status]]
        return [self._of_class[name] for name in row.labels] or [self._no_label]


class _Sink(io.RawIOBase):
    """Stream that cannot be sought, from which the bytes so far are taken."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile writes nothing else
        self._chunks.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        chunk, self._chunks = b"".join(self._chunks), []
        return chunk


def _unique_path(folder: str, path: str, names: UniqueNames) -> str:
    name = PurePosixPath(path)
    suffix = f".{safe_name(name.suffix[1:])}" if name.suffix[1:] else ""
    return names.add(f"{folder}/{safe_name(name.stem)}") + suffix


SORTED = ResultFormat(
    code="zip",
    label=N_("Pictures in folders (zip)"),
    suffix=".zip",
    media_type="application/zip",
    chunks=zip_chunks,
)
