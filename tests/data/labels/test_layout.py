"""Folder layouts give classes and parts of the split."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.labels import synsets
from core.data.labels.layout import (
    MAX_LABEL_LENGTH,
    FileAssignment,
    Split,
    clean_label,
    is_companion,
    read_layout,
    spelling_of_classes,
)
from core.data.sources.opening import Member
from core.errors import ClassNameError


def members(*names: str) -> list[Member]:
    return [Member(name=name, parts=tuple(name.split("/")), read=bytes) for name in names]


def layout(*names: str) -> dict[str, str | tuple[str, str] | None]:
    """Each file's class, with its part where the folders say one."""
    places = read_layout(members(*names))
    return {name: shown(place) for name, place in zip(names, places, strict=True)}


def shown(place: FileAssignment | None) -> str | tuple[str, str] | None:
    if place is None:
        return None
    return (place.label, place.split.value) if place.split else place.label


def test_a_folder_is_a_class() -> None:
    assert layout("cats/1.png", "dogs/1.png", "cats/2.png") == {
        "cats/1.png": "cats",
        "dogs/1.png": "dogs",
        "cats/2.png": "cats",
    }


def test_a_nested_root_is_no_class() -> None:
    """Zipping a folder puts that folder into the zip."""
    assert layout("pets/cats/1.png", "pets/dogs/1.png") == {
        "pets/cats/1.png": "cats",
        "pets/dogs/1.png": "dogs",
    }


def test_roots_may_be_nested_deep() -> None:
    assert layout("a/b/c/cats/1.png", "a/b/c/dogs/1.png") == {
        "a/b/c/cats/1.png": "cats",
        "a/b/c/dogs/1.png": "dogs",
    }


def test_folders_below_a_class_belong_to_it() -> None:
    assert layout("cats/tom/1.png", "cats/felix/2.png", "dogs/3.png") == {
        "cats/tom/1.png": "cats",
        "cats/felix/2.png": "cats",
        "dogs/3.png": "dogs",
    }


@pytest.mark.parametrize("root", ["", "pets/", "a/b/"])
@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Train", "Valid", "Test"), ("training", "validation", "testing")],
)
def test_supplied_parts_are_understood(root: str, train: str, validation: str, test: str) -> None:
    assert layout(
        f"{root}{train}/cats/1.png",
        f"{root}{validation}/cats/2.png",
        f"{root}{test}/cats/3.png",
        f"{root}{train}/dogs/x/4.png",
    ) == {
        f"{root}{train}/cats/1.png": ("cats", "train"),
        f"{root}{validation}/cats/2.png": ("cats", "validation"),
        f"{root}{test}/cats/3.png": ("cats", "test"),
        f"{root}{train}/dogs/x/4.png": ("dogs", "train"),
    }


def test_a_single_part_is_only_a_root() -> None:
    """A folder called train, alone, was not split: Darkroom draws the parts."""
    assert layout("train/cats/1.png", "train/dogs/1.png") == {
        "train/cats/1.png": "cats",
        "train/dogs/1.png": "dogs",
    }


def test_parts_beside_other_folders_are_classes() -> None:
    """A model railway has trains."""
    assert layout("train/1.png", "car/1.png", "test/1.png") == {
        "train/1.png": "train",
        "car/1.png": "car",
        "test/1.png": "test",
    }


def test_unlabelled_test_pictures_are_in_no_class() -> None:
    """Competitions ship them so; "train" and "test" as classes would learn nonsense."""
    assert layout("train/cats/1.png", "train/dogs/2.png", "test/3.png", "test/4.png") == {
        "train/cats/1.png": ("cats", "train"),
        "train/dogs/2.png": ("dogs", "train"),
        "test/3.png": None,
        "test/4.png": None,
    }


def test_a_picture_outside_every_folder_is_in_no_class() -> None:
    assert layout("cover.png", "cats/1.png", "dogs/1.png") == {
        "cover.png": None,
        "cats/1.png": "cats",
        "dogs/1.png": "dogs",
    }


