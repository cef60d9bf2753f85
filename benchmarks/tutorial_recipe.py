"""The usual tutorial: a frozen backbone, Flatten, Dense(1024), softmax, ten epochs of ``fit``.

Run as ``python -m benchmarks.tutorial_recipe FOLDER --epochs N``: trains on
``FOLDER/train`` and ``val``, tests on ``test``, prints one JSON object. Uses
nothing of Darkroom but the same frozen network with the same weights.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from keras import layers

from core.models.architectures.efficientnet_lite import LITE_VARIANTS, build_lite
from core.models.backbones import get_backbone
from core.models.weights.store import present_weights
from core.models.weights.torch_file import read_torch_file

_INPUT_SIZE = LITE_VARIANTS["lite0"].input_size
_BATCH = 32


def train(folder: Path, epochs: int) -> dict[str, Any]:
    """Train and test; returns accuracies from 0 to 1 and the seconds that each part took."""
    began = time.perf_counter()
    keras.utils.set_random_seed(0)
    training = _pictures(folder / "train", shuffle=True)
    class_names = training.class_names
    model = _build(len(class_names))
    history = model.fit(
        training.prefetch(tf.data.AUTOTUNE),  # decoded while the network computes, shuffled in every epoch
        validation_data=_pictures(folder / "val").prefetch(tf.data.AUTOTUNE),
        epochs=epochs,
        verbose=0,
    )
    fitted = time.perf_counter()
    _, accuracy = model.evaluate(_pictures(folder / "test").prefetch(tf.data.AUTOTUNE), verbose=0)
    return {
        "test_accuracy": float(accuracy),
        "validation_accuracy": history.history["val_accuracy"],
        "classes": len(class_names),
        "epochs": epochs,
        "seconds": {"fit": fitted - began, "test": time.perf_counter() - fitted},
    }


def _pictures(folder: Path, *, shuffle: bool = False) -> tf.data.Dataset:
    return keras.utils.image_dataset_from_directory(
        folder,
        image_size=(_INPUT_SIZE, _INPUT_SIZE),
        batch_size=_BATCH,
        shuffle=shuffle,
        seed=0,
        verbose=False,
    )


def _build(num_classes: int) -> keras.Model:
    backbone = get_backbone("efficientnet_lite0")
    weights = read_torch_file(present_weights(backbone), backbone.weights_hash.removeprefix("sha256:"))
    network = build_lite(LITE_VARIANTS["lite0"], weights)
    network.trainable = False
    model = keras.Sequential(
        [
            keras.Input((_INPUT_SIZE, _INPUT_SIZE, 3)),
            layers.Rescaling(1 / 128, offset=-127 / 128),
            network,
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tutorial_recipe")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    print(json.dumps(train(arguments.folder, arguments.epochs)))
