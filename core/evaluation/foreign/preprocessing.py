"""Pictures as a foreign model wants them: shape, values, channel order, layout, quantisation."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.data.dataset import Dataset
from core.data.images import picture
from core.data.pixels.decoding import load_picture
from core.data.skip_reasons import unreadable_image
from core.errors import ConfigError
from core.evaluation.foreign.facts import ChannelOrder, Fitting, InputFacts, Layout, Preprocessing
from core.messages import N_

# Mean and deviation of values from 0 to 255, in RGB order.
SCALES = {
    # 0 to 255.
    "bytes": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    # 0 to 1.
    "unit": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    # -1 to 1.
    "symmetric": ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    # Of the pictures of ImageNet; torchvision and timm.
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    # The mean alone; "caffe" in Keras, with BGR.
    "centred": ((123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
}
# ITU-R BT.601, as Pillow has it.
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
# Of an uint8 input without quantisation: bytes.
_NO_SCALE = 0.0
_SAME = 0.02  # relative difference of two ranges that are the same but for rounding


def scaled(
    scale: str, order: ChannelOrder = ChannelOrder.RGB, fitting: Fitting = Fitting.STRETCH
) -> Preprocessing:
    """Make a preprocessing from a scale of ``SCALES``."""
    mean, deviation = SCALES[scale]
    return Preprocessing(mean=mean, deviation=deviation, order=order, fitting=fitting)


def parse(code: str) -> Preprocessing:
    """Read a code such as ``unit``, ``imagenet-bgr`` or ``symmetric-crop``.

    Raises:
        ConfigError: there is no such preprocessing.
    """
    scale, *extras = code.strip().lower().split("-")
    orders, fittings = [*ChannelOrder], [*Fitting]
    order = next((item for item in orders if item in extras), ChannelOrder.RGB)
    fitting = next((item for item in fittings if item in extras), Fitting.STRETCH)
    if scale not in SCALES or set(extras) - {*orders, *fittings}:
        raise ConfigError(
            N_("There is no preprocessing “{name}”. Choose from {scales}, with {extras} where needed."),
            name=code,
            scales=", ".join(SCALES),
            extras=", ".join(f"-{item}" for item in (*orders, *fittings)),
        )
    return scaled(scale, order, fitting)


def scale_of(preprocessing: Preprocessing) -> str | None:
    """Name the scale in ``SCALES``; None for mean and deviation of its own."""
    pair = (preprocessing.mean, preprocessing.deviation)
    return next((name for name, scale in SCALES.items() if scale == pair), None)


def code_of(preprocessing: Preprocessing) -> str:
    """Write the code that :func:`parse` reads; “own” for mean and deviation of its own."""
    parts = [scale_of(preprocessing) or "own", preprocessing.order, preprocessing.fitting]
    return "-".join(part for part in parts if part not in {ChannelOrder.RGB, Fitting.STRETCH})


def possible_scales(facts: InputFacts) -> tuple[str, ...]:
    """List the scales that an input can take; a quantised input states its range of values."""
    tensor = facts.tensor
    if not np.issubdtype(np.dtype(tensor.dtype), np.integer):
        return tuple(SCALES)
    if tensor.scale == _NO_SCALE:
        return ("bytes",)
    limits = np.iinfo(tensor.dtype)
    low, high = ((limit - tensor.zero_point) * tensor.scale for limit in (limits.min, limits.max))
    for name in ("bytes", "unit", "symmetric"):
        mean, deviation = SCALES[name][0][0], SCALES[name][1][0]
        wanted = np.array([-mean, 255 - mean]) / deviation
        if np.abs(wanted - [low, high]).max() <= _SAME * (wanted[1] - wanted[0]):
            return (name,)
    return tuple(SCALES)


def load_input(dataset: Dataset, row: int, facts: InputFacts, fitting: Fitting) -> np.ndarray:
    """Decode a picture to the size of an input: uint8 RGB (height, width, 3).

    Raises:
        NotFoundError, UnreadableImageError: the file is missing or damaged.
    """
    data = dataset.picture_bytes(row)
    if fitting is Fitting.STRETCH and facts.width == facts.height:
        return load_picture(data, facts.width, dataset.pixel_range, dataset.channels)
    try:
        # Twice as large as needed, so that a crop of a JPEG is not enlarged.
        side = 2 * max(facts.width, facts.height)
        decoded = picture.decode_picture(
            picture.open_picture(data, dataset.channels), at_least=side, pixel_range=dataset.pixel_range
        )
    except picture.PictureError as error:
        raise unreadable_image(error.code, error.values) from error
    box = centre_box(decoded.size, facts) if fitting is Fitting.CROP else None
    size = (facts.width, facts.height)
    return np.asarray(
        decoded.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0), dtype=np.uint8
    )


def centre_box(size: tuple[int, int], facts: InputFacts) -> tuple[float, float, float, float]:
    """Compute the largest box of the input's shape in the middle of a picture."""
    scale = min(size[0] / facts.width, size[1] / facts.height)
    width, height = scale * facts.width, scale * facts.height
    # Rounding can make the box larger than the picture by less than a millionth of a pixel.
    left, top = max(0.0, (size[0] - width) / 2), max(0.0, (size[1] - height) / 2)
    return left, top, min(left + width, size[0]), min(top + height, size[1])


def prepare(pictures: np.ndarray, facts: InputFacts, preprocessing: Preprocessing) -> np.ndarray:
    """Turn pictures into the numbers of an input.

    Args:
        pictures: uint8 RGB (B, height, width, 3).
    Returns:
        (B, height, width, channels) or (B, channels, height, width) in the type of the input.
    """
    mean, deviation = (np.array(three, np.float32) for three in (preprocessing.mean, preprocessing.deviation))
    values = (pictures - mean) / deviation
    if facts.channels == 1:
        values = values @ _GREY[:, np.newaxis]
    elif preprocessing.order is ChannelOrder.BGR:
        values = values[..., ::-1]
    if facts.layout is Layout.CHANNELS_FIRST:
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(_typed(values, facts))


def _typed(values: np.ndarray, facts: InputFacts) -> np.ndarray:
    dtype, scale = np.dtype(facts.tensor.dtype), facts.tensor.scale
    if not np.issubdtype(dtype, np.integer):
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    # Without a scale, the numbers are the bytes; int8 has them from -128 on.
    quantised = values / scale + facts.tensor.zero_point if scale else values + min(limits.min, 0)
    return np.clip(np.rint(quantised), limits.min, limits.max).astype(dtype)
