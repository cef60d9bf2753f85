"""Names of classes that a source only numbers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from core.data.formats.doubts import DoubtKind
from core.data.formats.numbered_classes import names_by_number
from core.data.formats.understanding import ConfirmationNeededError, understand
from core.data.import_config import ImportConfig
from core.data.sources.opening import open_source
from core.errors import ClassNameError, DataError
from tests.support.formats import read
from tests.support.pictures import class_folders, digit, digit_scans, write_folder


def arrays(*labels: int) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, images=digit_scans()[: len(labels)], labels=np.array(labels))
    return stream.getvalue()


def classes(folder: Path, **config: object) -> list[str]:
    return sorted(read(folder, **config).understanding.classes)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("classes.txt", "cat\ndog\n\nred fox\n"),
        ("labels.txt", "0 cat\n1 dog\n2 red fox\n"),
        ("obj.names", "cat\ndog\nred fox"),
        ("data.yaml", "nc: 3\nnames: [cat, dog, 'red fox']\n"),
        ("id2label.json", json.dumps({"0": "cat", "1": "dog", "2": "red fox"})),
        ("class_indices.json", json.dumps({"dog": 1, "cat": 0, "red fox": 2})),
        ("label_num_to_disease_map.json", json.dumps({"0": "cat", "1": "dog", "2": "red fox"})),
        ("info.json", json.dumps({"names": ["cat", "dog", "red fox"]})),
    ],
)
def test_names_in_a_file_beside_the_data_are_used(tmp_path: Path, file: str, text: str) -> None:
    folder = write_folder(tmp_path / "pets", {"pets.npz": arrays(0, 1, 2, 1), file: text.encode()})
    result = read(folder)
    assert result.understanding.classes == {"cat": 1, "dog": 2, "red fox": 1}
    assert result.notes == {"class_names_of_file": True}
    assert result.left_out == {}
    (note,) = result.reading.notes
    assert str(note.message) == (
        f"The numbered classes have their names from {file}: 0 “cat”, 1 “dog”, 2 “red fox”."
    )


def test_folders_that_are_numbered_from_1_have_the_names_of_their_numbers(tmp_path: Path) -> None:
    """Oxford Flowers: folders 1 to 102 and cat_to_name.json."""
    names = json.dumps({"1": "pink primrose", "2": "globe thistle", "10": "snapdragon"})
    files = {**class_folders({"1": 3, "2": 3, "10": 3}), "cat_to_name.json": names.encode()}
    assert classes(write_folder(tmp_path / "flowers", files)) == [
        "globe thistle",
        "pink primrose",
        "snapdragon",
    ]


@pytest.mark.parametrize("text", ["cat\ndog", "cat\ndog\nfox\nowl", "cat\ncat\ndog", "1\n2\n3"])
def test_names_that_do_not_fit_the_numbers_are_not_used(tmp_path: Path, text: str) -> None:
    """Too few, too many, one twice, and numbers again."""
    folder = write_folder(tmp_path / "pets", {"pets.npz": arrays(0, 1, 2), "classes.txt": text.encode()})
    result = read(folder)
    assert sorted(result.understanding.classes) == ["0", "1", "2"]
    assert result.notes == {"unnamed_classes": True}


def test_the_users_names_are_used(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"pets.npz": arrays(1, 2), "classes.txt": b"x\ny"})
    assert classes(folder, class_names=("cat", "dog")) == ["cat", "dog"]


def test_names_count_from_0_where_there_is_a_0_and_otherwise_from_1() -> None:
    assert names_by_number(["0", "2"], ["a", "b", "c"]) == {0: "a", 1: "b", 2: "c"}
    assert names_by_number(["1", "3"], ["a", "b", "c"]) == {1: "a", 2: "b", 3: "c"}


def test_names_that_do_not_match_the_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="numbered from 1 to 3, and 4 names were given"):
        names_by_number(["1", "3"], ["a", "b", "c", "d"])
    with pytest.raises(DataError, match="have names already, such as “cat”"):
        names_by_number(["0", "cat"], ["a", "b"])
    with pytest.raises(ClassNameError, match="already a class called “a”"):
        names_by_number(["0", "1"], ["a", "A"])


def test_a_table_with_numbers_is_imported_with_a_note_and_asked_about_on_the_page(tmp_path: Path) -> None:
    rows = [f"{number}.png,{number % 2}" for number in range(6)]
    files = {f"{number}.png": digit(number) for number in range(6)}
    folder = write_folder(tmp_path / "pets", {**files, "t.csv": "\n".join(["file,label", *rows]).encode()})
    assert "unnamed_classes" in read(folder).notes
    with pytest.raises(ConfirmationNeededError) as error:
        read(folder, offers_choices=True)
    assert [doubt.kind for doubt in error.value.understanding.doubts] == [DoubtKind.CLASSES_ARE_NUMBERS]


def test_folders_named_with_digits_have_their_names(tmp_path: Path) -> None:
    """Someone called them so."""
    folder = write_folder(tmp_path / "digits", class_folders({"0": 3, "1": 3}))
    assert read(folder, offers_choices=True).notes == {}


def test_numbers_that_a_project_has_as_classes_stay_numbers(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "pets", {"pets.npz": arrays(0, 1), "classes.txt": b"cat\ndog\n"})
    with open_source(folder) as listing:
        _, understanding = understand(listing, ImportConfig(), "pets", known_classes=["0", "1", "2"])
    assert sorted(understanding.classes) == ["0", "1"]
