"""Pictures of a batch come from folders, archives and single files, and are found again."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from core.data.sources.members import UnreadableMemberError
from core.errors import ArchiveError, DataError, ErrorCode, NotFoundError
from core.files import sha256_bytes
from core.prediction.batch.sources import BatchFiles, open_pictures
from tests.support.files import deny_opening
from tests.support.pictures import digit, write_folder, write_zip

FILES = {"a/1.png": digit(1), "a/2.png": digit(2), "b/3": digit(3), "labels.csv": b"file,label\n"}
PICTURES = ["a/1.png", "a/2.png", "b/3"]


def write_tar(path: Path, folder: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname=".")
    return path


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    """The same pictures as a folder, a zip and a compressed tar, and one picture as a file."""
    folder = write_folder(tmp_path / "folder", FILES)
    return [
        folder,
        write_zip(tmp_path / "pictures.zip", FILES),
        write_tar(tmp_path / "pictures.tar.gz", folder),
        folder / "a" / "1.png",
    ]


def test_every_kind_of_source_gives_its_pictures(tmp_path: Path, sources: list[Path]) -> None:
    with open_pictures(tmp_path, sources) as pictures:
        found = {
            number: sorted(picture.path for picture in pictures if picture.source == number)
            for number in range(4)
        }
        assert found == {0: PICTURES, 1: PICTURES, 2: PICTURES, 3: ["1.png"]}
        for picture in pictures:
            assert picture.read() == FILES.get(picture.path, digit(1))


def test_pictures_are_read_again_from_every_kind_of_source(tmp_path: Path, sources: list[Path]) -> None:
    with BatchFiles(tmp_path, sources) as files:
        for number in (0, 1, 2):
            for path in PICTURES:
                assert files.read(number, path, sha256_bytes(FILES[path])) == FILES[path]
        assert files.read(3, "1.png", None) == digit(1)


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("content", [{"1.png": digit(1)}, {"labels.csv": b"a,b"}], ids=["cut off", "empty"])
def test_a_source_that_the_batch_keeps_is_unreadable_for_good(
    tmp_path: Path, content: dict[str, bytes], is_kept: bool
) -> None:
    """One that lies elsewhere can be copied anew, or get its pictures."""
    archive = write_zip(tmp_path / "cut.zip", content)
    if "1.png" in content:
        archive.write_bytes(archive.read_bytes()[:-30])
    source = Path(archive.name) if is_kept else archive
    with pytest.raises(DataError) as raised, open_pictures(tmp_path, [source]):
        pass
    assert raised.value.message.code == (ErrorCode.CANNOT_GO_ON if is_kept else "")


def test_sources_of_the_batch_itself_are_relative(tmp_path: Path) -> None:
    """A workspace that is moved keeps its batches."""
    write_folder(tmp_path / "sources" / "pictures", FILES)
    with open_pictures(tmp_path, [Path("sources/pictures")]) as pictures:
        assert [picture.path for picture in pictures] == PICTURES


@pytest.mark.parametrize(
    "path", ["../secret.png", "a/../../secret.png", "/etc/passwd", "a/9.png", "link.png"]
)
def test_a_file_that_is_not_of_the_folder_is_not_read(tmp_path: Path, sources: list[Path], path: str) -> None:
    (tmp_path / "secret.png").write_bytes(digit(9))
    (sources[0] / "link.png").symlink_to(tmp_path / "secret.png")
    with BatchFiles(tmp_path, sources) as files, pytest.raises(NotFoundError, match="is not there any more"):
        files.read(0, path, None)


def test_a_file_that_has_changed_is_not_taken_for_the_picture(tmp_path: Path, sources: list[Path]) -> None:
    (sources[0] / "a" / "1.png").write_bytes(digit(9))
    with BatchFiles(tmp_path, sources) as files, pytest.raises(NotFoundError, match="has changed"):
        files.read(0, "a/1.png", sha256_bytes(digit(1)))


def test_a_link_is_listed_with_the_reason_against_it(tmp_path: Path, sources: list[Path]) -> None:
    (sources[0] / "link.png").symlink_to(sources[0] / "a" / "1.png")
    with open_pictures(tmp_path, sources[:1]) as pictures:
        (link,) = [picture for picture in pictures if picture.path == "link.png"]
        with pytest.raises(UnreadableMemberError, match="it is a link"):
            link.read()


def test_a_file_that_cannot_be_opened_is_a_picture_with_the_reason(
    tmp_path: Path, sources: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    deny_opening(monkeypatch, "1.png")
    with open_pictures(tmp_path, [sources[3]]) as (picture,):
        pass
    with pytest.raises(UnreadableMemberError, match="Permission denied"):
        picture.read()


def test_a_damaged_archive_is_refused_as_a_whole(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "cut.zip", FILES)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ArchiveError, match="is cut off"), open_pictures(tmp_path, [path]):
        pass
