"""The built-in sample is scikit-learn's digits, complete and rightly labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from core.data.dataset import open_dataset
from core.data.job import import_pictures
from core.data.layout import Split
from core.data.samples import write_digits
from core.progress import QuietProgress
from core.workspace import get_project


def test_the_digits_are_all_there_and_in_their_folders(tmp_path: Path) -> None:
    """Shrunk back to the scanner's 8 × 8, each file is the scan it came from."""
    write_digits(tmp_path)
    digits = load_digits()
    files = {int(path.stem.removeprefix("digit-")): path for path in tmp_path.rglob("*.png")}
    assert sorted(files) == list(range(1797))
    assert [int(files[number].parent.name) for number in range(1797)] == digits.target.tolist()
    for number in range(0, 1797, 40):
        picture = Image.open(files[number])
        assert (picture.size, picture.mode) == ((64, 64), "L")
        ink = 16 - np.asarray(picture.resize((8, 8), Image.Resampling.BOX), dtype=float) / 255 * 16
        assert np.abs(ink - digits.images[number]).mean() < 1  # of 16 grey levels


def test_the_sample_becomes_a_project(tmp_path: Path) -> None:
    """What the button on the first page does; ten classes, none left out, no file left over."""
    config = {"project": "Handwritten digits", "source": None, "sample": "digits"}
    result = import_pictures(tmp_path / "job", config, QuietProgress())
    counts = np.bincount(load_digits().target).tolist()
    assert result["classes"] == {str(digit): count for digit, count in enumerate(counts)}
    assert result["skipped"] == []
    assert list((tmp_path / "job").iterdir()) == []
    dataset = open_dataset(get_project("Handwritten digits"))
    assert dataset.class_names == tuple("0123456789")
    # 15% of 174 eights is 26, of 177 to 183 of the others 27 each.
    assert [len(dataset.rows(split)) for split in Split] == [1797 - 2 * 269, 269, 269]
