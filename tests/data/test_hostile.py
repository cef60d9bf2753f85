"""Hostile sources: no file leaves its folder, no import crashes, every file is accounted for."""

from __future__ import annotations

import io
import tarfile
import tempfile
import unicodedata
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.data.formats.survey import Survey
from core.data.formats.tables.finding import find_tables, open_table
from core.data.formats.tables.reading import read_tables
from core.data.import_config import ImportConfig
from core.data.labels.label_table import read_label_table, safe_cell
from core.data.labels.layout import clean_label, read_layout, spelling_of_classes
from core.data.sources.leavings import is_junk
from core.data.sources.members import MAX_SHOWN_LENGTH, safe_parts, shown_name
from core.data.sources.opening import Listing, Member, SourceLimits, UnreadableMemberError, open_source
from core.errors import DarkroomError
from tests.support.pictures import digit, write_zip

# The same examples in every run: a failure must not come and go.
ordinary = settings(max_examples=150, deadline=None, derandomize=True, database=None)
# Each example writes an archive; the workspace of the test is shared by all of them.
with_files = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Names as attackers, old systems and children make them.
pieces = st.one_of(
    st.sampled_from(
        [
            *(
                "..",
                ".",
                "",
                "~",
                "C:",
                "c:x",
                "\\",
                "//",
                "con",
                "NUL",
                "__MACOSX",
                ".DS_Store",
                "Thumbs.db",
            ),
            *("\u202egnp", "\x00", "\x1b[2J", "<script>", "=1+1", "猫", "Blu\u0308te", "Bl\u00fcte"),
            *(
                "cats",
                "c\u0430ts",
                "train",
                "test",
                "val",
                "n01440764",
                "a.zip",
                "1.jpg",
                "labels.csv",
                "x" * 300,
            ),
        ]
    ),
    st.text(max_size=12),
)
paths = st.lists(pieces, min_size=1, max_size=6).map("/".join)


def require_sentence(error: DarkroomError) -> None:
    """Assert that a sentence for the page exists and that its fields are filled."""
    assert str(error).endswith(".")


def members(names: list[str]) -> list[Member]:
    parts = [safe_parts(name) for name in names]
    return [
        Member(name=shown_name(name), parts=safe, read=bytes)
        for name, safe in zip(names, parts, strict=True)
        if safe
    ]


@ordinary
@given(paths | st.text())
@example("cats/..\\..\\evil")
@example("a\x00/../b")
def test_a_safe_path_stays_below_its_folder(name: str) -> None:
    parts = safe_parts(name)
    if parts is None:
        return
    assert all(part not in {"", ".", ".."} and not set(part) & {"/", "\\", "\x00"} for part in parts)
    root = Path("/srv/folder")
    assert root.joinpath(*parts).is_relative_to(root)
    assert ".." not in root.joinpath(*parts).parts


@ordinary
@given(paths | st.text())
def test_a_shown_name_is_one_line_that_reads_in_order(name: str) -> None:
    shown = shown_name(name)
    assert len(shown) <= MAX_SHOWN_LENGTH
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set("\x00\x1b\u202e\u2066\u2028")
    shown.encode("utf-8")


@ordinary
@given(st.lists(paths, max_size=30), st.booleans(), st.booleans())
def test_every_file_has_an_assignment_or_none(names: list[str], unlabelled: bool, keep_loose: bool) -> None:
    files = members(names)
    places = read_layout(files, unlabelled=unlabelled, keep_loose=keep_loose)
    assert len(places) == len(files)
    for place in places:
        if place is None:
            assert not keep_loose
            continue
        assert place.label == clean_label(place.label)
        assert len(place.label) <= 120
    labels = [place.label for place in places if place and place.label]
    merged = spelling_of_classes(labels, merge_case=True)
    assert set(merged) == set(labels)
    assert len({label.casefold() for label in merged.values()}) == len(set(merged.values()))


