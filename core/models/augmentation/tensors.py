"""Augmentation as tensors, in Keras operations, on the device that holds the batch.

The same parameters give the same pictures as on the processor, except for rounding and
Pillow's approximation of a Gaussian. Keras is imported inside functions only.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from core.models.augmentation import table
from core.models.augmentation.colour import colour_matrices, colour_offsets
from core.models.augmentation.config import AugmentationConfig
from core.models.augmentation.geometry import homographies, node_coordinates, nodes
from core.models.augmentation.mixing import sample_mixture
from core.models.augmentation.pictures import FINE_DETAIL, erasing_box
from core.models.augmentation.sampling import sample_transforms
from core.models.augmentation.transform_params import ELASTIC_CELLS, TransformParams
from core.models.lean_keras import import_keras

Tensor = Any  # of whatever backend Keras runs on
_MOVING = ("rotation", "zoom", "shift", "crop", "shear", "perspective", "randaugment")
_COLOURING = ("brightness", "contrast", "saturation", "hue", "grayscale", "invert", "randaugment")
_TONING = ("solarization", "posterization", "randaugment")
_LEAST_SPREAD = 1e-4  # pixels: a Gaussian this narrow is exactly the picture


def augment_tensor(pictures: Tensor, config: AugmentationConfig, seed: int) -> Tensor:
    """Changed copies of pictures float32 (B, H, W, 3), 0 to 255, on the same device.

    See ``augment``, which does the same to uint8 arrays on the processor.
    """
    if not config.is_active or not pictures.shape[0]:
        return pictures
    count, height, width = (int(side) for side in pictures.shape[:3])
    numbers = _numbers(sample_transforms(config, count, seed), config, height, width)
    import_keras()
    import keras

    return _program(config, keras.backend.backend())(pictures, numbers)


def mix_tensor(
    pictures: Tensor, targets: Tensor, config: AugmentationConfig, seed: int
) -> tuple[Tensor, Tensor]:
    """Pictures float32 (B, H, W, 3) and targets float32 (B, C) mixed; see ``mix``."""
    if not config.is_mixing or not pictures.shape[0]:
        return pictures, targets
    import_keras()
    from keras import ops

    count, height, width = (int(side) for side in pictures.shape[:3])
    mixture = sample_mixture(config, count, height, width, seed=seed)
    partners = mixture.partners.astype(np.int32)
    labels = mixture.shares[:, np.newaxis]
    through = np.where(mixture.is_cut, 1, mixture.shares).astype(np.float32)[:, np.newaxis, np.newaxis]
    own = through * ~_inside(mixture.boxes, height, width)  # (B, H, W): each pixel's share
    other_pictures = ops.take(pictures, partners, axis=0)
    other_targets = ops.take(targets, partners, axis=0)
    return (
        other_pictures + own[..., np.newaxis].astype(np.float32) * (pictures - other_pictures),
        other_targets + labels * (targets - other_targets),
    )


@lru_cache(maxsize=8)
def _program(config: AugmentationConfig, backend: str) -> Any:
    """The changes as one compiled function where the backend compiles; traced once for each shape."""

    def changed(pictures: Tensor, numbers: dict[str, Tensor]) -> Tensor:
        return _changed(pictures, numbers, config)

    if backend == "tensorflow":
        return import_module("tensorflow").function(changed)
    if backend == "jax":
        return import_module("jax").jit(changed)
    return changed


def _numbers(
    params: TransformParams, config: AugmentationConfig, height: int, width: int
) -> dict[str, np.ndarray]:
    """Numbers that the changes need, computed for the pictures' size; float32 except masks."""
    matrices = homographies(params, height, width)
    about_mean, added = colour_offsets(params)
    boxes = np.array([erasing_box(box, height, width) for box in params.erasing])
    needed: dict[str, np.ndarray] = {
        "flip_horizontal": params.flip_horizontal,
        "flip_vertical": params.flip_vertical,
        "autocontrast": params.autocontrast,
        "equalization": params.equalization,
        "solarization": params.solarization,
        "posterization": params.posterization,
        "sharpness": params.sharpness,
        "colours": colour_matrices(params),
        "about_mean": about_mean,
        "added": added,
        "matrices": matrices,
    }
    side = min(height, width)
    if config.elastic:
        needed["nodes"] = nodes(params, matrices, height, width)
    if config.sharpness or config.randaugment:
        fine = np.full(len(params), FINE_DETAIL * side)
        needed["fine_rows"], needed["fine_columns"] = _gaussians(fine, height), _gaussians(fine, width)
    if config.blur:
        spread = params.blur * side
        needed["blur_rows"], needed["blur_columns"] = _gaussians(spread, height), _gaussians(spread, width)
    if config.erasing:
        needed["erasing"] = _inside(boxes, height, width)
    needed |= {f"own.{name}": array for name, array in params.own.items()}
    return {
        name: array if array.dtype == bool else array.astype(np.float32) for name, array in needed.items()
    }


