"""DICOM: seen as its maker means it, grouped by patient, and nothing personal is kept."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.dataset import open_dataset
from core.data.images import dicom
from core.data.images.picture import PictureError, decode_picture, measured_values, open_picture
from core.data.importing import import_dataset
from tests.support.pictures import class_folders, write_folder


def values_row(values: list[int]) -> np.ndarray:
    return np.array([values], np.uint16)


def dicom_file(values: np.ndarray, bits: int = 12, **attributes: Any) -> bytes:
    """A DICOM file by pydicom; more than two axes: frames."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Rows, file.Columns = values.shape[-2:]
    if values.ndim == 3:
        file.NumberOfFrames = len(values)
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, bits, bits - 1, 0
    file.PatientName = "Doe^Jane"
    for name, value in attributes.items():
        setattr(file, name, value)
    file.PixelData = values.astype("<u2").tobytes()
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, file, enforce_file_format=True)
    return stream.getvalue()


def decoded(data: bytes) -> list[int]:
    """Grey levels of the first row."""
    pixels = np.asarray(decode_picture(open_picture(data)))
    return pixels[0, :, 0].tolist()


def test_without_its_reader_the_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom, "can_read", lambda: False)
    with pytest.raises(PictureError, match=r"it is a DICOM picture, .* pip install -r requirements-formats"):
        open_picture(bytes(128) + b"DICM" + bytes(100))


def test_the_window_gives_what_a_viewer_shows() -> None:
    """Linear (PS3.3 C.11.2.1.2): (x - 99.5) / 200 + 0.5 of 255 for centre 100 and width 201."""
    data = dicom_file(values_row([0, 50, 100, 150, 4000]), WindowCenter=100, WindowWidth=201)
    assert decoded(data) == [1, 64, 128, 192, 255]


def test_a_window_narrower_than_1_has_levels() -> None:
    """Of small measured values; LINEAR divides by the width less 1, which left black and white alone."""
    data = dicom_file(values_row([0, 25, 50, 100]), RescaleSlope=0.01, RescaleIntercept=0, WindowCenter=0.25, WindowWidth=0.5)  # fmt: skip
    assert decoded(data) == [0, 128, 255, 255]


@pytest.mark.parametrize("sign", [0, 1])
def test_drawings_in_the_bits_above_a_picture_are_no_values(sign: int) -> None:
    """Bit 12 is one: 4096 more, which made the rest of the picture black."""
    pydicom = pytest.importorskip("pydicom")
    lowest = 0xF800 if sign else 0
    data = dicom_file(values_row([lowest, 1000, 2000 | 1 << 12]), PixelRepresentation=sign)
    file = pydicom.dcmread(io.BytesIO(data))
    file.add_new((0x6000, 0x0100), "US", 16)
    file.add_new((0x6000, 0x0102), "US", 12)
    stream = io.BytesIO()
    file.save_as(stream)
    values = measured_values(open_picture(stream.getvalue()))
    assert values is not None
    assert values.tolist() == [[-2048 if sign else 0, 1000, 2000]]


def test_what_lies_outside_of_the_scan_does_not_widen_the_range() -> None:
    """Around a round CT picture, scanners store a value that no tissue has."""
    data = dicom_file(
        values_row([0, 2000, 3000]), RescaleSlope=1, RescaleIntercept=-3000, PixelPaddingValue=0
    )
    values = measured_values(open_picture(data))
    assert values is not None
    assert np.array_equal(values, [[np.nan, -1000, 0]], equal_nan=True)


def test_the_first_of_several_windows_is_taken() -> None:
    data = dicom_file(values_row([0, 4000]), WindowCenter=[100, 3000], WindowWidth=[201, 10])
    assert decoded(data)[1] == 255


def test_hounsfield_units_are_rescaled_before_the_window() -> None:
    """1064 stored is 40 HU, the centre of the soft-tissue window: (40 - 39.5) / 399 + 0.5 of 255."""
    options: dict[str, Any] = {
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "WindowCenter": 40,
        "WindowWidth": 400,
    }
    assert decoded(dicom_file(values_row([0, 1064, 4000]), **options)) == [0, 128, 255]


def test_a_negative_is_shown_as_a_positive() -> None:
    """MONOCHROME1, of X-ray machines: the lowest value is white."""
    data = dicom_file(
        values_row([0, 4000]), PhotometricInterpretation="MONOCHROME1", WindowCenter=100, WindowWidth=201
    )
    assert decoded(data) == [254, 0]


def test_without_a_window_the_dataset_decides_on_the_range() -> None:
    data = dicom_file(values_row([0, 1024, 2048]), RescaleSlope=1, RescaleIntercept=-1024)
    image = open_picture(data)
    assert (image.mode, image.format) == ("F", "DICOM")
    pixels = np.asarray(decode_picture(image, pixel_range=(-1024, 1024)))
    assert pixels[0, :, 0].tolist() == [0, 128, 255]


