"""Label files of a stranger: whatever they hold, the answer is a reading or an error of ours."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.formats.survey import MAX_LABEL_FILE_BYTES, Survey
from core.data.formats.table import FORMATS
from core.data.formats.understanding import understand
from core.data.import_config import ImportConfig
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.members import Listing, Member, UnreadableMemberError
from core.errors import DarkroomError, DataError
from tests.support.pictures import digit

PICTURES = {
    f"{folder}/{name}.png": digit(number) for folder in ("a", "b") for number, name in enumerate("xy")
}
CHOICE = {"type": "choices", "from_name": "c", "value": {"choices": ["cat"]}}
ROW = {"image": "a/x.png", "choice": "cat", "annotation_id": 1, "annotator": 1, "lead_time": 1}
ITEM = {"id": "a/x", "annotations": [{"type": "label", "label_id": 0}], "image": {"path": "a/x.png"}}
SINGLE = {"class-name": "cat", "type": "groundtruth/image-classification"}
SEVERAL = {"class-map": {"0": "cat"}, "type": "groundtruth/image-classification-multilabel"}
# A valid label file of each format that stands in JSON: its name, and what it holds.
VALID: dict[str, tuple[str, Any]] = {
    "coco": (
        "coco.json",
        {
            "images": [{"id": 1, "file_name": "a/x.png"}],
            "categories": [{"id": 1, "name": "cat"}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}],
        },
    ),
    "fiftyone": ("labels.json", {"classes": ["cat", "dog"], "labels": {"a/x": 0, "b/x": [1]}}),
    "datumaro": ("train.json", {"categories": {"label": {"labels": [{"name": "cat"}]}}, "items": [ITEM]}),
    "label_studio": (
        "ls.json",
        [{"data": {"image": "a/x.png"}, "annotations": [{"result": [CHOICE], "completed_by": 1}]}],
    ),
    "label_studio_min": ("min.json", [ROW]),
    "labelme": ("a/x.json", {"imagePath": "x.png", "flags": {"cat": True}, "shapes": [{"label": "cat"}]}),
    "create_ml": ("ml.json", [{"image": "a/x.png", "annotations": [{"label": "cat"}]}]),
    "custom_vision": (
        "images_metadata.json",
        {"project_id": "p", "tags": [], "images": [{"saved_path": "a/x.png", "tags": ["cat"]}]},
    ),
    "edge_impulse": (
        "info.labels",
        {
            "files": [
                {
                    "path": "a/x.png",
                    "category": "training",
                    "label": {"type": "label", "label": "cat"},
                    "boundingBoxes": [],
                }
            ]
        },
    ),
    "teachable_machine": ("manifest.json", {"type": "image", "version": "2", "appdata": {"trainEpochs": 5}}),
    "webdataset": ("a/x.json", {"label": ["cat"]}),
}
# The same for JSON lines.
VALID_LINES: dict[str, tuple[str, list[Any]]] = {
    "amazon": ("a.manifest", [{"source-ref": "s3://b/a/x.png", "c-metadata": SINGLE, "d-metadata": SEVERAL}]),
    "vertex": (
        "v.jsonl",
        [
            {
                "imageGcsUri": "gs://a/x.png",
                "classificationAnnotation": {"displayName": "cat"},
                "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "training"},
            }
        ],
    ),
    "vertex_older": (
        "v.jsonl",
        [
            {
                "imagePayload": {"imageUri": "a/x.png"},
                "annotations": [
                    {
                        "annotationValue": {
                            "imageClassificationAnnotation": {"annotationSpec": {"displayName": "cat"}}
                        }
                    }
                ],
            }
        ],
    ),
    "azure": ("z.jsonl", [{"image_url": "azureml://a/x.png", "label": ["cat"]}]),
    "ultralytics": (
        "u.ndjson",
        [
            {"type": "dataset", "class_names": {"0": "cat"}},
            {"type": "image", "file": "a/x.png", "split": "train", "annotations": {"classification": [0]}},
        ],
    ),
}
# Tables, lists and XML, as text.
VALID_TEXTS: dict[str, dict[str, str]] = {
    "vertex": {"v.csv": "TRAIN,gs://b/a/x.png,cat\nUNASSIGNED,gs://b/b/x.png,dog\n"},
    "label_studio": {
        "l.csv": 'annotation_id,annotator,lead_time,image,choice\n1,a,2,a/x.png,"{""choices"":[""cat""]}"\n'
    },
    "table_inside": {"t.csv": "file,label,split\na/x.png,cat,train\nb/x.png,dog,test\n"},
    "imagenet_lists": {"synsets.txt": "cat\ndog\n", "train.txt": "a/x.png 0\nb/x.png 1\n"},
    "pascal_voc": {"ImageSets/Main/cat_train.txt": "x 1\ny -1\n"},
    "yolo": {
        "a/x.txt": "0 0.5 0.5 0.1 0.1\n",
        "b/x.txt": "1 0.5 0.5 0.1 0.1\n",
        "data.yaml": "names:\n  0: cat\n  1: dog\n",
    },
    "cvat": {"a.xml": "<annotations><image name='a/x.png'><tag label='cat'/></image></annotations>"},
    "open_images": {
        "o.csv": "ImageID,LabelName,Confidence\nx,/m/1,1\n",
        "class-descriptions.csv": "/m/1,cat\n",
    },
    "pascal_voc_xml": {
        "Annotations/x.xml": "<annotation><filename>x.png</filename><object><name>cat</name></object></annotation>"
    },
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["a/x.png", "cat", "label", "../../etc/passwd", "C:\\a\\x.png", "\\\\host\\x.png", "//[", ""]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["label", "id", "name", "choices", "0", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)
# Formats whose labels stand in files of text; those of data files have ``test_hostile_data_files.py``.
OF_TOOLS = [
    name
    for name, row in FORMATS.items()
    if row.read.__module__.startswith(("core.data.formats.tools.", "core.data.formats.clouds."))
]
thorough = settings(max_examples=40, derandomize=True, database=None)


def listing(files: Mapping[str, bytes]) -> Listing:
    def member(name: str, data: bytes) -> Member:
        return Member(name=name, parts=tuple(name.split("/")), read=lambda: data)

    return Listing(members=[member(name, data) for name, data in {**PICTURES, **files}.items()])


def read_in_every_way(files: Mapping[str, bytes], formats: tuple[str, ...] = tuple(FORMATS)) -> None:
    """Recognise the files, and read them in each of the formats, as ``--format`` allows."""
    for name in ("", *formats):
        config = ImportConfig(format=name, confirmed=True)
        try:
            reading, understanding = understand(listing(files), config, "source")
        except DarkroomError:
            continue
        else:
            known = set(PICTURES) | set(files)
            assert all(
                member.parts[0] in {"a", "b"} or member.name in known for member, _ in reading.pictures
            )
            understanding.to_json()


def replaced(value: Any, path: list[int], new: Any) -> Any:
    """The value with the node at a path replaced; positions count around."""
    if not path or not isinstance(value, list | dict) or not value:
        return new
    result = copy.copy(value)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[path[0] % len(keys)]
    result[key] = replaced(value[key], path[1:], new)
    return result


def without(value: Any, path: list[int]) -> Any:
    """The value without the key or item at a path."""
    if not isinstance(value, list | dict) or not value:
        return value
    result = copy.copy(value)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[path[0] % len(keys)]
    if len(path) == 1:
        del result[key]
    else:
        result[key] = without(value[key], path[1:])
    return result


@pytest.mark.parametrize("name", OF_TOOLS)
def test_every_format_of_a_tool_has_a_sample(name: str) -> None:
    """A row without one would be read from good files alone."""
    assert name in {*VALID, *VALID_LINES, *VALID_TEXTS}, "add a valid file of it to one of the three tables"


PATHS = st.lists(st.integers(0, 3), min_size=1, max_size=6)


@pytest.mark.parametrize("name", VALID)
@thorough
@given(path=PATHS, new=VALUES, dropped=st.booleans())
def test_a_changed_json_file_is_read_or_refused(name: str, path: list[int], new: Any, dropped: bool) -> None:
    file, value = VALID[name]
    changed = without(value, path) if dropped else replaced(value, path, new)
    read_in_every_way({file: json.dumps(changed).encode()}, (name,) if name in FORMATS else ())


@pytest.mark.parametrize("name", VALID_LINES)
@thorough
@given(path=PATHS, new=VALUES, dropped=st.booleans())
def test_a_changed_line_is_read_or_refused(name: str, path: list[int], new: Any, dropped: bool) -> None:
    file, values = VALID_LINES[name]
    changed = without(values, path) if dropped else replaced(values, path, new)
    rows = changed if isinstance(changed, list) else [changed]
    read_in_every_way({file: "\n".join(map(json.dumps, rows)).encode()}, (name,) if name in FORMATS else ())


@settings(max_examples=25, derandomize=True, database=None)
@given(
    value=VALUES, file=st.sampled_from(["labels.json", "info.labels", "x.jsonl", "y.manifest", "u.ndjson"])
)
@example(value=[], file="labels.json")
@example(value=[1], file="labels.json")
@example(value={"classes": ["cat"], "labels": {"a/x": -1}}, file="labels.json")
def test_any_json_is_read_or_refused_in_every_format(value: Any, file: str) -> None:
    read_in_every_way({file: json.dumps(value).encode()})


@pytest.mark.parametrize("name", VALID_TEXTS)
@thorough
@given(position=st.integers(0, 200), cut=st.integers(0, 4), new=st.text(max_size=4))
def test_a_changed_text_file_is_read_or_refused(name: str, position: int, cut: int, new: str) -> None:
    files = {}
    for file, text in VALID_TEXTS[name].items():
        place = position % (len(text) + 1)
        changed = text[:place] + new + text[place + cut :]
        files[file] = changed.encode("utf-8", "surrogatepass")
    read_in_every_way(files, (name,) if name in FORMATS else ())


DEEP = {
    "labels.json": b"[" * 200_000,
    "x.xml": b"<annotation>" + b"<a>" * 100_000,
    "y.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><annotation/>',
    "m.manifest": b'{"source-ref": "a"}\n' + b'{"a":' * 100_000,
    "z.ndjson": b"\xff\xfe\x00\xd8",
    "train.csv": b'"' * 1000,
}


@pytest.mark.parametrize("file", DEEP)
def test_deep_files_are_read_or_refused_in_every_format(file: str) -> None:
    read_in_every_way({file: DEEP[file]})


@pytest.mark.parametrize("name", sorted(set(VALID) & set(FORMATS) - {"webdataset"}))
def test_a_label_file_in_utf_16_is_read(name: str) -> None:
    file, value = VALID[name]
    survey = Survey(listing({file: json.dumps(value).encode("utf-16")}), "source")
    assert FORMATS[name].recognise(survey) is not None


@pytest.mark.parametrize("name", sorted(set(VALID) & set(FORMATS)))
def test_paths_that_lead_out_of_the_source_name_nothing(name: str) -> None:
    file, value = VALID[name]
    text = json.dumps(value).replace("a/x", "../../../etc/passwd")
    config = ImportConfig(format=name, confirmed=True)
    try:
        reading, _ = understand(listing({file: text.encode()}), config, "source")
    except DataError:
        return
    assert {member.name for member, _ in reading.pictures} <= set(PICTURES)


@pytest.mark.parametrize("name", [name for name, row in FORMATS.items() if not row.is_offered])
def test_a_chosen_format_without_its_files_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="source"):
        understand(listing({}), ImportConfig(format=name), "source")


def test_a_label_file_beyond_the_limit_is_refused_by_its_name() -> None:
    huge = Member(name="labels.json", parts=("labels.json",), read=partial(bytes, MAX_LABEL_FILE_BYTES + 1))
    with pytest.raises(DataError, match=r"labels\.json is larger than 256 MB"):
        Survey(Listing(members=[huge]), "source").json(huge)


def test_a_label_file_that_cannot_be_read_is_refused_by_its_name() -> None:
    def fail() -> bytes:
        raise UnreadableMemberError(Reason(code=SkipReason.DAMAGED_IN_ARCHIVE))

    lost = Member(name="labels.json", parts=("labels.json",), read=fail)
    with pytest.raises(DataError, match=r"labels\.json cannot be read: it is damaged inside the archive"):
        Survey(Listing(members=[lost]), "source").json(lost)