@ordinary
@given(st.text())
def test_a_cleaned_label_is_clean(name: str) -> None:
    label = clean_label(name)
    assert clean_label(label) == label
    assert label == label.strip()
    assert not {unicodedata.category(character) for character in label} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def raw_zip(entries: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings(action="ignore"):
        for name, content in entries:
            info = zipfile.ZipInfo("x")
            info.filename = name  # as it is: the constructor would mend it
            archive.writestr(info, content)
    return stream.getvalue()


def raw_tar(entries: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", errors="surrogateescape") as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def opened(
    data: bytes, limits: SourceLimits | None = None
) -> tuple[Listing, dict[tuple[str, ...], bytes | str]]:
    """Read everything that an archive lists; its folder must stay as it was."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.zip"
        path.write_bytes(data)
        with warnings.catch_warnings(action="ignore"), open_source(path, limits) as listing:
            contents: dict[tuple[str, ...], bytes | str] = {}
            for member in listing.members:
                try:
                    contents[member.parts] = member.read()
                except UnreadableMemberError as error:
                    contents[member.parts] = str(error.reason)
            assert [item.name for item in Path(folder).parent.joinpath(folder).iterdir()] == ["source.zip"]
            return listing, contents


@pytest.mark.parametrize("pack", [raw_zip, raw_tar])
@with_files
@given(names=st.lists(paths, max_size=12))
def test_each_file_of_an_archive_is_listed_refused_or_junk(
    pack: Callable[[list[tuple[str, bytes]]], bytes], names: list[str]
) -> None:
    """Whatever the names; of files with one name the last is kept and the others are refused."""
    names = [name for name in names if name.strip("/") and not name.endswith((".zip", "\\"))]
    try:
        data = pack([(name, str(number).encode()) for number, name in enumerate(names)])
    except (ValueError, UnicodeEncodeError):
        return  # no archive can hold these
    listing, contents = opened(data)
    written = _names_written(pack, data)
    is_folder = [pack is raw_zip and name.endswith(("/", "\\")) for name in written]
    parts = [safe_parts(name) for name in written]
    junk = sum(
        bool(safe and is_junk(safe)) and not folder for safe, folder in zip(parts, is_folder, strict=True)
    )
    assert len(listing.members) + len(listing.refused) + junk == len(written) - sum(is_folder)
    for member in listing.members:
        assert contents[member.parts] in {str(number).encode() for number in range(len(names))}


def _names_written(pack: Callable[..., bytes], data: bytes) -> list[str]:
    """The names as the archive really holds them: each kind has its own limits."""
    if pack is raw_zip:
        return [info.orig_filename for info in zipfile.ZipFile(io.BytesIO(data)).infolist()]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [info.name for info in archive if not info.isdir()]


@with_files
@given(data=st.binary(max_size=2000))
@example(data=b"PK\x05\x06" + bytes(18))
@example(data=b"PK\x03\x04" + bytes(26))
@example(data=b"\x1f\x8b\x08" + bytes(20))
@example(data=bytes(512))
def test_any_bytes_are_a_listing_or_an_error_that_people_can_read(data: bytes) -> None:
    try:
        listing, contents = opened(data)
    except DarkroomError as error:
        require_sentence(error)
        return
    assert len(contents) == len(listing.members)


PACKED = {
    "zip": raw_zip([("cats/1.png", digit(1)), ("dogs/2.png", digit(2)), ("labels.csv", b"a,b\n")]),
    "tar": raw_tar([("cats/1.png", digit(1)), ("dogs/2.png", digit(2))]),
    "nested": raw_zip(
        [("cats.zip", raw_zip([("1.png", digit(1))])), ("d.tar", raw_tar([("2.png", digit(2))]))]
    ),
}


@pytest.mark.parametrize("kind", PACKED)
@with_files
@given(data=st.data())
def test_a_changed_archive_is_a_listing_or_an_error_that_people_can_read(
    kind: str, data: st.DataObject
) -> None:
    packed = bytearray(PACKED[kind])
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), max_size=6)):
        packed[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)) | st.just(len(packed)))
    limits = SourceLimits(file_bytes=1 << 20, files=100)
    try:
        listing, contents = opened(bytes(packed[:cut]), limits)
    except DarkroomError as error:
        require_sentence(error)
        return
    assert all(isinstance(content, str) or len(content) <= 1 << 20 for content in contents.values())
    assert all(str(reason) for _, reason in listing.refused)


@ordinary
@given(
    st.lists(st.lists(paths | st.text(max_size=8), min_size=1, max_size=4), max_size=8),
    st.lists(paths, max_size=8),
)
def test_any_table_gives_each_file_an_assignment_or_none(rows: list[list[str]], names: list[str]) -> None:
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    files = members(names)
    try:
        table = read_label_table(text.encode("utf-8", "replace"), "labels.csv")
        survey, config = Survey(Listing(members=files), "s"), ImportConfig()
        reading = read_tables([open_table(table, None, survey, config)], survey, config)
    except DarkroomError as error:
        require_sentence(error)
        return
    read = [member.name for member, _ in reading.pictures]
    assert len(read) == len(set(read))
    assert {file.name for file in files} <= {*read, *(name for name, _ in reading.left_out)}


@ordinary
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.tsv", "a.xlsx", "a.xls"]))
def test_any_bytes_are_a_table_or_an_error_that_people_can_read(data: bytes, name: str) -> None:
    try:
        table = read_label_table(data, name)
    except DarkroomError as error:
        require_sentence(error)
        return
    assert len(set(table.columns)) == len(table.columns) >= 2
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert len(table.row_numbers) == len(table.rows)


@ordinary
@given(st.text())
def test_a_safe_cell_starts_no_formula_and_loses_nothing(text: str) -> None:
    safe = safe_cell(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe.removeprefix("'") == text or safe == text


def test_an_attack_of_every_kind_at_once_costs_only_itself(tmp_path: Path) -> None:
    """One good picture among everything that the issue names."""
    files = {
        "../../evil.png": digit(1),
        "/etc/evil.png": digit(2),
        "C:\\evil.png": digit(3),
        "cats/\u202egnp.exe": b"MZ",
        "cats/" + "x" * 600 + ".png": digit(4),
        "<script>alert(1)</script>/1.png": digit(5),
        "cats/bomb.png": bytes(80 << 20),
        "cats/good.png": digit(6),
        "__MACOSX/cats/._good.png": b"fork",
        "cats/Thumbs.db": b"previews",
        "=HYPERLINK(1).csv": b"file,label\n=1,=2\n",
    }
    before = sorted(tmp_path.parent.iterdir())
    with open_source(write_zip(tmp_path / "a.zip", files)) as listing:
        assert not find_tables(Survey(listing, "a"), ImportConfig()).used
        kept = {member.name for member in listing.members}
        assert kept == {
            "cats/\ufffdgnp.exe",
            "<script>alert(1)</script>/1.png",
            "cats/bomb.png",
            "cats/good.png",
            "cats/" + "x" * 145 + "…" + "x" * 96 + ".png",
            "=HYPERLINK(1).csv",
        }
        assert len(listing.refused) == 3
        reads = {member.name: member.read for member in listing.members}
        assert reads["cats/good.png"]() == digit(6)
        with pytest.raises(UnreadableMemberError, match="unpacks to more than 300 times its size"):
            reads["cats/bomb.png"]()
    assert sorted(tmp_path.parent.iterdir()) == before
