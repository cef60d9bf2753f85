"""Small vision transformer (ViT) for training from scratch.

After "Better plain ViT baselines for ImageNet-1k" (Beyer, Zhai & Kolesnikov 2022,
arXiv 2205.01580): the mean over the patches replaces the class token. It has standard
Keras layers only, so that a saved model loads in safe mode. Imported by workers only.
"""

from __future__ import annotations

import keras
from keras import layers

PATCH_SIZE = 8  # pixels
_WIDTH = 192
_BLOCKS = 6
_HEADS = 3
_MLP_WIDTH = 2 * _WIDTH
_DROPOUT_RATE = 0.1


def build_vit(size: int, name: str) -> keras.Model:
    """Build a ViT: pixels (B, size, size, 3) from -1 to 1 in, feature map (B, size / 8, size / 8, 192) out."""
    inputs = keras.Input((size, size, 3), name="preprocessed")
    patches = layers.Conv2D(_WIDTH, PATCH_SIZE, PATCH_SIZE, name="patches")(inputs)
    side = size // PATCH_SIZE
    x = layers.Reshape((side * side, _WIDTH), name="tokens")(patches)
    x = layers.Add(name="placed")([x, _positions(x, side * side)])
    for number in range(1, _BLOCKS + 1):
        x = _block(x, f"block{number}")
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    return keras.Model(inputs, layers.Reshape((side, side, _WIDTH), name="grid")(x), name=name)


def _positions(tokens: keras.KerasTensor, count: int) -> keras.KerasTensor:
    """Learn position embeddings: a vector for each patch of the picture, (B, count, _WIDTH).

    Indices 0, 1, … are counted from the tokens, because a functional model takes no
    constant.
    """
    ones = keras.ops.ones_like(keras.ops.max(tokens, axis=-1), dtype="int32")
    indices = keras.ops.cumsum(ones, axis=1) - 1
    initializer = keras.initializers.RandomNormal(stddev=0.02)
    return layers.Embedding(count, _WIDTH, embeddings_initializer=initializer, name="positions")(indices)


def _block(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Transformer block: attention, then two dense layers, each with a residual connection."""
    y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_attention_norm")(x)
    attention = layers.MultiHeadAttention(
        _HEADS, _WIDTH // _HEADS, dropout=_DROPOUT_RATE, name=f"{name}_attention"
    )
    x = layers.Add(name=f"{name}_attention_add")([x, attention(y, y)])
    y = layers.LayerNormalization(epsilon=1e-6, name=f"{name}_mlp_norm")(x)
    y = layers.Dense(_MLP_WIDTH, activation="gelu", name=f"{name}_mlp_wide")(y)
    y = layers.Dropout(_DROPOUT_RATE, name=f"{name}_mlp_dropout")(y)
    y = layers.Dense(_WIDTH, name=f"{name}_mlp_narrow")(y)
    return layers.Add(name=f"{name}_mlp_add")([x, y])
