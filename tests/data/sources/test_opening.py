"""Zips, tars and folders give their safe files; paths outside, links and bombs are refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import read_layout
from core.data.sources import members
from core.data.sources.opening import Listing, SourceLimits, UnreadableMemberError, open_source
from core.errors import ArchiveError, DataError, NotFoundError
from core.workspace import home
from tests.support.files import deny_opening
from tests.support.pictures import Files, digit, write_folder, write_zip


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


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_zip_gives_its_files(tmp_path: Path, compression: int) -> None:
    files = {
        "cats/1.png": digit(1),
        "dogs/deep/2.png": digit(2),
        "notes.txt": b"hello",
        "cats/empty.png": b"",
    }
    with open_source(write_zip(tmp_path / "pets.zip", files, compression)) as listing:
        assert contents(listing) == files
        assert [member.parts for member in listing.members][1] == ("dogs", "deep", "2.png")
        assert listing.refused == []


def test_a_folder_gives_its_files(tmp_path: Path) -> None:
    files = {
        "cats/1.png": digit(1),
        "dogs/deep/2.png": digit(2),
        "notes.txt": b"hello",
        "cats/empty.png": b"",
    }
    with open_source(write_folder(tmp_path / "pets", files)) as listing:
        assert contents(listing) == files
        assert {member.parts for member in listing.members} == {tuple(name.split("/")) for name in files}
        assert listing.refused == []


def test_a_file_can_be_read_twice_and_in_any_order(tmp_path: Path) -> None:
    """Nobody promises to read an archive front to back."""
    with open_source(write_zip(tmp_path / "a.zip", {"x/1.png": digit(1), "x/2.png": digit(2)})) as listing:
        first, second = listing.members
        assert (second.read(), first.read(), second.read()) == (digit(2), digit(1), digit(2))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=re.escape(f"no file or folder “{tmp_path / 'cats.zip'}”")):
        names(tmp_path / "cats.zip")


def test_an_empty_file_is_no_archive(tmp_path: Path) -> None:
    """Beginning of an upload that broke off at its start."""
    (tmp_path / "cats.zip").touch()
    with pytest.raises(ArchiveError, match=r"^cats\.zip is empty"):
        names(tmp_path / "cats.zip")


def test_an_empty_archive_has_no_files(tmp_path: Path) -> None:
    assert names(write_zip(tmp_path / "cats.zip", {})) == []


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("cats.rar", b"Rar!\x1a\x07\x00 cats", "is a RAR archive, which cannot be read here"),
        ("cats.zip", b"7z\xbc\xaf\x27\x1c cats", "is a 7z archive"),
        ("cats.tar.zst", b"\x28\xb5\x2f\xfd cats", "is a Zstandard archive"),
        ("cats.png", digit(0), "is a single picture"),
        ("cats.heic", b"\x00\x00\x00\x18ftypheic", "is a single picture"),
        ("cats.zip", b"%PDF-1.7 cats", "is a document"),
        ("cats.docx", b"\xd0\xcf\x11\xe0 cats", "is a document"),
        ("cats.csv", b"file,label\n1.jpg,cat\n", "is a table without pictures"),
        ("cats.xls", b"\xd0\xcf\x11\xe0 cats", "is a table without pictures"),
        ("cats.zip", b"\n<!DOCTYPE html><title>Sign in</title>", "is a web page, not the archive"),
        ("cats.json.gz", gzip.compress(b"{}", mtime=0), "is compressed but holds no tar archive"),
        ("cats.zip", b"PK\x07\x08 cats", "is one of several parts of a zip file"),
        ("cats.zip", b"x", "is not a zip or tar file"),
        ("cats.zip", bytes(100), "is not a zip or tar file"),
    ],
)
def test_another_file_is_called_what_it_is(tmp_path: Path, name: str, data: bytes, what: str) -> None:
    """Its name may say anything; what to do depends on what it is."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ArchiveError, match=f"^{re.escape(name)} {what}"):
        names(tmp_path / name)


@pytest.mark.parametrize(
    ("inside", "what"), [("xl/workbook.xml", "table"), ("word/document.xml", "document")]
)
def test_an_office_file_is_a_zip_but_no_archive(tmp_path: Path, inside: str, what: str) -> None:
    path = write_zip(tmp_path / "cats.xlsx", {"[Content_Types].xml": b"<x/>", inside: b"<x/>"})
    with pytest.raises(ArchiveError, match=f"is a {what}"):
        names(path)


