"""Zip archives as import sources."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.encodings import decode_names
from core.data.sources.members import (
    CHUNK_BYTES,
    Allowance,
    Entry,
    Listing,
    UnreadableMemberError,
    listing_of,
    require_few_files,
)
from core.errors import ArchiveError
from core.messages import N_

ZIP_MAGIC = b"PK\x03\x04"
# Of the first file of a split archive.
_PART_MAGIC = b"PK\x07\x08"
_OFFICE_PARTS = "[Content_Types].xml"
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
# Info-ZIP: the name in UTF-8, with a checksum of the other name.
_UNICODE_PATH_FIELD = 0x7075
_DEVICES = {stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK}
_READABLE_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
# Errors of zipfile for damaged or hostile archives, collected in tests with such files.
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    MemoryError,
    struct.error,
)
IS_A_TABLE = N_("{file} is a table without pictures. Zip it together with the pictures that it names.")
IS_A_DOCUMENT = N_(
    "{file} is a document. Save its pictures as files, put them into one folder for each class, and zip the folders."
)


def open_zip(stream: IO[bytes], name: str) -> zipfile.ZipFile | None:
    """Open the archive in ``stream``; None if it is not a zip.

    Raises:
        ArchiveError: the zip cannot be read.
    """
    head = stream.read(len(ZIP_MAGIC))
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except ARCHIVE_ERRORS as error:
        if head == _PART_MAGIC:
            raise ArchiveError(
                N_(
                    "{file} is one of several parts of a zip file. Join them into one zip file and choose that."
                ),
                file=name,
            ) from error
        if head == ZIP_MAGIC:
            raise ArchiveError(
                N_("{file} is cut off: its end is missing. Copy or download it again."), file=name
            ) from error
        return None
    _require_pictures_possible(archive, name)
    return archive


def list_zip(archive: zipfile.ZipFile, allowance: Allowance) -> Listing:
    """List the files of an archive. They can be read while it is open.

    Raises:
        ArchiveError: the archive has too many files.
    """
    infos = archive.infolist()
    files = [
        (info, name)
        for info, name in zip(infos, _names(infos), strict=True)
        if not name.endswith(("/", "\\"))
    ]
    require_few_files(len(files), allowance)
    return listing_of(
        (
            Entry(
                name=name,
                content=_ZippedFile(archive=archive, info=info),
                packed_bytes=info.compress_size,
                refusal=_refusal(info),
            )
            for info, name in files
        ),
        allowance,
    )


def _require_pictures_possible(archive: zipfile.ZipFile, name: str) -> None:
    infos = archive.infolist()
    if any(info.filename == _OFFICE_PARTS for info in infos):
        is_table = any(info.filename.startswith("xl/") for info in infos)
        raise ArchiveError(IS_A_TABLE if is_table else IS_A_DOCUMENT, file=name)
    if any(info.flag_bits & _ENCRYPTED_FLAG for info in infos):
        raise ArchiveError(
            N_(
                "{file} is encrypted. Unpack it with its password, zip the folders without one, and try again."
            ),
            file=name,
        )


# Not frozen: an archive has up to a million.
@dataclass(kw_only=True, slots=True, eq=False)
class _ZippedFile:
    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    def chunks(self) -> Iterator[bytes]:
        try:
            with self.archive.open(self.info) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
        except ARCHIVE_ERRORS as error:
            raise UnreadableMemberError(Reason(code=SkipReason.DAMAGED_IN_ARCHIVE)) from error


def _refusal(info: zipfile.ZipInfo) -> SkipReason | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return SkipReason.LINK
    if kind in _DEVICES:
        return SkipReason.DEVICE
    return None if info.compress_type in _READABLE_COMPRESSIONS else SkipReason.UNKNOWN_COMPRESSION


def _names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """Decode the names of all files; ``zipfile`` decodes names without UTF-8 as cp437."""
    names = [_certain_name(info) for info in infos]
    unknown = [index for index, name in enumerate(names) if name is None]
    decoded = decode_names([_raw_name(infos[index]) for index in unknown])
    for index, name in zip(unknown, decoded, strict=True):
        names[index] = name
    return [name or "" for name in names]


def _certain_name(info: zipfile.ZipInfo) -> str | None:
    """Name of a file whose encoding is certain: ASCII, or stated."""
    if info.flag_bits & _UTF8_FLAG or (info.orig_filename.isascii() and not info.extra):
        return info.orig_filename
    return _unicode_path(info)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    # zipfile decoded it with cp437.
    return info.orig_filename.encode("cp437")


def _unicode_path(info: zipfile.ZipInfo) -> str | None:
    """Read the name in the extra field of Info-ZIP and 7-Zip, if its checksum matches this name."""
    stream = io.BytesIO(info.extra)
    while len(head := stream.read(4)) == 4:
        field, size = struct.unpack("<HH", head)
        content = stream.read(size)
        if field == _UNICODE_PATH_FIELD and len(content) == size > 5 and content[0] == 1:
            if struct.unpack_from("<I", content, 1)[0] != zlib.crc32(_raw_name(info)):
                return None
            return content[5:].decode("utf-8", errors="replace")
    return None