def _gaussians(spread: np.ndarray, side: int) -> np.ndarray:
    """Blurring along one side as a matrix product, whatever the spread: float32 (B, side, side).

    Pixels beyond the edge have no weight: each row adds up to 1 within the picture.
    """
    away = np.arange(side)[:, np.newaxis] - np.arange(side)
    spread = np.maximum(spread, _LEAST_SPREAD)[:, np.newaxis, np.newaxis]
    weights = np.exp(-0.5 * (away / spread) ** 2)
    return (weights / weights.sum(axis=2, keepdims=True)).astype(np.float32)


def _inside(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Masks of the pixels in each box of left, top, right, bottom: bool (B, H, W)."""
    x, y = np.arange(width), np.arange(height)[:, np.newaxis]
    left, top, right, bottom = boxes.T[:, :, np.newaxis, np.newaxis]
    return (x >= left) & (x < right) & (y >= top) & (y < bottom)


def _changed(pictures: Tensor, numbers: dict[str, Tensor], config: AugmentationConfig) -> Tensor:
    """Apply every change that is on, in the order of ``pictures``."""
    from keras import ops

    def per_picture(name: str) -> Tensor:
        return ops.reshape(numbers[name], (-1, 1, 1, 1))

    x = pictures
    if config.flip in ("horizontal", "both"):
        x = ops.where(per_picture("flip_horizontal"), ops.flip(x, axis=2), x)
    if config.flip in ("vertical", "both"):
        x = ops.where(per_picture("flip_vertical"), ops.flip(x, axis=1), x)
    if config.elastic:
        x = _sampled(x, *_elastic_coordinates(numbers["nodes"], x.shape[1], x.shape[2]))
    elif any(getattr(config, name) for name in _MOVING):
        x = _moved(x, numbers["matrices"])
    if config.autocontrast or config.randaugment:
        x = ops.where(per_picture("autocontrast"), _autocontrasted(x), x)
    if config.equalization or config.randaugment:
        x = ops.where(per_picture("equalization"), _equalized(x), x)
    if any(getattr(config, name) for name in _COLOURING):
        x = _coloured(x, numbers)
    if any(getattr(config, name) for name in _TONING):
        x = ops.where(
            x >= per_picture("solarization") - 0.5, 255 - x, x
        )  # levels are rounded on the processor
        step = 255 / (per_picture("posterization") - 1)
        x = ops.where(per_picture("posterization") < 256, ops.round(x / step) * step, x)
    if config.sharpness or config.randaugment:
        smooth = _blurred(x, numbers["fine_rows"], numbers["fine_columns"])
        x = ops.clip(smooth + (1 + per_picture("sharpness")) * (x - smooth), 0, 255)
        # Exactly as it was where nothing was drawn.
    if config.blur:
        x = _blurred(x, numbers["blur_rows"], numbers["blur_columns"])
    if config.erasing:
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        x = ops.where(ops.expand_dims(numbers["erasing"], -1), mean, x)
    for row in table.AUGMENTATIONS:
        if row.change_tensor is not None and config[row.name]:
            x = row.change_tensor(x, numbers[f"own.{row.name}"])
    return x


def _moved(x: Tensor, matrices: Tensor) -> Tensor:
    """Each picture through its homography, by TensorFlow's own kernel where there is one."""
    import keras
    from keras import ops

    height, width = x.shape[1], x.shape[2]
    if keras.backend.backend() == "tensorflow":
        # Keras's and Darkroom's coordinates differ by half a pixel. Only here does Keras divide by c0, c1.
        back, forth = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)
        back[:2, 2], forth[:2, 2] = -0.5, 0.5
        shifted = ops.matmul(back, ops.matmul(matrices, forth))
        numbers = ops.reshape(shifted / shifted[:, 2:, 2:], (-1, 9))[:, :8]
        return ops.image.affine_transform(x, numbers, interpolation="bilinear", fill_mode="reflect")
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    coordinates = np.stack([columns, rows, np.ones_like(rows)], axis=-1).reshape(-1, 3).astype(np.float32)
    mapped = ops.matmul(ops.convert_to_tensor(coordinates), ops.transpose(matrices, (0, 2, 1)))
    mapped = ops.reshape(mapped, (-1, height, width, 3))
    return _sampled(x, mapped[..., 0] / mapped[..., 2], mapped[..., 1] / mapped[..., 2])


