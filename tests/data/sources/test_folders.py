"""Folders as sources: folders that cannot be opened, and links."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.sources.opening import open_source
from core.errors import DataError
from tests.support.pictures import digit, write_folder

PETS = {
    f"{label}/{number}.png": digit(number + shift)
    for label, shift in (("cat", 0), ("dog", 50))
    for number in range(4)
}


def deny(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make folders unreadable; tests may run as root, who may read all."""
    scan = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)


def listed(folder: Path, roots: Sequence[Path] = ()) -> tuple[list[str], dict[str, str]]:
    with open_source(folder, link_roots=roots) as listing:
        refused = {name: reason.code.value for name, reason in listing.refused}
        return sorted(member.name for member in listing.members), refused


@pytest.mark.parametrize("name", [".Trashes", "lost+found", "$RECYCLE.BIN", "System Volume Information"])
def test_a_folder_that_nobody_needs_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Its owner is the system, which lets nobody in."""
    folder = write_folder(tmp_path / "pets", {**PETS, f"{name}/1.png": digit(1)})
    deny(monkeypatch, name)
    assert listed(folder) == (sorted(PETS), {})


def test_an_unreadable_class_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left out silently, a whole class would be missing."""
    folder = write_folder(tmp_path / "pets", PETS)
    deny(monkeypatch, "dog")
    with pytest.raises(DataError, match=r"dog” could not be read: Permission denied. Change its permissions"):
        listed(folder)


def test_an_unreadable_folder_that_is_no_class_is_left_out_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one beside the pictures of a class: it must not cost the whole import."""
    folder = write_folder(tmp_path / "pets", {**PETS, "cat/private/1.png": digit(1)})
    deny(monkeypatch, "private")
    assert listed(folder) == (sorted(PETS), {"cat/private": "cannot_be_opened"})


def test_a_file_whose_kind_the_system_hides_is_left_out_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that may be listed and not entered; the whole import ended."""
    folder = write_folder(tmp_path / "pets", {**PETS, "cat/hidden.png": digit(1)})
    look = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.name == "hidden.png":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert listed(folder) == (sorted(PETS), {"cat/hidden.png": "cannot_be_opened"})


def linked(folder: Path, links: dict[str, Path | str]) -> Path:
    for name, target in links.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    return folder


def test_a_link_names_the_option_that_follows_it(tmp_path: Path) -> None:
    raw = write_folder(tmp_path / "raw", {"1.png": digit(1)})
    folder = linked(tmp_path / "pets", {"cat/1.png": raw / "1.png", "dog": raw})
    with open_source(folder) as listing:
        assert {name: str(reason) for name, reason in listing.refused} == dict.fromkeys(
            ("cat/1.png", "dog"),
            "it is a link, not a file; import the folder on the command line with --follow-links",
        )


def test_links_inside_the_source_are_followed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"pool/1.png": digit(1), "pool/2.png": digit(2)})
    linked(folder, {"cat/1.png": "../pool/1.png", "dog": "pool"})
    members, refused = listed(folder, [folder.resolve()])
    assert members == ["cat/1.png", "dog/1.png", "dog/2.png", "pool/1.png", "pool/2.png"]
    assert refused == {}


def test_a_link_that_leads_out_is_refused_unless_its_folder_is_allowed(tmp_path: Path) -> None:
    raw = write_folder(tmp_path / "raw", {"1.png": digit(1)})
    folder = linked(tmp_path / "pets", {"cat/1.png": raw / "1.png", "dog": raw})
    assert listed(folder, [folder.resolve()]) == (
        [],
        {"cat/1.png": "link_leads_out", "dog": "link_leads_out"},
    )
    assert listed(folder, [folder.resolve(), raw.resolve()]) == (["cat/1.png", "dog/1.png"], {})


def test_a_chain_of_links_is_judged_by_its_end(tmp_path: Path) -> None:
    """A link inside the source to a link that leads out is no way out."""
    raw = write_folder(tmp_path / "raw", {"1.png": digit(1)})
    folder = linked(tmp_path / "pets", {"hidden": raw, "cat": "hidden"})
    assert listed(folder, [folder.resolve()]) == ([], {"hidden": "link_leads_out", "cat": "link_leads_out"})


def test_circles_of_links_end(tmp_path: Path) -> None:
    """A folder that links to itself, and two that link to each other."""
    folder = write_folder(tmp_path / "pets", {"cat/1.png": digit(1), "dog/2.png": digit(2)})
    linked(folder, {"cat/self": ".", "cat/all": "..", "cat/dog": "../dog", "dog/cat": "../cat", "a": "a"})
    members, refused = listed(folder, [folder.resolve()])
    assert members == ["cat/1.png", "cat/dog/2.png", "dog/2.png", "dog/cat/1.png"]
    assert refused["cat/self"] == refused["cat/all"] == refused["cat/dog/cat"] == "link_in_a_circle"
    assert refused["a"] == "link_leads_nowhere"


def test_links_that_double_the_tree_at_each_level_end(tmp_path: Path) -> None:
    """Thirty levels of two links each are a billion paths."""
    folder = tmp_path / "pets"
    for level in range(30):
        linked(folder, {f"{level}/a": f"../{level + 1}", f"{level}/b": f"../{level + 1}"})
    write_folder(folder / "30", {"1.png": digit(1)})
    members, refused = listed(folder, [folder.resolve()])
    assert "30/1.png" in members
    assert set(refused.values()) == {"link_in_a_circle"}


def test_a_dataset_of_links_is_imported_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator allows the folder that holds the pictures themselves."""
    raw = write_folder(tmp_path / "raw", PETS)
    folder = linked(tmp_path / "pets", {name: raw / name for name in PETS})
    with pytest.raises(DataError, match="--follow-links"):
        import_dataset(folder, "pets")
    monkeypatch.setenv("DARKROOM_FOLDERS", str(raw))
    report = import_dataset(folder, "pets", ImportConfig(follow_links=True))
    assert report.classes == {"cat": 4, "dog": 4}
