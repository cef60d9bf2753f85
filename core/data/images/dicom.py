"""DICOM pictures as their maker means them to be seen: rescaled, windowed, dark where the scan is dark.

Needs pydicom, which is optional. Values are mapped as PS3.3 of the DICOM standard says (C.11.1
modality, C.11.2 window). Travels in exports beside ``picture.py``: imports nothing of Darkroom.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image, ImageFile

# Sentences by code. core/data/skip_reasons.py has the same, marked for translation.
SENTENCES = {
    "no_dicom_reader": "it is a DICOM picture, and the package pydicom that reads those is not installed: pip install -r requirements-formats.txt",
    "dicom_compression": "it is a DICOM picture compressed with {compression}, which cannot be read; save it uncompressed or as PNG",
    "dicom_without_picture": "it is a DICOM file without a picture",
}
_PREAMBLE_BYTES = 128
# The whole file is compressed, and could unpack to any size.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_HEADER_BYTES = 2048
# Baseline and extended JPEG.
_LOSSY_JPEG = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
# Stand where a name was removed, so they tell no patients apart.
_ANONYMOUS = {"", "0", "anon", "anonymous", "anonymized", "anonymised", "unknown", "none", "removed"}


class DicomError(ValueError):
    """Error for a DICOM file that has no picture, or none that can be decoded: a code of ``SENTENCES``."""

    def __init__(self, code: str, **values: str) -> None:
        self.code = code
        self.values = values
        super().__init__(code)


def is_dicom(data: bytes) -> bool:
    """True for the signature of a DICOM file, whatever its name."""
    return data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] == b"DICM"


def can_read() -> bool:
    """True if pydicom is installed, perhaps a moment ago; the first DICOM picture loads it."""
    try:
        from pydicom.pixels import pixel_array
    except ImportError:
        return False
    return callable(pixel_array)


def pydicom_errors() -> tuple[type[Exception], ...]:
    """Errors that only pydicom raises for damaged files, beside those of other decoders."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return BytesLengthException, InvalidDicomError


