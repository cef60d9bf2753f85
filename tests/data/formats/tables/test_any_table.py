"""Whatever a table holds, each file of the source is a picture, a label file or left out with a reason."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.formats.import_format import FormatReading
from core.data.formats.understanding import understand
from core.data.import_config import ImportConfig
from core.data.sources.members import Listing, Member
from core.errors import DarkroomError

NAMES = ["a.png", "b.png", "c.png", "train/a.png", "test/a.png", "dog/7.png"]
words = st.sampled_from(
    [
        "",
        "cat",
        "dog",
        "1",
        "0",
        "1.0",
        "-1",
        "['cat']",
        "[",
        '{"choices": ["x"]}',
        "cat; dog",
        "cat dog",
        "test",
    ]
)
cells = st.sampled_from([*NAMES, "a", "007", "../a.png", "https://x/a.png?y=1"]) | words | st.text(max_size=5)
headers = st.sampled_from(["file", "label", "split", "group", "id", "animal", "cat", "annotator"]) | st.text(
    max_size=4
)


def member(name: str, content: bytes = b"") -> Member:
    return Member(name=name, parts=tuple(name.split("/")), read=lambda: content)


def read_or_refuse(members: list[Member], *, multi_label: bool) -> FormatReading | None:
    config = ImportConfig(confirmed=True, multi_label=multi_label)
    try:
        return understand(Listing(members=members), config, "source")[0]
    except DarkroomError:
        return None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(headers, min_size=1, max_size=5),
    st.lists(st.lists(cells, max_size=5), max_size=6),
    st.lists(st.sampled_from(NAMES), unique=True, min_size=1),
    st.sampled_from(["t.csv", "train/t.csv", "t.jsonl", "t.json"]),
    st.booleans(),
)
def test_each_file_is_accounted_for(
    header: list[str], rows: list[list[str]], names: list[str], table: str, multi_label: bool
) -> None:
    if table.endswith(".csv"):
        text = "\n".join(
            ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [header, *rows]
        )
    else:
        objects = [dict(zip(header, row, strict=False)) for row in rows]
        text = json.dumps(objects) if table.endswith(".json") else "\n".join(map(json.dumps, objects))
    members = [*map(member, names), member(table, text.encode("utf-8", "replace"))]
    reading = read_or_refuse(members, multi_label=multi_label)
    if reading is None:
        return
    pictures = [picture.name for picture, _ in reading.pictures]
    assert len(pictures) == len(set(pictures))
    left_out = {name for name, _ in reading.left_out}
    assert {file.name for file in members} <= {*pictures, *left_out, *reading.label_files}
