"""NIfTI volumes: each slice as a picture, turned as DICOM pictures are. Nothing of the header is kept.

Rows go from the patient's front to back, or from head to feet; columns from the patient's right to
left, or from front to back.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Generator
from math import prod
from typing import IO, Any

import numpy as np
from PIL import Image

from core.data.containers.config import ContainerConfig, Plane
from core.data.containers.container import Deadline, Inner, require_few
from core.data.images.picture import MAX_PIXELS
from core.data.skip_reasons import SkipReason, unreadable_image

# Of one volume, unpacked, and of what precedes it.
_MAX_BYTES = 1 << 30
_HEADER_BYTES = 544
_GZIP = b"\x1f\x8b"
# After a volume's axes were turned towards left, back and feet.
_DIRECTIONS = ("L", "P", "I")
_AXES = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}


def count_slices(stream: IO[bytes], config: ContainerConfig) -> int:
    """Read the number of slices from the header."""
    header = _read_header(_unpacked(stream).read(_HEADER_BYTES))
    return _turned_shape(header)[_AXES[config.plane]]


def slices(stream: IO[bytes], config: ContainerConfig, deadline: Deadline) -> Generator[Inner]:
    """The slices from the patient's head to feet, front to back, or right to left."""
    values, slope, intercept = _read_volume(stream)
    axis = _AXES[config.plane]
    width, height = (size for index, size in enumerate(values.shape) if index != axis)
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise unreadable_image(SkipReason.TOO_MANY_PIXELS, {"width": width, "height": height, "limit": limit})
    for index in range(require_few(values.shape[axis])):
        deadline.check()
        pixels = np.take(values, index, axis=axis).T
        yield Inner(data=_encoded(pixels, slope, intercept), suffix=f"#{index + 1}")


def nifti_errors() -> tuple[type[Exception], ...]:
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    return ImageFileError, HeaderDataError, WrapStructError


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    is_packed = stream.read(2) == _GZIP
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if is_packed else stream  # type: ignore[return-value]


def _read_header(data: bytes) -> Any:
    from nibabel import Nifti1Header, Nifti2Header

    if data[344:348] == b"n+1\x00":
        return Nifti1Header.from_fileobj(io.BytesIO(data))
    return Nifti2Header.from_fileobj(io.BytesIO(data))


def _shape(header: Any) -> tuple[int, int, int]:
    """
    Raises:
        UnreadableImageError: the file holds several volumes, or nothing.
    """
    sizes = [int(size) for size in header.get_data_shape()]
    if (count := prod(sizes[3:])) > 1:
        raise unreadable_image(SkipReason.SEVERAL_VOLUMES, {"count": count})
    first, second, third = [*sizes, 1, 1, 1][:3]
    if min(first, second, third) < 1:
        raise unreadable_image(SkipReason.DAMAGED)
    if first * second * third * header.get_data_dtype().itemsize > _MAX_BYTES:
        raise unreadable_image(SkipReason.TOO_LARGE_TO_DECODE)
    return first, second, third


def _turn(header: Any) -> np.ndarray:
    """Find the exchanges and reversals of the axes: shape (3, 2), as ``nibabel.orientations`` has it."""
    from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

    turn: np.ndarray = ornt_transform(io_orientation(header.get_best_affine()), axcodes2ornt(_DIRECTIONS))
    return turn


def _turned_shape(header: Any) -> list[int]:
    shape = [0, 0, 0]
    for size, (axis, _) in zip(_shape(header), _turn(header), strict=True):
        shape[int(axis)] = size
    return shape


def _read_volume(stream: IO[bytes]) -> tuple[np.ndarray, float, float]:
    """Read the stored values, turned, with the slope and the intercept of the measured ones."""
    from nibabel.orientations import apply_orientation

    unpacked = _unpacked(stream)
    header = _read_header(unpacked.read(_HEADER_BYTES))
    shape, dtype = _shape(header), header.get_data_dtype()
    start = int(header["vox_offset"])
    if start > _MAX_BYTES:
        raise unreadable_image(SkipReason.TOO_LARGE_TO_DECODE)
    unpacked.seek(start)
    data = unpacked.read(prod(shape) * dtype.itemsize)
    values = np.frombuffer(data, dtype).reshape(shape, order="F")
    slope, intercept = header.get_slope_inter()
    return apply_orientation(values, _turn(header)), slope or 1.0, intercept or 0.0


def _encoded(pixels: np.ndarray, slope: float, intercept: float) -> bytes:
    """Encode a slice: 8 bits or colours as PNG, measured values as a TIFF of floats."""
    is_plain = (slope, intercept) == (1.0, 0.0)
    stream = io.BytesIO()
    if pixels.dtype.names:
        colours = np.stack([pixels[name] for name in pixels.dtype.names[:3]], axis=-1)
        Image.fromarray(colours).save(stream, "PNG")
    elif pixels.dtype == np.uint8 and is_plain:
        Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG")
    elif pixels.dtype.kind in "iuf":
        measured = pixels.astype(np.float64) * slope + intercept
        Image.fromarray(measured.astype(np.float32)).save(stream, "TIFF")
    else:
        raise unreadable_image(SkipReason.VOLUME, {"kind": "NIfTI"})
    return stream.getvalue()