@pytest.mark.parametrize("missing", [1, 21, 22, 60, 400])
def test_an_archive_that_is_cut_off_has_an_error_of_its_own(tmp_path: Path, missing: int) -> None:
    """A download that broke off wants to be repeated, not packed anew."""
    path = write_zip(tmp_path / "cats.zip", {f"cats/{i}.png": digit(i) for i in range(3)})
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(ArchiveError, match=r"^cats\.zip is cut off"):
        names(path)


def test_an_encrypted_archive_is_said_to_be_one(tmp_path: Path) -> None:
    """Otherwise every picture in it would look damaged."""
    path = write_zip(tmp_path / "cats.zip", {"cats/1.png": digit(1), "cats/2.png": digit(2)})
    patch_entry(path, b"cats/2.png", lambda entry: struct.pack_into("<H", entry, 8, 0x1))
    with pytest.raises(ArchiveError, match=r"^cats\.zip is encrypted"):
        names(path)


@pytest.mark.parametrize("write", [write_zip, write_tar, write_folder])
def test_too_many_files_are_refused(tmp_path: Path, write: Callable[..., Path]) -> None:
    limits = SourceLimits(files=2)
    with open_source(write(tmp_path / "two", {"a/1": b"1", "a/2": b"2"}), limits) as listing:
        assert len(listing.members) == 2
    path = write(tmp_path / "three", {"a/1": b"1", "a/2": b"2", "a/3": b"3"})
    with pytest.raises(ArchiveError, match="contains 3 files; at most 2"), open_source(path, limits):
        pass


def test_folders_in_an_archive_do_not_count(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "cats.zip", {"a/1": b"1", "a/2": b"2", "b/": b""})
    with open_source(path, SourceLimits(files=2)) as listing:
        assert [member.name for member in listing.members] == ["a/1", "a/2"]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "cats/../../evil.png",
        "cats/..",
        "/etc/evil.png",
        "//server/share/evil.png",
        "C:/evil.png",
        "c:evil.png",
        "..\\evil.png",
        "cats\\..\\..\\evil.png",
        "\\evil.png",
        "\\\\server\\share\\evil.png",
        "D:\\evil.png",
    ],
)
def test_a_name_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = write_zip(tmp_path / "cats.zip", {name: digit(1), "cats/1.png": digit(2)})
    assert names(path) == ["cats/1.png"]
    assert refused(path) == {name: "its name points outside the archive"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("cats\\tom\\1.png", ("cats", "tom", "1.png")),  # as some Windows programs pack
        ("./cats/1.png", ("cats", "1.png")),
        ("cats//1.png", ("cats", "1.png")),
        ("cats/./1.png", ("cats", "1.png")),
        ("cats/1..png", ("cats", "1..png")),
        ("猫/一.png", ("猫", "一.png")),
        ("<img src=x onerror=alert(1)>/1.png", ("<img src=x onerror=alert(1)>", "1.png")),
        ("a:b/1.png", None),  # a drive letter, or as good as one
        ("cats:dogs/1.png", ("cats:dogs", "1.png")),
    ],
)
def test_other_names_are_taken_apart(tmp_path: Path, name: str, parts: tuple[str, ...] | None) -> None:
    with open_source(write_zip(tmp_path / "cats.zip", {name: digit(1)})) as listing:
        assert [member.parts for member in listing.members] == ([parts] if parts else [])
        assert [member.name for member in listing.members] == (["/".join(parts)] if parts else [])


def test_folders_in_an_archive_are_no_files(tmp_path: Path) -> None:
    """Not even those that a Windows program named with a backslash."""
    path = write_zip(tmp_path / "cats.zip", {"cats/": b"", "dogs\\": b"", "cats/1.png": digit(1)})
    assert names(path) == ["cats/1.png"]
    assert refused(path) == {}


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    """Unpacked, it could be followed to any file of this machine."""
    path = tmp_path / "cats.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("cats/passwords.png")
        link.create_system = 3  # Unix
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("cats/1.png", digit(1))
    assert names(path) == ["cats/1.png"]
    assert refused(path) == {"cats/passwords.png": "it is a link, not a file"}


