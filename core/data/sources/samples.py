"""Ready-made pictures: one set that comes with the installed packages, and well-known ones that are fetched.

Each is written as class folders, below ``train`` and ``test`` where the set came
split, and is then imported like anybody's own.
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

_DIGITS_SIDE = 64  # pixels; the scans have 8, enlarged smoothly so that people can read them
_TIMEOUT_SECONDS = 30  # without an answer
_FAST = 1  # of PNG's compression levels: these pictures are hardly smaller at others

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
    """A set that can be had by one click."""

    title: str
    sentence: str
    needs_network: bool
    write: Callable[[Path], None]  # makes the class folders in an empty folder; may raise DownloadError


def write_digits(folder: Path) -> None:
    """scikit-learn's 1,797 scanned digits as PNG files, one folder a digit, dark ink on white."""
    from sklearn.datasets import load_digits  # 1 s to import: only when asked for

    digits = load_digits()
    for number, (scan, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        grey = np.rint(255 - scan * (255 / 16)).astype(np.uint8)  # scans hold 0 (paper) to 16 (ink)
        picture = Image.fromarray(grey).resize((_DIGITS_SIDE, _DIGITS_SIDE), Image.Resampling.BICUBIC)
        path = folder / str(digit) / f"digit-{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)


def _write_fetched(folder: Path, *, module: str, title: str, class_names: Sequence[str]) -> None:
    """A set of ``keras.datasets`` as PNG files, in its own split.

    Needs Keras, so it runs in a worker; Keras keeps what it fetched in ``$KERAS_HOME``.

    Raises:
        DownloadError: it could not be fetched, or arrived damaged.
    """
    import keras

    keras.config.disable_interactive_logging()  # its progress bar would fill the log
    with _fetching(title):
        parts = getattr(keras.datasets, module).load_data()
    for part, (pictures, labels) in zip(("train", "test"), parts, strict=True):
        for label in class_names:
            (folder / part / label).mkdir(parents=True, exist_ok=True)
        _write_part(folder / part, pictures, labels.ravel(), class_names)


def _write_part(folder: Path, pictures: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> None:
    """
    Args:
        pictures: uint8, shape (number of pictures, height, width), grey, or with 3 more for RGB.
        labels: whole numbers, shape (number of pictures,).
    """
    for number, (pixels, label) in enumerate(zip(pictures, labels, strict=True)):
        path = folder / class_names[int(label)] / f"{number:05d}.png"
        Image.fromarray(pixels).save(path, compress_level=_FAST)


@contextmanager
def _fetching(title: str) -> Iterator[None]:
    """Turn what goes wrong on the network into a sentence.

    Raises:
        DownloadError
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)  # Keras sets none and would wait for ever
    try:
        yield
    except ValueError as error:  # the checksum is wrong
        raise DownloadError(N_("{name} arrived damaged. Try again later."), name=title) from error
    except Exception as error:  # Keras raises nothing narrower; what is not the network's fault goes on
        if not isinstance(error, OSError) and not isinstance(error.__context__, urllib.error.URLError):
            raise
        raise DownloadError(
            N_(
                "{name} could not be fetched. It needs a connection to the internet: connect this computer and try again, or take the handwritten digits, which are here already."
            ),
            name=title,
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _fetched(module: str, title: str, sentence: str, class_names: Sequence[str]) -> Sample:
    write: Any = partial(_write_fetched, module=module, title=title, class_names=class_names)
    return Sample(title=title, sentence=sentence, needs_network=True, write=write)


SAMPLES: dict[str, Sample] = {
    "digits": Sample(
        title=N_("Handwritten digits"),
        sentence=N_("1,797 small scans, already on this computer."),
        needs_network=False,
        write=write_digits,
    ),
    "mnist": _fetched(
        "mnist",
        N_("MNIST"),
        N_("70,000 handwritten digits of 28 × 28 pixels, the set that most others are measured by."),
        tuple("0123456789"),
    ),
    "fashion_mnist": _fetched(
        "fashion_mnist",
        N_("Fashion-MNIST"),
        N_("70,000 pieces of clothing of 28 × 28 pixels in ten classes, harder than digits."),
        _CLOTHES,
    ),
    "cifar10": _fetched(
        "cifar10",
        N_("CIFAR-10"),
        N_("60,000 colour photographs of 32 × 32 pixels: animals and vehicles in ten classes."),
        _CIFAR10,
    ),
    "cifar100": _fetched(
        "cifar100",
        N_("CIFAR-100"),
        N_("60,000 colour photographs of 32 × 32 pixels in a hundred classes, 600 of each."),
        _CIFAR100,
    ),
}
