"""Documents, videos and volumes are offered before an import, and taken apart once that is confirmed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tests.support.containers as files
from core.data.containers import table
from core.data.containers.config import ContainerConfig, ContainerKind
from core.data.containers.offers import find_offers
from core.data.dataset import Dataset, open_dataset
from core.data.formats.understanding import ConfirmationNeededError
from core.data.import_config import ImportConfig
from core.data.importing import ImportReport, import_dataset
from core.data.sources.members import Member
from core.optional_packages import OptionalPackage
from tests.support.pictures import Files, class_folders, write_folder, write_zip

CONFIRMED = ImportConfig(confirmed=True)


def imported(source: Path, config: ImportConfig = CONFIRMED) -> tuple[ImportReport, Dataset]:
    report = import_dataset(source, "Pets", config)
    return report, open_dataset(report.project)


def volume(seed: int) -> bytes:
    values = np.random.default_rng(seed).integers(-1000, 1000, (16, 16, 3)).astype(np.int16)
    return files.nifti(values, packed=True)


def mixed() -> Files:
    """A picture, documents, videos and volumes in two class folders."""
    return {
        **class_folders({"cats": 3, "dogs": 3}),
        "cats/a.pdf": files.pdf(1, 2),
        "dogs/b.pdf": files.pdf(3),
        "cats/c.mp4": files.video([0, 40, 80, 120, 160, 200, 240, 250], rate=4),
        "dogs/d.nii.gz": volume(1),
    }


def test_what_is_inside_is_asked_about_first(tmp_path: Path) -> None:
    with pytest.raises(ConfirmationNeededError) as caught:
        import_dataset(write_zip(tmp_path / "pets.zip", mixed()), "Pets")
    offers = caught.value.understanding.offers
    assert [(offer.kind, offer.files, offer.pictures) for offer in offers] == [
        (ContainerKind.PDF, 2, 3),
        (ContainerKind.VIDEO, 1, 2),
        (ContainerKind.NIFTI, 1, 3),
    ]
    assert str(offers[0].message) == "PDF documents: 2, pages: 3. Each page becomes a picture."
    assert str(offers[1].message) == "Videos: 1. A frame every 1 s gives 2 pictures."
    assert offers[1].every(0.5).pictures == 4
    # An example of each is shown.
    assert len(caught.value.files.thumbnails) == len(caught.value.understanding.examples)


@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_confirmed_they_become_pictures_of_their_class(tmp_path: Path, write: object) -> None:
    report, dataset = imported(write(tmp_path / "source", mixed()))  # type: ignore[operator]
    assert report.classes == {"cats": 3 + 2 + 2, "dogs": 3 + 1 + 3}
    groups = dataset.pictures.set_index("name")["group"]
    assert groups["cats/a.pdf#1"] == groups["cats/a.pdf#2"]
    assert groups["cats/c.mp4#0s"] == groups["cats/c.mp4#1s"]
    assert groups["dogs/d.nii.gz#1"] == groups["dogs/d.nii.gz#3"]
    assert groups["cats/a.pdf#1"] != groups["dogs/b.pdf#1"]
    notes = [str(note.message) for note in report.understanding.notes] if report.understanding else []
    assert any(note.startswith("Pages of PDF documents: 3.") for note in notes)
    assert any(note.startswith("Frames of videos: 2, one every 1 s.") for note in notes)
    assert any(note.startswith("Slices of NIfTI volumes: 3 (axial).") for note in notes)
    # Measured values of the volume have one range.
    assert dataset.pixel_range is not None


def test_sources_of_nothing_else_are_understood(tmp_path: Path) -> None:
    source = {f"{label}/{number}.pdf": files.pdf(number) for label, number in [("a", 1), ("a", 2), ("a", 3)]}
    source |= {f"b/{number}.pdf": files.pdf(number) for number in (4, 5, 6)}
    report, _ = imported(write_zip(tmp_path / "letters.zip", source))
    assert report.classes == {"a": 3, "b": 3}


def test_a_table_can_name_them(tmp_path: Path) -> None:
    source = {f"{number}.pdf": files.pdf(number) for number in range(6)}
    rows = "\n".join(f"{number}.pdf,{'even' if number % 2 == 0 else 'odd'}" for number in range(6))
    report, _ = imported(
        write_zip(tmp_path / "pages.zip", {**source, "labels.csv": f"file,label\n{rows}".encode()})
    )
    assert report.classes == {"even": 3, "odd": 3}


def test_kinds_that_are_not_wanted_are_reported(tmp_path: Path) -> None:
    containers = ContainerConfig(left_out=(ContainerKind.PDF, ContainerKind.VIDEO, ContainerKind.NIFTI))
    # Nothing is left to ask about.
    report, _ = imported(write_zip(tmp_path / "pets.zip", mixed()), ImportConfig(containers=containers))
    assert report.classes == {"cats": 3, "dogs": 3}
    reasons = {item.file: str(item.reason) for item in report.skipped}
    assert reasons["cats/a.pdf"] == "no pictures were taken from it, as you chose"
    assert len(reasons) == 4


def test_a_document_beside_the_classes_is_no_offer(tmp_path: Path) -> None:
    source = {
        **class_folders({"pets/cats": 3, "pets/dogs": 3}),
        "README.pdf": files.pdf(1),
        "docs/paper.pdf": files.pdf(2),
    }
    report, _ = imported(write_zip(tmp_path / "pets.zip", source), ImportConfig())
    assert report.classes == {"cats": 3, "dogs": 3}
    assert {item.file for item in report.skipped} == {"README.pdf", "docs/paper.pdf"}


def test_without_the_reader_the_offer_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OptionalPackage, "is_installed", False)
    source = write_zip(tmp_path / "pets.zip", mixed())
    with pytest.raises(ConfirmationNeededError, match=r"PDF documents: 2\. The package pypdfium2") as caught:
        import_dataset(source, "Pets")
    understanding = caught.value.understanding
    assert understanding.offers == ()
    assert {row.package: row.files for row in understanding.missing_readers} == {
        "pypdfium2": 2,
        "av": 1,
        "nibabel": 1,
    }
    report, _ = imported(source)
    assert report.classes == {"cats": 3, "dogs": 3}
    assert len(report.skipped) == 4
    assert {str(item.reason).partition(",")[0] for item in report.skipped} == {
        *("it is a PDF document", "it is a video", "it is a NIfTI volume")
    }


def test_a_damaged_file_is_one_line_of_the_report(tmp_path: Path) -> None:
    source = {
        **class_folders({"cats": 3, "dogs": 3}),
        "cats/a.pdf": b"%PDF-1.7\nnothing",
        "dogs/b.mp4": b"text",
    }
    report, _ = imported(write_zip(tmp_path / "pets.zip", source))
    assert {item.file: str(item.reason) for item in report.skipped} == {
        "cats/a.pdf": "it is damaged or cut off",
        "dogs/b.mp4": "it is not a picture, or of a kind that cannot be read",
    }


def test_files_are_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.containers.offers._MOST_COUNTED", 1)
    data = files.pdf(1)
    two = [Member(name=name, parts=(name,), read=lambda: data) for name in ("a.pdf", "b.pdf")]
    (offer,) = find_offers(two, ContainerConfig())
    assert offer.pictures is None
    assert str(offer.message) == "PDF documents: 2. Each page becomes a picture."


def test_no_kind_shares_an_ending() -> None:
    endings = [suffix for row in table.CONTAINERS.values() for suffix in row.suffixes]
    assert len(set(endings)) == len(endings)
