"""Pictures that adapt a backbone: none that tests it, and none that looks like one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude, relabel
from core.data.editing.splits import settle_split
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import Split
from core.errors import TooFewImagesError
from core.progress import QuietProgress
from core.training.adaptation import pictures as selection
from core.training.adaptation.pictures import count_possible, select_pictures
from core.workspace import Project
from tests.support.pictures import class_folders, encoded, photograph, write_folder

LABELS, PLACES = {"left": "china", "right": "flower"}, 10


def place(label: str, number: int, quality: int) -> bytes:
    """One of ten places of a photograph."""
    top, left = 30 + 60 * (number // 5), 10 + 100 * (number % 5)
    pixels = photograph(LABELS[label])[top : top + 200, left : left + 200]
    return encoded(np.ascontiguousarray(pixels), "JPEG", quality=quality)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Twenty labelled places, and the same again without a label, in other files."""
    monkeypatch.setattr(selection, "LEAST_PICTURES", 5)
    files = {
        f"{label}/{number}{end}.jpg": place(label, number, quality)
        for label in LABELS
        for number in range(PLACES)
        for end, quality in (("", 92), ("-again", 60))
    }
    made = import_dataset(
        write_folder(tmp_path / "s", files), "Places", ImportConfig(unlabelled=True)
    ).project
    ids = open_dataset(made).all_pictures.set_index("name")["id"]
    for label in LABELS:
        relabel(made, ids[[f"{label}/{number}.jpg" for number in range(PLACES)]].tolist(), label)
    settle_split(made)
    return made


def names(dataset: Dataset) -> set[str]:
    chosen = select_pictures(dataset, QuietProgress())
    return set(chosen.dataset.pictures["name"].iloc[chosen.rows])


def test_no_picture_that_measures_and_no_copy_of_one_takes_part(project: Project) -> None:
    """Otherwise the backbone would have seen what it is tested on."""
    dataset = open_dataset(project)
    trained = set(dataset.pictures["name"].iloc[dataset.rows(Split.TRAIN)])
    assert names(dataset) == trained | {name.replace(".jpg", "-again.jpg") for name in trained}
    assert select_pictures(dataset, QuietProgress()).left_out == 20 - len(trained)


def test_copies_are_found_where_groups_do_not_tell(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user may have parted a group."""
    dataset = open_dataset(project)
    wanted = names(dataset)
    dataset.all_pictures["group"] = dataset.all_pictures["id"]
    assert names(dataset) == wanted


def test_excluded_pictures_take_no_part(project: Project) -> None:
    """Somebody has found them to be rubbish."""
    dataset = open_dataset(project)
    rubbish = sorted(names(dataset))[0]
    ids = dataset.all_pictures.set_index("name")["id"]
    assert rubbish not in names(exclude(project, [ids[rubbish]]))
    assert count_possible(open_dataset(project)) == count_possible(dataset) - 1


def test_too_few_pictures_are_refused_with_their_number(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "s", class_folders({"a": 7, "b": 6}))
    dataset = open_dataset(import_dataset(source, "Few").project)
    with pytest.raises(TooFewImagesError, match="Only 9 pictures"):
        select_pictures(dataset, QuietProgress())
