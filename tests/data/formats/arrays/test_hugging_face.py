"""Parquet and Arrow files are read group by group, with the names of their classes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from core.data.formats.arrays.data_file import DataFile
from core.data.formats.understanding import ConfirmationNeededError
from core.data.importing import import_dataset
from core.data.labels.boxes import BoxUse, CropConfig
from core.data.labels.label_table import TableColumns
from core.data.sources.members import Member
from core.errors import DataError
from tests.support.formats import Understood, read
from tests.support.pictures import digit, write_folder

SMALL = CropConfig(smallest_side=1)


def numbered(result: Understood) -> list[tuple[str, str, str]]:
    """File, label and part of each picture, in the order of the files."""
    return sorted(
        (member.name, assignment.label, assignment.split.value if assignment.split else "")
        for member, assignment in result.reading.pictures
    )


def table(labels: list[object], names: list[str] | None, *, column: str = "label") -> pa.Table:
    pictures = [{"bytes": digit(index), "path": f"{index}.png"} for index in range(len(labels))]
    data = pa.table({"image": pa.array(pictures), column: pa.array(labels)})
    if names is None:
        return data
    inner = {"names": names, "_type": "ClassLabel"}
    feature = {"feature": inner, "_type": "List"} if isinstance(labels[0], list) else inner
    noted = {"info": {"features": {"image": {"_type": "Image"}, column: feature}}}
    return data.replace_schema_metadata({"huggingface": json.dumps(noted)})


def in_parquet(data: pa.Table, rows: int = 2) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(data, stream, row_group_size=rows)
    return stream.getvalue()


def test_parquet_names_its_classes_in_the_schema(tmp_path: Path) -> None:
    files = {
        "data/train-00000-of-00001.parquet": in_parquet(table([0, 1, 0], ["cat", "dog"])),
        "data/test-00000-of-00001.parquet": in_parquet(table([1, -1], ["cat", "dog"])),
    }
    result = read(write_folder(tmp_path / "pets", files))
    assert result.format == "hugging_face"
    assert [(label, part) for _, label, part in numbered(result)] == [
        ("dog", "test"),
        ("", "test"),
        ("cat", "train"),
        ("dog", "train"),
        ("cat", "train"),
    ]
    third = next(member for member, _ in result.reading.pictures if member.name.endswith("train-00000-of-00001.parquet/0000002.img"))  # fmt: skip
    assert third.read() == digit(2)


def test_a_column_of_categories_may_hold_the_labels(tmp_path: Path) -> None:
    """pandas stores texts that repeat so."""
    data = table(["cat", "dog", "cat", "dog"], None, column="species")
    species = data.column("species").dictionary_encode()
    data = data.set_column(1, "species", species)
    path = write_folder(tmp_path, {"pets.parquet": in_parquet(data, rows=4)}) / "pets.parquet"
    assert [label for _, label, _ in numbered(read(path, confirmed=True))] == ["cat", "dog", "cat", "dog"]


def test_a_single_parquet_file_is_a_source(tmp_path: Path) -> None:
    path = write_folder(tmp_path, {"pets.parquet": in_parquet(table([[0, 1], [], [1]], ["cat", "red"], column="labels"))})  # fmt: skip
    result = read(path / "pets.parquet")
    assert [label for _, label, _ in numbered(result)] == ["cat; red", "–", "red"]


def test_an_arrow_folder_is_read(tmp_path: Path) -> None:
    data = table([0, 1], ["cat", "dog"])
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, data.schema) as writer:
        writer.write_table(data)
    files = {
        "train/data-00000-of-00001.arrow": stream.getvalue(),
        "train/state.json": b"{}",
        "train/dataset_info.json": b"{}",
        "dataset_dict.json": b'{"splits": ["train"]}',
    }
    result = read(write_folder(tmp_path / "saved", files))
    assert [(label, part) for _, label, part in numbered(result)] == [("cat", "train"), ("dog", "train")]
    assert result.left_out == {}


def test_parquet_with_paths_alone_says_so(tmp_path: Path) -> None:
    pictures = pa.array([{"bytes": None, "path": "/home/ann/pets/1.png"}], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))  # fmt: skip
    data = in_parquet(pa.table({"image": pictures, "label": pa.array([0])}))
    path = write_folder(tmp_path, {"pets.parquet": data}) / "pets.parquet"
    with pytest.raises(DataError, match=r"holds only the paths of pictures, such as /home/ann/pets/1.png"):
        read(path)


def plain(**columns: list[Any]) -> pa.Table:
    """A table of pictures as bytes, with other columns."""
    count = len(next(iter(columns.values())))
    return pa.table({"jpg": pa.array([digit(index) for index in range(count)]), **columns})


def parquet_source(tmp_path: Path, data: pa.Table, rows: int = 2) -> Path:
    return write_folder(tmp_path, {"pets.parquet": in_parquet(data, rows)}) / "pets.parquet"


def test_a_column_of_an_unknown_name_asks(tmp_path: Path) -> None:
    data = plain(animal=["cat", "dog"] * 2, title=["a", "b", "c", "d"])
    result = read(parquet_source(tmp_path, data, rows=4), confirmed=True)
    assert sorted(label for _, label, _ in numbered(result)) == ["cat", "cat", "dog", "dog"]
    assert [doubt.kind.value for doubt in result.understanding.doubts] == ["label_column_unnamed"]


def test_two_columns_of_labels_ask(tmp_path: Path) -> None:
    data = plain(label=["cat", "dog"], category=["pet", "pet"])
    result = read(parquet_source(tmp_path, data), confirmed=True)
    assert sorted(label for _, label, _ in numbered(result)) == ["cat", "dog"]
    (doubt,) = result.understanding.doubts
    assert (
        str(doubt.message)
        == "The column “label” was taken for the classes; “category” would be possible too."
    )


def test_class_numbers_without_names_are_noted(tmp_path: Path) -> None:
    result = read(parquet_source(tmp_path, plain(label=[1.0, 0.0])))
    assert sorted(label for _, label, _ in numbered(result)) == ["0", "1"]
    assert result.notes == {"unnamed_classes": True}


def test_nobody_has_labelled_null_and_minus_one(tmp_path: Path) -> None:
    data = table([[0, None], [-1], [1]], ["cat", "red"], column="labels")
    assert [label for _, label, _ in numbered(read(parquet_source(tmp_path, data)))] == ["cat", "–", "red"]


@pytest.mark.parametrize("columns", [{"x": [1, 2]}, {"text": ["a", "b"], "y": [b"no picture", b"x"]}])
def test_parquet_of_another_schema_is_refused(tmp_path: Path, columns: dict[str, list[Any]]) -> None:
    path = parquet_source(tmp_path, pa.table(columns))
    with pytest.raises(DataError, match=r"No usable picture|no column of pictures"):
        import_dataset(path, "Pets")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_half_a_parquet_file_is_an_error_that_names_it(tmp_path: Path, keep: float) -> None:
    data = in_parquet(table([0, 1, 0], ["cat", "dog"]))
    path = write_folder(tmp_path, {"pets.parquet": data[: int(keep * len(data))]}) / "pets.parquet"
    with pytest.raises(DataError, match=r"pets.parquet cannot be read"):
        read(path)


def test_a_damaged_group_costs_its_own_pictures(tmp_path: Path) -> None:
    data = bytearray(in_parquet(table([0, 1] * 6, ["cat", "dog"]), rows=4))
    pictures = parquet.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0)
    assert pictures.path_in_schema == "image.bytes"
    place = pictures.dictionary_page_offset or pictures.data_page_offset
    data[place : place + 16] = bytes([255] * 16)
    path = write_folder(tmp_path, {"pets.parquet": bytes(data)}) / "pets.parquet"
    report = import_dataset(path, "Pets")
    assert report.classes == {"cat": 4, "dog": 4}
    assert {str(skipped.reason) for skipped in report.skipped} == {"it is damaged or cut off"}


def test_each_group_of_pictures_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[tuple[int, str]] = []
    plain_columns = DataFile.columns

    def counted(self: DataFile, group: int, names: list[str]) -> pa.Table:
        groups.append((group, names[0]))
        return plain_columns(self, group, names)

    monkeypatch.setattr(DataFile, "columns", counted)
    import_dataset(parquet_source(tmp_path, table([0, 1] * 20, ["cat", "dog"]), rows=8), "Pets")
    pictures = [group for group, name in groups if name == "image"]
    assert pictures == [0, *range(5)]  # the first group also says that the pictures are inside


def test_the_column_that_the_user_names_gives_the_labels(tmp_path: Path) -> None:
    data = table(["cat", "dog", "cat", "dog"], None).append_column("category", pa.array(["x", "x", "y", "y"]))
    folder = write_folder(tmp_path / "two", {"a.parquet": in_parquet(data)})
    with pytest.raises(ConfirmationNeededError, match="“label” was taken for the classes; “category” would"):
        read(folder)
    columns = TableColumns(file="", label="category")
    assert read(folder, columns=columns).understanding.classes == {"x": 2, "y": 2}
    with pytest.raises(DataError, match="has no column “other”"):
        read(folder, columns=TableColumns(file="", label="other"))


def test_a_lone_guess_says_why(tmp_path: Path) -> None:
    folder = write_folder(
        tmp_path / "one", {"a.parquet": in_parquet(table(["cat", "dog"] * 4, None, column="animal"), rows=8)}
    )
    with pytest.raises(
        ConfirmationNeededError, match="“animal” was taken for the classes, because its values"
    ):
        read(folder)


def test_the_pictures_of_an_arrow_file_stay_on_the_disk(tmp_path: Path) -> None:
    """Datasets of ``save_to_disk`` are larger than the memory; all their files are open at once."""
    data = pa.table({"image": pa.array([{"bytes": bytes(1 << 20), "path": "x"}] * 8), "label": [0, 1] * 4})
    path = tmp_path / "data.arrow"
    with pa.OSFile(str(path), "wb") as stream, pa.ipc.new_stream(stream, data.schema) as writer:
        writer.write_table(data, max_chunksize=2)
    before = pa.total_allocated_bytes()
    data_file = DataFile(Member(name="data.arrow", parts=("data.arrow",), read=path.read_bytes, path=path))
    assert data_file.groups == 4
    assert pa.total_allocated_bytes() - before < 1 << 20


def with_objects(boxes: list[list[list[float]]], *, as_structs: bool = False) -> bytes:
    """Pictures of 8 × 8 pixels with objects, all cats."""
    pictures = [{"bytes": digit(index), "path": f"{index}.png"} for index in range(len(boxes))]
    objects: list[object] = [
        [{"bbox": box, "category": 0} for box in of_row]
        if as_structs
        else {"bbox": of_row, "category": [0] * len(of_row)}
        for of_row in boxes
    ]
    inner = {"bbox": {"_type": "Sequence"}, "category": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    features = {"image": {"_type": "Image"}, "objects": {"feature": inner, "_type": "Sequence"}}
    data = pa.table({"image": pa.array(pictures), "objects": pa.array(objects)})
    return in_parquet(
        data.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    )


def edges(result: Understood) -> list[tuple[str, float, float, float, float]]:
    boxes = [assignment.box for _, assignment in result.reading.pictures if assignment.box]
    return [(box.label, box.left, box.top, box.right, box.bottom) for box in boxes]


@pytest.mark.parametrize("as_structs", [False, True])
def test_objects_with_crossing_corners_have_a_size(tmp_path: Path, as_structs: bool) -> None:
    data = with_objects(
        [[[4.0, 4.0, 3.0, 2.0]], [[0.0, 0.0, 5.0, 5.0], [1.0, 2.0, 4.0, 4.0]]], as_structs=as_structs
    )
    result = read(write_folder(tmp_path / "pets", {"train.parquet": data}), boxes=BoxUse.CROP, crops=SMALL)
    assert edges(result) == [("cat", 4, 4, 7, 6), ("cat", 0, 0, 5, 5), ("cat", 1, 2, 5, 6)]


def test_objects_with_sizes_beyond_the_picture_have_corners(tmp_path: Path) -> None:
    data = with_objects([[[4.0, 4.0, 8.0, 7.0]], [[0.0, 0.0, 5.0, 5.0]]])
    result = read(write_folder(tmp_path / "pets", {"train.parquet": data}), boxes=BoxUse.CROP, crops=SMALL)
    assert edges(result) == [("cat", 4, 4, 8, 7), ("cat", 0, 0, 5, 5)]


def test_objects_that_can_be_read_both_ways_are_not_cut_out(tmp_path: Path) -> None:
    data = with_objects([[[1.0, 1.0, 5.0, 5.0]], []])
    result = read(write_folder(tmp_path / "pets", {"train.parquet": data}))
    assert sorted(result.labels.values()) == ["", "cat"]
    assert result.notes["ignored_boxes"] == 1
    with pytest.raises(DataError, match="draw no boxes"):
        read(write_folder(tmp_path / "again", {"train.parquet": data}), boxes=BoxUse.CROP)
