"""Archives as a test writes and forges them, and what a source gives."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from core.data.sources.opening import Listing, UnreadableMemberError, open_source
from tests.support.pictures import Files, digit

TAR_MODES = ["w", "w:gz", "w:bz2", "w:xz"]
PETS = {"cats/1.png": digit(1), "dogs/deep/2.png": digit(2), "notes.txt": b"hello", "cats/empty.png": b""}


def write_tar(path: Path, files: Files, mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def names(path: Path) -> list[str]:
    with open_source(path) as listing:
        return [member.name for member in listing.members]


def refused(path: Path) -> dict[str, str]:
    with open_source(path) as listing:
        return {name: str(reason) for name, reason in listing.refused}


def contents(listing: Listing) -> dict[str, bytes | str]:
    """Contents of each file, or the reason why it cannot be read."""
    found: dict[str, bytes | str] = {}
    for member in listing.members:
        try:
            found[member.name] = member.read()
        except UnreadableMemberError as error:
            found[member.name] = str(error.reason)
    return found


def patch_entry(path: Path, name: bytes, change: Callable[[bytearray], object]) -> None:
    """Change a file's entry in the archive's directory (its signature at byte 0), as a forger would."""
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<I", data, directory + 16)[0]
    begin = data.rindex(b"PK\x01\x02", start, data.index(name, start))
    entry = data[begin:]
    change(entry)
    path.write_bytes(data[:begin] + entry)
    assert zipfile.ZipFile(io.BytesIO(path.read_bytes())).namelist()  # still an archive


def zip_with_raw_names(path: Path, raw: list[bytes], extra: bytes = b"") -> Path:
    """A zip whose names are bytes without the mark that they are UTF-8."""
    stand_ins = [chr(ord("a") + number) * len(name) for number, name in enumerate(raw)]
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(stand_ins):
            info = zipfile.ZipInfo(name)
            info.extra = extra
            archive.writestr(info, digit(number))
    data = path.read_bytes()
    for stand_in, raw_name in zip(stand_ins, raw, strict=True):
        data = data.replace(stand_in.encode(), raw_name)
    path.write_bytes(data)
    return path
