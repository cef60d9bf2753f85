"""Zips, tars and folders give their safe files; paths outside, links and bombs are refused."""

from __future__ import annotations

import gzip
import os
import re
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.data.sources.opening import SourceLimits, open_source
from core.errors import ArchiveError, DataError, NotFoundError
from tests.support.files import deny_opening
from tests.support.pictures import digit, write_folder, write_zip
from tests.support.sources import (
    contents,
    names,
    patch_entry,
    refused,
    write_tar,
)


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