def _elastic_coordinates(old_nodes: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Source coordinates of each pixel, x and y, bilinear between the nodes: (B, H, W) each."""
    from keras import ops

    rows, columns = _between_nodes(height), _between_nodes(width)
    x, y = (ops.matmul(ops.matmul(rows, old_nodes[..., axis]), columns.T) for axis in (0, 1))
    return x, y


def _between_nodes(side: int) -> np.ndarray:
    """Weight of each node for each pixel: float32 (side, ELASTIC_CELLS + 1)."""
    coordinates = node_coordinates(side)
    return np.stack(
        [np.interp(np.arange(side) + 0.5, coordinates, unit) for unit in np.eye(ELASTIC_CELLS + 1)], axis=1
    ).astype(np.float32)


def _sampled(x: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Sample each new pixel at its coordinates in the old picture, bilinearly; mirror images all around."""
    from keras import ops

    height, width = x.shape[1], x.shape[2]
    left, right, across = _neighbours(columns, width)
    top, bottom, down = _neighbours(rows, height)
    flat = ops.reshape(x, (-1, 3))
    first = ops.reshape(ops.arange(ops.shape(x)[0], dtype="int32") * (height * width), (-1, 1, 1))

    def row(upper: Tensor) -> Tensor:
        start = first + upper * width
        west, east = ops.take(flat, start + left, axis=0), ops.take(flat, start + right, axis=0)
        return west + across * (east - west)

    above = row(top)
    return above + down * (row(bottom) - above)


def _neighbours(coordinates: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The pixels on both sides of each coordinate, int32 (B, H, W), and its position between them, (B, H, W, 1)."""
    from keras import ops

    within = ops.mod(coordinates, 2.0 * side)
    within = ops.clip(ops.minimum(within, 2.0 * side - within) - 0.5, 0.0, side - 1.0)
    before = ops.floor(within)
    first = ops.cast(before, "int32")
    return first, ops.minimum(first + 1, side - 1), ops.expand_dims(within - before, -1)


def _coloured(x: Tensor, numbers: dict[str, Tensor]) -> Tensor:
    from keras import ops

    count, height, width = ops.shape(x)[0], x.shape[1], x.shape[2]
    flat = ops.reshape(x, (count, height * width, 3))
    mean = ops.mean(flat, axis=1, keepdims=True)
    changed = ops.matmul(flat, ops.transpose(numbers["colours"], (0, 2, 1)))
    changed = changed + ops.matmul(mean, ops.transpose(numbers["about_mean"], (0, 2, 1)))
    changed = changed + ops.expand_dims(numbers["added"], 1)
    return ops.reshape(ops.clip(changed, 0, 255), (count, height, width, 3))


def _autocontrasted(x: Tensor) -> Tensor:
    """Each colour from its darkest to its brightest pixel onto 0 to 255."""
    from keras import ops

    least, most = ops.min(x, axis=(1, 2), keepdims=True), ops.max(x, axis=(1, 2), keepdims=True)
    spread = most - least
    return ops.where(spread > 0, (x - least) * 255 / ops.where(spread > 0, spread, 1), x)


def _equalized(x: Tensor) -> Tensor:
    """Each colour spread evenly over its range, as Pillow does it."""
    from keras import ops

    count, height, width = ops.shape(x)[0], x.shape[1], x.shape[2]
    levels = ops.transpose(ops.cast(ops.clip(ops.round(x), 0, 255), "int32"), (0, 3, 1, 2))
    levels = ops.reshape(levels, (count * 3, height * width))
    levels = levels + 256 * ops.expand_dims(ops.arange(count * 3, dtype="int32"), 1)
    # Shape and dtype are written out so that the function can be compiled.
    counts = ops.segment_sum(
        ops.ones((count * 3 * height * width,), "int32"), ops.reshape(levels, (-1,)), count * 3 * 256
    )
    counts = ops.reshape(counts, (count * 3, 256))
    coordinates = ops.arange(256, dtype="int32")
    brightest = ops.max(ops.where(counts > 0, coordinates, -1), axis=1, keepdims=True)
    last = ops.sum(ops.where(coordinates == brightest, counts, 0), axis=1, keepdims=True)
    step = (height * width - last) // 255
    before = ops.cumsum(counts, axis=1) - counts
    curve = ops.clip((step // 2 + before) // ops.maximum(step, 1), 0, 255)
    curve = ops.where(step > 0, curve, coordinates)
    spread = ops.take(ops.reshape(curve, (-1,)), ops.reshape(levels, (-1,)), axis=0)
    spread = ops.transpose(ops.reshape(spread, (count, 3, height, width)), (0, 2, 3, 1))
    return ops.cast(spread, "float32")


def _blurred(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Down, then across: two matrix products."""
    from keras import ops

    height, width = x.shape[1], x.shape[2]
    down = ops.reshape(ops.matmul(rows, ops.reshape(x, (-1, height, width * 3))), (-1, height, width, 3))
    turned = ops.reshape(ops.transpose(down, (0, 2, 1, 3)), (-1, width, height * 3))
    across = ops.reshape(ops.matmul(columns, turned), (-1, width, height, 3))
    return ops.transpose(across, (0, 2, 1, 3))
