"""Groups of patients cannot be found by hashing numbers, and stay the same within a project."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.data.dataset import open_dataset
from core.data.exports.export import write_cleaned_dataset
from core.data.exports.table import DATASET_FORMATS
from core.data.importing import add_pictures, add_to_class, create_project, import_dataset
from core.progress import QuietProgress
from core.workspace import Project
from tests.data.images.test_dicom import dicom_file
from tests.support.pictures import class_folders, write_folder

RANDOM = np.random.default_rng(0)
UNSALTED = {hashlib.sha256(f"DICOM {number}".encode()).hexdigest() for number in range(10)}


def scan(patient: str) -> bytes:
    options: dict[str, Any] = {"PatientID": patient, "WindowCenter": 2048, "WindowWidth": 4096}
    return dicom_file(RANDOM.integers(0, 4096, (16, 16)).astype(np.uint16), **options)


def scans(folder: Path) -> Path:
    return write_folder(
        folder, {"ill/1.dcm": scan("1"), "well/2.dcm": scan("2"), **class_folders({"ill": 3, "well": 3})}
    )


def groups(project: Project) -> pd.Series:
    pictures = open_dataset(project).all_pictures
    return pictures.set_index("name")["group"]


def test_no_group_is_the_hash_of_a_patients_number(tmp_path: Path) -> None:
    first = groups(import_dataset(scans(tmp_path / "scans"), "First").project)
    second = groups(import_dataset(tmp_path / "scans", "Second").project)
    assert not UNSALTED & {*first, *second}
    assert first["ill/1.dcm"] != second["ill/1.dcm"]
    # Pictures without a patient are their own group, by their content.
    assert first["ill/0.png"] == second["ill/0.png"]


def test_added_pictures_join_their_patients_group(tmp_path: Path) -> None:
    project = import_dataset(scans(tmp_path / "scans"), "Scans").project
    more = write_folder(tmp_path / "more", {"ill/3.dcm": scan("1"), "well/4.dcm": scan("5")})
    add_pictures(project, more)
    add_to_class(project, "ill", [("5.dcm", scan("2"))])
    group = groups(project)
    assert group["ill/3.dcm"] == group["ill/1.dcm"]
    assert group["5.dcm"] == group["well/2.dcm"]
    assert group["well/4.dcm"] not in {group["ill/1.dcm"], group["well/2.dcm"]}


def test_a_project_that_began_empty_has_a_salt(tmp_path: Path) -> None:
    project = create_project("Empty", ["ill", "well"])
    add_pictures(project, scans(tmp_path / "scans"))
    assert not UNSALTED & set(groups(project))


def test_an_earlier_project_goes_on_without_a_salt(tmp_path: Path) -> None:
    project = create_project("Earlier", ["ill", "well"])
    (project.dataset / "salt.json").unlink()
    add_pictures(project, scans(tmp_path / "scans"))
    add_to_class(project, "ill", [("5.dcm", scan("2"))])
    group = groups(project)
    assert group["well/2.dcm"] == group["5.dcm"] == hashlib.sha256(b"DICOM 2").hexdigest()
    assert not (project.dataset / "salt.json").exists()


def test_no_export_has_the_salt(tmp_path: Path) -> None:
    project = import_dataset(scans(tmp_path / "scans"), "Scans").project
    salt = (project.dataset / "salt.json").read_text().split('"')[-2]
    assert len(salt) == 32
    for written_as in DATASET_FORMATS:
        path = tmp_path / f"{written_as}.zip"
        write_cleaned_dataset(open_dataset(project), path, QuietProgress(), format=written_as)
        assert salt.encode() not in path.read_bytes()
