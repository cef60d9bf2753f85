"""Dataset commands: add, doctor, version, split, relabel, exclude, dataset."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.data.dataset import open_dataset
from core.workspace import get_project
from tests.support.command_line import answer_here
from tests.support.pictures import (
    class_folders,
    digit,
    encoded,
    small_photograph,
    two_digits,
    two_digits_folder,
    write_folder,
    write_zip,
)
from tests.support.trained import Trained

Answer = dict[str, Any]
Ask = Callable[..., Answer]


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Ask:
    """Run a command in this process and give what it printed."""

    def run(*arguments: str | Path) -> Answer:
        capfd.readouterr()
        assert main([*map(str, arguments), "--json"]) == 0, capfd.readouterr().err
        return dict(json.loads(capfd.readouterr().out))

    return run


@pytest.fixture
def pets(tmp_path: Path, ask: Ask) -> str:
    source = write_zip(tmp_path / "pets.zip", class_folders({"cats": 10, "dogs": 10}))
    ask("import", source, "--project", "Pets", "--seed", "3")
    return "Pets"


def ids(project: str, label: str) -> list[str]:
    pictures = open_dataset(get_project(project)).all_pictures
    return pictures.loc[pictures["label"] == label, "id"].tolist()


def test_pictures_are_added(pets: str, ask: Ask, tmp_path: Path) -> None:
    files = {"cats/new.png": digit(100), "cats/old.png": digit(0)}
    answer = ask("add", write_folder(tmp_path / "more", files), "--project", pets)
    assert answer["classes"] == {"cats": 1}
    assert answer["version"] == 2
    assert answer["skipped"] == [{"file": "cats/old.png", "reason": "it is the same picture as cats/0.png"}]


@pytest.mark.parametrize(
    ("outside", "inside"), [("--table", "--table-inside"), ("--sheet", "--sheet-inside")]
)
def test_labels_come_from_a_table(outside: str, inside: str, ask: Ask, tmp_path: Path) -> None:
    """The options had other names in Darkroom 0.1.0, and scripts still use them."""
    rows = "".join(f"{index}.png,{'even' if index % 2 == 0 else 'odd'}\n" for index in range(8))
    table = ("file,label\n" + rows).encode()
    pictures = {f"{index}.png": digit(index) for index in range(8)}
    source = write_folder(tmp_path / "digits", pictures)
    (tmp_path / "truth.csv").write_bytes(table)
    beside = ask("import", source, "--project", "Beside", outside, tmp_path / "truth.csv")
    assert beside["classes"] == {"even": 4, "odd": 4}
    source = write_folder(tmp_path / "with table", {**pictures, "truth.csv": table})
    within = ask("import", source, "--project", "Within", inside)
    assert within["classes"] == {"even": 4, "odd": 4}


def test_the_columns_of_a_table_are_named_and_chosen(
    ask: Ask, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{i}.png,{'good' if i < 4 else 'bad'},{'cat' if i % 2 else 'dog'}\n" for i in range(8))
    files = {f"{i}.png": digit(i) for i in range(8)}
    source = write_folder(tmp_path / "pets", {**files, "pets.csv": ("file,quality,animal\n" + rows).encode()})
    assert main(["import", str(source), "--project", "Pets"]) == 2
    said = capfd.readouterr().err
    assert "Note: pets.csv gives file names in “file” and classes in “animal”." in said
    assert "--label-column COLUMN" in said
    chosen = ask("import", source, "--project", "Pets", "--label-column", "quality", "--file-column", "file")
    assert chosen["classes"] == {"bad": 4, "good": 4}


def test_labels_and_exclusions_make_versions_that_are_compared_and_restored(pets: str, ask: Ask) -> None:
    first, second = ids(pets, "cats")[:2]
    assert ask("relabel", "--project", pets, "--to", "dogs", first)["classes"] == {"cats": 9, "dogs": 11}
    assert ask("exclude", "--project", pets, second) == {"project": pets, "version": 3, "excluded": 1}
    compared = ask("version", "--project", pets, "--compare", "1", "3")
    assert compared["relabelled"] == {first: ["cats", "dogs"]}
    assert compared["excluded"] == [second]
    assert ask("exclude", "--project", pets, "--restore", second)["excluded"] == 0
    history = ask("version", "--project", pets, "--restore", "1")["versions"]
    assert [version["number"] for version in history] == [5, 4, 3, 2, 1]
    assert history[0]["what"] == "Version 1 restored"
    assert ids(pets, "cats")[:2] == [first, second]


def test_the_split_is_shown_and_drawn_anew(pets: str, ask: Ask) -> None:
    told = ask("split", "--project", pets)
    assert told["split"] == {"train": 12, "validation": 4, "test": 4}
    assert told["version"] == 1  # asking changes nothing
    drawn = ask("split", "--project", pets, "--validation", "0.1", "--test", "0.3")
    assert drawn["classes"]["cats"] == {"train": 6, "validation": 1, "test": 3}
    assert (drawn["version"], drawn["leaks"]) == (2, [])


def test_the_cleaned_pictures_are_written_by_class(tmp_path: Path, ask: Ask) -> None:
    photograph = encoded(small_photograph(), "JPEG", exif=b"Exif\x00\x00")
    files = {
        **class_folders({"=cats": 4, "dogs/": 4}),
        "=cats/Scan.png": digit(50),
        "=cats/scan.png": digit(51),
        "dogs/photo.jpg": photograph,
    }
    ask("import", write_zip(tmp_path / "pets.zip", files), "--project", "Pets")
    ask("exclude", "--project", "Pets", ids("Pets", "dogs")[0])
    answer = ask("dataset", "--project", "Pets", "--output", tmp_path / "clean.zip")
    assert answer["pictures"] == 10
    with zipfile.ZipFile(tmp_path / "clean.zip") as archive:
        names = archive.namelist()
        table = list(csv.DictReader(io.StringIO(archive.read("pictures.csv").decode())))
    assert len({name.casefold() for name in names}) == 11  # on any disk, no file covers another
    assert {name.split("/")[0] for name in names} == {"_cats", "dogs", "pictures.csv"}
    assert [row["file"] for row in table] == names[:-1]
    assert {row["label"] for row in table} == {"'=cats", "dogs"}  # no formula for a spreadsheet
    assert {row["split"] for row in table} == {"train", "validation", "test"}
    ask("import", tmp_path / "clean.zip", "--project", "Again")
    assert len(open_dataset(get_project("Again")).pictures) == 10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "nowhere.zip", "--project", "Pets"], "no file or folder"),
        (["relabel", "--project", "Pets", "--to", "dogs", "nobody"], "no picture “nobody”"),
        (["version", "--project", "Pets", "--restore", "9"], "version 9"),
        (["split", "--project", "Pets", "--test", "0.9"], "0.9 is not possible"),
        (["doctor", "--project", "Nobody"], "no project called “Nobody”"),
    ],
)
def test_what_cannot_be_done_is_said(
    pets: str, arguments: list[str], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert sentence in capfd.readouterr().err


def test_the_doctor_examines_a_project_through_its_worker(
    trained: Trained, workspace: Path, tmp_path: Path
) -> None:
    """Real processes and the real backbone: a blank picture, and one scan filed under two labels."""
    (workspace / "backbones").symlink_to(trained.home / "backbones")
    files = class_folders({"cats": 12, "dogs": 12})
    files |= {"cats/blank.png": encoded(small_photograph() * 0 + 255, "PNG"), "dogs/twice.png": digit(0)}
    answer_here(workspace, "import", write_folder(tmp_path / "source", files), "--project", "Pets")
    found = {item["kind"]: item for item in answer_here(workspace, "doctor", "--project", "Pets")["findings"]}
    assert {picture["name"] for picture in found["conflicting-labels"]["pictures"]} >= {"dogs/twice.png"}
    assert [picture["name"] for picture in found["blank"]["pictures"]] == ["cats/blank.png"]
    for finding in found.values():
        assert finding["count"] >= 1
        for picture in finding["pictures"]:
            assert set(picture) == {"id", "name", "label", "suggested"}


def test_pictures_with_several_labels_are_imported_divided_and_labelled_anew(
    ask: Ask, tmp_path: Path
) -> None:
    """A picture counts for every class that it shows."""
    answer = ask("import", two_digits_folder(tmp_path / "pairs", 24), "--project", "Pairs", "--multi-label")
    shown = [classes for _, classes in two_digits(24).values()]
    counts = {name: sum(name in classes for classes in shown) for name in ("3", "5", "8")}
    assert answer["classes"] == counts
    parts = ask("split", "--project", "Pairs")["classes"]
    assert {name: sum(parts[name].values()) for name in parts} == counts
    picture = ids("Pairs", "3; 5")[0]
    after = ask("relabel", "--project", "Pairs", "--to", "8|5", picture)
    assert after["classes"] == counts | {"3": counts["3"] - 1, "8": counts["8"] + 1}


def test_class_names_that_look_like_label_sets_give_a_hint(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With chosen columns each combination is a class; that is seldom meant."""
    source = str(two_digits_folder(tmp_path / "pairs", 24))
    assert main(["import", source, "--project", "Pairs", "--json"]) == 2
    assert "Some pictures have several labels, such as" in capfd.readouterr().err
    chosen = ["--file-column", "file", "--label-column", "labels"]
    assert main(["import", source, "--project", "Pairs", "--json", *chosen]) == 0
    assert "became one class; for several labels a picture: --multi-label" in capfd.readouterr().err
    assert main(["import", source, "--project", "Others", "--multi-label", "--json"]) == 0
    assert "became one class" not in capfd.readouterr().err


