"""Networks take raw pictures, stay frozen, survive a save, and mean what the head says."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.errors import WeightsError
from core.files import hash_file
from core.models.architectures.classifier import build_classifier, build_feature_extractor
from core.models.architectures.networks import preprocess
from core.models.backbones import get_backbone
from core.models.head import GRID_CELLS, HeadWeights
from core.models.weights.store import weights_path
from tests.support.backbone_sample import SAMPLE

Build = Callable[[str], Any]


def random_head(extractor: Any, features: np.ndarray, classes: int = 3, hidden: int = 0) -> HeadWeights:
    """A head for which the features at hand are standardised to sensible numbers."""
    draw = np.random.default_rng(2)
    sizes = [extractor.output_shape[1], *([hidden] if hidden else []), classes]
    layers = tuple(
        (draw.normal(size=(left, right)) / np.sqrt(left), draw.normal(size=right))
        for left, right in itertools.pairwise(sizes)
    )
    scale = features.std(0) + features.std()  # above 0 also for a feature that is the same everywhere
    return HeadWeights(feature_mean=features.mean(0), feature_scale=scale, layers=layers)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # red 10, green 20, blue 30
        ("efficientnet_lite0", [(10 - 127) / 128, (20 - 127) / 128, (30 - 127) / 128]),
        ("efficientnet_b0", [10, 20, 30]),
        ("mobilenet_v3_small", [10, 20, 30]),
        ("vit", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("small_cnn", [10 / 255, 20 / 255, 30 / 255]),
    ],
)
def test_backbones_get_preprocessed_pixels(key: str, expected: list[float], lively_extractor: Build) -> None:
    extractor = lively_extractor(key)
    entry = keras.Model(extractor.input, extractor.get_layer("preprocessing").output)
    check_preprocessing(entry, get_backbone(key).input_size, expected)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # VGG and ResNet come from Caffe: blue first, and no mean.
        ("vgg16", [30 - 103.939, 20 - 116.779, 10 - 123.68]),
        ("resnet152", [30 - 103.939, 20 - 116.779, 10 - 123.68]),
        ("densenet201", [(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (30 / 255 - 0.406) / 0.225]),
        ("resnet50_v2", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("inception_v3", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("xception", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("nasnet_mobile", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("mobilenet_v2", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("convnext_tiny", [10, 20, 30]),
        ("efficientnet_v2_s", [10, 20, 30]),
    ],
)
def test_every_family_gets_its_own_preprocessing(key: str, expected: list[float]) -> None:
    picture = keras.Input((8, 8, 3), dtype="uint8")
    entry = keras.Model(picture, preprocess(picture, get_backbone(key).preprocessing))
    check_preprocessing(entry, 8, expected)


def check_preprocessing(entry: Any, size: int, expected: list[float]) -> None:
    picture = np.full((1, size, size, 3), (10, 20, 30), np.uint8)
    reached = np.asarray(entry(picture))
    assert reached.dtype == np.float32
    np.testing.assert_allclose(reached[0, 0, 0], expected, atol=1e-5)
    np.testing.assert_allclose(reached, np.broadcast_to(reached[0, 0, 0], reached.shape))


@pytest.mark.parametrize("key", SAMPLE)
def test_a_saved_classifier_loads_in_safe_mode_and_agrees(
    key: str, lively_extractor: Build, random_pictures: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    """Safe mode refuses arbitrary code: what we write must not need any."""
    extractor = lively_extractor(key)
    pictures = random_pictures(get_backbone(key).input_size)
    features = np.asarray(extractor(pictures))
    assert features.std() > 1e-3, "a dead network would make this test empty"
    head = random_head(extractor, features, hidden=8 if key == "small_cnn" else 0)
    classifier = build_classifier(extractor, head, ["a", "b", "c"])
    classifier.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    answers = np.asarray(loaded(pictures))
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, np.asarray(classifier(pictures)), atol=1e-6)
    # The same from features in NumPy: the standardisation was folded without harm.
    np.testing.assert_allclose(answers, head.probabilities(features), atol=1e-4)
    assert loaded.input.name == "picture"
    assert loaded.input.dtype == "uint8"
    assert loaded.output_names == ["probabilities"]


@pytest.mark.parametrize(
    ("key", "rows"),
    [("small_cnn", (slice(0, 3), slice(3, 6))), ("efficientnet_lite0", (slice(0, 4), slice(3, 7)))],
    ids=["6 x 6", "7 x 7"],
)
def test_features_are_the_means_of_the_two_by_two_cells(
    key: str, rows: tuple[slice, slice], lively_extractor: Build, random_pictures: Callable[..., np.ndarray]
) -> None:
    """Top left, top right, bottom left, bottom right; the cells of an odd map share its middle."""
    extractor = lively_extractor(key)
    pictures = random_pictures(get_backbone(key).input_size)
    entry = keras.Model(extractor.input, extractor.get_layer("preprocessing").output)
    feature_map = np.asarray(extractor.get_layer("backbone")(entry(pictures)))
    assert feature_map.shape[1] == feature_map.shape[2] == rows[1].stop
    expected = [feature_map[:, high, wide].mean(axis=(1, 2)) for high in rows for wide in rows]
    features = np.asarray(extractor(pictures))
    np.testing.assert_allclose(features, np.concatenate(expected, axis=1), rtol=1e-4, atol=1e-5)
    assert features.shape[1] == GRID_CELLS * feature_map.shape[3]


def test_frozen_means_frozen_while_training(random_pictures: Callable[..., np.ndarray]) -> None:
    """``training=False`` does not stop BatchNorm's statistics in ``fit`` (keras#20285)."""
    extractor = build_feature_extractor(get_backbone("small_cnn"), pretrained=False)
    model = keras.Model(extractor.input, keras.layers.Dense(2)(extractor.output))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [weight.copy() for weight in extractor.get_weights()]
    model.fit(random_pictures(96, 4), np.array([0, 1, 0, 1]), verbose=0)
    for old, new in zip(before, extractor.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert extractor.trainable_weights == []


def test_a_trainable_small_network_learns_in_every_layer(random_pictures: Callable[..., np.ndarray]) -> None:
    """Training from scratch moves kernels and BatchNorm's statistics alike."""
    extractor = build_feature_extractor(get_backbone("small_cnn"), pretrained=False, trainable=True)
    model = keras.Model(extractor.input, keras.layers.Dense(2)(extractor.output))
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = [weight.copy() for weight in extractor.get_weights()]
    model.fit(random_pictures(96, 4), np.array([0, 1, 0, 1]), verbose=0)
    assert all((old != new).any() for old, new in zip(before, extractor.get_weights(), strict=True))


def test_the_small_network_is_the_same_pretrained_or_not() -> None:
    """It has no weights to load, so asking for them is no error."""
    assert build_feature_extractor(get_backbone("small_cnn")).count_params() == 389_856


def test_a_backbone_without_its_weights_is_refused_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.urlretrieve", None)
    with pytest.raises(WeightsError, match="weights of ResNet50 are not on this computer"):
        build_feature_extractor(get_backbone("resnet50"))


def test_a_damaged_weight_file_is_refused() -> None:
    path = weights_path(get_backbone("resnet50"))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not weights")
    with pytest.raises(WeightsError, match="checksum differs"):
        build_feature_extractor(get_backbone("resnet50"))
    assert path.exists()


def test_efficientnet_from_a_file_equals_keras_own_imagenet_network(
    enliven: Callable[[Any], None],
    random_pictures: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keras rescales once more for ``weights="imagenet"`` alone (tensorflow#62193)."""
    backbone = get_backbone("efficientnet_b0")
    path = weights_path(backbone)
    path.parent.mkdir(parents=True)
    _write_imagenet_like_weights(path, enliven)

    with_our_hash = dataclasses.replace(backbone, weights_hash=f"md5:{hash_file(path, 'md5')}")
    extractor = build_feature_extractor(with_our_hash)
    monkeypatch.setattr("keras.src.applications.efficientnet.file_utils.get_file", lambda *_, **__: str(path))
    expected = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", pooling="avg")
    plain = keras.applications.EfficientNetB0(include_top=False, weights=str(path), pooling="avg")
    pictures = random_pictures(224)
    feature_map = extractor.get_layer("backbone")(pictures.astype(np.float32))
    answers = np.asarray(feature_map).mean(axis=(1, 2))
    np.testing.assert_allclose(answers, np.asarray(expected(pictures)), atol=1e-3)
    assert np.abs(answers - np.asarray(plain(pictures))).max() > 0.05, "the trap is gone from Keras"


def _write_imagenet_like_weights(path: Path, enliven: Callable[[Any], None]) -> None:
    """A file as Keras publishes it: ImageNet's statistics, and layers trained with the extra scaling."""
    deviation = np.array([0.229, 0.224, 0.225])
    extractor = build_feature_extractor(get_backbone("efficientnet_b0"), pretrained=False)
    network = extractor.get_layer("backbone")
    normalization = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    mean, count = np.array([0.485, 0.456, 0.406]), normalization.get_weights()[2]
    normalization.set_weights([mean, deviation**3, count])
    normalization.finalize_state()
    enliven(extractor)
    normalization.set_weights([mean, deviation**2, count])
    network.save(path)


def test_a_head_for_other_classes_is_refused(lively_extractor: Build) -> None:
    extractor = lively_extractor("small_cnn")
    head = random_head(extractor, np.random.default_rng(0).normal(size=(4, extractor.output_shape[1])))
    with pytest.raises(ValueError, match="2 class names for a head of 3"):
        build_classifier(extractor, head, ["a", "b"])
