"""A sealed zip proves, wherever it arrives, that its files and answers are those that left."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.delivery.certificate.verify import changed_files, make_pictures
from core.delivery.delivered import SealCheck, check_delivered
from core.delivery.formats.bundle_format import BUNDLE
from core.errors import DamagedFileError, DarkroomError, DeliveryError, NotFoundError
from core.files import sha256_bytes
from core.reporting.exports import export_file


@pytest.fixture
def unpacked(finished_run: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(export_file(finished_run, BUNDLE)) as bundle:
        bundle.extractall(folder)
    return folder


def verified(folder: Path) -> tuple[int, str]:
    """Exit code and words of ``verify.py``, as its receiver runs it."""
    outcome = subprocess.run(
        [sys.executable, "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    return outcome.returncode, outcome.stdout


def pack(folder: Path, file: Path) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return file


def resealed(folder: Path, name: str, content: str) -> None:
    """Replace a file, and its sum with it."""
    (folder / name).write_text(content, encoding="utf-8")
    sums = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = [line for line in sums if not line.endswith(name)]
    sums.append(f"{sha256_bytes(content.encode())}  {name}")
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")


def test_made_up_pictures_are_the_same_everywhere_and_differ_from_each_other() -> None:
    pictures = make_pictures(32)
    assert pictures.shape == (16, 32, 32, 3)
    assert pictures.dtype == np.uint8
    assert len({picture.tobytes() for picture in pictures}) == 16
    # Four squares; their colours are the digits of the SHA-256 of “0 0”.
    digits = bytes.fromhex(sha256_bytes(b"0 0"))
    assert (pictures[0][:16, :16] == list(digits[:3])).all()
    assert (pictures[0][16:, 16:] == list(digits[9:12])).all()


def test_a_bundle_verifies_itself(unpacked: Path) -> None:
    code, words = verified(unpacked)
    assert (code, "sums: all right" in words, "answers: all right" in words) == (0, True, True)


def test_a_changed_file_is_named(unpacked: Path) -> None:
    labels = unpacked / "labels.json"
    labels.write_text(labels.read_text(encoding="utf-8").replace('"3"', '"4"'), encoding="utf-8")
    assert changed_files(unpacked) == ["labels.json"]
    code, words = verified(unpacked)
    assert (code, "labels.json" in words) == (1, True)


def test_other_answers_are_found_although_the_sums_are_right(unpacked: Path) -> None:
    """As a runtime that computes otherwise would give them."""
    answers = json.loads((unpacked / "answers.json").read_text(encoding="utf-8"))
    *others, last = answers["probabilities"][7]
    answers["probabilities"][7] = [last, *others]
    resealed(unpacked, "answers.json", json.dumps(answers))
    code, words = verified(unpacked)
    assert (code, "DIFFERENT" in words) == (1, True)


def test_darkroom_checks_a_zip_without_running_anything_in_it(unpacked: Path, tmp_path: Path) -> None:
    file = pack(unpacked, tmp_path / "good.zip")
    checked = check_delivered(file)
    assert isinstance(checked, SealCheck)
    # All but SHA256SUMS, which has no dot.
    assert checked.files == len(list(unpacked.rglob("*.*")))
    assert checked.largest_difference is not None
    assert checked.largest_difference < 1e-5
    (unpacked / "predict.py").write_text("print('mine')", encoding="utf-8")
    with pytest.raises(DeliveryError, match=r"bad\.zip was changed after it was delivered: predict\.py"):
        check_delivered(pack(unpacked, tmp_path / "bad.zip"))


@pytest.mark.parametrize(
    ("tamper", "error", "sentence"),
    [
        (lambda folder: (folder / "numpy.py").touch(), DeliveryError, "numpy.py"),
        (lambda folder: (folder / "certificate.json").write_text("[]"), DeliveryError, "is damaged"),
        (lambda folder: (folder / "certificate.json").write_text("{"), DeliveryError, "is damaged"),
        (lambda folder: (folder / "SHA256SUMS").write_bytes(b"\xff"), DeliveryError, "is damaged"),
        (lambda folder: resealed(folder, "answers.json", "[]"), DamagedFileError, "answers.json"),
        (
            lambda folder: resealed(folder, "answers.json", '{"class_names": ["0"]}'),
            DamagedFileError,
            "is damaged",
        ),
        (
            lambda folder: resealed(folder, "answers.json", recorded(folder, input_size=10**6)),
            DamagedFileError,
            "pixels",
        ),
        (
            lambda folder: resealed(folder, "answers.json", recorded(folder, class_names=["0"])),
            DamagedFileError,
            "16",
        ),
    ],
)
def test_a_zip_that_darkroom_did_not_make_is_refused_in_a_sentence(
    unpacked: Path,
    tmp_path: Path,
    tamper: Callable[[Path], object],
    error: type[DarkroomError],
    sentence: str,
) -> None:
    tamper(unpacked)
    with pytest.raises(error, match=sentence):
        check_delivered(pack(unpacked, tmp_path / "other.zip"))


def test_a_network_of_other_classes_is_refused(unpacked: Path, tmp_path: Path) -> None:
    answers = {"class_names": ["one", "two"], "probabilities": [[0.5, 0.5]] * 16}
    resealed(unpacked, "answers.json", recorded(unpacked, **answers))
    with pytest.raises(DeliveryError, match="answers differently"):
        check_delivered(pack(unpacked, tmp_path / "other.zip"))


def test_a_damaged_zip_is_said_to_be_one(unpacked: Path, tmp_path: Path) -> None:
    whole = pack(unpacked, tmp_path / "whole.zip").read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 9]) + whole[middle + 9 :]
    for content in (whole[:middle], flipped, b"PK\x03\x04"):
        file = tmp_path / "damaged.zip"
        file.write_bytes(content)
        with pytest.raises(DeliveryError, match=r"damaged\.zip is damaged"):
            check_delivered(file)


def recorded(folder: Path, **changed: object) -> str:
    """The recorded answers of an unpacked bundle with other values."""
    answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return json.dumps(answers | changed)


def test_a_file_of_which_nothing_is_known_is_refused(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(b"anything")
    with pytest.raises(NotFoundError, match=r"Nothing is known about model\.tflite"):
        check_delivered(file)
    with pytest.raises(NotFoundError, match="There is no file"):
        check_delivered(tmp_path / "nowhere.zip")
