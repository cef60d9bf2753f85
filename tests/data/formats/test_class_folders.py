"""Class folders as tools write them: pictures without a label, and pictures with several."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.formats.doubts import DoubtKind
from core.data.formats.understanding import ConfirmationNeededError
from tests.support.formats import read, source
from tests.support.pictures import digit


@pytest.mark.parametrize("folder", ["_unlabeled", "no_label", "unlabeled"])
def test_the_folder_of_unlabelled_pictures_is_no_class(tmp_path: Path, folder: str) -> None:
    result = read(source(tmp_path, ["cat/a.png", "dog/b.png", f"{folder}/c.png"], {}))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": ""}
    assert result.notes == {"blank_labels": 1}
    assert result.understanding.doubts == ()


def test_one_picture_in_two_class_folders_asks_whether_it_has_both_labels(tmp_path: Path) -> None:
    files = {"cat/a.png": digit(1), "red/a.png": digit(1)}
    result = read(source(tmp_path, ["dog/b.png", "red/c.png"], files), confirmed=True)
    assert [doubt.kind.value for doubt in result.understanding.doubts] == ["several_labels"]
    assert (
        str(result.understanding.doubts[0].message) == "Some pictures have several labels, such as cat; red."
    )


def test_other_pictures_of_one_name_are_no_copies(tmp_path: Path) -> None:
    result = read(source(tmp_path, ["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"], {}))
    assert result.understanding.doubts == ()


@pytest.mark.parametrize("part", ["val", "valid", "validation"])
def test_yolo_classification_folders_keep_their_parts(tmp_path: Path, part: str) -> None:
    pictures = ["train/cat/a.png", "train/dog/b.png", f"{part}/cat/c.png", "test/dog/d.png"]
    result = read(source(tmp_path, pictures, {}))
    assert result.labels == {"a.png": "cat", "b.png": "dog", "c.png": "cat", "d.png": "dog"}
    assert result.splits == {"a.png": "train", "b.png": "train", "c.png": "validation", "d.png": "test"}


def nested(outers: tuple[str, ...], inners: tuple[str, ...]) -> list[str]:
    return [f"{outer}/{inner}/{outer}-{inner}.png" for outer in outers for inner in inners]


def test_classes_below_dates_are_classes_and_dates_are_groups(tmp_path: Path) -> None:
    dates = ("2024-03-01", "2024-03-02", "2024-03-05")
    result = read(source(tmp_path, nested(dates, ("cat", "dog")), {}))
    assert result.understanding.classes == {"cat": 3, "dog": 3}
    assert {(member.parts[0], assignment.group) for member, assignment in result.reading.pictures} == {
        (date, date) for date in dates
    }


def test_two_dates_are_too_few_for_groups(tmp_path: Path) -> None:
    """Kept whole, they would leave one of the three parts of the split empty."""
    result = read(source(tmp_path, nested(("2024-03-01", "2024-03-02"), ("cat", "dog")), {}))
    assert result.understanding.classes == {"cat": 2, "dog": 2}
    assert result.understanding.groups == 0


def test_the_same_folders_in_every_folder_are_asked_about(tmp_path: Path) -> None:
    folder = source(tmp_path, nested(("red", "blue"), ("left", "right")), {})
    with pytest.raises(ConfirmationNeededError) as error:
        read(folder)
    assert [doubt.kind for doubt in error.value.understanding.doubts] == [DoubtKind.SECOND_EXPLANATION]
    assert error.value.understanding.classes == {"left": 2, "right": 2}
    assert read(folder, format="outer_folders").understanding.classes == {"blue": 2, "red": 2}


def test_parts_below_classes_are_parts(tmp_path: Path) -> None:
    result = read(source(tmp_path, nested(("red", "blue"), ("train", "test")), {}))
    assert result.understanding.classes == {"red": 2, "blue": 2}
    assert result.understanding.splits == {"train": 2, "test": 2}


def test_copies_that_roboflow_augmented_are_one_group(tmp_path: Path) -> None:
    names = [
        "cat/a_jpg.rf.0123456789abcdef.png",
        "cat/a_jpg.rf.aaaa456789abcdef.png",
        "dog/b_jpg.rf.0123456789abcdef.png",
    ]
    result = read(source(tmp_path, names, {}))
    assert [assignment.group for _, assignment in result.reading.pictures] == ["a_jpg", "a_jpg", ""]
    assert result.notes == {"augmented_copies": 1}


@pytest.mark.parametrize(
    "classes", [("40012345", "40099912"), ("n000002", "n000007"), ("SKU-10234", "SKU-20567")]
)
def test_numbers_of_articles_and_people_are_class_names(tmp_path: Path, classes: tuple[str, str]) -> None:
    result = read(source(tmp_path, [f"{name}/{name}.png" for name in classes], {}))
    assert result.understanding.classes == dict.fromkeys(classes, 1)


def test_a_copy_has_the_class_of_its_original(tmp_path: Path) -> None:
    """Pictures of other classes often have the same names."""
    names = ["cat/1_jpg.rf.0123456789ab.png", "dog/1_jpg.rf.ba9876543210.png"]
    assert read(source(tmp_path, names, {})).notes == {}
    copies = [*names, "dog/1_jpg.rf.cccccccccccc.png"]
    result = read(source(tmp_path / "more", copies, {}))
    assert result.notes == {"augmented_copies": 1}
    assert [assignment.group for _, assignment in result.reading.pictures] == ["", "dog/1_jpg", "dog/1_jpg"]


def test_a_table_that_contradicts_itself_is_asked_about(tmp_path: Path) -> None:
    """Folders such as batches would become the classes without a word."""
    rows = "file,label\na.png,cat\nb.png,dog\na.png,dog\n"
    folder = source(tmp_path, ["first/a.png", "second/b.png"], {"labels.csv": rows})
    with pytest.raises(ConfirmationNeededError, match="Labels were not used: Rows 2 and 4 of"):
        read(folder)


@pytest.mark.parametrize(
    "mask",
    ["{label}/{label} (1)_mask.png", "{label}/masks/{label} (1).png", "{label}/{label} (1)_mask_1.png"],
)
def test_masks_beside_their_pictures_are_asked_about(tmp_path: Path, mask: str) -> None:
    """They were pictures of their class, as in the ultrasound images of BUSI."""
    names = [f"{label}/{'images/' if 'masks/' in mask else ''}{label} (1).png" for label in ("cat", "dog")]
    masks = [mask.format(label=label) for label in ("cat", "dog")]
    with pytest.raises(ConfirmationNeededError, match="probably masks of others"):
        read(source(tmp_path, [*names, *masks], {}))


def test_a_class_called_mask_is_a_class(tmp_path: Path) -> None:
    pictures = ["mask/a_mask.png", "mask/b.png", "no mask/c.png", "no mask/d.png"]
    assert read(source(tmp_path, pictures, {})).format == "folders"


def test_names_of_an_unknown_encoding_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ConfirmationNeededError, match="an encoding that is not known here: “▀ß╚”"):
        read(source(tmp_path, [f"{label}/{number}.png" for label in ("▀ß╚", "▐╪╔") for number in (1, 2)], {}))


SOUND = b"OggS\0\2" + bytes(22) + b"\1\36\1vorbis" + bytes(30)
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def test_files_of_a_strange_kind_are_counted_as_pictures_only_if_they_are(tmp_path: Path) -> None:
    """A folder of stamps has sounds of equal content in two classes, and drawings of lines."""
    pictures = [f"{label}/{number}.png" for label in ("animals", "plants") for number in range(3)]
    others = {
        f"{label}/{word}.ogg": SOUND for label in ("animals", "plants") for word in ("frog", "tree", "sea")
    }
    others |= {"plants/a.svg": DRAWING, "animals/photo.dat": digit(1), "animals/notes.dat": b"a b c"}
    result = read(source(tmp_path, pictures, others))
    assert result.understanding.classes == {"animals": 5, "plants": 3}
    assert result.understanding.doubts == ()
    reasons = {name: reason.code.value for name, reason in result.reading.left_out}
    assert {name: code for name, code in reasons.items() if name.endswith(".ogg")} == {
        name: "not_a_picture" for name in others if name.endswith(".ogg")
    }
    assert reasons["plants/a.svg"] == "drawing"


def test_where_no_file_is_named_as_a_picture_all_may_be(tmp_path: Path) -> None:
    files = {
        f"{label}/{number}": digit(number)
        for number in range(4)
        for label in ("even", "odd")[number % 2 :][:1]
    }
    assert read(source(tmp_path, [], files)).understanding.classes == {"even": 2, "odd": 2}
