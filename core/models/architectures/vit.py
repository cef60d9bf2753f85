"""Vision transformers (ViT) in standard Keras layers, so that a saved model loads in safe mode.

The small one is trained from scratch, after "Better plain ViT baselines for ImageNet-1k"
(Beyer, Zhai & Kolesnikov 2022, arXiv 2205.01580): the mean over the patches replaces the
class token. The pretrained ones are described in ``core.models.published.transformers``. Imported
by workers only.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers

from core.models.architectures.vit_weights import layer_weights
from core.models.published.transformers import Transformer

PATCH_SIZE = 8  # pixels, of the small one
_WIDTH = 192
_BLOCKS = 6
_HEADS = 3
_DROPOUT_RATE = 0.1
_NORM_EPSILON = 1e-6


def build_vit(size: int, name: str) -> keras.Model:
    """Build the small ViT: pixels (B, size, size, 3) from -1 to 1 in, feature map (B, size / 8, size / 8, 192) out."""
    inputs, x = _patches(size, PATCH_SIZE, _WIDTH)
    x = layers.Add(name="placed")([x, _table(x, "positions")])
    for number in range(1, _BLOCKS + 1):
        x = _block(x, f"block{number}", heads=_HEADS, mlp_factor=2, dropout_rate=_DROPOUT_RATE)
    x = layers.LayerNormalization(epsilon=_NORM_EPSILON, name="norm")(x)
    side = size // PATCH_SIZE
    return keras.Model(inputs, layers.Reshape((side, side, _WIDTH), name="grid")(x), name=name)


def build_transformer(
    transformer: Transformer, tensors: Mapping[str, np.ndarray] | None, *, size: int, name: str
) -> keras.Model:
    """Build a pretrained ViT: preprocessed pictures (B, size, size, 3) in, feature map out.

    The map is float32 (B, size / patch, size / patch, 2 * width): each patch's token, then the
    picture's, which is the same in each cell. So the mean over the map is the mean over the patches,
    joined with the picture's token.

    Args:
        tensors: those of the published file by name; None for random weights.
    """
    inputs, x = _patches(size, transformer.patch_size, transformer.width)
    patches = x.shape[1]
    if transformer.prefix:
        x = layers.ZeroPadding1D((transformer.prefix, 0), name="first_tokens")(x)
    # The first tokens are learnt vectors, so they stand in the table of the positions.
    x = layers.Add(name="placed")([x, _table(x, "positions")])
    for number in range(1, transformer.blocks + 1):
        x = _block(x, f"block{number}", heads=transformer.heads, tanh_gelu=transformer.tanh_gelu)
    x = layers.LayerNormalization(epsilon=_NORM_EPSILON, name="norm")(x)
    picture = _pooled(x, transformer) if transformer.pools_by_attention else _first_token(x, "class_token")
    if transformer.prefix:
        x = layers.Cropping1D((transformer.prefix, 0), name="patch_tokens")(x)
    picture = layers.Reshape((transformer.width,), name="picture_token")(picture)
    everywhere = layers.RepeatVector(patches, name="picture_token_everywhere")(picture)
    x = layers.Concatenate(name="joined_tokens")([x, everywhere])
    side = size // transformer.patch_size
    x = layers.Reshape((side, side, 2 * transformer.width), name="grid")(x)
    network = keras.Model(inputs, x, name=name)
    if tensors is not None:
        for layer, weights in layer_weights(transformer, tensors, side).items():
            network.get_layer(layer).set_weights(weights)
    return network


def _patches(size: int, patch_size: int, width: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Input and tokens of the patches, (B, patches, width), row by row."""
    inputs = keras.Input((size, size, 3), name="preprocessed")
    patches = layers.Conv2D(width, patch_size, patch_size, name="patches")(inputs)
    side = size // patch_size
    return inputs, layers.Reshape((side * side, width), name="tokens")(patches)


def _table(tokens: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Learnt vectors, one for each token of a picture: (B, count, width), the same for all pictures.

    Indices 0, 1, … are counted from the tokens, because a functional model takes no
    constant.
    """
    _, count, width = tokens.shape
    ones = keras.ops.ones_like(keras.ops.max(tokens, axis=-1), dtype="int32")
    indices = keras.ops.cumsum(ones, axis=1) - 1
    initializer = keras.initializers.RandomNormal(stddev=0.02)
    return layers.Embedding(count, width, embeddings_initializer=initializer, name=name)(indices)


def _block(
    x: keras.KerasTensor,
    name: str,
    *,
    heads: int,
    mlp_factor: int = 4,
    dropout_rate: float = 0.0,
    tanh_gelu: bool = False,
) -> keras.KerasTensor:
    """Transformer block: attention, then two dense layers, each with a residual connection."""
    y = layers.LayerNormalization(epsilon=_NORM_EPSILON, name=f"{name}_attention_norm")(x)
    attention = layers.MultiHeadAttention(
        heads, x.shape[-1] // heads, dropout=dropout_rate, name=f"{name}_attention"
    )
    x = layers.Add(name=f"{name}_attention_add")([x, attention(y, y)])
    return _perceptron(x, name, mlp_factor=mlp_factor, dropout_rate=dropout_rate, tanh_gelu=tanh_gelu)


def _perceptron(
    x: keras.KerasTensor,
    name: str,
    *,
    mlp_factor: int = 4,
    dropout_rate: float = 0.0,
    tanh_gelu: bool = False,
) -> keras.KerasTensor:
    """Two dense layers with a residual connection; the first is ``mlp_factor`` times as wide."""
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=_NORM_EPSILON, name=f"{name}_mlp_norm")(x)
    y = layers.Dense(mlp_factor * width, activation=None if tanh_gelu else "gelu", name=f"{name}_mlp_wide")(y)
    if tanh_gelu:
        y = keras.ops.gelu(y, approximate=True)
    if dropout_rate:
        y = layers.Dropout(dropout_rate, name=f"{name}_mlp_dropout")(y)
    y = layers.Dense(width, name=f"{name}_mlp_narrow")(y)
    return layers.Add(name=f"{name}_mlp_add")([x, y])


def _pooled(tokens: keras.KerasTensor, transformer: Transformer) -> keras.KerasTensor:
    """Token of the picture, (B, 1, width): one learnt query looks at all tokens."""
    query = _table(_first_token(tokens, "first_patch"), "query")
    attention = layers.MultiHeadAttention(
        transformer.heads, transformer.width // transformer.heads, name="pooling_attention"
    )
    return _perceptron(attention(query, tokens), "pooling", tanh_gelu=transformer.tanh_gelu)


def _first_token(tokens: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.Cropping1D((0, tokens.shape[1] - 1), name=name)(tokens)
