"""The built-in sample is scikit-learn's digits, complete and rightly labelled."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from core.data.dataset import open_dataset
from core.data.job import import_pictures
from core.data.layout import Split
from core.progress import QuietProgress
from core.workspace import get_project


def test_the_digits_become_a_project(tmp_path: Path) -> None:
    """What the button on the first page does. Shrunk to the scanner's 8 × 8, each picture is its scan."""
    config = {"project": "Handwritten digits", "source": None, "sample": "digits"}
    result = import_pictures(tmp_path / "job", config, QuietProgress())
    digits = load_digits()
    counts = np.bincount(digits.target).tolist()
    assert result["classes"] == {str(digit): count for digit, count in enumerate(counts)}
    assert result["skipped"] == []
    assert list((tmp_path / "job").iterdir()) == []

    dataset = open_dataset(get_project("Handwritten digits"))
    assert dataset.class_names == tuple("0123456789")
    # 15% of 174 eights is 26, of 177 to 183 of the others 27 each.
    assert [len(dataset.rows(split)) for split in Split] == [1797 - 2 * 269, 269, 269]

    numbers = [int(Path(name).stem.removeprefix("digit-")) for name in dataset.pictures["name"]]
    assert sorted(numbers) == list(range(1797))
    assert dataset.label_indices.tolist() == digits.target[numbers].tolist()
    for row in range(0, 1797, 40):
        picture = Image.open(io.BytesIO(dataset.picture_bytes(row)))
        assert (picture.size, picture.mode) == ((64, 64), "L")
        ink = 16 - np.asarray(picture.resize((8, 8), Image.Resampling.BOX), dtype=float) / 255 * 16
        assert np.abs(ink - digits.images[numbers[row]]).mean() < 1  # of 16 grey levels
