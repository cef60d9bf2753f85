"""Zip archives as they come from large and old programs, and the names in them."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.sources.opening import open_source
from tests.support.pictures import digit, write_zip
from tests.support.sources import (
    PETS,
    contents,
    names,
    patch_entry,
    refused,
    write_tar,
    zip_with_raw_names,
)


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