def test_links_in_a_folder_are_refused(tmp_path: Path) -> None:
    """One to a parent would also never end."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(digit(9))
    folder = write_folder(tmp_path / "pets", {"cats/1.png": digit(1)})
    (folder / "cats" / "link.png").symlink_to(secret)
    (folder / "cats" / "dead.png").symlink_to(tmp_path / "nowhere")
    (folder / "cats" / "round").symlink_to(folder)
    assert names(folder) == ["cats/1.png"]
    link = "it is a link, not a file; import the folder on the command line with --follow-links"
    assert refused(folder) == {"cats/link.png": link, "cats/dead.png": link, "cats/round": link}


def test_the_folder_that_is_named_may_itself_be_a_link(tmp_path: Path) -> None:
    """Whoever typed it means what it points to."""
    write_folder(tmp_path / "pets", {"cats/1.png": digit(1)})
    (tmp_path / "shortcut").symlink_to(tmp_path / "pets")
    assert names(tmp_path / "shortcut") == ["cats/1.png"]


def test_a_pipe_in_a_folder_is_not_opened(tmp_path: Path) -> None:
    """Reading it would wait for ever."""
    folder = write_folder(tmp_path / "pets", {"cats/1.png": digit(1)})
    os.mkfifo(folder / "cats" / "pipe.png")
    assert names(folder) == ["cats/1.png"]
    assert refused(folder) == {"cats/pipe.png": "it is a device or a pipe, not a file"}


JUNK = {
    "__MACOSX/cats/._1.png": b"resource fork",
    "cats/.DS_Store": b"icons",
    "cats/._1.png": b"resource fork",
    "cats/Thumbs.db": b"previews",
    "desktop.ini": b"icons",
    "CATS/DESKTOP.INI": b"icons",
    "cats/.ipynb_checkpoints/1-checkpoint.png": digit(1),
    ".git/objects/ab": b"history",
}


@pytest.mark.parametrize("write", [write_zip, write_tar, write_folder])
def test_what_programs_leave_behind_is_not_mentioned(tmp_path: Path, write: Callable[..., Path]) -> None:
    """A list of skipped files that names a ``._`` twin for each picture helps nobody."""
    path = write(tmp_path / "pets", {**JUNK, "cats/1.png": digit(1)})
    assert names(path) == ["cats/1.png"]
    assert refused(path) == {}


def test_a_damaged_file_does_not_cost_the_others(tmp_path: Path) -> None:
    files = {f"cats/{i}.png": digit(i) for i in range(4)}
    path = write_zip(tmp_path / "cats.zip", files)
    data = path.read_bytes()
    packed = zipfile.ZipFile(path).getinfo("cats/1.png")
    start = packed.header_offset + 30 + len("cats/1.png")
    path.write_bytes(data[: start + 20] + b"\x00\xff\x00\xff" + data[start + 24 :])
    with open_source(path) as listing:
        assert contents(listing) == {**files, "cats/1.png": "it is damaged inside the archive"}


def test_a_file_whose_checksum_is_wrong_is_damaged(tmp_path: Path) -> None:
    """Stored without compression, only the checksum can tell."""
    path = write_zip(tmp_path / "cats.zip", {"cats/1.png": digit(1)}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(digit(1), digit(1)[:-1] + b"\x00"))
    with open_source(path) as listing:
        assert contents(listing) == {"cats/1.png": "it is damaged inside the archive"}


@pytest.mark.parametrize("claimed", [0, 1, 2**31])
def test_a_false_size_in_an_archive_is_detected(tmp_path: Path, claimed: int) -> None:
    """The size stands in the archive, written by whoever made it."""
    path = write_zip(tmp_path / "cats.zip", {"cats/1.png": digit(1), "cats/2.png": digit(2)})
    patch_entry(path, b"cats/1.png", lambda entry: struct.pack_into("<I", entry, 24, claimed))
    with open_source(path) as listing:
        found = contents(listing)
    assert found["cats/2.png"] == digit(2)
    # Too small a claim cuts the file short, and its checksum fails; too large a one changes nothing.
    assert found["cats/1.png"] == (
        digit(1) if claimed > len(digit(1)) else "it is damaged inside the archive"
    )


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """A megabyte of zip can hold a gigabyte of zeros, whatever size it claims."""
    path = write_zip(
        tmp_path / "bomb.zip", {"cats/1.png": bytes((1 << 20) + 1), "cats/2.png": bytes(1 << 20)}
    )
    assert path.stat().st_size < 5000
    with open_source(path, SourceLimits(file_bytes=1 << 20)) as listing:
        assert contents(listing) == {"cats/1.png": "it is larger than 1 MB", "cats/2.png": bytes(1 << 20)}


def test_a_file_of_a_folder_that_is_too_large_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"cats/1.png": bytes((1 << 20) + 1)})
    with open_source(folder, SourceLimits(file_bytes=1 << 20)) as listing:
        assert contents(listing) == {"cats/1.png": "it is larger than 1 MB"}


def test_a_file_that_vanishes_while_importing_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"cats/1.png": digit(1), "cats/2.png": digit(2)})
    with open_source(folder) as listing:
        (folder / "cats" / "1.png").unlink()
        assert contents(listing) == {
            "cats/1.png": "it could not be opened: No such file or directory",
            "cats/2.png": digit(2),
        }


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left out silently, a whole class would be missing. (Root may read all, so the refusal is staged.)"""
    folder = write_folder(tmp_path / "pets", {"cats/1.png": digit(1), "dogs/1.png": digit(2)})
    scan = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("dogs"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"dogs” could not be read: Permission denied"):
        names(folder)


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_zip(tmp_path / "pets.zip", {"cats/1.png": digit(1)})
    deny_opening(monkeypatch, file.name)
    with pytest.raises(DataError, match=r"pets\.zip” cannot be opened: Permission denied"):
        names(file)


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_damaged_archives_never_break_the_import(tmp_path: Path, compression: int) -> None:
    """Whatever the bytes: the archive is refused, or its files are had or named as damaged."""
    path = write_zip(tmp_path / "cats.zip", {f"cats/{i}é.png": digit(i) for i in range(3)}, compression)
    data = path.read_bytes()
    random = np.random.default_rng(0)
    outcomes: set[type] = set()
    for _ in range(150):
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 2):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            with warnings.catch_warnings(action="ignore"), open_source(path) as listing:
                outcomes |= {type(content) for content in contents(listing).values()}
        except ArchiveError as error:
            outcomes.add(type(error))
    assert outcomes == {ArchiveError, bytes, str}