def test_a_file_that_begins_like_a_tiff_is_dicom_all_the_same() -> None:
    """Scanners fill the first 128 bytes so."""
    data = dicom_file(values_row([0, 4000]), WindowCenter=100, WindowWidth=201)
    assert decoded(b"II*\x00\x54\x18\x08\x00" + data[8:])[1] == 255


def test_a_file_without_a_picture_says_so() -> None:
    data = dicom_file(values_row([0, 1]))
    pydicom = pytest.importorskip("pydicom")
    file = pydicom.dcmread(io.BytesIO(data))
    del file.PixelData
    stream = io.BytesIO()
    file.save_as(stream)
    with pytest.raises(PictureError, match="it is a DICOM file without a picture"):
        open_picture(stream.getvalue())


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_is_cut_off_is_refused(share: float) -> None:
    data = dicom_file(np.zeros((40, 40), np.uint16), WindowCenter=100, WindowWidth=201)
    with pytest.raises(PictureError):
        open_picture(data[: int(len(data) * share)])


def test_damaged_attributes_are_the_files_fault() -> None:
    """pydicom has errors of its own for them."""
    data = bytearray(dicom_file(np.zeros((8, 8), np.uint16), WindowCenter=100, WindowWidth=201))
    random = np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(data)
        for place in random.integers(128, len(data), 4):
            damaged[place] = random.integers(0, 256)
        with contextlib.suppress(PictureError):
            decode_picture(open_picture(bytes(damaged)))
    # The length of the header's length: 195 bytes instead of 4.
    damaged = bytearray(data)
    damaged[138] = 195
    with pytest.raises(PictureError, match="damaged"):
        open_picture(bytes(damaged))


def test_too_many_pixels_are_not_decoded() -> None:
    data = dicom_file(values_row([0, 1]))
    pydicom = pytest.importorskip("pydicom")
    file = pydicom.dcmread(io.BytesIO(data))
    file.Rows = file.Columns = 60_000
    stream = io.BytesIO()
    file.save_as(stream)
    with pytest.raises(PictureError, match="safely"):
        open_picture(stream.getvalue())


def test_a_patient_is_a_group_that_names_nobody() -> None:
    pydicom = pytest.importorskip("pydicom")

    def group(**attributes: str) -> str:
        file = pydicom.Dataset()
        for name, value in attributes.items():
            setattr(file, name, value)
        return dicom.group_of(file)

    first = group(PatientID="12345", StudyInstanceUID="1.2.3")
    assert first == group(PatientID="12345", StudyInstanceUID="1.2.4")
    assert first != group(PatientID="12346", StudyInstanceUID="1.2.3")
    assert "12345" not in first
    # What stands where a number was removed tells no patients apart.
    assert group(PatientID="ANONYMOUS", StudyInstanceUID="1.2.3") == group(StudyInstanceUID="1.2.3")
    assert group() == ""


def test_frames_become_pictures_of_one_group_without_names(workspace: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def scan(patient: str, frames: int) -> bytes:
        values = random.integers(0, 4096, (frames, 16, 16)).astype(np.uint16)
        options: dict[str, Any] = {"PatientID": patient, "WindowCenter": 2048, "WindowWidth": 4096}
        return dicom_file(values if frames > 1 else values[0], **options)

    files = {"ill/a.dcm": scan("1", 3), "ill/b": scan("1", 1), "well/c.dcm": scan("2", 1)}
    files |= class_folders({"well": 3})
    report = import_dataset(write_folder(tmp_path / "scans", files), "Scans")
    pictures = open_dataset(report.project).all_pictures.set_index("name")
    assert {"ill/a.dcm#1", "ill/a.dcm#2", "ill/a.dcm#3", "ill/b", "well/c.dcm"} <= set(pictures.index)
    assert pictures.loc[["ill/a.dcm#1", "ill/a.dcm#3", "ill/b"], "group"].nunique() == 1
    assert len(set(pictures.loc[["ill/b", "well/c.dcm"], "group"])) == 2
    stored = [file.read_bytes() for file in report.project.dataset.rglob("*") if file.is_file()]
    assert not any(b"Doe^Jane" in content for content in stored)


def test_scans_without_a_window_share_one_range(workspace: Path, tmp_path: Path) -> None:
    """Found over all of them, so that dark scans stay darker than light ones."""
    random = np.random.default_rng(0)
    files = {}
    for index in range(8):
        most = 1000 if index < 4 else 2000
        values = random.integers(0, most, (32, 32)).astype(np.uint16)
        files[f"{'thin' if index < 4 else 'thick'}/{index}.dcm"] = dicom_file(values, RescaleIntercept=-1000)
    report = import_dataset(write_folder(tmp_path / "scans", files), "Scans")
    dataset = open_dataset(report.project)
    assert dataset.pixel_range is not None
    assert -1000 <= dataset.pixel_range[0] <= -900
    assert 900 <= dataset.pixel_range[1] <= 1100
    brightness = dataset.all_pictures.groupby("label")["brightness"].mean()
    assert brightness["thin"] < 0.7 * brightness["thick"]
