"""Binary label files of a stranger: whatever they hold, the answer is a reading or one sentence, in little memory."""

from __future__ import annotations

import decimal
import gzip
import io
import json
import pickle
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from core.data.formats.understanding import understand
from core.data.import_config import ImportConfig
from core.data.sources.members import Listing, Member, SourceLimits, UnreadableMemberError
from core.data.sources.opening import open_source
from core.errors import DarkroomError
from tests.support.pictures import digit, digit_scans

few = settings(max_examples=30, derandomize=True, database=None)
_MOST_BYTES = 64 << 20
ROWS = 4


@contextmanager
def in_little_memory() -> Iterator[None]:
    """Memory of Python and NumPy; that of Arrow is counted by itself."""
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < _MOST_BYTES
        assert pa.total_allocated_bytes() - before < _MOST_BYTES
    finally:
        tracemalloc.stop()


def read_or_refuse(files: dict[str, bytes], format: str) -> None:
    """Recognise the files and read them in a format, each picture included."""

    def member(name: str, data: bytes) -> Member:
        return Member(name=name, parts=tuple(name.split("/")), read=lambda: data)

    for config in (ImportConfig(confirmed=True), ImportConfig(format=format, confirmed=True)):
        listing = Listing(members=[member(name, data) for name, data in files.items()])
        with in_little_memory():
            try:
                reading, understanding = understand(listing, config, "source")
            except DarkroomError:
                continue
            understanding.to_json()
            for picture, assignment in reading.pictures:
                assert isinstance(assignment.label, str)
                with suppress(UnreadableMemberError):
                    assert isinstance(picture.read(), bytes)


def mutated(data: bytes, position: int, new: bytes, cut: int) -> bytes:
    """The file with bytes replaced and its end cut off."""
    place = position % len(data)
    changed = data[:place] + new + data[place + len(new) :]
    return changed[: len(changed) - cut % len(changed)] if cut else changed


DAMAGE = {
    "position": st.integers(0, 1 << 16),
    "new": st.binary(max_size=6),
    "cut": st.sampled_from([0, 0, 1, 100]),
}

