"""A survey reads label files, and keeps few of them in memory."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial

import pytest

from core.data.formats import survey as module
from core.data.formats.survey import Survey
from core.data.formats.tools.labelme import LABELME
from core.data.formats.tools.pascal_voc import PASCAL_VOC
from core.data.import_config import ImportConfig
from core.data.sources.members import Listing, Member
from core.errors import DataError


class Source:
    """A survey of texts, and how often each was read."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.reads: Counter[str] = Counter()
        members = [
            Member(name=name, parts=tuple(name.split("/")), read=partial(self._read, name, text))
            for name, text in texts.items()
        ]
        self.survey = Survey(Listing(members=members), "source")

    def _read(self, name: str, text: str) -> bytes:
        self.reads[name] += 1
        return text.encode()


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 2)


def test_a_label_file_is_read_once() -> None:
    source = Source({"1.txt": "cat", "2.json": "[3]"})
    text, value = source.survey.members
    for _ in range(3):
        assert source.survey.text(text) == "cat"
        assert source.survey.json(value) == [3]
    assert source.reads == {"1.txt": 1, "2.json": 1}


def test_the_oldest_of_many_label_files_is_forgotten_and_read_again() -> None:
    source = Source({f"{number}.txt": f"class {number}" for number in range(3)})
    texts = [source.survey.text(member) for member in source.survey.members]
    assert texts == ["class 0", "class 1", "class 2"]
    assert source.survey.text(source.survey.members[2]) == "class 2"
    assert source.survey.text(source.survey.members[0]) == "class 0"
    assert source.reads == {"0.txt": 2, "1.txt": 1, "2.txt": 1}


def test_pictures_are_no_label_files() -> None:
    survey = Source({"a/1.jpg": "", "a/labels.json": "{}", "classes.txt": "cat"}).survey
    assert [member.name for member in survey.ending(".jpg", ".json")] == ["a/labels.json"]
    assert [member.name for member in survey.named("CLASSES.TXT", "1.jpg")] == ["classes.txt"]


def test_files_of_labelme_are_read_once_each_however_few_are_kept() -> None:
    """A source can have one for each of 100,000 pictures."""
    content = {"imagePath": "", "shapes": [], "flags": {"cat": True}}
    files = {f"{number}.json": json.dumps({**content, "imagePath": f"{number}.png"}) for number in range(5)}
    source = Source(files | {f"{number}.png": "" for number in range(5)})
    reading = LABELME.read(source.survey, ImportConfig())
    assert [(member.name, labels.label) for member, labels in reading.pictures] == [
        (f"{number}.png", "cat") for number in range(5)
    ]
    assert source.reads == dict.fromkeys(files, 1)


def test_files_of_pascal_voc_are_read_once_each_however_few_are_kept() -> None:
    xml = "<annotation><filename>{}.png</filename><object><name>dog</name></object></annotation>"
    files = {f"{number}.xml": xml.format(number) for number in range(5)}
    source = Source(files | {f"{number}.png": "" for number in range(5)})
    reading = PASCAL_VOC.read(source.survey, ImportConfig())
    assert [(member.name, labels.label) for member, labels in reading.pictures] == [
        (f"{number}.png", "dog") for number in range(5)
    ]
    assert source.reads == dict.fromkeys(files, 1)


def test_lines_end_where_an_editor_ends_them() -> None:
    """JSON writes U+2028 and U+0085 as they are; they end no line, and blank lines count."""
    source = Source(
        {"a.jsonl": '{"a": "x\u2028y\x85z"}\r\n\r\n{"a": 2}\r{"a": 3}\n', "b.jsonl": "1\n\n2\n}\n"}
    )
    first, second = source.survey.members
    assert source.survey.json_lines(first) == [{"a": "x\u2028y\x85z"}, {"a": 2}, {"a": 3}]
    with pytest.raises(DataError, match=r"^Line 4 of b\.jsonl"):
        source.survey.json_lines(second)
