"""Sample datasets are complete, correctly labelled and in their own split."""

from __future__ import annotations

import io
import pickle
import socket
import urllib.error
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from core.data.dataset import open_dataset
from core.data.job import import_pictures
from core.data.labels.layout import Split, read_layout
from core.data.sources.opening import open_source
from core.data.sources.samples import SAMPLES
from core.errors import DownloadError
from core.progress import QuietProgress
from core.workspace import get_project
from tests.support.pictures import digit_scans


def test_the_digits_become_a_project(tmp_path: Path) -> None:
    """Import the digits as the button on the first page does. Shrunk to the scanner's 8 × 8, each picture is its scan."""
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


# Sets that are fetched: only the fetching itself is played.

SCANS = (digit_scans() % 251)[:40].repeat(4, axis=1).repeat(4, axis=2)[:, 2:30, 2:30]  # 28 × 28, as MNIST's
COLOURS = np.stack([np.asarray(Image.fromarray(scan).resize((32, 32)).convert("RGB")) for scan in SCANS])


def fake_mnist(folder: Path) -> str:
    labels = np.arange(40, dtype=np.uint8) % 10
    path = folder / "mnist.npz"
    np.savez(path, x_train=SCANS[:30], y_train=labels[:30], x_test=SCANS[30:], y_test=labels[30:])
    return str(path)


def fake_cifar100(folder: Path) -> str:
    inner = folder / "cifar-100-python"
    inner.mkdir()
    flat = COLOURS.transpose(0, 3, 1, 2).reshape(40, -1)  # as CIFAR's files hold it
    for name, part in (("train", slice(0, 30)), ("test", slice(30, 40))):
        labels = (np.arange(40)[part] % 100).tolist()
        content = {b"data": flat[part], b"fine_labels": labels, b"coarse_labels": labels}
        (inner / name).write_bytes(pickle.dumps(content))
    return str(folder)


def test_a_fetched_set_keeps_its_own_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = fake_mnist(tmp_path)
    monkeypatch.setattr("keras.src.datasets.mnist.get_file", lambda **_: fetched)
    SAMPLES["mnist"].write(tmp_path / "mnist")
    with open_source(tmp_path / "mnist") as listing:
        places = [place for place in read_layout(listing.members) if place]
        assert Counter(place.split for place in places) == {Split.TRAIN: 30, Split.TEST: 10}
        assert {place.label for place in places} == set("0123456789")
    pixels = np.asarray(Image.open(tmp_path / "mnist" / "test" / "3" / "00003.png"))
    assert np.array_equal(pixels, SCANS[33])


def test_colours_are_not_turned_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = fake_cifar100(tmp_path)
    monkeypatch.setattr("keras.src.datasets.cifar100.get_file", lambda **_: fetched)
    SAMPLES["cifar100"].write(tmp_path / "set")
    folders = sorted(path.name for path in (tmp_path / "set" / "train").iterdir())
    assert len(folders) == 100
    assert folders[:2] == ["apple", "aquarium fish"]
    assert np.array_equal(
        np.asarray(Image.open(tmp_path / "set" / "train" / "apple" / "00000.png")), COLOURS[0]
    )


@pytest.mark.parametrize("key", [key for key, sample in SAMPLES.items() if sample.needs_network])
def test_without_a_network_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """Keras says “URL fetch failure on …: None -- [Errno -2]”, which helps nobody."""

    def unreachable(*_: object, **__: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", unreachable)
    monkeypatch.setattr("keras.src.backend.config.keras_home", lambda: str(tmp_path / "home"))
    with pytest.raises(DownloadError, match=r"could not be downloaded\. This needs the internet"):
        SAMPLES[key].write(tmp_path / key)
    assert not (tmp_path / key).exists()
    assert socket.getdefaulttimeout() is None


def test_what_arrives_damaged_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a hotel's network that asks to sign in is a download, too."""
    monkeypatch.setattr(
        "keras.src.utils.file_utils.urlretrieve",
        lambda _url, path, *_, **__: Path(path).write_bytes(b"<html>Welcome!</html>"),
    )
    monkeypatch.setattr("keras.src.backend.config.keras_home", lambda: str(tmp_path / "home"))
    with pytest.raises(DownloadError, match="MNIST arrived damaged"):
        SAMPLES["mnist"].write(tmp_path / "mnist")


def test_another_fault_is_not_taken_for_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> str:
        raise KeyError("a bug")

    monkeypatch.setattr("keras.src.datasets.mnist.get_file", broken)
    with pytest.raises(KeyError, match="a bug"):
        SAMPLES["mnist"].write(tmp_path / "mnist")


def test_every_sample_says_what_it_is() -> None:
    assert list(SAMPLES) == ["digits", "mnist", "fashion_mnist", "cifar10", "cifar100"]
    assert not SAMPLES["digits"].needs_network
    assert all(sample.title and sample.sentence.endswith(".") for sample in SAMPLES.values())
