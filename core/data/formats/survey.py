"""Survey of a source: its files by name and suffix, and its label files.

A label file is read once, unless a thousand others were read since. Formats look at a survey instead of the listing, so that recognising thirty formats costs
one pass over the names.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from core.data.formats.picture_index import PictureIndex
from core.data.labels.layout import is_companion
from core.data.labels.tables import LabelTable, read_label_table
from core.data.pixels.decoding import load_picture
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.encodings import TextEncoding, decode_with_encoding
from core.data.sources.members import (
    CONTAINER_SUFFIXES,
    PICTURE_SUFFIXES,
    Listing,
    Member,
    UnreadableMemberError,
)
from core.errors import DataError, UnreadableImageError
from core.messages import N_, Message

# A larger label file would take several GB of memory once parsed.
MAX_LABEL_FILE_BYTES = 256 << 20
_MAX_LINES = 2_000_000
# Of each strange kind, to see if they are pictures.
_FILES_TRIED = 20
_TRIED_SIDE = 8  # pixels
_OF_NO_PICTURE = {
    *(SkipReason.NOT_A_PICTURE, SkipReason.EMPTY_FILE, SkipReason.OTHER_KIND, SkipReason.DRAWING),
    SkipReason.VIDEO,
}
# Label files of a kind in memory at once: a source can have one for each of its pictures.
_MOST_KEPT = 1000

_Value = TypeVar("_Value")


class Survey:
    """Files of a source, indexed by name and suffix."""

    def __init__(self, listing: Listing, source_name: str) -> None:
        self.listing = listing
        self.source_name = source_name
        self._texts: dict[str, str] = {}
        self._tables: dict[str, LabelTable] = {}
        self._json: dict[str, Any] = {}
        self._json_lines: dict[str, list[Any]] = {}
        self._broken: dict[str, DataError] = {}
        self._broken_tables: dict[str, DataError] = {}
        # Of the label files that are not UTF-8, by name.
        self.older_encodings: dict[str, TextEncoding] = {}
        # Results that a format needs to recognise the source and again to read it, by its own keys.
        self.results: dict[Hashable, Any] = {}

    @property
    def members(self) -> Sequence[Member]:
        return self.listing.members

    def inner_path(self, member: Member) -> tuple[str, ...]:
        """Folders and name of a file below the folders that hold the whole source.

        A project called “test” is no part of a split; only folders below it may be.
        """
        return member.parts[self._root_depth :]

    @cached_property
    def _root_depth(self) -> int:
        folders = {member.parts[:-1] for member in self.members if not _is_about_the_source(member)}
        shared = 0
        while (
            all(len(parts) > shared for parts in folders) and len({parts[shared] for parts in folders}) == 1
        ):
            shared += 1
        return shared

    @cached_property
    def pictures(self) -> list[Member]:
        """Files that may be pictures: by suffix, otherwise those of many, otherwise all but companions."""
        for suffixes in (PICTURE_SUFFIXES, CONTAINER_SUFFIXES):
            by_suffix = [member for member in self.members if member.parts[-1].lower().endswith(suffixes)]
            if by_suffix:
                return by_suffix
        return self.possible_pictures

    @cached_property
    def possible_pictures(self) -> list[Member]:
        """All files but those that are surely no pictures."""
        return [member for member in self.members if self.refusal(member) is None]

    def refusal(self, member: Member) -> Reason | None:
        """The reason why a file is surely no picture: it is a companion, or of a strange kind that is none."""
        if is_companion(member):
            return Reason(code=SkipReason.NOT_A_PICTURE)
        return self._refused_kinds.get(_suffix_of(member))

    @cached_property
    def _refused_kinds(self) -> dict[str, Reason]:
        """Suffixes of neither pictures nor companions of which no file can be read, with the reason of the first.

        A few files of each are tried, so a sound beside each picture costs no pass over thousands of sounds.
        Where no file is named as a picture, each may be one.
        """
        by_suffix: dict[str, list[Member]] = defaultdict(list)
        is_named = False
        for member in self.members:
            name = member.parts[-1].lower()
            if name.endswith((*PICTURE_SUFFIXES, *CONTAINER_SUFFIXES)):
                is_named = True
            elif not is_companion(member):
                by_suffix[_suffix_of(member)].append(member)
        if not is_named:
            return {}
        tried = {
            suffix: [_reason_against(member) for member in members[:: -(-len(members) // _FILES_TRIED)]]
            for suffix, members in by_suffix.items()
        }
        return {
            suffix: reasons[0]
            for suffix, reasons in tried.items()
            if reasons[0] and all(reason and reason.code in _OF_NO_PICTURE for reason in reasons)
        }

    @cached_property
    def index(self) -> PictureIndex:
        """Lookup of pictures by the names that label files use."""
        return PictureIndex(self.pictures)

    def named(self, *names: str) -> list[Member]:
        """Files beside the pictures with one of these names, whatever the capitals; those nearest to the root first."""
        return _nearest_first(self._by_name.get(name.casefold(), []) for name in names)

    def ending(self, *suffixes: str) -> list[Member]:
        """Files beside the pictures with one of these suffixes, such as “.json”; those nearest to the root first."""
        return _nearest_first(self._by_suffix.get(suffix.lower(), []) for suffix in suffixes)

    def text(self, member: Member) -> str:
        """Decode a text file of any common encoding.

        Raises:
            DataError: it is too large, or cannot be read.
        """
        if member.name not in self._texts:
            _keep(self._texts, member, self._decoded(member, self._read(member)))
        return self._texts[member.name]

    def lines(self, member: Member) -> list[str]:
        """Lines of a text file that hold something, without the spaces around."""
        return [line for _, line in self.numbered_lines(member)]

    def numbered_lines(self, member: Member) -> list[tuple[int, str]]:
        """The same lines with their numbers in the file, from 1.

        Raises:
            DataError: there are too many.
        """
        # Not ``splitlines``: texts in JSON may hold other signs that end a line.
        lines = self.text(member).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(lines) > _MAX_LINES:
            raise DataError(
                N_("{file} has more than {limit} lines. Split the source and import the parts."),
                file=member.name,
                limit=_MAX_LINES,
            )
        return [(number, text) for number, line in enumerate(lines, start=1) if (text := line.strip())]

    def json(self, member: Member) -> Any:
        """Parse a JSON file.

        Raises:
            DataError: it is too large, too deep, or no JSON.
        """
        if error := self._broken.get(member.name):
            raise error
        if member.name not in self._json:
            try:
                # The text is not kept: a picture inside it can take many MB.
                text = self._decoded(member, read_label_file(member))
                _keep(self._json, member, _without_picture(parse_json(text, member.name)))
            except DataError as error:
                self._broken[member.name] = error
                raise
        return self._json[member.name]

    def _decoded(self, member: Member, data: bytes) -> str:
        text, encoding = decode_with_encoding(data)
        self.note_encoding(member.name, encoding)
        return text

    def note_encoding(self, file: str, encoding: TextEncoding | None) -> None:
        """Remember the encoding of a label file, if its text could mean something else."""
        if encoding is not None and not encoding.name.startswith("utf"):
            self.older_encodings[file] = encoding

    def _read(self, member: Member) -> bytes:
        try:
            return read_label_file(member)
        except DataError as error:
            self._broken[member.name] = error
            raise

    @property
    def broken(self) -> Sequence[DataError]:
        """Errors of the label files that could not be read, or parsed as JSON, so far."""
        return list(self._broken.values())

    def json_lines(self, member: Member) -> list[Any]:
        """Parse a file with a JSON value on each line.

        Raises:
            DataError: a line is no JSON; the error names it.
        """
        if member.name not in self._json_lines:
            self._json_lines[member.name] = [
                parse_json(line, member.name, line=number) for number, line in self.numbered_lines(member)
            ]
        return list(self._json_lines[member.name])

    def label_table(self, member: Member) -> LabelTable:
        """Read a CSV or Excel file.

        Raises:
            DataError: it cannot be read, or holds no two columns.
        """
        if error := self._broken_tables.get(member.name):
            raise error
        if member.name not in self._tables:
            try:
                table = read_label_table(read_label_file(member), member.name)
                self.note_encoding(member.name, table.encoding)
                self._tables[member.name] = table
            except DataError as error:
                self._broken_tables[member.name] = error
                raise
        return self._tables[member.name]

    @cached_property
    def beside_pictures(self) -> list[Member]:
        """Files that are no pictures by their suffix; an index of all names would take much memory."""
        return [member for member in self.members if not is_picture_name(member.parts[-1])]

    @cached_property
    def _by_name(self) -> dict[str, list[Member]]:
        index: dict[str, list[Member]] = defaultdict(list)
        for member in self.beside_pictures:
            index[member.parts[-1].casefold()].append(member)
        return index

    @cached_property
    def _by_suffix(self) -> dict[str, list[Member]]:
        index: dict[str, list[Member]] = defaultdict(list)
        for member in self.beside_pictures:
            index[suffix_of(member.parts[-1])].append(member)
        return index


def _is_about_the_source(member: Member) -> bool:
    """True for a file that people put beside the folder of a source, such as “README.md”."""
    return len(member.parts) == 1 and member.parts[0].casefold().startswith(("readme", "licen"))


def read_label_file(member: Member) -> bytes:
    """Read the bytes of a label file.

    Raises:
        DataError: it is too large, or cannot be read.
    """
    if _size_on_disk(member) > MAX_LABEL_FILE_BYTES:
        raise _too_large(member)
    try:
        data = member.read()
    except UnreadableMemberError as error:
        if error.reason.code is SkipReason.FILE_TOO_LARGE:
            raise _too_large(member) from error
        raise DataError(
            N_("The label file {file} cannot be read: {reason}."),
            file=member.name,
            reason=error.reason.message,
        ) from error
    if len(data) > MAX_LABEL_FILE_BYTES:
        raise _too_large(member)
    return data


def _size_on_disk(member: Member) -> int:
    """Size before reading; 0 where it is unknown."""
    try:
        return member.path.stat().st_size if member.path else 0
    except OSError:
        return 0


def _too_large(member: Member) -> DataError:
    return DataError(
        N_("The label file {file} is larger than {limit} MB. Split it, and import the parts."),
        file=member.name,
        limit=MAX_LABEL_FILE_BYTES >> 20,
    )


def parse_json(text: str, name: str, line: int | None = None) -> Any:
    """Parse JSON from a stranger's file.

    Raises:
        DataError: it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        position = line or getattr(error, "lineno", 1)
        raise DataError(
            N_("Line {line} of {file} is not valid JSON: {error}. Export the labels again."),
            line=position,
            file=name,
            error=getattr(error, "msg", None) or Message(N_("nested too deeply")),
        ) from error