@pytest.mark.parametrize(
    "stray",
    [
        "README.md",
        "pets/labels.csv",
        "pets/notes/todo.txt",
        "LICENSE",
        "pets/LICENSE",
        "pets/Icon\r",
        "pets/data.mat",
    ],
)
def test_other_files_do_not_change_the_layout(stray: str) -> None:
    """A licence beside the class folders would make them one class, “pets”."""
    found = layout("pets/cats/1.png", "pets/dogs/1.JPG", stray)
    assert found["pets/cats/1.png"] == "cats"
    assert found["pets/dogs/1.JPG"] == "dogs"


def test_a_licence_does_not_hide_the_parts() -> None:
    found = layout("pets/train/cats/1.png", "pets/test/cats/2.png", "pets/train/LICENSE", "pets/other/dogs/3")
    assert found["pets/train/cats/1.png"] == ("cats", "train")
    assert found["pets/test/cats/2.png"] == ("cats", "test")
    assert found["pets/train/LICENSE"] is None
    assert found["pets/other/dogs/3"] is None


def test_pictures_without_an_extension_count_where_no_other_does() -> None:
    """MNIST, as some have unpacked it: the files are called 1, 2, 3."""
    assert layout("digits/one/1", "digits/two/2") == {"digits/one/1": "one", "digits/two/2": "two"}


@pytest.mark.parametrize("name", ["a/notes.TXT", "labels.csv", "x.json", "README.md", "a/b/c.xml"])
def test_text_and_tables_are_companions(name: str) -> None:
    assert is_companion(members(name)[0])


@pytest.mark.parametrize("name", ["1.png", "a/1.JPG", "txt", "csv/1.png", "noextension", "scan.txt.png"])
def test_other_files_are_not(name: str) -> None:
    assert not is_companion(members(name)[0])


def test_no_files_have_no_layout() -> None:
    assert read_layout([]) == []
    assert layout("README.md") == {"README.md": None}


def test_one_class_in_two_encodings_is_one_class() -> None:
    """macOS takes letters apart (NFD); the same zip mixes both after an edit elsewhere."""
    assert layout("Bl\u00fcte/1.png", "Blu\u0308te/2.png", "Blatt/3.png") == {
        "Bl\u00fcte/1.png": "Bl\u00fcte",
        "Blu\u0308te/2.png": "Bl\u00fcte",
        "Blatt/3.png": "Blatt",
    }


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("cats", "cats"),
        ("  tom   cats ", "tom cats"),
        ("cats\u200b", "cats"),  # zero width
        ("\u202etac", "tac"),  # would be shown turned around
        ("cats\n", "cats"),
        ("<b>cats", "<b>cats"),  # text is text; whoever shows it escapes it
        ("猫", "猫"),
        ("\udce9t\udce9", "t"),  # bytes that are no text
        ("\u200b", ""),
    ],
)
def test_invisible_characters_are_removed_from_a_label(folder: str, label: str) -> None:
    assert clean_label(folder) == label


def test_a_folder_without_a_visible_name_is_no_class() -> None:
    assert layout("\u200b/1.png", "cats/1.png") == {"\u200b/1.png": None, "cats/1.png": "cats"}


def test_classes_that_differ_in_capitals_are_refused() -> None:
    """They are one folder on Windows; which was meant, only the user knows."""
    with pytest.raises(ClassNameError, match="“Cats” and “cats” differ only in capital letters"):
        spelling_of_classes(["cats", "dogs", "Cats"], merge_case=False)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["cats", "Cats", "cats", "dogs"], {"cats": "cats", "Cats": "cats", "dogs": "dogs"}),
        (["CATS", "Cats", "Cats", "cats"], {"CATS": "Cats", "Cats": "Cats", "cats": "Cats"}),
        (["Straße", "STRASSE", "Straße"], {"Straße": "Straße", "STRASSE": "Straße"}),
    ],
)
def test_merged_classes_take_the_usual_spelling(labels: list[str], expected: dict[str, str]) -> None:
    assert spelling_of_classes(labels, merge_case=True) == expected