def test_a_name_in_bytes_that_are_no_text_can_be_written_down(tmp_path: Path) -> None:
    """Old disks hold names in other encodings; reports are UTF-8."""
    folder = write_folder(tmp_path / "pets", {"cats/1.png": digit(1)})
    (Path(os.fsdecode(os.fsencode(folder) + b"/cats/caf\xe9.png"))).write_bytes(digit(2))
    with open_source(folder) as listing:
        found = contents(listing)
    assert sorted(found.values()) == sorted([digit(1), digit(2)])
    for name in found:
        name.encode("utf-8")


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


# Tar archives.

TAR_MODES = ["w", "w:gz", "w:bz2", "w:xz"]
PETS = {"cats/1.png": digit(1), "dogs/deep/2.png": digit(2), "notes.txt": b"hello", "cats/empty.png": b""}


@pytest.mark.parametrize("mode", TAR_MODES)
def test_a_tar_gives_its_files(tmp_path: Path, mode: str) -> None:
    """Its name does not matter, and neither does the order of reading."""
    with open_source(write_tar(tmp_path / "pets.download", PETS, mode)) as listing:
        assert contents(listing) == PETS
        assert {member.name: member.read() for member in reversed(listing.members)} == PETS
        assert listing.refused == []


def test_a_tar_can_be_read_from_several_threads(tmp_path: Path) -> None:
    files = {f"cats/{i}.png": digit(i) for i in range(60)}
    with (
        open_source(write_tar(tmp_path / "a.tar.gz", files, "w:gz")) as listing,
        ThreadPoolExecutor(4) as pool,
    ):
        assert dict(zip(files, pool.map(lambda member: member.read(), listing.members), strict=True)) == files


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_in_a_tar_may_be_long_and_foreign(tmp_path: Path, form: int) -> None:
    long = "/".join(["folder-of-forty-characters-in-every-part"] * 5)
    files = {f"{long}/猫.png": digit(1), "Blüte/1.png": digit(2)}
    with tarfile.open(tmp_path / "a.tar", "w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with open_source(tmp_path / "a.tar") as listing:
        assert contents(listing) == files


def test_what_is_no_file_in_a_tar_is_refused_by_name(tmp_path: Path) -> None:
    kinds = {
        "symbolic": tarfile.SYMTYPE,
        "hard": tarfile.LNKTYPE,
        "pipe": tarfile.FIFOTYPE,
        "terminal": tarfile.CHRTYPE,
        "disk": tarfile.BLKTYPE,
        "sparse": tarfile.GNUTYPE_SPARSE,
        "strange": b"Z",
    }
    path = write_tar(tmp_path / "a.tar", {"cats/1.png": digit(1)})
    with tarfile.open(path, "a") as archive:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(f"cats/{name}.png")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert names(path) == ["cats/1.png"]
    link, device = "it is a link, not a file", "it is a device or a pipe, not a file"
    assert refused(path) == {
        "cats/symbolic.png": link,
        "cats/hard.png": link,
        "cats/pipe.png": device,
        "cats/terminal.png": device,
        "cats/disk.png": device,
        "cats/sparse.png": device,
        "cats/strange.png": device,
    }


@pytest.mark.parametrize(
    "name", ["../evil.png", "cats/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png"]
)
def test_a_name_in_a_tar_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = write_tar(tmp_path / "a.tar", {name: digit(1), "cats/1.png": digit(2)})
    assert names(path) == ["cats/1.png"]
    assert refused(path) == {name: "its name points outside the archive"}


@pytest.mark.parametrize("mode", TAR_MODES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.75])
def test_a_tar_that_is_cut_off_is_refused(tmp_path: Path, mode: str, share: float) -> None:
    """Half of the pictures would go missing without a word."""
    files = {f"cats/{i}.png": digit(i) for i in range(40)}
    path = write_tar(tmp_path / "a.tar", files, mode)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ArchiveError, match=r"^a\.tar is cut off or damaged"):
        names(path)