def _without_picture(value: Any) -> Any:
    """Drop the copy of the picture that LabelMe writes into each of its files."""
    if isinstance(value, dict):
        value.pop("imageData", None)
    return value


def is_picture_name(name: str) -> bool:
    """True for a file name with the suffix of a picture."""
    return name.lower().endswith(PICTURE_SUFFIXES)


def suffix_of(name: str) -> str:
    """The last suffix of a file name in lower case, such as “.json”; "" without one."""
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def _keep(cache: dict[str, _Value], member: Member, value: _Value) -> None:
    """Add the content of a label file to a cache, which forgets the oldest one."""
    cache[member.name] = value
    if len(cache) > _MOST_KEPT:
        del cache[next(iter(cache))]


def _nearest_first(groups: Iterable[Sequence[Member]]) -> list[Member]:
    members = [member for group in groups for member in group]
    return sorted(members, key=lambda member: (len(member.parts), member.name))


def _suffix_of(member: Member) -> str:
    """The last suffix in small letters; empty for a file without one."""
    name = member.parts[-1].lower()
    return name[name.rfind(".") :] if "." in name[1:] else ""


def _reason_against(member: Member) -> Reason | None:
    """The reason why a file cannot be read as a picture."""
    try:
        load_picture(member.read(), _TRIED_SIDE)
    except UnreadableMemberError as error:
        return error.reason
    except UnreadableImageError as error:
        return Reason.of(error.message)
    return None