def test_a_source_in_doubt_is_described_on_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A script gets exit code 2 and nothing half-made; its author reads why, and what to add."""
    parts = write_folder(tmp_path / "pets", class_folders({"train": 4, "test": 3}))
    arguments = ["import", str(parts), "--project", "Pets", "--json"]
    assert main(arguments) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert "Read as: folders (nothing else explains it)" in lines
    assert "Classes: test 3, train 4" in lines
    assert "  test/0.png: test" in lines
    assert "To import it like this, add --yes. Other ways: --unlabelled" in lines
    assert "These are usually parts of a split, not classes." in lines[-1]
    assert main([*arguments, "--yes"]) == 0
    understood = json.loads(capfd.readouterr().out)["understood"]
    assert (understood["format"], understood["evidence"]) == ("folders", "nothing else explains it")


def test_boxes_are_asked_about_and_cut_out_on_request(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    texts = {f"{number}.txt": b"0 0.5 0.5 0.5 0.5\n1 0.2 0.2 0.25 0.25\n" for number in range(4)}
    pictures = {f"{number}.png": digit(number) for number in range(4)}
    source = write_folder(tmp_path / "pets", {**texts, **pictures, "classes.txt": b"cat\ndog\n"})
    arguments = ["import", str(source), "--project", "Pets", "--json"]
    assert main(arguments) == 2
    asked = capfd.readouterr().err
    assert "With --boxes crop: cat 4, dog 4" in asked.splitlines()
    assert "Other ways: --boxes crop, --boxes picture, --unlabelled" in asked
    crop = [*arguments, "--boxes", "crop"]
    assert main([*crop, "--box-margin", "300"]) == 2
    assert "A margin of 300.0 % around boxes is not possible" in capfd.readouterr().err
    assert main([*crop, "--box-margin", "0", "--smallest-box", "4"]) == 2
    # 8 × 8 pixels: half of that is 4 pixels, a quarter 2.
    assert "Only one class was found" in capfd.readouterr().err
    assert main([*crop, "--box-margin", "50", "--smallest-box", "2"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["classes"] == {"cat": 4, "dog": 4}
    assert "Pictures cut out of boxes: 8, from 4 files" in " ".join(answer["understood"]["notes"])


def test_the_range_is_shown_changed_and_undone(ask: Ask, tmp_path: Path, workspace: Path) -> None:
    from tests.data.test_deep_pictures import bits_12, files

    ask("import", write_folder(tmp_path / "deep", files(bits_12)), "--project", "Deep")
    shown = ask("range", "--project", "Deep")
    assert (shown["version"], shown["range"], shown["found"]) == (1, [0, 4095], [0, 4095])
    changed = ask("range", "--project", "Deep", "--range", "0", "1504")
    assert (changed["version"], changed["range"], changed["found"]) == (2, [0, 1504], [0, 4095])
    assert ask("range", "--project", "Deep", "--range-preset", "bits_10")["range"] == [0, 1023]
    assert ask("version", "--project", "Deep", "--compare", "1", "2")["pixel_range"] == [[0, 4095], [0, 1504]]
    assert ask("version", "--project", "Deep", "--restore", "2")["versions"][0]["number"] == 4
    assert ask("range", "--project", "Deep")["range"] == [0, 1504]
    assert ask("range", "--project", "Deep", "--found")["range"] == [0, 4095]
