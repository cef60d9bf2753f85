"""Tar archives as import sources, compressed or not.

A compressed tar can only be read from its beginning, so it is decompressed once into a
temporary file without a name. In a plain tar every file can be read directly.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO

from core.data.skip_reasons import SkipReason
from core.data.sources.encodings import decode_names
from core.data.sources.members import (
    CHUNK_BYTES,
    Allowance,
    Entry,
    Listing,
    listing_of,
    require_few_files,
)
from core.data.sources.subfiles import Part
from core.errors import ArchiveError
from core.messages import N_

_BLOCK_BYTES = 512
# A longer name is an attack on the memory.
_MAX_HEADER_BYTES = 1 << 20
_COMPRESSED: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": gzip.open,  # type: ignore[dict-item]  # IO[bytes] is more than it asks for
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_UNPACKING_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, MemoryError)
# Errors of tarfile for damaged or hostile archives, collected in tests with such files.
_TAR_ERRORS = (
    tarfile.TarError,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    RecursionError,
    MemoryError,
)
CUT_OFF = N_("{file} is cut off or damaged: its end could not be reached. Copy or download it again.")


def is_compressed(head: bytes) -> bool:
    """True if the first bytes are those of a compressed tar."""
    return any(head.startswith(magic) for magic in _COMPRESSED)


def unpacked_tar(stream: IO[bytes], name: str, allowance: Allowance) -> Iterator[bytes]:
    """Decompress ``stream`` in chunks.

    Raises:
        ArchiveError: the archive is damaged, or a bomb.
        DataError: the disk is nearly full.
    """
    head = stream.read(max(map(len, _COMPRESSED)))
    stream.seek(0)
    opener = next(opener for magic, opener in _COMPRESSED.items() if head.startswith(magic))
    try:
        with opener(stream) as unpacked:
            while chunk := unpacked.read(CHUNK_BYTES):
                allowance.take(len(chunk))
                yield chunk
    except _UNPACKING_ERRORS as error:
        raise ArchiveError(CUT_OFF, file=name) from error


def is_tar(part: Part) -> bool:
    """True if the part is a plain tar, including an empty one."""
    block = part.shared.read_at(part.start, min(part.size, _BLOCK_BYTES))
    if len(block) == _BLOCK_BYTES and not any(block):
        return True
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except _TAR_ERRORS:
        return False
    return True


def list_tar(part: Part, name: str, allowance: Allowance) -> Listing:
    """List the files of a plain tar. They can be read while its file is open.

    Raises:
        ArchiveError: the archive is cut off, or has too many files.
    """
    infos, end = _read_headers(part, name, allowance)
    closing = part.shared.read_at(part.start + end, _BLOCK_BYTES)
    # tarfile treats any damage here as the end.
    if len(closing) < _BLOCK_BYTES or any(closing):
        raise ArchiveError(CUT_OFF, file=name)
    paths = decode_names([info.name.encode("utf-8", "surrogateescape") for info in infos])
    return listing_of(
        (
            Entry(name=path, content=part.within(info.offset_data, info.size), refusal=_refusal(info))
            for info, path in zip(infos, paths, strict=True)
        ),
        allowance,
    )


def _read_headers(part: Part, name: str, allowance: Allowance) -> tuple[list[tarfile.TarInfo], int]:
    """Read the headers of all files except folders, and the offset at which the last one ends."""
    infos: list[tarfile.TarInfo] = []
    last = -1
    headers = _GuardedHeaders(part.open())
    try:
        with tarfile.open(fileobj=headers, mode="r:", errors="surrogateescape") as tar:
            for info in tar:
                # Would be read forever.
                if info.offset <= last or info.size < 0:
                    raise ArchiveError(CUT_OFF, file=name)
                last = info.offset
                if not info.isdir():
                    infos.append(info)
                    require_few_files(len(infos), allowance)
            return infos, tar.offset
    except _TAR_ERRORS as error:
        raise ArchiveError(CUT_OFF, file=name) from error


def _refusal(info: tarfile.TarInfo) -> SkipReason | None:
    if info.issym() or info.islnk():
        return SkipReason.LINK
    if info.isfile() and not info.issparse():
        return None
    return SkipReason.DEVICE


class _GuardedHeaders(io.RawIOBase):
    """Stream for tarfile's header reads: refuses reads longer than a header can be."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size) if 0 < size <= _MAX_HEADER_BYTES else b""
        # tarfile would read on.
        if not data:
            raise tarfile.ReadError
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()
