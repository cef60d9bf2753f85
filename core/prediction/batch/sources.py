"""Pictures of a batch: files of folders, archives and single files, listed and read safely."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from core.data.skip_reasons import Reason
from core.data.sources.folders import read_file
from core.data.sources.members import (
    COMPANION_SUFFIXES,
    Allowance,
    Member,
    SourceLimits,
    UnreadableMemberError,
    safe_parts,
)
from core.data.sources.opening import is_archive_name, open_source
from core.data.sources.zips import ZIP_MAGIC
from core.errors import DataError, ErrorCode, NotFoundError
from core.files import sha256_bytes
from core.messages import N_

# Reading fills no disk: the answers do, and a full disk pauses their job.
_LIMITS = SourceLimits(free_disk_bytes=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchPicture:
    """A picture file of a batch."""

    # Its source, by number.
    source: int
    # Inside its source, with “/” between folders.
    path: str
    # Raises UnreadableMemberError.
    read: Callable[[], bytes]


@contextmanager
def open_pictures(directory: Path, sources: Sequence[Path]) -> Iterator[list[BatchPicture]]:
    """List the pictures of a batch, in an order that only depends on the sources.

    Files that are not pictures by their names, such as tables, are left out. Refused files, such as
    links, are listed, and reading them tells why.

    Args:
        directory: of the batch, to which sources may be relative.
    Raises:
        NotFoundError, ArchiveError, DataError: a source cannot be opened.
        DataError: there are no pictures.
    """
    with ExitStack() as stack:
        pictures: list[BatchPicture] = []
        for number, source in enumerate(sources):
            with _ending_for_good(source):
                pictures += _pictures_of(directory / source, number, stack)
        if not pictures:
            names = ", ".join(source.name for source in sources)
            raise DataError(
                N_("There are no pictures in {sources}. Choose a folder or archive with pictures."),
                code=ErrorCode.CANNOT_GO_ON if all(map(_is_kept, sources)) else "",
                sources=names,
            )
        yield pictures


@contextmanager
def _ending_for_good(source: Path) -> Iterator[None]:
    """Mark the error of a source that the batch keeps: nobody mends it, while a folder of the server may change."""
    try:
        yield
    except DataError as error:
        if _is_kept(source):
            error.message = replace(error.message, code=ErrorCode.CANNOT_GO_ON)
        raise


def _is_kept(source: Path) -> bool:
    """True for a source in the directory of its batch."""
    return not source.is_absolute()


def is_archive(path: Path) -> bool:
    """True for a file that holds other files, by its name or its first bytes."""
    if is_archive_name(path.name):
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    # Reading it as a picture says why it cannot be read.
    except OSError:
        return False


def _pictures_of(source: Path, number: int, stack: ExitStack) -> Iterator[BatchPicture]:
    if source.is_file() and not is_archive(source):
        yield BatchPicture(source=number, path=_as_text(source.name), read=_reader_of_file(source))
        return
    listing = stack.enter_context(open_source(source, _LIMITS))
    for member in listing.members:
        if not member.parts[-1].lower().endswith(COMPANION_SUFFIXES):
            yield BatchPicture(source=number, path=_path_of(member), read=member.read)
    for name, reason in listing.refused:
        yield BatchPicture(source=number, path=name, read=partial(_refuse, reason))


class BatchFiles:
    """Picture files of a batch, read again: for galleries, corrections and copies.

    Archives stay open once one of their pictures was read. Close it, or use a ``with`` block.
    """

    def __init__(self, directory: Path, sources: Sequence[Path]) -> None:
        self._directory, self._sources = directory, sources
        self._stack = ExitStack()
        self._archives: dict[int, dict[str, BatchPicture]] = {}

    def read(self, source: int, path: str, sha256: str | None) -> bytes:
        """Read the file of an answer; arguments as the table of answers has them.

        Raises:
            NotFoundError: it is not there any more, or has changed.
        """
        try:
            data = self._read(source, path)
        except (UnreadableMemberError, OSError) as error:
            raise _gone(path) from error
        if sha256 is not None and sha256_bytes(data) != sha256:
            raise NotFoundError(N_("“{path}” has changed since it was classified."), path=path)
        return data

    def _read(self, number: int, path: str) -> bytes:
        source = self._directory / self._sources[number]
        if source.is_dir():
            return _reader_of_file(_file_in(source, path))()
        if not is_archive(source):
            return _reader_of_file(source)()
        if number not in self._archives:
            pictures = _pictures_of(source, number, self._stack)
            self._archives[number] = {picture.path: picture for picture in pictures}
        if path not in self._archives[number]:
            raise _gone(path)
        return self._archives[number][path].read()

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _file_in(folder: Path, path: str) -> Path:
    """Path of a file of a folder; never one outside it.

    Raises:
        NotFoundError: the path leads out of the folder.
    """
    parts = safe_parts(path)
    file = folder.joinpath(*parts or ("..",))
    if parts is None or not file.resolve().is_relative_to(folder.resolve()):
        raise _gone(path)
    return file


def _reader_of_file(path: Path) -> Callable[[], bytes]:
    return partial(read_file, path, Allowance(_LIMITS, path.name, path.parent, packed_bytes=None))


def _refuse(reason: Reason) -> NoReturn:
    raise UnreadableMemberError(reason)


def _path_of(member: Member) -> str:
    return _as_text("/".join(member.parts))


def _as_text(path: str) -> str:
    """Replace the parts of a name that are not text, which a table cannot store."""
    return path.encode("utf-8", "replace").decode()


def _gone(path: str) -> NotFoundError:
    return NotFoundError(N_("The file of “{path}” is not there any more."), path=path)
