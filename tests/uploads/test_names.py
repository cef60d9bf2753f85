"""Names from browsers become safe and unique file names."""

from __future__ import annotations

import os
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.uploads.names import StoredPaths, clean_name, safe_upload_name

HOSTILE = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "C:",
        "\\\\server",
        "con",
        "aux.jpg",
        "a.jpg",
        "A.JPG",
        "a?.jpg",
        "é",
        "e\u0301",
        "ß",
        "ss",
    ]
)
PATHS = st.lists(st.lists(HOSTILE | st.text(max_size=300), min_size=1, max_size=4).map("/".join), max_size=12)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("pets.zip", "pets.zip"),
        ("my pets (2).zip", "my pets (2).zip"),
        ("C:\\Users\\me\\pets.zip", "pets.zip"),
        ("../../etc/passwd", "passwd"),
        ("..", "upload"),
        ("", "upload"),
        ("...zip", "zip"),
        (".hidden.zip", "hidden.zip"),
        ("<script>.zip", "script.zip"),
        ("a\x00b\n.zip", "ab.zip"),
        ("猫.zip", "猫.zip"),
        ("नमस्ते & co.zip", "नमस्ते & co.zip"),
        ("aux.zip", "_aux.zip"),
        ("pets.zip ", "pets.zip"),
        ("con\u202epiz.exe", "conpiz.exe"),
    ],
)
def test_an_uploads_name_becomes_a_plain_file_name(sent: str, kept: str) -> None:
    """It comes from a browser, so it may be anything."""
    assert safe_upload_name(sent) == kept


@pytest.mark.parametrize("letter", ["x", "猫", "\U00020000", "é", ".", " ", "..猫"])
def test_an_uploads_name_fits_a_folder(letter: str) -> None:
    """File systems count bytes, and end at 255."""
    name = safe_upload_name(letter * 300 + ".zip")
    assert len(os.fsencode(name)) <= 200
    assert name.endswith("zip")
    assert name[0] not in ". "


@settings(deadline=None)
@given(st.text())
def test_a_clean_name_is_one_folder_entry_on_every_system(name: str) -> None:
    clean = clean_name(name)
    assert clean == "" or PurePosixPath(clean).parts == PureWindowsPath(clean).parts == (clean,)
    assert not set(clean) & set('<>:"|?*\\/')
    assert not {unicodedata.category(letter) for letter in clean} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(os.fsencode(clean)) <= 201


@settings(deadline=None)
@given(PATHS)
def test_no_two_files_share_a_stored_path_and_none_leaves_the_folder(sent: list[str]) -> None:
    """Also where a file system takes a.jpg and A.jpg for one, and both spellings of é."""
    stored_paths = StoredPaths()
    stored = {path: PurePosixPath(stored_paths.path_for(path)) for path in sent}
    spelled = [str(path).casefold() for path in stored.values()]
    assert len(set(spelled)) == len(stored)
    for sent_path, path in stored.items():
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert len(path.parts) == sent_path.count("/") + 1
        assert not any(folder in stored.values() for folder in path.parents)


@settings(deadline=None)
@given(PATHS)
def test_stored_paths_are_the_same_after_a_restart(sent: list[str]) -> None:
    """Uploads begun earlier continue beside those in memory."""
    before, after = StoredPaths(), StoredPaths()
    stored = {path: before.path_for(path) for path in sent}
    for path, stored_path in stored.items():
        after.add(path, stored_path)
    assert {path: after.path_for(path) for path in sent} == stored


def test_ordinary_names_stay_as_they_are() -> None:
    """Folders are classes: people read their names."""
    stored_paths = StoredPaths()
    for path in ("Pets/Golden Retriever (male)/IMG_0001.JPG", "Pets/R&B + soul/été.png", "Pets/猫/1,5.webp"):
        assert stored_paths.path_for(path) == path


def test_twins_are_numbered() -> None:
    stored_paths = StoredPaths()
    sent = ["x/a.jpg", "x/A.jpg", "x/a?.jpg", "x/a<.jpg", "x?/a.jpg", "x/a.jpg/b", "../a", "a", "/a", "C:/a"]
    assert [stored_paths.path_for(path) for path in sent] == [
        *("x/a.jpg", "x/A (2).jpg", "x/a (3).jpg", "x/a (4).jpg", "x (2)/a.jpg", "x/a (5).jpg/b"),
        *("unnamed/a", "a", "unnamed (2)/a", "C/a"),
    ]
