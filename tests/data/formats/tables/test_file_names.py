"""Classes in file names are shown and asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.formats.doubts import DoubtKind
from core.data.formats.survey import Survey
from core.data.formats.tables.file_names import FILE_NAMES
from core.data.formats.understanding import ConfirmationNeededError, understand
from core.data.import_config import ImportConfig
from core.data.sources.members import Listing, Member
from core.data.sources.opening import open_source
from tests.support.formats import read, source


@pytest.mark.parametrize(
    "pattern", ["{0}_0{1}.png", "{0}.{1}.png", "{0} ({1}).png", "{0}-{1}.png", "{0}{1}.png"]
)
@pytest.mark.parametrize("folder", ["", "images/"])
def test_a_class_in_the_file_name_is_asked_about(tmp_path: Path, pattern: str, folder: str) -> None:
    names = [pattern.format(label, number) for label in ("cat", "dog") for number in range(3)]
    path = source(tmp_path, [folder + name for name in names], {})
    with pytest.raises(ConfirmationNeededError) as error:
        read(path)
    (doubt,) = error.value.understanding.doubts
    assert doubt.kind is DoubtKind.CLASSES_FROM_NAMES
    assert f"“{names[0]}” → “cat”" in str(doubt.message)
    assert list(read(path, format="file_names").labels.values()).count("dog") == 3


def test_numbered_pictures_beside_them_are_labelled_later(tmp_path: Path) -> None:
    """Kaggle's dogs and cats: train/cat.0.jpg, test1/1.jpg."""
    names = [f"train/{label}.{number}.png" for label in ("cat", "dog") for number in range(3)]
    result = read(source(tmp_path, [*names, "test1/1.png", "test1/2.png"], {}), confirmed=True)
    assert result.format == "file_names"
    assert result.understanding.classes == {"cat": 3, "dog": 3}
    assert result.notes == {"blank_labels": 2}


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_1.png", "IMG_2.png", "DSC_1.png", "DSC_2.png"],
        ["1.png", "2.png", "3.png", "4.png"],
        ["beach_1.png", "sunset_2.png", "rome_3.png"],
    ],
)
def test_names_of_cameras_and_singles_are_no_classes(names: list[str]) -> None:
    members = [Member(name=name, parts=(name,), read=bytes) for name in names]
    assert FILE_NAMES.recognise(Survey(Listing(members=members), "photos")) is None


def test_pictures_added_to_a_known_class_are_not_asked_about(tmp_path: Path) -> None:
    names = [f"cats/{label}_{number}.png" for label in ("kitten", "cat") for number in range(3)]
    with open_source(source(tmp_path, names, {})) as listing:
        reading, _ = understand(listing, ImportConfig(), "more", known_classes=["cats", "dogs"])
    assert {assignment.label for _, assignment in reading.pictures} == {"cats"}
