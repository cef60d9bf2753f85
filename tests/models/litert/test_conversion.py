"""A converted network gives the numbers of the network it came from."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.models.architectures.classifier import build_feature_extractor
from core.models.backbones import Backbone, Preprocessing, at_size, get_backbone
from core.models.litert import conversion
from core.models.litert.conversion import cached_engine, convert_to_tflite, feature_engine
from core.models.litert.engine import Engine
from core.workspace import backbones_folder
from tests.support.backbone_sample import SAMPLE


def _path(backbone: Backbone, *, pretrained: bool = True) -> Path:
    return conversion._engine_path(backbone, pretrained)


@pytest.mark.parametrize("key", SAMPLE)
def test_the_engine_equals_the_keras_network(
    key: str,
    lively_extractor: Callable[[str], Any],
    lively_engine: Callable[[str], Path],
    random_pictures: Callable[..., np.ndarray],
) -> None:
    pictures = random_pictures(get_backbone(key).input_size)
    expected = np.asarray(lively_extractor(key)(pictures))
    answers = Engine(lively_engine(key)).run(pictures)
    assert np.abs(expected[0] - expected[1]).max() > 1e-3, "the network does not see its input"
    # Ninety random layers amplify rounding; a lost weight is off by as much as the signal.
    np.testing.assert_allclose(answers, expected, rtol=0, atol=5e-4 * np.abs(expected).max())


def test_a_trainable_network_is_converted_as_it_predicts(
    random_pictures: Callable[..., np.ndarray],
) -> None:
    """Traced in training mode, BatchNorm would use the statistics of each batch."""
    extractor = build_feature_extractor(get_backbone("small_cnn"), pretrained=False, trainable=True)
    pictures = random_pictures(96)
    extractor(pictures, training=True)  # moves the statistics away from their start
    expected = np.asarray(extractor(pictures, training=False))
    content = convert_to_tflite(extractor)
    path = backbones_folder() / "trained.tflite"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    np.testing.assert_allclose(Engine(path).run(pictures), expected, atol=1e-5)
    assert not extractor.trainable


def test_another_backend_converts_in_a_process_of_its_own(
    random_pictures: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """LiteRT's converter reads TensorFlow's graphs alone."""
    extractor = build_feature_extractor(get_backbone("small_cnn"), pretrained=False, trainable=True)
    pictures = random_pictures(96)
    expected = np.asarray(extractor(pictures, training=False))
    path = tmp_path / "other.tflite"
    with monkeypatch.context() as patch:
        patch.setattr("keras.backend.backend", lambda: "jax")
        patch.setattr(conversion, "_convert_here", None)
        path.write_bytes(convert_to_tflite(extractor))
    np.testing.assert_allclose(Engine(path).run(pictures), expected, atol=1e-5)
    assert not extractor.trainable


def test_real_weights_survive_the_conversion(photographs: Callable[[str], np.ndarray]) -> None:
    """The default backbone, from its published file to features of photographs."""
    backbone = get_backbone("efficientnet_lite0")
    path = feature_engine(backbone)
    pictures = np.stack([photographs("chelsea"), photographs("coffee")])
    expected = np.asarray(build_feature_extractor(backbone)(pictures))
    answers = Engine(path).run(pictures)
    assert answers.max() > 1
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    assert path.parent == backbones_folder() / "engines"


def test_a_backbone_is_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = dataclasses.replace(get_backbone("small_cnn"), key="counted")
    calls: list[Any] = []

    def convert(model: Any) -> bytes:
        calls.append(model)
        return b"engine"

    monkeypatch.setattr(conversion, "convert_to_tflite", convert)
    first = feature_engine(backbone, pretrained=False)
    assert feature_engine(backbone, pretrained=False) == first
    assert len(calls) == 1
    assert first.read_bytes() == b"engine"
    assert list(first.parent.iterdir()) == [first]


def test_other_facts_or_another_version_make_another_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that outlived a change of preprocessing would give silently wrong features."""
    backbone = get_backbone("vgg16")
    paths = {
        _path(backbone),
        _path(backbone, pretrained=False),
        _path(dataclasses.replace(backbone, weights_hash="md5:0")),
        _path(dataclasses.replace(backbone, preprocessing=Preprocessing.UNIT)),
        _path(at_size(backbone, 128)),
    }
    monkeypatch.setattr(conversion, "ENGINE_VERSION", 2)
    paths.add(_path(backbone))
    assert len(paths) == 6


def test_the_own_size_given_explicitly_is_the_same_engine() -> None:
    backbone = get_backbone("vgg16")
    assert _path(at_size(backbone, 224)) == _path(at_size(backbone, 0)) == _path(backbone)


def test_descriptive_facts_do_not_change_the_engine() -> None:
    """Rewording a description must not cost every user a conversion."""
    backbone = get_backbone("vgg16")
    reworded = dataclasses.replace(
        backbone, good_for="Other words.", licence="other", family="other", source="other"
    )
    assert _path(reworded) == _path(backbone)


def test_an_engine_is_known_only_once_it_is_there() -> None:
    backbone = get_backbone("efficientnet_lite0")
    assert cached_engine(backbone) is None
    path = _path(backbone)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"engine")
    assert cached_engine(backbone) == feature_engine(backbone) == path


def test_a_network_without_pretrained_weights_has_no_features_to_keep() -> None:
    with pytest.raises(ValueError, match="small_cnn"):
        feature_engine(get_backbone("small_cnn"))


def test_only_a_conversion_loads_tensorflow() -> None:
    """A job that finds its engine in the cache saves the seconds of that import."""
    names = [
        "backbones",
        "weights.store",
        "litert.engine",
        "augmentation",
        "head",
        "weights.torch_file",
        "litert.conversion",
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {names}: importlib.import_module('core.models.' + name)\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert outcome.stdout.split() == ["False", "False"]


def test_engines_of_the_first_darkroom_are_still_found() -> None:
    """Facts recorded later change no number, so the default is not converted again."""
    assert _path(get_backbone("efficientnet_lite0")).name == "efficientnet_lite0-767af3a4156a3a46.tflite"