def test_a_damaged_header_in_a_tar_is_not_taken_for_its_end(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {f"cats/{i}.png": digit(i) for i in range(4)})
    data = bytearray(path.read_bytes())
    data[data.index(b"cats/2.png")] = 0x7F
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="cut off or damaged"):
        names(path)


def test_an_empty_tar_has_no_files(tmp_path: Path) -> None:
    assert names(write_tar(tmp_path / "a.tar", {})) == []


@pytest.mark.parametrize("mode", TAR_MODES)
def test_damaged_tars_never_break_the_import(tmp_path: Path, mode: str) -> None:
    path = write_tar(tmp_path / "a.tar", {f"cats/{i}é.png": digit(i) for i in range(3)}, mode)
    data = path.read_bytes()
    random = np.random.default_rng(0)
    outcomes: set[type] = set()
    for _ in range(120):
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 2):
            damaged[place] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            with open_source(path) as listing:
                outcomes |= {type(content) for content in contents(listing).values()}
        except ArchiveError as error:
            outcomes.add(type(error))
    assert outcomes <= {ArchiveError, bytes, str}
    assert ArchiveError in outcomes


def pax_header(claimed: int) -> bytes:
    """An extended header that says to have so many bytes."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, claimed
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("claimed", [1 << 33, -1, -(1 << 40), 0])
def test_a_tar_header_that_lies_about_its_size_ends_the_reading(tmp_path: Path, claimed: int) -> None:
    """Believed, it would fill the memory, or send the reader round in circles."""
    path = tmp_path / "a.tar"
    path.write_bytes(pax_header(claimed) + bytes(1 << 20))
    with pytest.raises(ArchiveError, match="cut off or damaged"):
        names(path)


def test_a_tar_of_negative_files_is_not_read_for_ever(tmp_path: Path) -> None:
    info = tarfile.TarInfo("cats/1.png")
    info.size = -1024
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    with pytest.raises(ArchiveError, match="cut off or damaged"):
        names(tmp_path / "a.tar")


def test_a_tar_of_headers_alone_is_not_followed_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    record = b"30 path=" + b"x" * 21 + b"\n"
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(record)
    block = info.tobuf(tarfile.GNU_FORMAT) + record.ljust(512, b"\x00")
    path.write_bytes(block * 3000 + bytes(1024))
    with pytest.raises(ArchiveError, match="cut off or damaged"):
        names(path)


def test_what_had_to_be_unpacked_leaves_nothing_behind(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", PETS, "w:gz")
    with open_source(path) as listing:
        listing.members[0].read()
        assert [item for item in home().rglob("*") if item.is_file()] == []  # it has no name
    assert [item for item in home().rglob("*") if item.is_file()] == []


# Zip archives as they come from large and old programs.


def test_an_archive_for_more_files_than_an_old_zip_can_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond 65,535 files an archive is zip64; here beyond two, for speed."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    path = write_zip(tmp_path / "a.zip", PETS)
    assert b"PK\x06\x06" in path.read_bytes()[-200:]
    with open_source(path) as listing:
        assert contents(listing) == PETS


def test_sizes_in_64_bits_and_after_the_data_are_read(tmp_path: Path) -> None:
    """Zip file of a streaming program, which does not know the sizes in advance."""

    class Stream(io.RawIOBase):
        def __init__(self, stream: io.BufferedWriter) -> None:
            self.stream = stream

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            return self.stream.write(data)

    with (tmp_path / "a.zip").open("wb") as stream, zipfile.ZipFile(Stream(stream), "w") as archive:
        for name, content in PETS.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                member.write(content)
    assert b"PK\x07\x08" in (tmp_path / "a.zip").read_bytes()  # data descriptors
    with open_source(tmp_path / "a.zip") as listing:
        assert contents(listing) == PETS


def test_a_packing_that_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    """Windows packs large files so (Deflate64)."""
    path = write_zip(tmp_path / "a.zip", {"cats/1.png": digit(1), "cats/2.png": digit(2)})
    patch_entry(path, b"cats/1.png", lambda entry: struct.pack_into("<H", entry, 10, 9))
    assert refused(path) == {"cats/1.png": "it is compressed with a method that cannot be unpacked here"}
    assert names(path) == ["cats/2.png"]


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


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", ["cats/Kätzchen-12.png", "猫猫猫猫/照片12345.png"]),
        ("gbk", ["英国短毛猫/照片-0001.png", "鸢尾花 iris/图-1.png"]),
        ("gbk", ["cats/1234567.png", "狗狗狗狗狗/1234567.png"]),
        ("cp932", ["三毛ネコ/写真-0001.png", "柴いぬ/しゃしん-2.png"]),
        (
            "cp932",
            ["表/ソニー製品-123.png", "dogs/1234567.png"],
        ),  # the second bytes of 表 and ソ are a backslash
        ("cp437", ["Käfer/grün-1234.png", "Blüten/Möhre-12.png"]),
        ("cp737", ["Γάτες/φωτογραφία 1.png", "σκύλοι/2.png"]),
        ("cp866", ["Кошки/Фото 1.png", "собаки/бульдог №2.png"]),
        ("cp437", ["español/niño-123.png", "façade/élève-12.png"]),
        ("cp437", ["Lösung/Höhle-12.png", "STRASSE/ÖL-1234.png"]),
    ],
)
def test_names_in_old_encodings_are_read_as_they_were_written(
    tmp_path: Path, encoding: str, written: list[str]
) -> None:
    """Windows packs names in the system's own encoding and does not say which that is."""
    path = zip_with_raw_names(tmp_path / "a.zip", [name.encode(encoding) for name in written])
    assert names(path) == written


