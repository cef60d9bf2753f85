"""Sample datasets: one from the installed packages, and well-known ones to download.

Each is written as class folders, below ``train`` and ``test`` if the dataset has a split, and
then imported like any other source.
"""

from __future__ import annotations

import socket
import urllib.error
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.errors import DownloadError
from core.messages import N_

# Pixels. The scans have 8; they are enlarged so that people can read them.
_DIGITS_SIDE = 64
_TIMEOUT_SECONDS = 30
# PNG compression level. Higher ones make these pictures hardly smaller.
_FAST = 1

_CLOTHES = (
    *("T-shirt or top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR100 = (
    *("apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle"),
    *("bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle"),
    *("chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur"),
    *("dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard"),
    *("lamp", "lawn mower", "leopard", "lion", "lizard", "lobster", "man", "maple tree", "motorcycle"),
    *("mountain", "mouse", "mushroom", "oak tree", "orange", "orchid", "otter", "palm tree", "pear"),
    *("pickup truck", "pine tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon"),
    *("ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail"),
    *("snake", "spider", "squirrel", "streetcar", "sunflower", "sweet pepper", "table", "tank", "telephone"),
    *("television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale"),
    *("willow tree", "wolf", "woman", "worm"),
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Sample dataset."""

    title: str
    sentence: str
    needs_network: bool
    # Makes the class folders in an empty folder. Can raise DownloadError.
    write: Callable[[Path], None]


def write_digits(folder: Path) -> None:
    """Write scikit-learn's 1,797 scanned digits as PNG files, dark ink on white, a folder for each digit."""
    # Takes 1 s to import.
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (scan, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        # Scans have values from 0 (paper) to 16 (ink).
        grey = np.rint(255 - scan * (255 / 16)).astype(np.uint8)
        picture = Image.fromarray(grey).resize((_DIGITS_SIDE, _DIGITS_SIDE), Image.Resampling.BICUBIC)
        path = folder / str(digit) / f"digit-{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)


def _write_downloaded(folder: Path, *, module: str, title: str, class_names: Sequence[str]) -> None:
    """Write a dataset of ``keras.datasets`` as PNG files, in its own split.

    Needs Keras, so it runs in a worker. Keras caches downloads in ``$KERAS_HOME``.

    Raises:
        DownloadError: the dataset could not be downloaded, or is damaged.
    """
    import keras

    # Its progress bar would fill the log.
    keras.config.disable_interactive_logging()
    with _download_errors(title):
        parts = getattr(keras.datasets, module).load_data()
    for part, (pictures, labels) in zip(("train", "test"), parts, strict=True):
        for label in class_names:
            (folder / part / label).mkdir(parents=True, exist_ok=True)
        _write_part(folder / part, pictures, labels.ravel(), class_names)


def _write_part(folder: Path, pictures: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> None:
    """Write one part of a dataset.

    Args:
        pictures: uint8, shape (pictures, height, width) for grey, with a last axis of 3 for RGB.
        labels: integers, shape (pictures,).
    """
    for number, (pixels, label) in enumerate(zip(pictures, labels, strict=True)):
        path = folder / class_names[int(label)] / f"{number:05d}.png"
        Image.fromarray(pixels).save(path, compress_level=_FAST)


@contextmanager
def _download_errors(title: str) -> Iterator[None]:
    """Turn network errors into a ``DownloadError``."""
    before = socket.getdefaulttimeout()
    # Keras sets no timeout.
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)
    try:
        yield
    # The checksum is wrong.
    except ValueError as error:
        raise DownloadError(N_("{name} arrived damaged. Try again later."), name=title) from error
    # Keras raises nothing narrower; other errors are raised again.
    except Exception as error:
        if not isinstance(error, OSError) and not isinstance(error.__context__, urllib.error.URLError):
            raise
        raise DownloadError(
            N_(
                "{name} could not be downloaded. This needs the internet: connect this computer and try again, or use the handwritten digits, which are already here."
            ),
            name=title,
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _downloaded(module: str, title: str, sentence: str, class_names: Sequence[str]) -> Sample:
    write: Any = partial(_write_downloaded, module=module, title=title, class_names=class_names)
    return Sample(title=title, sentence=sentence, needs_network=True, write=write)


SAMPLES: dict[str, Sample] = {
    "digits": Sample(
        title=N_("Handwritten digits"),
        sentence=N_("1,797 small scans, already on this computer."),
        needs_network=False,
        write=write_digits,
    ),
    "mnist": _downloaded(
        "mnist",
        N_("MNIST"),
        N_("70,000 handwritten digits of 28 × 28 pixels, the classic benchmark."),
        tuple("0123456789"),
    ),
    "fashion_mnist": _downloaded(
        "fashion_mnist",
        N_("Fashion-MNIST"),
        N_("70,000 pieces of clothing of 28 × 28 pixels in ten classes, harder than digits."),
        _CLOTHES,
    ),
    "cifar10": _downloaded(
        "cifar10",
        N_("CIFAR-10"),
        N_("60,000 colour photographs of 32 × 32 pixels: animals and vehicles in ten classes."),
        _CIFAR10,
    ),
    "cifar100": _downloaded(
        "cifar100",
        N_("CIFAR-100"),
        N_("60,000 colour photographs of 32 × 32 pixels in a hundred classes, 600 of each."),
        _CIFAR100,
    ),
}