def test_merging_does_not_depend_on_the_order_of_files() -> None:
    labels = ["cats", "Cats", "CATS"]
    answers = [spelling_of_classes(order, merge_case=True) for order in (labels, labels[::-1])]
    assert answers[0] == answers[1]


def test_different_names_keep_their_spelling() -> None:
    assert spelling_of_classes(["Cats", "dogs"], merge_case=False) == {"Cats": "Cats", "dogs": "dogs"}


def test_a_split_speaks_as_reports_do() -> None:
    """The values stand in files that outlive this version."""
    assert [split.value for split in Split] == ["train", "validation", "test"]


@pytest.mark.parametrize("stray", ["docs/page.png", "extra/more/1.png", "docs/a/b/c.png", "x.png"])
def test_what_stands_beside_the_parts_of_a_split_set_is_in_no_class(stray: str) -> None:
    """A folder of documentation must not turn “train” and “test” into classes."""
    found = layout("train/cats/1.png", "train/dogs/1.png", "test/cats/2.png", stray)
    assert found == {
        "train/cats/1.png": ("cats", "train"),
        "train/dogs/1.png": ("dogs", "train"),
        "test/cats/2.png": ("cats", "test"),
        stray: None,
    }


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("seg_train", "seg_test"),
        ("training_set", "test_set"),
        ("Train Images", "Test Images"),
        ("images-train", "images-val"),
        ("训练集", "测试集"),
    ],
)
def test_parts_have_many_names(train: str, test: str) -> None:
    found = layout(f"{train}/cats/1.png", f"{train}/dogs/1.png", f"{test}/cats/2.png", "pred/3.png")
    part = "validation" if "val" in test else "test"
    assert found == {
        f"{train}/cats/1.png": ("cats", "train"),
        f"{train}/dogs/1.png": ("dogs", "train"),
        f"{test}/cats/2.png": ("cats", part),
        "pred/3.png": None,
    }


def test_class_names_can_contain_names_of_parts() -> None:
    """Only folders that are alike but for the word are parts of one set."""
    assert layout("train station/a/1.png", "test tube/a/1.png", "valid ticket/a/1.png") == {
        "train station/a/1.png": "train station",
        "test tube/a/1.png": "test tube",
        "valid ticket/a/1.png": "valid ticket",
    }


def test_a_lone_picture_does_not_hide_the_parts() -> None:
    assert layout("pets/lone.png", "pets/train/cats/1.png", "pets/test/2.png") == {
        "pets/lone.png": None,
        "pets/train/cats/1.png": ("cats", "train"),
        "pets/test/2.png": None,
    }


def test_a_folder_that_unpacking_doubled_counts_once() -> None:
    """As in a well-known set of landscapes: seg_train/seg_train/forest."""
    found = layout(
        "seg_train/seg_train/forest/1.png",
        "seg_train/seg_train/sea/1.png",
        "seg_test/seg_test/sea/2.png",
        "seg_pred/seg_pred/3.png",
    )
    assert found == {
        "seg_train/seg_train/forest/1.png": ("forest", "train"),
        "seg_train/seg_train/sea/1.png": ("sea", "train"),
        "seg_test/seg_test/sea/2.png": ("sea", "test"),
        "seg_pred/seg_pred/3.png": None,
    }


def test_imagenets_folders_get_readable_names() -> None:
    found = layout(
        "ILSVRC/Data/CLS-LOC/train/n01440764/n01440764_18.JPEG",
        "ILSVRC/Data/CLS-LOC/train/n02012849/n02012849_7.JPEG",
        "ILSVRC/Data/CLS-LOC/train/n03126707/n03126707_1.JPEG",
        "ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_00000001.JPEG",
        "ILSVRC/Annotations/CLS-LOC/train/n01440764/n01440764_18.xml",
    )
    assert list(found.values()) == [
        ("tench", "train"),
        ("crane (n02012849)", "train"),  # the bird
        ("crane (n03126707)", "train"),  # the machine
        None,
        None,
    ]


