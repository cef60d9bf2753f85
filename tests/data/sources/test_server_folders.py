"""Users can browse the folders that the operator allows, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.sources.server_folders import FOLDERS_VARIABLE, allowed_roots, checked_folder, list_folders
from core.errors import ConfigError, DarkroomError, DataError, NotFoundError
from tests.support.pictures import class_folders, write_folder


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An allowed folder with two classes; beside it lies one that is not allowed."""
    write_folder(tmp_path / "secret", class_folders({"cats": 1}))
    folder = write_folder(tmp_path / "shared", class_folders({"leaf 10": 1, "leaf 9": 2}))
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    return folder.resolve()


def test_no_folder_is_allowed_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDERS_VARIABLE, raising=False)
    assert allowed_roots() == ()
    with pytest.raises(ConfigError, match=FOLDERS_VARIABLE):
        checked_folder(str(tmp_path))


def test_several_folders_are_named_as_in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not mounted today must not shut the others."""
    roots = [tmp_path / "a", tmp_path / "not mounted", tmp_path / "b"]
    roots[0].mkdir()
    roots[2].mkdir()
    monkeypatch.setenv(FOLDERS_VARIABLE, os.pathsep.join(["", *map(str, roots), str(roots[0])]))
    assert allowed_roots() == tuple(root.resolve() for root in roots)
    assert checked_folder(str(roots[2])) == roots[2].resolve()
    with pytest.raises(NotFoundError):
        checked_folder(str(roots[1]))


def test_a_relative_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would mean another folder each time Darkroom is started elsewhere."""
    monkeypatch.setenv(FOLDERS_VARIABLE, "pictures")
    with pytest.raises(ConfigError, match="absolute path"):
        allowed_roots()


def test_a_folder_within_may_be_taken_also_in_quotes(shared: Path) -> None:
    """File managers copy a path with quotes around it."""
    assert checked_folder(f' "{shared / "leaf 9"}" ') == shared / "leaf 9"
    assert checked_folder(str(shared)) == shared


@pytest.mark.parametrize("way_out", ["..", "../secret", "leaf 9/../../secret/cats", "../shared-too"])
def test_no_path_leads_out(shared: Path, way_out: str) -> None:
    (shared.parent / "shared-too").mkdir()
    with pytest.raises(ConfigError, match="outside"):
        checked_folder(f"{shared}/{way_out}")


def test_errors_do_not_reveal_folders_outside(shared: Path) -> None:
    """Else a user could feel around in the whole file system."""
    with pytest.raises(ConfigError) as there:
        checked_folder(str(shared.parent / "secret"))
    with pytest.raises(ConfigError) as missing:
        checked_folder(str(shared.parent / "nobody"))
    assert there.value.message.template == missing.value.message.template


def test_a_link_leads_out_neither_by_name_nor_in_the_list(shared: Path) -> None:
    (shared / "way out").symlink_to(shared.parent / "secret")
    (shared / "same").symlink_to(shared / "leaf 9")
    with pytest.raises(ConfigError, match="outside"):
        checked_folder(str(shared / "way out" / "cats"))
    assert checked_folder(str(shared / "same")) == shared / "leaf 9"
    assert [path.name for path in list_folders(shared).folders] == ["leaf 9", "leaf 10", "same"]


def test_a_list_counts_files_and_leaves_out_what_desktops_leave(shared: Path) -> None:
    write_folder(shared, {"leaf 9/.DS_Store": b"", ".hidden/a.png": b"", "__MACOSX/a.png": b""})
    assert [path.name for path in list_folders(shared).folders] == ["leaf 9", "leaf 10"]
    assert list_folders(shared / "leaf 9").files == 2


def test_what_is_no_folder_is_named_as_such(shared: Path) -> None:
    with pytest.raises(DataError, match="is a file"):
        checked_folder(str(shared / "leaf 9" / "0.png"))
    with pytest.raises(NotFoundError):
        checked_folder(str(shared / "leaf 11"))
    with pytest.raises(ConfigError, match="absolute path"):
        checked_folder("leaf 9")


def test_a_folder_that_vanished_is_said_to_be_unreadable(shared: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list_folders(shared / "leaf 11")


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["..", ".", "a", "leaf 9", "\x00"]), max_size=8).map("/".join)
)
def test_any_typed_path_is_inside_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.getbasetemp().resolve() / "allowed"
    (root / "leaf 9" / "a").mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDERS_VARIABLE, str(root))
        for typed in (text, f"{root}/{text}"):
            try:
                folder = checked_folder(typed)
            except DarkroomError:
                continue
            assert folder.is_relative_to(root)
            assert folder.is_dir()