# Columns of pictures and of labels, as foreign programs write them.
PICTURES: dict[str, Callable[[], pa.Array]] = {
    "bytes and path": lambda: pa.array([{"bytes": digit(n), "path": f"{n}.png"} for n in range(ROWS)]),
    "bytes alone": lambda: pa.array([digit(n) for n in range(ROWS)]),
    "paths alone": lambda: pa.array([{"bytes": None, "path": f"../../{n}.png"} for n in range(ROWS)]),
    "nothing": lambda: pa.nulls(ROWS, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    "a list of pictures": lambda: pa.array([[{"bytes": digit(n), "path": ""}] for n in range(ROWS)]),
    "a picture inside a picture": lambda: pa.array([{"bytes": {"bytes": digit(n)}} for n in range(ROWS)]),
    "numbers": lambda: pa.array([[0, 1, 2]] * ROWS),
    "no rows": lambda: pa.array([], pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
}
LABELS: dict[str, Callable[[], pa.Array]] = {
    "numbers": lambda: pa.array([0, 1, -1, None]),
    "huge numbers": lambda: pa.array([2**63 - 1, -(2**63), 0, 1]),
    "texts": lambda: pa.array(["cat", "", None, "\x00"]),
    "categories": lambda: pa.array(["cat", "dog", "cat", None]).dictionary_encode(),
    "lists": lambda: pa.array([[0], [], None, [0, 1]]),
    "lists of lists": lambda: pa.array([[[0]], [[]], None, [[0], [1]]]),
    "structs": lambda: pa.array([{"name": "cat"}, {"name": None}, None, {"name": "dog"}]),
    "times": lambda: pa.array([datetime(2026, 1, 1, tzinfo=UTC)] * ROWS),
    "times beyond all calendars": lambda: pa.array([2**62] * ROWS).cast(pa.timestamp("ms")),
    "bytes that are no text": lambda: pa.array([b"\xff\xfe", b"cat", b"", None]),
    "texts that are no text": lambda: pa.array([b"\xff\xfe", b"cat", b"", None]).view(pa.string()),
    "decimals": lambda: pa.array([decimal.Decimal("1.5")] * ROWS),
    "truths": lambda: pa.array([True, False, None, True]),
    "floats": lambda: pa.array([float("nan"), float("inf"), 1.0, None]),
    "nothing": lambda: pa.nulls(ROWS),
    "boxes": lambda: pa.array([{"bbox": [[0, 0, 1, 1]], "category": [n]} for n in (0, -1, 2**40, None)]),
    "boxes of too few numbers": lambda: pa.array([{"bbox": [[0.5]], "category": ["cat", "dog"]}] * ROWS),
    "boxes of texts": lambda: pa.array([{"bbox": [["a"] * 4], "label": [None]}] * ROWS),
    "boxes that are none": lambda: pa.array([{"bbox": [None], "label": None}, None] * (ROWS // 2)),
    "maps": lambda: pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
}
NOTES = st.sampled_from(
    [
        None,
        "",
        "[" * 100_000,
        json.dumps({"info": {"features": {"label": {"names": ["cat"], "_type": "ClassLabel"}}}}),
        json.dumps({"info": {"features": {"label": {"names": {"0": "cat"}}}}}),
        json.dumps({"info": {"features": {"label": [{"names": [1, None, ["x"]]}]}}}),
        json.dumps({"info": {"features": [1, 2]}}),
        json.dumps({"info": None}),
    ]
)
NAMES = st.sampled_from(["label", "labels", "animal", "image"])


def table(picture: str, label: str, name: str, noted: str | None) -> pa.Table:
    pictures, labels = PICTURES[picture](), LABELS[label]()
    count = min(len(pictures), len(labels))
    result = pa.Table.from_arrays([pictures[:count], labels[:count]], names=["img", name])
    return result.replace_schema_metadata({"huggingface": noted}) if noted is not None else result


def in_parquet(content: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()  # Arrow's threads have crashed in Python's BytesIO
    parquet.write_table(content, stream)
    return stream.getvalue().to_pybytes()


def in_arrow(content: pa.Table, *, as_file: bool = False) -> bytes:
    stream = pa.BufferOutputStream()
    open_writer = pa.ipc.new_file if as_file else pa.ipc.new_stream
    with open_writer(stream, content.schema) as writer:
        writer.write_table(content)
    return stream.getvalue().to_pybytes()


@pytest.mark.parametrize("label", LABELS)
def test_any_columns_of_parquet_are_read_or_refused(label: str) -> None:
    for picture in PICTURES:
        read_or_refuse({"a.parquet": in_parquet(table(picture, label, "label", None))}, "hugging_face")


@few
@given(
    picture=st.sampled_from(sorted(PICTURES)),
    label=st.sampled_from(sorted(LABELS)),
    name=NAMES,
    noted=NOTES,
    as_file=st.booleans(),
)
def test_any_arrow_is_read_or_refused(
    picture: str, label: str, name: str, noted: str | None, as_file: bool
) -> None:
    data = in_arrow(table(picture, label, name, noted), as_file=as_file)
    read_or_refuse({"a.arrow": data, "dataset_info.json": b"[]"}, "hugging_face")


@few
@given(
    pictures=st.tuples(*[st.sampled_from(sorted(PICTURES))] * 2),
    labels=st.tuples(*[st.sampled_from(["numbers", "lists", "texts", "structs"])] * 2),
    noted=NOTES,
)
def test_files_of_different_columns_are_read_or_refused(
    pictures: tuple[str, str], labels: tuple[str, str], noted: str | None
) -> None:
    files = {
        f"{name}.parquet": in_parquet(table(picture, label, "label", noted))
        for name, picture, label in zip(("train", "test"), pictures, labels, strict=True)
    }
    read_or_refuse(files, "hugging_face")


@pytest.mark.parametrize("write", [in_parquet, in_arrow], ids=["parquet", "arrow"])
@few
@given(**DAMAGE)
def test_damaged_data_files_are_read_or_refused(
    write: Callable[[pa.Table], bytes], position: int, new: bytes, cut: int
) -> None:
    data = mutated(write(table("bytes and path", "numbers", "label", None)), position, new, cut)
    read_or_refuse({f"a.{'parquet' if write is in_parquet else 'arrow'}": data}, "hugging_face")


ARRAYS = {
    "bytes": lambda: digit_scans()[:ROWS],
    "Fortran's order": lambda: np.asfortranarray(digit_scans()[:ROWS]),
    "the other byte order": lambda: digit_scans()[:ROWS].astype(">u2"),
    "objects": lambda: np.array([None, 1, "a", b"b"], object),
    "texts": lambda: np.array(["cat", "dog", "", "\0"]),
    "blocks of texts": lambda: np.full((ROWS, 8, 8), "cat"),
    "structures": lambda: np.zeros(ROWS, [("a", "u1"), ("b", "f8", (2,))]),
    "blocks of structures": lambda: np.zeros((ROWS, 8, 8), [("a", "u1")]),
    "times": lambda: np.zeros((ROWS, 8, 8), "M8[s]"),
    "complex numbers": lambda: np.zeros((ROWS, 8, 8), "c16"),
    "not a number": lambda: np.full((ROWS, 8, 8), np.nan),
    "infinity": lambda: np.full((ROWS, 8, 8), np.inf, "f2"),
    "one number": lambda: np.array(3),
    "one text": lambda: np.array("cat"),
    "nothing": lambda: np.zeros((0, 8, 8), np.uint8),
    "pictures without pixels": lambda: np.zeros((ROWS, 0, 8), np.uint8),
    "too many axes": lambda: np.zeros((ROWS, 1, 1, 1, 1), np.uint8),
    "truths": lambda: np.zeros((ROWS, 8, 8), bool),
    "rows of one class": lambda: np.eye(ROWS, dtype=np.float32),
}


@few
@given(
    pictures=st.sampled_from(sorted(ARRAYS)), labels=st.sampled_from(sorted(ARRAYS)), is_archive=st.booleans()
)
def test_any_arrays_are_read_or_refused(pictures: str, labels: str, is_archive: bool) -> None:
    arrays = {"x_train": ARRAYS[pictures](), "y_train": ARRAYS[labels]()}
    read_or_refuse(saved(arrays, is_archive=is_archive), "numpy")


@pytest.mark.parametrize("kind", ARRAYS)
def test_any_array_of_pictures_or_of_labels_is_read_or_refused(kind: str) -> None:
    read_or_refuse(saved({"x": ARRAYS[kind](), "y": np.arange(ROWS)}), "numpy")
    read_or_refuse(saved({"x": digit_scans()[:ROWS], "y": ARRAYS[kind]()}), "numpy")


def saved(arrays: dict[str, Any], *, is_archive: bool = True) -> dict[str, bytes]:
    if is_archive:
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        return {"a.npz": stream.getvalue()}
    files = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        np.save(stream, array)
        files[f"{name}.npy"] = stream.getvalue()
    return files


@few
@given(**DAMAGE)
def test_damaged_arrays_are_read_or_refused(position: int, new: bytes, cut: int) -> None:
    files = saved({"x": digit_scans()[:ROWS], "y": np.arange(ROWS)})
    read_or_refuse({"a.npz": mutated(files["a.npz"], position, new, cut)}, "numpy")


@pytest.mark.parametrize(
    "shape", [(10**12,), (4, 10**6, 10**6), (10**30,), (-1, 8, 8), (2**63, 2, 2)], ids=str
)
def test_an_array_that_announces_more_than_it_has_is_refused(shape: tuple[int, ...]) -> None:
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(100)
    read_or_refuse(
        {"x.npy": data, "y.npy": saved({"y": np.arange(ROWS)}, is_archive=False)["y.npy"]}, "numpy"
    )


def idx(array: np.ndarray) -> bytes:
    return (
        bytes((0, 0, 8, array.ndim))
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype("u1").tobytes()
    )


@few
@given(
    kind=st.integers(0, 255),
    axes=st.integers(0, 255),
    counts=st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
    packed=st.booleans(),
    cut=st.integers(0, 300),
)
def test_any_idx_file_is_read_or_refused(
    kind: int, axes: int, counts: tuple[int, int, int], packed: bool, cut: int
) -> None:
    pictures = bytes((0, 0, kind, axes)) + struct.pack(">3I", *counts) + bytes(256)
    pack = gzip.compress if packed else bytes
    files = {
        "train-images-idx3-ubyte": pack(pictures[: len(pictures) - cut]),
        "train-labels-idx1-ubyte": pack(idx(np.arange(ROWS))),
    }
    read_or_refuse(files, "idx")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@few
@given(**DAMAGE)
def test_damaged_cifar_is_read_or_refused(protocol: int, position: int, new: bytes, cut: int) -> None:
    batch = {b"data": np.zeros((ROWS, 3072), np.uint8), b"labels": [0, 1, 0, 1]}
    data = pickle.dumps(batch, protocol=protocol)
    # Beyond the pixels, which may hold anything.
    place = position if position % 2 else len(data) - position % 200
    files = {
        "batches.meta": pickle.dumps({b"label_names": [b"cat", b"dog"]}, protocol=protocol),
        "data_batch_1": mutated(data, place, new, cut),
    }
    read_or_refuse(files, "cifar")


@few
@given(
    names=st.recursive(
        st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_any_names_of_cifar_are_read_or_refused(names: Any) -> None:
    batch = {b"data": np.zeros((ROWS, 3072), np.uint8), b"labels": [0, 1, 0, 1]}
    files = {"batches.meta": pickle.dumps({"label_names": names}), "data_batch_1": pickle.dumps(batch, 2)}
    read_or_refuse(files, "cifar")


@settings(max_examples=20, derandomize=True, database=None)
@given(share=st.floats(0, 1), suffix=st.sampled_from(["cls", "txt", "json"]), packed=st.booleans())
def test_half_a_shard_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, share: float, suffix: str, packed: bool
) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for number in range(ROWS):
            for name, data in ((f"{number}.png", digit(number)), (f"{number}.{suffix}", b'{"label": "cat"}')):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    whole = gzip.compress(stream.getvalue()) if packed else stream.getvalue()
    path = Path(tmp_path_factory.mktemp("half")) / "train-000000.tar"
    path.write_bytes(whole[: int(len(whole) * share)])
    with suppress(DarkroomError), in_little_memory(), open_source(path) as listing:
        understand(listing, ImportConfig(confirmed=True), path.name)


CYCLES = {
    "a list in itself": {
        "batches.meta": b"(dS'label_names'\n(lp0\ng0\nas.",
        "data_batch_1": b"(dS'data'\n(lp0\ng0\nasS'labels'\ng0\ns.",
    },
    "a category that is its own parent": {
        "train.json": json.dumps(
            {
                "categories": {"label": {"labels": [{"name": "cat", "parent": "cat"}]}},
                "items": [
                    {"id": "0", "annotations": [{"type": "label", "label_id": 0}], "image": {"path": "0.png"}}
                ],
            }
        ).encode()
    },
    "an anchor in itself": {"data.yaml": b"names: &a\n  0: *a\n", "0.txt": b"0 0.5 0.5 0.1 0.1\n"},
    "an entity in itself": {
        "0.xml": b'<!DOCTYPE a [<!ENTITY b "&b;&b;">]><annotation><object><name>&b;</name></object></annotation>'
    },
    "a hundred million entities": {
        "0.xml": b"<!DOCTYPE a ["
        + b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"lol") for n in range(9))
        + b"]><annotation><filename>&e8;</filename></annotation>"
    },
}


@pytest.mark.parametrize("files", CYCLES.values(), ids=CYCLES)
def test_what_refers_to_itself_is_read_or_refused(files: dict[str, bytes]) -> None:
    for name in ("cifar", "datumaro", "yolo", "pascal_voc"):
        read_or_refuse({f"{number}.png": digit(number) for number in range(ROWS)} | files, name)


@pytest.mark.parametrize(
    "name",
    [
        *("labels.json", "labels.csv", "info.labels", "a.jsonl", "a.manifest", "a.ndjson", "a.xml", "a.npz"),
        *("synsets.txt", "a.parquet"),
    ],
)
def test_a_label_file_of_a_gigabyte_is_refused_without_reading_it(name: str, tmp_path: Path) -> None:
    for number in range(ROWS):
        (tmp_path / f"{number}.png").write_bytes(digit(number))
    (tmp_path / "train.txt").write_text("0.png 0\n")  # read with synsets.txt
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(1 << 30)
    expected = "cannot be read" if name == "a.parquet" else r"is larger than 256 MB\. Split it"
    with in_little_memory(), open_source(tmp_path) as listing, pytest.raises(DarkroomError, match=expected):
        understand(listing, ImportConfig(confirmed=True), "source")


def test_a_data_file_too_large_for_an_archive_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.parquet", in_parquet(table("bytes and path", "numbers", "label", None)))
    limits = SourceLimits(file_bytes=1000)
    with (
        open_source(path, limits=limits) as listing,
        pytest.raises(DarkroomError, match="Unpack the archive"),
    ):
        understand(listing, ImportConfig(), "pets")