def test_synsets_have_a_thousand_names_that_differ() -> None:
    numbers = [
        line.split()[0] for line in Path(synsets.__file__).with_name("synsets.txt").read_text().splitlines()
    ]
    assert len(set(numbers)) == 1000
    assert all(synsets.is_synset(number) for number in numbers)
    assert len({synsets.readable_name(number).casefold() for number in numbers}) == 1000
    assert synsets.readable_name("n02123045") == "tabby"
    assert synsets.readable_name("n99999999") == "n99999999"
    assert layout("n99999999/1.png", "n01440764x/1.png") == {
        "n99999999/1.png": "n99999999",
        "n01440764x/1.png": "n01440764x",
    }


def test_a_source_can_be_read_as_unlabelled() -> None:
    """A camera's folders are dates, not classes."""
    places = read_layout(members("100CANON/1.jpg", "101CANON/2.jpg", "3.jpg"), unlabelled=True)
    assert places == [FileAssignment(label="", split=None)] * 3


def test_pictures_outside_class_folders_can_be_labelled_later() -> None:
    names = ("train/cats/1.png", "test/dogs/2.png", "test/3.png", "docs/4.png", "5.png")
    places = read_layout(members(*names), keep_loose=True)
    assert [(place.label, place.split) for place in places if place] == [
        ("cats", Split.TRAIN),
        ("dogs", Split.TEST),
        ("", None),
        ("", None),
        ("", None),
    ]


def test_a_very_long_folder_name_is_cut_and_stays_unique() -> None:
    first, second = "x" * 300 + "1", "x" * 300 + "2"
    found = layout(f"{first}/1.png", f"{second}/2.png", f"{first}/3.png")
    labels = [str(label) for label in found.values()]
    assert labels[0] == labels[2] != labels[1]
    assert labels[0].startswith("x" * 110 + "… ")
    assert all(len(label) <= MAX_LABEL_LENGTH for label in labels)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("cats", "c\u0430ts"),  # a Cyrillic a
        ("Cats", "\u0421ats"),
        ("cats", "\uff43\uff41\uff54\uff53"),  # full width, as Chinese keyboards write
        ("\u0421ats", "cats"),
    ],
)
def test_classes_that_look_the_same_are_refused_or_merged(first: str, second: str) -> None:
    """No page could tell them apart; learnt as two classes, each is the other's mistake."""
    with pytest.raises(ClassNameError, match="look the same but are written with different letters"):
        spelling_of_classes([first, "dogs", second], merge_case=False)
    merged = spelling_of_classes([first, first, second, "dogs"], merge_case=True)
    assert merged == {first: first, second: first, "dogs": "dogs"}


@pytest.mark.parametrize(
    ("first", "second"),
    [("A", "\u0410"), ("кот", "kot"), ("CO2", "CO₂"), ("O", "0"), ("Ο", "O"), ("naïve", "naive")],
)
def test_letters_of_different_alphabets_can_be_classes(first: str, second: str) -> None:
    """Whoever sorts handwritten letters has both."""
    assert spelling_of_classes([first, second], merge_case=False) == {first: first, second: second}


@pytest.mark.parametrize("invisible", ["\ufe0f", "\u034f", "\u3164", "\U000e0101", "\u00ad", "\u2066"])
def test_invisible_signs_make_no_other_class(invisible: str) -> None:
    assert clean_label(f"ca{invisible}ts{invisible}") == "cats"


def test_a_stray_picture_beside_the_class_folders_does_not_make_their_root_a_class() -> None:
    """One lone file in a zip's wrapper folder must not hide all classes."""
    assert layout("flowers/lone.png", "flowers/rose/1.png", "flowers/tulip/1.png") == {
        "flowers/lone.png": None,
        "flowers/rose/1.png": "rose",
        "flowers/tulip/1.png": "tulip",
    }
