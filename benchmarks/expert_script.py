"""Reference script of an expert: the transfer-learning guide of Keras, from files to test accuracy.

Run as ``python -m benchmarks.expert_script FOLDER --seed N``: trains on
``FOLDER/train``, chooses on ``val``, tests on ``test``, prints one JSON object. First
a head on the frozen network, then the last part of the network with it, BatchNorm
frozen, at a low rate (https://keras.io/guides/transfer_learning/). Pictures are
decoded once, kept in memory, and changed in ``tf.data`` beside the training. Uses
nothing of Darkroom but the same network with the same weights.
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

from benchmarks.fine_tuning import (
    BRIGHTNESS,
    CONTRAST,
    FLIP,
    PATIENCE,
    ROTATION,
    TUNING_EPOCHS,
    ZOOM,
)
from core.models.architectures.efficientnet_lite import LITE_VARIANTS, build_lite
from core.models.backbones import get_backbone
from core.models.weights.store import present_weights
from core.models.weights.torch_file import read_torch_file

_INPUT_SIZE = LITE_VARIANTS["lite0"].input_size
_HEAD_EPOCHS = 4
_BATCH = 32
_DROPOUT = 0.2
_UNFROZEN = 0.3  # of the layers, from the end
_HEAD_RATE, _TUNING_RATE = 1e-3, 1e-4


def train(folder: Path, seed: int, head_epochs: int, tuning_epochs: int) -> dict[str, Any]:
    """Train and test; returns accuracies from 0 to 1 and the seconds that each part took."""
    began = time.perf_counter()
    keras.utils.set_random_seed(seed)
    training, class_names = _pictures(folder / "train")
    count = int(training.cardinality())
    training = training.cache().shuffle(count, seed=seed).batch(_BATCH)
    training = training.map(_change(seed), num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    validation, test = (
        _pictures(folder / part)[0].cache().batch(_BATCH).prefetch(tf.data.AUTOTUNE)
        for part in ("val", "test")
    )
    network, model = _build(len(class_names))
    histories = [_fit(model, training, validation, head_epochs, _HEAD_RATE)]
    headed = time.perf_counter()
    _unfreeze_the_end(network)
    histories.append(_fit(model, training, validation, tuning_epochs, _TUNING_RATE))
    tuned = time.perf_counter()
    _, accuracy = model.evaluate(test, verbose=0)
    return {
        "test_accuracy": float(accuracy),
        "validation_accuracy": [value for history in histories for value in history["val_accuracy"]],
        "classes": len(class_names),
        "epochs": [len(history["loss"]) for history in histories],
        "seconds": {
            "head": headed - began,
            "tuning": tuned - headed,
            "test": time.perf_counter() - tuned,
        },
    }


def _pictures(folder: Path) -> tuple[tf.data.Dataset, list[str]]:
    """Pictures uint8 one by one with their labels, and the names of the classes."""
    pictures = keras.utils.image_dataset_from_directory(
        folder, image_size=(_INPUT_SIZE, _INPUT_SIZE), batch_size=None, shuffle=False, verbose=False
    )
    return pictures.map(
        lambda picture, label: (tf.cast(tf.round(picture), tf.uint8), label),
        num_parallel_calls=tf.data.AUTOTUNE,
    ), pictures.class_names


def _change(seed: int) -> Any:
    """The function that changes a batch at random."""
    changes = keras.layers.Pipeline(
        [
            layers.RandomFlip(FLIP, seed=seed),
            layers.RandomRotation(ROTATION, fill_mode="reflect", seed=seed + 1),
            layers.RandomZoom(ZOOM, fill_mode="reflect", seed=seed + 2),
            layers.RandomBrightness(BRIGHTNESS, value_range=(0, 255), seed=seed + 3),
            layers.RandomContrast((CONTRAST, CONTRAST), value_range=(0, 255), seed=seed + 4),
        ]
    )
    return lambda pictures, labels: (changes(tf.cast(pictures, tf.float32), training=True), labels)


def _build(num_classes: int) -> tuple[keras.Model, keras.Model]:
    """The network with its ImageNet weights, frozen; and the classifier around it, giving logits."""
    backbone = get_backbone("efficientnet_lite0")
    weights = read_torch_file(present_weights(backbone), backbone.weights_hash.removeprefix("sha256:"))
    network = build_lite(LITE_VARIANTS["lite0"], weights)
    network.trainable = False
    picture = keras.Input((_INPUT_SIZE, _INPUT_SIZE, 3))
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(picture)
    x = network(x, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(_DROPOUT)(x)
    return network, keras.Model(picture, layers.Dense(num_classes)(x))


def _unfreeze_the_end(network: keras.Model) -> None:
    """Let the last layers learn, all but their BatchNorm."""
    network.trainable = True
    first = round((1 - _UNFROZEN) * len(network.layers))
    for number, layer in enumerate(network.layers):
        if number < first or isinstance(layer, layers.BatchNormalization):
            layer.trainable = False


def _fit(
    model: keras.Model, training: tf.data.Dataset, validation: tf.data.Dataset, epochs: int, rate: float
) -> dict[str, list[float]]:
    """Compile anew, as trainability has changed, and fit; the best epoch's weights stay."""
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    best = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True)
    fitted = model.fit(training, validation_data=validation, epochs=epochs, verbose=0, callbacks=[best])
    return dict(fitted.history)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expert_script")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--head-epochs", type=int, default=_HEAD_EPOCHS)
    parser.add_argument("--tuning-epochs", type=int, default=TUNING_EPOCHS)
    arguments = parser.parse_args()
    print(json.dumps(train(arguments.folder, arguments.seed, arguments.head_epochs, arguments.tuning_epochs)))
