"""Data files that hold the pictures themselves are read without running anything in them."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.formats.arrays.pickles import load_plain_pickle
from core.data.images.picture import load_picture
from core.errors import DataError
from tests.support.formats import Understood, read
from tests.support.pictures import digit, digit_scans, write_folder


def numbered(result: Understood) -> list[tuple[str, str, str]]:
    """File, label and part of each picture, in the order of the files."""
    return sorted(
        (member.name, assignment.label, assignment.split.value if assignment.split else "")
        for member, assignment in result.reading.pictures
    )


def pixels(result: Understood, index: int = 0) -> np.ndarray:
    """The first channel of a picture, at the size of the scanned digits."""
    return load_picture(result.reading.pictures[index][0].read(), 8)[..., 0]


def saved(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def test_medmnist_arrays_keep_their_parts(tmp_path: Path) -> None:
    scans = digit_scans()
    data = saved(
        train_images=scans[:3],
        train_labels=np.array([[0], [1], [0]], np.uint8),
        test_images=scans[3:5],
        test_labels=np.array([[1], [0]], np.uint8),
    )
    path = write_folder(tmp_path, {"pathmnist.npz": data}) / "pathmnist.npz"
    result = read(path)
    assert result.format == "numpy"
    assert [label for _, label, _ in numbered(result)] == ["1", "0", "0", "1", "0"]
    assert [part for *_, part in numbered(result)] == ["test", "test", "train", "train", "train"]
    assert result.notes == {"unnamed_classes": True}
    assert np.array_equal(pixels(result), scans[0])


def test_rows_of_zero_and_one_are_several_labels(tmp_path: Path) -> None:
    labels = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.uint8)
    path = write_folder(tmp_path, {"chest.npz": saved(images=digit_scans()[:3], labels=labels)})
    assert [label for _, label, _ in numbered(read(path))] == ["0; 2", "–", "1"]


def test_arrays_of_different_length_are_an_error(tmp_path: Path) -> None:
    data = saved(images=digit_scans()[:3], labels=np.array([0, 1]))
    path = write_folder(tmp_path, {"m.npz": data})
    with pytest.raises(DataError, match=r"has 3 pictures and m.npz/labels 2 labels"):
        read(path)


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    data = saved(images=digit_scans()[:2], labels=np.array([{"a": 1}, None], object))
    path = write_folder(tmp_path, {"m.npz": data})
    with pytest.raises(DataError, match="cannot be read as a NumPy array"):
        read(path)


def test_values_beyond_eight_bits_are_refused_with_their_range(tmp_path: Path) -> None:
    data = saved(images=digit_scans()[:2].astype(np.uint16) * 16, labels=np.array([0, 1]))
    path = write_folder(tmp_path, {"m.npz": data})
    with pytest.raises(DataError, match=r"from 0 to 4,080\. Expected are 0 to 255"):
        read(path)


def idx(array: np.ndarray) -> bytes:
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_mnist_files_are_pictures_and_labels(tmp_path: Path, pack: Any) -> None:
    suffix = "" if pack is bytes else ".gz"
    files = {
        f"train-images-idx3-ubyte{suffix}": pack(idx(digit_scans()[:3])),
        f"train-labels-idx1-ubyte{suffix}": pack(idx(np.array([5, 0, 4]))),
        f"t10k-images-idx3-ubyte{suffix}": pack(idx(digit_scans()[3:4])),
        f"t10k-labels-idx1-ubyte{suffix}": pack(idx(np.array([7]))),
    }
    result = read(write_folder(tmp_path / "mnist", files))
    assert result.format == "idx"
    assert [(label, part) for _, label, part in numbered(result)] == [
        ("7", "test"),
        ("5", "train"),
        ("0", "train"),
        ("4", "train"),
    ]


def test_mnist_files_of_datumaro_count_bytes_instead_of_pictures(tmp_path: Path) -> None:
    scans = digit_scans()[:3]
    counted = bytearray(idx(scans))
    counted[4:8] = struct.pack(">I", scans.size)
    files = {"train-images-idx3-ubyte": bytes(counted), "train-labels-idx1-ubyte": idx(np.array([5, 0, 4]))}
    result = read(write_folder(tmp_path / "mnist", files))
    assert [label for _, label, _ in numbered(result)] == ["5", "0", "4"]
    assert np.array_equal(pixels(result, 2), scans[2])


def test_half_an_idx_file_is_an_error(tmp_path: Path) -> None:
    files = {
        "train-images-idx3-ubyte": idx(digit_scans()[:3])[:100],
        "train-labels-idx1-ubyte": idx(np.array([5, 0, 4])),
    }
    with pytest.raises(DataError, match="train-images-idx3-ubyte is cut off"):
        read(write_folder(tmp_path / "mnist", files))


def cifar(tmp_path: Path, batch: object) -> Path:
    names = {b"label_names": [b"cat", b"dog"]}
    files = {
        "cifar-10-batches-py/batches.meta": pickle.dumps(names, protocol=2),
        "cifar-10-batches-py/data_batch_1": pickle.dumps(batch, protocol=2),
    }
    return write_folder(tmp_path / "cifar", files)


def test_cifar_batches_are_read(tmp_path: Path) -> None:
    colours = np.arange(2 * 3072, dtype=np.uint32).reshape(2, 3072).astype(np.uint8)
    result = read(cifar(tmp_path, {b"data": colours, b"labels": [1, 0], b"filenames": [b"a", b"b"]}))
    assert result.format == "cifar"
    assert [(label, part) for _, label, part in numbered(result)] == [("dog", "train"), ("cat", "train")]
    first = load_picture(result.reading.pictures[0][0].read(), 32)
    assert np.array_equal(first, colours[0].reshape(3, 32, 32).transpose(1, 2, 0))


def test_cifar_batches_of_datumaro_are_refused_for_their_exchanged_colours(tmp_path: Path) -> None:
    colours = np.zeros((2, 3072), object)
    with pytest.raises(DataError, match="red and blue exchanged"):
        read(cifar(tmp_path, {b"data": colours, b"labels": [1, 0]}))


def test_cifar_pictures_of_other_numbers_are_an_error(tmp_path: Path) -> None:
    """Values from 0 to 1 would all become black or nearly so."""
    with pytest.raises(DataError, match="no array of uint8"):
        read(cifar(tmp_path, {b"data": np.zeros((2, 3072), np.float32), b"labels": [1, 0]}))


@pytest.mark.parametrize(
    ("names_file", "label_bytes"), [("batches.meta.txt", [1]), ("fine_label_names.txt", [0, 1])]
)
def test_cifar_is_read_in_its_binary_form(tmp_path: Path, names_file: str, label_bytes: list[int]) -> None:
    colours = np.arange(3072, dtype=np.uint32).astype(np.uint8)
    files = {names_file: b"cat\ndog\n\n", "test_batch.bin": bytes(label_bytes) + colours.tobytes()}
    result = read(write_folder(tmp_path / "cifar", files))
    assert (result.format, numbered(result)) == ("cifar", [("test_batch.bin/0000000.png", "dog", "test")])
    first = load_picture(result.reading.pictures[0][0].read(), 32)
    assert np.array_equal(first, colours.reshape(3, 32, 32).transpose(1, 2, 0))


@pytest.mark.parametrize("is_binary", [False, True])
def test_cifar_batches_without_their_names_have_numbered_classes(tmp_path: Path, is_binary: bool) -> None:
    colours = np.arange(3072, dtype=np.uint32).astype(np.uint8)
    batch = pickle.dumps({b"data": colours[np.newaxis], b"labels": [7]}, protocol=2)
    files = {"data_batch_1.bin": b"\7" + colours.tobytes()} if is_binary else {"data_batch_1": batch}
    result = read(write_folder(tmp_path / "cifar", files))
    assert (result.format, [label for _, label, _ in numbered(result)]) == ("cifar", ["7"])
    assert result.notes == {"unnamed_classes": True}


def test_half_a_binary_batch_is_an_error(tmp_path: Path) -> None:
    files = {"batches.meta.txt": b"cat\ndog\n", "test_batch.bin": bytes(3000)}
    with pytest.raises(DataError, match=r"test_batch.bin is not laid out as CIFAR writes it"):
        read(write_folder(tmp_path / "cifar", files))


@pytest.mark.parametrize("key", ["x_train", "train_images", "X_train"])
def test_keras_arrays_are_pictures_and_labels(tmp_path: Path, key: str) -> None:
    labels = {"x_train": "y_train", "train_images": "train_labels", "X_train": "Y_train"}[key]
    data = saved(**{key: digit_scans()[:2], labels: np.array([7, 3])})
    result = read(write_folder(tmp_path, {"mnist.npz": data}) / "mnist.npz")
    assert [(label, part) for _, label, part in numbered(result)] == [("7", "train"), ("3", "train")]


def test_a_pickle_that_names_anything_else_is_refused(tmp_path: Path) -> None:
    """The unpickler looks up nothing but arrays; a path stands for whatever a stranger may name."""
    with pytest.raises(DataError, match=r"data_batch_1 holds more than pictures and labels"):
        read(cifar(tmp_path, {b"data": Path("x"), b"labels": [0]}))


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("kind", ["u1", "<i2", ">i4", "f8", "?"])
@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_in_pickles_are_those_that_were_pickled(kind: str, order: Any, protocol: int) -> None:
    values = np.arange(6).reshape(2, 3).astype(kind, order=order)
    array = load_plain_pickle(pickle.dumps({b"a": values}, protocol=protocol))[b"a"].values
    assert array.dtype == values.dtype
    assert np.array_equal(array, values)


HOSTILE_PICKLES = {
    "calls a program": b"cos\nsystem\n(S'true'\ntR.",
    "calls a method": b"cbuiltins\ngetattr\n(S'a'\nS'upper'\ntR.",
    "doubles a text with each encoding": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R.",
    "gives a function a state": b"\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00aK\x01sb.",
    "makes an array of pointers": b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R.",
    "makes a structure": b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00V8\x89\x88\x87R.",
}


@pytest.mark.parametrize("data", HOSTILE_PICKLES.values(), ids=HOSTILE_PICKLES)
def test_a_pickle_calls_nothing(data: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError):
        load_plain_pickle(data)


def test_a_pickle_that_announces_a_large_memo_takes_no_memory() -> None:
    """Unpickled in C, this one would make room for 2,147,483,647 values."""
    tracemalloc.start()
    try:
        assert load_plain_pickle(b"\x80\x02K\x01r\xff\xff\xff\x3f.") == 1
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_damaged_npz_is_one_sentence(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "damaged", {"x.npz": b"PK\x03\x04 half"})
    with pytest.raises(DataError, match="cannot be read as a NumPy array"):
        read(folder)


def test_labels_between_whole_numbers_stay_apart_and_nan_is_none(tmp_path: Path) -> None:
    arrays = {"x": np.zeros((4, 8, 8), np.uint8), "y": np.array([0.0, 1.0, 1.5, np.nan])}
    result = read(write_folder(tmp_path / "floats", {"x.npz": saved(**arrays)}))
    assert [label for _, label, _ in numbered(result)] == ["0", "1", "1.5", ""]


@pytest.mark.parametrize(
    "labels",
    [
        [[3, 7], [4, 7], [3, 8]],
        [[1, -1], [-1, 1], [1, 1]],
        [[0.2, 0.8], [0.6, 0.4], [1.0, 0.0]],
        [[1.0, np.nan], [0.0, 1.0], [1.0, 0.0]],
    ],
    ids=["two questions", "signs", "probabilities", "blank"],
)
def test_rows_of_other_numbers_are_no_labels(tmp_path: Path, labels: list[list[float]]) -> None:
    """Each number but 0 was one more label of the picture."""
    path = write_folder(
        tmp_path / "rows", {"x.npz": saved(x=np.zeros((3, 8, 8), np.uint8), y=np.array(labels))}
    )
    with pytest.raises(DataError, match="a row of 0 and 1"):
        read(path)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32, np.bool_])
def test_pictures_of_0_and_1_are_black_and_white(tmp_path: Path, kind: Any) -> None:
    array = np.zeros((2, 8, 8), kind)
    array[0, :4] = 1
    result = read(write_folder(tmp_path / "binary", {"x.npz": saved(x=array, y=np.array([0, 1]))}))
    assert sorted(set(pixels(result).ravel())) == [0, 255]


def test_features_beside_class_folders_do_not_end_the_import(tmp_path: Path) -> None:
    features = saved(x=np.zeros((2, 5)), y=np.zeros(2))
    files = {"cat/1.png": digit(1), "dog/2.png": digit(2), "features.npz": features}
    result = read(write_folder(tmp_path / "beside", files), confirmed=True)
    assert result.format == "folders"


def test_a_cifar_batch_with_too_many_labels_is_one_sentence(tmp_path: Path) -> None:
    batch = {b"data": np.zeros((1, 3072), np.uint8), b"labels": [0, 0]}
    files = {"batches.meta": pickle.dumps({b"label_names": [b"cat"]}), "data_batch_1": pickle.dumps(batch)}
    with pytest.raises(DataError, match="1 pictures, 2 labels"):
        read(write_folder(tmp_path / "cifar", files))


def test_arrays_whose_values_do_not_fill_a_byte_have_their_own_range(tmp_path: Path) -> None:
    """The digits of scikit-learn have values from 0 to 16, and were black."""
    array = np.tile(np.arange(16, dtype=np.float64) + 1, (4, 16, 1))
    path = write_folder(tmp_path / "digits", {"x.npz": saved(x=array, y=np.array([0, 1, 0, 1]))})
    result = read(path)
    image = Image.open(io.BytesIO(result.reading.pictures[0][0].read()))
    assert (image.mode, np.asarray(image).max()) == ("I;16", 16)


def test_one_dark_array_beside_a_light_one_stays_dark(tmp_path: Path) -> None:
    light, dark = np.full((2, 8, 8), 200, np.uint8), np.full((2, 8, 8), 20, np.uint8)
    arrays = saved(x_train=light, y_train=np.array([0, 1]), x_test=dark, y_test=np.array([0, 1]))
    result = read(write_folder(tmp_path / "parts", {"x.npz": arrays}))
    assert sorted({int(pixels(result, index).max()) for index in range(4)}) == [20, 200]