def read_header(data: bytes) -> Any:
    """Read a DICOM file's attributes: ``pydicom.Dataset``.

    Raises:
        DicomError: it is compressed as a whole, or has no picture.
    """
    from pydicom import dcmread

    if _DEFLATED in data[:_HEADER_BYTES]:
        raise DicomError("dicom_compression", compression="Deflate")
    attributes = dcmread(io.BytesIO(data))
    if not any(name in attributes for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise DicomError("dicom_without_picture")
    return attributes


def frame_count(attributes: Any) -> int:
    """Return the number of frames that a file's attributes name, at least 1."""
    return max(1, int(attributes.get("NumberOfFrames", 1) or 1))


def size_of(attributes: Any) -> tuple[int, int]:
    """Return width and height in pixels, without decoding."""
    return int(attributes.Columns), int(attributes.Rows)


def read_frame(attributes: Any, index: int = 0) -> ImageFile.ImageFile:
    """Decode one frame, as an opened picture: grey or RGB of 8 bits, or floats where no window is named.

    The range of such floats is found over all pictures of a dataset, as for other deep pictures.

    Raises:
        DicomError: the compression needs a decoder that is not installed.
    """
    from pydicom.pixels import apply_color_lut, get_decoder, pixel_array

    syntax = attributes.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not _is_decodable(get_decoder, syntax, attributes):
        raise DicomError("dicom_compression", compression=syntax.name)
    values = pixel_array(attributes, index=index)
    if attributes.PhotometricInterpretation == "PALETTE COLOR":
        values = apply_color_lut(values, attributes)
    is_negative = attributes.PhotometricInterpretation == "MONOCHROME1"
    if values.ndim == 3:
        # Colour has no window. Palettes have 8 or 16 bits, other colours those that are stored.
        bits = 8 * values.dtype.itemsize
        bits = bits if attributes.PhotometricInterpretation == "PALETTE COLOR" else int(attributes.BitsStored)
        return _opened(_to_bytes(values.astype(np.float32) / (2**bits - 1)))
    measured, window = _measured(values, attributes, index)
    shares = _displayed(measured, window, attributes)
    if shares is not None:
        return _opened(_to_bytes(1 - shares if is_negative else shares))
    most = 2 ** int(attributes.get("BitsStored", 16)) - 1
    if most <= 255:
        return _opened(_to_bytes((most - values if is_negative else values).astype(np.float32) / most))
    measured = _without_padding(measured, values, attributes)
    return _opened((-measured if is_negative else measured).astype(np.float32))


def group_of(attributes: Any) -> str:
    """Make the group that pictures of one patient share: a hash, so that nobody can be named by it.

    Without a patient's number, pictures of one examination or series share it; "" without any.
    """
    patient = str(attributes.get("PatientID", "") or "").strip()
    names = [patient if patient.casefold() not in _ANONYMOUS else ""]
    names += [str(attributes.get(name, "") or "") for name in ("StudyInstanceUID", "SeriesInstanceUID")]
    name = next((name for name in names if name), "")
    return hashlib.sha256(f"DICOM {name}".encode()).hexdigest() if name else ""


def _is_decodable(get_decoder: Any, syntax: Any, attributes: Any) -> bool:
    if syntax in _LOSSY_JPEG and int(attributes.BitsAllocated) > 8:
        # JPEG of 12 bits, for which Pillow has no decoder.
        return False
    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


def _to_bytes(shares: np.ndarray) -> np.ndarray:
    """Convert 0 to 1 to uint8."""
    return np.clip(np.rint(shares * 255), 0, 255).astype(np.uint8)


def _opened(values: np.ndarray) -> ImageFile.ImageFile:
    """Make an opened picture, as Pillow reads it from a file."""
    stream = io.BytesIO()
    kind = "PNG" if values.dtype == np.uint8 else "TIFF"
    Image.fromarray(values).save(stream, kind)
    image = Image.open(stream, formats=[kind])
    image.format = "DICOM"
    return image


def _measured(values: np.ndarray, attributes: Any, index: int) -> tuple[np.ndarray, Any]:
    """Rescale stored values to measured ones, and find the attributes with the window."""
    from pydicom.pixels import apply_modality_lut

    own = _functional_group(attributes, "PerFrameFunctionalGroupsSequence", index)
    shared = _functional_group(attributes, "SharedFunctionalGroupsSequence", 0)
    rescale = _first_item(attributes, own, shared, name="PixelValueTransformationSequence")
    window = _first_item(attributes, own, shared, name="FrameVOILUTSequence")
    if attributes.get("ModalityLUTSequence"):
        return apply_modality_lut(values, attributes).astype(np.float64), window
    slope, intercept = _number(rescale, "RescaleSlope", 1.0), _number(rescale, "RescaleIntercept", 0.0)
    return values * slope + intercept, window


def _without_padding(measured: np.ndarray, stored: np.ndarray, attributes: Any) -> np.ndarray:
    """Mark what lies outside of the scan as not measured, such as the corners around a round CT picture."""
    value = attributes.get("PixelPaddingValue")
    limit = attributes.get("PixelPaddingRangeLimit", value)
    if not isinstance(value, int) or not isinstance(limit, int):
        return measured
    is_padding = (stored >= min(value, limit)) & (stored <= max(value, limit))
    return measured if is_padding.all() else np.where(is_padding, np.nan, measured)


def _displayed(measured: np.ndarray, window: Any, attributes: Any) -> np.ndarray | None:
    """Map measured values to 0 (dark) to 1 by the window or table that the file names; None without."""
    from pydicom.pixels import apply_voi

    if attributes.get("VOILUTSequence"):
        bits = int(attributes.VOILUTSequence[0].LUTDescriptor[2])
        indices = np.rint(measured).astype(np.int32)
        return apply_voi(indices, attributes).astype(np.float64) / (2**bits - 1)
    width = _number(window, "WindowWidth", 0.0)
    if width <= 0:
        return None
    function = str(window.get("VOILUTFunction", "LINEAR") or "LINEAR")
    return _windowed(measured, _number(window, "WindowCenter", 0.0), width, function)


def _windowed(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray:
    """Apply a window (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - centre) / width, -50, 50)))
    # LINEAR has no window narrower than 1, but files with small measured values name some.
    if function == "LINEAR_EXACT" or width < 1:
        return (values - centre) / width + 0.5
    return (values - (centre - 0.5)) / max(width - 1, 1e-6) + 0.5


def _functional_group(attributes: Any, name: str, index: int) -> Any:
    """Return one item of an enhanced file's functional groups; None without it."""
    groups = attributes.get(name)
    return groups[index] if groups and index < len(groups) else None


def _first_item(attributes: Any, *groups: Any, name: str) -> Any:
    """Return the item that a frame's own or shared groups have of a sequence, otherwise the attributes."""
    for group in groups:
        if group is not None and group.get(name):
            return group.get(name)[0]
    return attributes


def _number(attributes: Any, name: str, default: float) -> float:
    """Return a number, or the first of several, such as windows for different tissues."""
    value = attributes.get(name)
    if value is None or value == "":
        return default
    return float(value[0] if hasattr(value, "__len__") else value)
