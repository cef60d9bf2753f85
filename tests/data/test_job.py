"""Import jobs remove their uploads, but not after a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.dataset import open_dataset
from core.data.importing import create_project
from core.data.job import import_pictures
from core.errors import TooFewClassesError
from core.progress import QuietProgress
from core.uploads.store import find_upload, open_upload, uploads_folder
from core.workspace import get_project
from tests.support.pictures import Files, class_folders, write_folder


def uploaded(files: Files) -> Path:
    """A folder "pets" that a browser has sent."""
    upload = find_upload(open_upload(sum(map(len, files.values()))))
    for name, data in files.items():
        part = upload.write_to(f"pets/{name}", offset=0, size_bytes=len(data))
        part.write(data)
        part.close()
    return upload.content


def run(directory: Path, source: Path, **config: object) -> dict[str, object]:
    directory.mkdir(exist_ok=True)
    return import_pictures(directory, {"project": "Pets", "source": str(source), **config}, QuietProgress())


def test_an_upload_is_removed_once_it_is_imported(workspace: Path, tmp_path: Path) -> None:
    """Five gigabytes must not lie on the disk twice."""
    source = uploaded(class_folders({"cats": 4, "dogs": 4}))
    result = run(tmp_path / "job", source)
    assert result["classes"] == {"cats": 4, "dogs": 4}
    assert list(uploads_folder().iterdir()) == []


def test_after_a_failure_the_upload_stays_to_be_tried_again(workspace: Path, tmp_path: Path) -> None:
    source = uploaded(class_folders({"cats": 4}))
    with pytest.raises(TooFewClassesError):
        run(tmp_path / "job", source)
    run(tmp_path / "job", source, unlabelled=True)
    assert len(open_dataset(get_project("Pets")).all_pictures) == 4


def test_a_folder_of_the_user_stays(workspace: Path, tmp_path: Path) -> None:
    source = write_folder(tmp_path / "pets", class_folders({"cats": 4, "dogs": 4}))
    run(tmp_path / "job", source)
    assert len(list(source.rglob("*.png"))) == 8


def test_the_result_of_an_addition_names_its_version(workspace: Path, tmp_path: Path) -> None:
    """The page offers to undo exactly that."""
    project = create_project("Pets", ["cats", "dogs"])
    source = write_folder(tmp_path / "pets", class_folders({"cats": 4, "dogs": 4}))
    assert run(tmp_path / "job", source, add=True)["version"] == 2
    assert open_dataset(project).counts() == {"cats": 4, "dogs": 4}
