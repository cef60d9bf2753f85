"""Records are read back as they were written; anything else is refused with its name and value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from core.errors import ConfigError, DamagedFileError, RecordError, SchemaVersionError
from core.messages import Message
from core.records import JsonObject, JsonValue, Record, read_record, write_record


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Point(Record):
    x: float
    y: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Drawing(Record):
    name: str
    colour: Colour = Colour.RED
    points: tuple[Point, ...] = ()
    size: tuple[int, int] = (1, 1)
    shares: Mapping[Colour, float] = field(default_factory=dict)
    note: Message | None = None
    limit: float | None = None
    value: str | int | float | bool | None = None
    extra: JsonValue = None
    is_done: bool = False

    @classmethod
    def upgrade(cls, values: JsonObject) -> JsonObject:
        if "title" in values:
            values["name"] = values.pop("title").strip()
        return values


FULL = Drawing(
    name="a",
    colour=Colour.BLUE,
    points=(Point(x=1.5), Point(x=2, y=3.0)),
    size=(3, 4),
    shares={Colour.RED: 0.25},
    note=Message("{n} left", {"n": 2}),
    limit=0.5,
    value="auto",
    extra={"any": [1, None]},
    is_done=True,
)


@pytest.mark.parametrize("record", [FULL, Drawing(name="b")])
def test_a_record_survives_json(record: Drawing) -> None:
    """Tuples, enums, mappings, messages and nested records come back as they were."""
    assert Drawing.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_a_missing_key_takes_its_default_and_an_old_key_its_new_name() -> None:
    """A file of an older version is read without rewriting it."""
    assert Drawing.from_json({"title": "a"}) == Drawing(name="a")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": "a", "colr": 1}, r"Unknown setting: colr\. Known here are: name, colour"),
        ({}, r"Missing setting: name\."),
        ({"name": "a", "colour": "green"}, r"no colour called “green”\. Choose from: red, blue"),
        ({"name": 3}, r"name is 3; it must be a text"),
        ({"name": "a", "size": [1]}, r"size is \[1\]; it must be a list"),
        ({"name": "a", "size": [1, 2.5]}, r"size\[1\] is 2\.5; it must be a whole number"),
        ({"name": "a", "size": [1, True]}, r"size\[1\] is True; it must be a whole number"),
        ({"name": "a", "is_done": 1}, r"is_done is 1; it must be true or false"),
        ({"name": "a", "limit": "much"}, r"limit is 'much'; it must be a number"),
        ({"name": "a", "points": [{"x": 1, "z": 2}]}, r"Unknown setting: points\[0\]\.z"),
        ({"name": "a", "points": [7]}, r"points\[0\] is 7; it must be a record"),
        ({"name": "a", "shares": {"green": 1}}, r"no shares called “green”"),
        ({"name": "a", "shares": {"red": "x"}}, r"shares\.red is 'x'"),
    ],
)
def test_what_does_not_fit_is_named(values: JsonObject, sentence: str) -> None:
    """The sentence says where the value stands, what it is, and what was expected."""
    with pytest.raises(RecordError, match=sentence) as raised:
        Drawing.from_json(values)
    assert isinstance(raised.value, ConfigError)


def test_a_file_holds_its_format_and_its_writer(tmp_path: Path) -> None:
    """Whoever finds the file in ten years knows what to read it with."""
    file = tmp_path / "drawing.json"
    write_record(file, FULL)
    assert read_record(file, Drawing) == FULL
    header = json.loads(file.read_text(encoding="utf-8"))
    assert header["schema_version"] == 1
    assert header["darkroom_version"]


def test_a_newer_format_is_refused_by_the_version_that_wrote_it(tmp_path: Path) -> None:
    """The remedy is to update, and to what."""
    file = tmp_path / "drawing.json"
    file.write_text('{"schema_version": 2, "darkroom_version": "9.1", "name": "a"}', encoding="utf-8")
    with pytest.raises(SchemaVersionError, match=r"written by Darkroom 9\.1 in format 2"):
        read_record(file, Drawing)


def test_an_unknown_code_in_a_newer_file_names_code_and_writer(tmp_path: Path) -> None:
    """The format is the same, but a later version knows one colour more."""
    file = tmp_path / "drawing.json"
    file.write_text(
        '{"schema_version": 1, "darkroom_version": "9.1", "name": "a", "colour": "green"}', encoding="utf-8"
    )
    with pytest.raises(SchemaVersionError, match=r"Darkroom 9\.1.*no colour called “green”.*Update"):
        read_record(file, Drawing)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"colour": "red"}',
        '{"name": "a", "colour": "green"}',
        '{"title": 3}',
        '{"name": "a", "note": "half"}',
        '{"name": "a", "note": {"template": "half"}}',
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    """Half a file, or one that this version would never write."""
    file = tmp_path / "drawing.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"drawing\.json is damaged"):
        read_record(file, Drawing)


def test_a_field_that_cannot_be_read_is_a_bug_of_its_class() -> None:
    """A type nobody taught the mechanism fails when the class is first read, not silently."""

    @dataclass(frozen=True, kw_only=True)
    class Strange(Record):
        when: complex = 0j

    with pytest.raises((TypeError, NameError)):
        Strange.from_json({"when": 1})