def test_the_unicode_name_beside_an_old_one_counts(tmp_path: Path) -> None:
    """7-Zip and Info-ZIP write both; the second only if it belongs to the first."""
    raw = b"bl?te-0000.png"
    content = b"\x01" + struct.pack("<I", zlib.crc32(raw)) + "Blüte-猫.png".encode()
    extra = struct.pack("<HH", 0x7075, len(content)) + content
    assert names(zip_with_raw_names(tmp_path / "a.zip", [raw], extra)) == ["Blüte-猫.png"]
    wrong = extra.replace(struct.pack("<I", zlib.crc32(raw)), b"\x00\x00\x00\x00")
    assert names(zip_with_raw_names(tmp_path / "b.zip", [raw], wrong)) == ["bl?te-0000.png"]


def test_old_names_in_a_tar_are_read_too(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", encoding="gbk", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("英国短毛猫/照片.png")
        info.size = len(digit(1))
        archive.addfile(info, io.BytesIO(digit(1)))
    assert names(tmp_path / "a.tar") == ["英国短毛猫/照片.png"]


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_of_files_with_one_name_the_last_counts(tmp_path: Path, write: Callable[..., Path]) -> None:
    """So does every unpacker; kept both, one would be a picture that the user never sees."""
    path = write(tmp_path / "a", {"cats/1.png": digit(1), "./cats//1.png": digit(2), "cats/2.png": digit(3)})
    with open_source(path) as listing:
        assert contents(listing) == {"cats/1.png": digit(2), "cats/2.png": digit(3)}
        assert [(name, str(reason)) for name, reason in listing.refused] == [
            ("./cats//1.png", "a later file in the archive has the same name, and that one was taken")
        ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cats/\x1b[2Jx\x07.png", "cats/\ufffd[2Jx\ufffd.png"),
        ("cats/\u202egnp.exe", "cats/\ufffdgnp.exe"),
        ("cats/one\u2028two.png", "cats/one\ufffdtwo.png"),
        ("<script>alert(1)</script>/1.png", "<script>alert(1)</script>/1.png"),
        ("cats/=cmd.png", "cats/=cmd.png"),
        ("猫/" + "x" * 290 + ".png", "猫/" + "x" * 290 + ".png"),
    ],
)
def test_a_name_is_shown_as_one_line_that_reads_in_order(tmp_path: Path, name: str, shown: str) -> None:
    """It stands in reports, in terminals and beside other names."""
    with open_source(write_zip(tmp_path / "a.zip", {name: digit(1)})) as listing:
        assert {member.name: member.read() for member in listing.members} == {shown: digit(1)}


def test_an_endless_name_is_shown_shortened(tmp_path: Path) -> None:
    """Nothing is ever unpacked under it, so the picture itself is as good as any."""
    name = "c/" + "x" * 20_000 + ".png"
    with open_source(write_zip(tmp_path / "a.zip", {name: digit(1)})) as listing:
        (member,) = listing.members
        assert member.name == "c/" + "x" * 148 + "…" + "x" * 96 + ".png"
        assert member.parts == ("c", "x" * 20_000 + ".png")
        assert member.read() == digit(1)


def test_a_zero_in_a_name_is_refused(tmp_path: Path) -> None:
    """Half of the programs would see good.png, the other half the rest."""
    path = zip_with_raw_names(tmp_path / "a.zip", [b"good.png\x00/evil.exe"])
    assert names(path) == []
    assert list(refused(path).values()) == ["its name points outside the archive"]


# Archives in archives.


def packed(files: Files, tmp_path: Path) -> bytes:
    return write_zip(tmp_path / "inner" / "inner.zip", files).read_bytes()


@pytest.mark.parametrize("write", [write_zip, write_tar, write_folder])
def test_one_archive_for_each_class_is_read(tmp_path: Path, write: Callable[..., Path]) -> None:
    """As cloud disks hand out folders. Each is a folder of its name."""
    files = {
        "pets/cats.zip": packed({"1.png": digit(1), "2.png": digit(2)}, tmp_path),
        "pets/dogs.tar.gz": write_tar(tmp_path / "d", {"3.png": digit(3)}, "w:gz").read_bytes(),
        "pets/birds.tar": write_tar(tmp_path / "b", {"birds/4.png": digit(4)}).read_bytes(),
        "pets/labels.csv": b"file,label\n",
    }
    with open_source(write(tmp_path / "pets", files)) as listing:
        found = {member.parts: member.read() for member in listing.members}
        assert found == {
            ("pets", "labels.csv"): b"file,label\n",
            ("pets", "cats", "1.png"): digit(1),
            ("pets", "cats", "2.png"): digit(2),
            ("pets", "dogs", "3.png"): digit(3),
            ("pets", "birds", "birds", "4.png"): digit(4),
        }
        assert "pets/cats.zip/1.png" in {member.name for member in listing.members}
        assert listing.refused == []


def test_a_single_inner_archive_is_a_root(tmp_path: Path) -> None:
    inner = packed({"cats/1.png": digit(1), "dogs/2.png": digit(2)}, tmp_path)
    with open_source(write_zip(tmp_path / "a.zip", {"pets.zip": inner})) as listing:
        assert [place.label for place in read_layout(listing.members) if place] == ["cats", "dogs"]


def test_an_archive_beside_pictures_is_refused_by_name(tmp_path: Path) -> None:
    """A backup that lies among the classes would become one."""
    path = write_zip(
        tmp_path / "a.zip", {"cats/1.png": digit(1), "old.zip": packed({"1.png": digit(2)}, tmp_path)}
    )
    assert names(path) == ["cats/1.png"]
    assert refused(path) == {"old.zip": "it is an archive beside other files; unpack it first"}


def test_nesting_ends_at_one_level(tmp_path: Path) -> None:
    """There are zips that hold themselves."""
    deepest = packed({"1.png": digit(1)}, tmp_path)
    middle = packed({"deepest.zip": deepest, "2.png": digit(2)}, tmp_path)
    path = write_zip(tmp_path / "a.zip", {"middle.zip": middle})
    assert names(path) == ["middle.zip/2.png"]
    assert refused(path) == {
        "middle.zip/deepest.zip": "it is an archive in an archive in an archive; unpack it first"
    }


def test_an_inner_archive_that_cannot_be_read_does_not_cost_the_others(tmp_path: Path) -> None:
    files = {
        "cats.zip": packed({"1.png": digit(1), "../evil.png": digit(2)}, tmp_path),
        "dogs.zip": packed({"2.png": digit(2)}, tmp_path)[:-30],
        "birds.rar": b"Rar!\x1a\x07\x00 birds",
        "fish.tar": b"",
    }
    path = write_zip(tmp_path / "a.zip", files)
    assert names(path) == ["cats.zip/1.png"]
    reasons = refused(path)
    assert reasons["cats.zip/../evil.png"] == "its name points outside the archive"
    assert reasons["dogs.zip"].startswith("dogs.zip is cut off")
    assert reasons["birds.rar"].startswith("birds.rar is a RAR archive")
    assert reasons["fish.tar"].startswith("fish.tar is empty")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counted as Linux shows them")
def test_a_thousand_inner_archives_do_not_need_a_thousand_open_files(tmp_path: Path) -> None:
    """ImageNet's training pictures come so: a tar of a thousand tars."""
    inner = write_tar(tmp_path / "inner.tar", {"1.png": digit(1)}).read_bytes()
    files = {f"n{number:08d}.tar": inner for number in range(300)}
    outer = write_tar(tmp_path / "outer.tar", files)
    folder = write_folder(tmp_path / "folder", files)
    for path in (outer, folder):
        before = open_files()
        with open_source(path) as listing:
            assert len(listing.members) == 300
            assert listing.members[-1].read() == digit(1)
            assert open_files() <= before + 2


# Bombs.


@pytest.fixture
def small_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules for sizes that a test can make."""
    monkeypatch.setattr(members, "_BOMB_FILE_BYTES", 1 << 20)
    monkeypatch.setattr(members, "_BOMB_TOTAL_BYTES", 3 << 20)


@pytest.mark.usefixtures("small_bombs")
def test_a_file_that_swells_as_no_picture_does_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(2 << 20)
    path = write_zip(tmp_path / "a.zip", {"cats/1.png": bytes(2 << 20), "cats/2.png": noise})
    with open_source(path) as listing:
        assert contents(listing) == {
            "cats/1.png": "it unpacks to more than 300 times its size, as no picture does",
            "cats/2.png": noise,
        }


@pytest.mark.usefixtures("small_bombs")
def test_many_small_files_can_be_a_bomb_together(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {f"cats/{i}.png": bytes(900 << 10) for i in range(12)})
    with (
        pytest.raises(ArchiveError, match="unpacks to more than 300 times its size"),
        open_source(path) as listing,
    ):
        contents(listing)


@pytest.mark.usefixtures("small_bombs")
@pytest.mark.parametrize("mode", TAR_MODES[1:])
def test_a_compressed_tar_that_swells_is_stopped_while_unpacking(tmp_path: Path, mode: str) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{i}.png": bytes(1 << 20) for i in range(8)}, mode)
    with pytest.raises(ArchiveError, match="unpacks to more than 300 times its size"):
        names(path)


@pytest.mark.usefixtures("small_bombs")
def test_a_bomb_in_an_inner_archive_is_stopped_while_unpacking(tmp_path: Path) -> None:
    bomb = write_zip(tmp_path / "bomb.zip", {"1.tar": bytes(8 << 20)}).read_bytes()
    path = write_zip(tmp_path / "a.zip", {"x.zip": bomb})
    assert names(path) == []
    assert list(refused(path)) == ["x.zip/1.tar"]
    zeros = write_zip(tmp_path / "b.zip", {"x.tar": bytes(8 << 20), "y.tar": bytes(8 << 20)})
    assert all("300 times" in reason for reason in refused(zeros).values())


def test_all_together_stay_within_a_limit(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(1 << 20)
    path = write_zip(tmp_path / "a.zip", {f"{i}.png": noise for i in range(3)}, zipfile.ZIP_STORED)
    with open_source(path, SourceLimits(total_bytes=3 << 20)) as listing:
        assert len(contents(listing)) == 3
    limits = SourceLimits(total_bytes=2 << 20)
    with (
        pytest.raises(ArchiveError, match="unpacks to more than 0 GB"),
        open_source(path, limits) as listing,
    ):
        contents(listing)


@pytest.mark.parametrize("write", [write_zip, write_tar, write_folder])
def test_a_disk_that_fills_up_stops_the_reading(tmp_path: Path, write: Callable[..., Path]) -> None:
    """Before it is full: the rest of the machine needs room as well."""
    path = write(tmp_path / "a", {"cats/1.png": digit(1)})
    limits = SourceLimits(free_disk_bytes=1 << 60)
    with (
        pytest.raises(DataError, match=r"has less than \d+ MB left, so reading a stopped"),
        open_source(path, limits) as listing,
    ):
        contents(listing)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_that_is_no_tar_is_said(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    (tmp_path / "a.idx").write_bytes(compress(b"x" * 1000))
    with pytest.raises(ArchiveError, match="is compressed but holds no tar archive"):
        names(tmp_path / "a.idx")
