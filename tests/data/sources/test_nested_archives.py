"""Archives in archives, and files that swell as no picture does."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.data.labels.layout import read_layout
from core.data.sources import members
from core.data.sources.opening import SourceLimits, open_source
from core.errors import ArchiveError, DataError
from tests.support.pictures import Files, digit, write_folder, write_zip
from tests.support.sources import (
    TAR_MODES,
    contents,
    names,
    refused,
    write_tar,
)


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
