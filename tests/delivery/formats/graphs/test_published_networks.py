"""Networks with published weights answer in ONNX as in Keras; ``tests/models`` compares LiteRT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.models.architectures.classifier import build_classifier, build_feature_extractor
from core.models.head import HeadWeights
from core.models.supplied_weights import import_weights_file
from tests.support.published_networks import REFERENCE, use_narrow

pytest.importorskip("tf2onnx", reason="tf2onnx of requirements-exports.txt is missing")


@pytest.mark.parametrize("key", ["siglip_b16", "convnext_v2_tiny", "mobileclip2_s0"])
def test_onnx_answers_as_keras_does(key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Three pictures and one: the batch is free."""
    import onnxruntime

    from core.delivery.formats.graphs.onnx_graph import write_onnx

    backbone = use_narrow(monkeypatch, key)
    import_weights_file(REFERENCE / f"{key}.safetensors")
    extractor = build_feature_extractor(backbone)
    random = np.random.default_rng(0)
    noise = random.integers(0, 56, (3, backbone.input_size, backbone.input_size, 3), dtype=np.uint8)
    pictures = noise + np.array([0, 100, 200], np.uint8)[:, None, None, None]
    features = np.asarray(extractor(pictures))
    head = HeadWeights(
        feature_mean=features.mean(0),
        feature_scale=np.full(features.shape[1], features.std(axis=0).mean() * features.shape[1] ** 0.5),
        layers=((random.normal(size=(features.shape[1], 3)), np.zeros(3)),),
    )
    classifier = build_classifier(extractor, head, ["oak", "elm", "ash"])
    expected = np.asarray(classifier(pictures))
    assert expected.std(axis=0).min() > 0.05
    write_onnx(classifier, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for count in (3, 1):
        (answers,) = session.run(None, {session.get_inputs()[0].name: pictures[:count]})
        np.testing.assert_allclose(answers, expected[:count], atol=1e-5)
