"""Arithmetic is counted as it is published: two operations for each multiply-add."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from benchmarks.operations import count_operations


def test_each_kind_of_layer_counts_its_multiplications() -> None:
    """By hand: 8×8 pictures of 3 channels, inner networks included."""
    inner_input = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same")(inner_input)  # 2 · 3·3·3·4 · 4·4 = 3456
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D(5, padding="same")(x)  # 2 · 5·5·4 · 4·4 = 3200
    inner = keras.Model(inner_input, x)
    picture = keras.Input((8, 8, 3))
    pooled = layers.GlobalAveragePooling2D()(inner(layers.Rescaling(1 / 255)(picture)))
    model = keras.Model(picture, layers.Dense(10)(pooled))  # 2 · 4·10 = 80
    assert count_operations(model) == 3456 + 3200 + 80


def test_a_layer_without_a_rule_is_not_passed_over() -> None:
    """A count that is silently too low would flatter nothing but the machine."""
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.SeparableConv2D(4, 3)])
    with pytest.raises(NotImplementedError, match="SeparableConv2D"):
        count_operations(model)


def test_vgg16_has_its_published_arithmetic() -> None:
    """15.3 billion multiply-adds without its dense layers (Simonyan & Zisserman 2015)."""
    model = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    assert count_operations(model) / 2e9 == pytest.approx(15.35, abs=0.01)
