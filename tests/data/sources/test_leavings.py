"""Leavings of systems and programs beside pictures: never a class, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.formats.understanding import understand
from core.data.import_config import ImportConfig
from core.data.notes import NoteKind
from core.data.sources.leavings import is_junk, leaving_of
from core.data.sources.opening import open_source
from tests.support.pictures import digit, write_folder, write_zip

PETS = {
    f"{label}/{number}.png": digit(number + shift)
    for label, shift in (("cat", 0), ("dog", 50))
    for number in range(4)
}
LEAVINGS = [
    "$RECYCLE.BIN/S-1-5-21-1/$R000001.jpg",
    "System Volume Information/1.jpg",
    ".Trashes/501/1.jpg",
    ".Trash-1000/files/1.jpg",
    "lost+found/#1234.jpg",
    "FOUND.000/FILE0000.jpg",
    "__MACOSX/cat/._1.jpg",
    "cat/@eaDir/1.jpg/SYNOFILE_THUMB_M.jpg",
    "cat/.thumbnails/1.jpg",
    "cat/Thumbs.db",
    "#recycle/1.jpg",
    "#snapshot/1.jpg",
    "@Recycle/1.jpg",
    ".@__thumb/1.jpg",
    ".dropbox.cache/2026-01-01/1.jpg",
    ".stversions/1.jpg",
    "cat/.picasaoriginals/1.jpg",
    "Lightroom Previews/1.jpg",
    "Catalog Previews.lrdata/0/1.jpg",
    "CaptureOne/Cache/Thumbnails/1.jpg",
    "DCIM/CANONMSC/M0100.CTG",
    "MVI_0001.THM",
    "Photos Library.photoslibrary/resources/derivatives/1.jpg",
    "cat/.DS_Store",
    "cat/._1.png",
    "desktop.ini",
    "Icon\r",
    "~$labels.xlsx",
]
NO_LEAVINGS = [
    "recycled/1.jpg",
    "core.001.jpg",
    "thumb/1.jpg",
    "originals/1.jpg",
    "Photos Library.photoslibrary/originals/A/1.jpg",
    "lost and found/1.jpg",
    "icons/1.jpg",
]


@pytest.mark.parametrize("path", LEAVINGS)
def test_leavings_are_known(path: str) -> None:
    assert is_junk(tuple(path.split("/")))


@pytest.mark.parametrize("path", NO_LEAVINGS)
def test_names_that_a_class_or_picture_can_have_are_no_leavings(path: str) -> None:
    assert not is_junk(tuple(path.split("/")))


def test_the_outermost_leaving_is_named() -> None:
    assert leaving_of(("a", "$RECYCLE.BIN", "S-1", ".x")) == "a/$RECYCLE.BIN"


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_leavings_become_no_class_and_one_line_of_the_report(tmp_path: Path, write: object) -> None:
    """A recycle bin with five deleted pictures is one leaving, and so is each hidden file."""
    bin_ = {f"$RECYCLE.BIN/S-1-5-21-1/$R00000{number}.jpg": digit(number) for number in range(5)}
    source = write(tmp_path / "pets.zip", {**PETS, **bin_, "cat/.DS_Store": b"x"})  # type: ignore[operator]
    with open_source(source) as listing:
        _, understanding = understand(listing, ImportConfig(), "pets")
    assert understanding.classes == {"cat": 4, "dog": 4}
    (note,) = [note for note in understanding.notes if note.kind is NoteKind.LEAVINGS]
    assert note.values == {"count": 2, "example": note.values["example"]}
    assert understanding.left_out == 0


THUMBNAILS = {
    "cat/thumbs/1.jpg": "cat/1.jpg",
    "cat/1_thumb.jpg": "cat/1.jpg",
    "cat/tn_1.jpg": "cat/1.jpg",
    "thumbnails/cat/1.jpg": "images/cat/1.jpg",
    "train/Thumbnails/cat/1.jpg": "train/images/cat/1.jpg",
}


@pytest.mark.parametrize("thumbnail", THUMBNAILS)
def test_a_thumbnail_never_stands_beside_its_original(tmp_path: Path, thumbnail: str) -> None:
    original = THUMBNAILS[thumbnail]
    with open_source(write_folder(tmp_path / "a", {thumbnail: digit(1), original: digit(2)})) as listing:
        assert [member.name for member in listing.members] == [original]
        (refused,) = listing.refused
    assert refused[0] == thumbnail
    assert str(refused[1]) == f"it is a thumbnail of {original}"


@pytest.mark.parametrize(
    "names",
    [
        ["thumb/1.jpg", "fist/1.jpg"],
        ["cat/thumbs/1.jpg", "cat/2.jpg"],
        ["thumbnails/1.jpg", "thumbnails/2.jpg"],
    ],
)
def test_without_its_original_it_is_a_picture(tmp_path: Path, names: list[str]) -> None:
    """A gesture may be called “thumb”."""
    with open_source(write_folder(tmp_path / "a", {name: digit(1) for name in names})) as listing:
        assert sorted(member.name for member in listing.members) == sorted(names)
