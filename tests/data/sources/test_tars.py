"""Tar archives, whole, cut off and forged."""

from __future__ import annotations

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.data.sources.opening import open_source
from core.errors import ArchiveError
from core.workspace import home
from tests.support.pictures import digit
from tests.support.sources import (
    PETS,
    TAR_MODES,
    contents,
    names,
    refused,
    write_tar,
)


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
