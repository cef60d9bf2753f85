"""Label tables of a source: those that name its pictures and give their classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.data.formats.picture_index import PictureIndex
from core.data.formats.survey import Survey, suffix_of
from core.data.formats.tables.cells import Meaning, meaning_of
from core.data.formats.tables.column_names import LABEL_NAMES, is_exactly
from core.data.formats.tables.columns import Roles, find_roles
from core.data.formats.tables.folder_splits import split_in_name, splits_of_folders
from core.data.formats.tables.json_tables import JSON_SUFFIXES, read_json_table
from core.data.import_config import ImportConfig
from core.data.labels.layout import Split
from core.data.labels.tables import READABLE_SUFFIXES, LabelTable
from core.data.sources.members import Member
from core.errors import DataError
from core.messages import N_

# If none of so many tables names pictures, no further one is read; otherwise those of the same kind are.
_MOST_LOOKED_AT = 20
# A table is one of labels if so many of its rows name pictures, or its rows name so many of the pictures.
_LEAST_SHARE = 0.5
# Share of the best table's pictures from which a table with a better label column wins.
_NEARLY_AS_MANY = 0.5
_SUBMISSION = "submission"  # Kaggle's example of an answer: its labels are made up


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """A table with the roles of its columns and the pictures that it names."""

    table: LabelTable
    # None for a table that was given beside the source.
    member: Member | None
    roles: Roles
    meaning: Meaning
    # Indices among ``Survey.pictures`` that each row may mean.
    matches: list[list[int]] = field(repr=False)

    @property
    def count(self) -> int:
        """Number of rows that name exactly one picture."""
        return sum(len(indices) == 1 for indices in self.matches)

    @property
    def classes(self) -> set[str]:
        return {name for labels in self.meaning.labels for name in labels or ()}

    @property
    def split(self) -> Split | None:
        """The part of the split that the table's own name says, as in “train.csv”."""
        return _split_of_name(self.table.name)


@dataclass(frozen=True, kw_only=True)
class TablesFound:
    """Tables to use, and the errors of tables that nearly are some."""

    used: Sequence[TableSource]
    errors: Sequence[DataError] = ()


def find_tables(survey: Survey, config: ImportConfig) -> TablesFound:
    """Find the tables that name most of the source's pictures; several with the same columns go together."""
    key = ("label_tables", config.multi_label, config.columns)
    if key not in survey.results:
        survey.results[key] = _find(survey, config)
    found: TablesFound = survey.results[key]
    return found


def _find(survey: Survey, config: ImportConfig) -> TablesFound:
    sources: list[TableSource] = []
    suffixes: set[str] = set()
    errors: list[DataError] = []
    for position, member in enumerate(_candidates(survey)):
        if position >= _MOST_LOOKED_AT and suffix_of(member.parts[-1]) not in suffixes:
            continue
        try:
            source = open_table(_table_of(survey, member), member, survey, config)
        except DataError as error:
            if not member.parts[-1].lower().endswith(JSON_SUFFIXES):
                errors.append(error)
            continue
        if source.count >= max(1, _LEAST_SHARE * min(len(source.table.rows), len(survey.pictures))):
            sources.append(source)
            suffixes.add(suffix_of(member.parts[-1]))
        elif member.parts[-1].lower().endswith(READABLE_SUFFIXES):
            errors.append(_names_few(source, survey))
    groups: dict[tuple[str, ...], list[TableSource]] = defaultdict(list)
    for source in sources:
        groups[tuple(sorted(name.casefold() for name in source.table.columns))].append(source)
    usable = [_without_placeholders(group) for group in _joined(list(groups.values()))]
    usable = [group for group in usable if len(set().union(*(source.classes for source in group))) > 1]
    return TablesFound(used=_best(usable), errors=errors)


def open_table(table: LabelTable, member: Member | None, survey: Survey, config: ImportConfig) -> TableSource:
    """Find the roles of a table's columns, its labels, and the pictures of its rows.

    Raises:
        DataError: no column names pictures, or none can hold classes.
    """
    index, offsets = _index_for(member, survey)
    roles = find_roles(table, index, config.columns)
    if config.columns is None and _has_no_header(table, roles, index):
        table = table.with_header_as_row()
        roles = find_roles(table, index)
    names = table.column(roles.file)
    if offsets is not None and index.share(names) < _LEAST_SHARE:
        index, offsets = survey.index, None
        roles = find_roles(table, index, config.columns)
        names = table.column(roles.file)
    matches = index.find_all(names)
    if offsets is not None:
        matches = [[offsets[position] for position in positions] for positions in matches]
    matches = _in_part(matches, _split_of_name(table.name), survey)
    is_settled = config.columns is not None and config.columns.is_complete
    meaning = meaning_of(table, roles, multi_label=config.multi_label, is_settled=is_settled)
    return TableSource(table=table, member=member, roles=roles, meaning=meaning, matches=matches)


def _has_no_header(table: LabelTable, roles: Roles, index: PictureIndex) -> bool:
    """True if the header itself names a picture and one of the classes."""
    return bool(roles.label) and roles.label in table.column(roles.label) and index.count([roles.file]) == 1


def _candidates(survey: Survey) -> list[Member]:
    """Files that may be tables, those nearest to the root first."""
    members = survey.ending(*READABLE_SUFFIXES, *JSON_SUFFIXES)
    return [member for member in members if _SUBMISSION not in member.parts[-1].lower()]


def _table_of(survey: Survey, member: Member) -> LabelTable:
    if member.parts[-1].lower().endswith(JSON_SUFFIXES):
        return read_json_table(survey, member)
    return survey.label_table(member)


def _index_for(member: Member | None, survey: Survey) -> tuple[PictureIndex, list[int] | None]:
    """Index of the pictures below the table's own folder, with their indices among all pictures."""
    folder = member.parts[:-1] if member else ()
    offsets = _positions_by_folder(len(folder), survey).get(folder)
    if not offsets or len(offsets) == len(survey.pictures):
        return survey.index, None
    return PictureIndex([survey.pictures[position] for position in offsets]), offsets


def _positions_by_folder(depth: int, survey: Survey) -> dict[tuple[str, ...], list[int]]:
    """Positions of the pictures below each folder of a depth; each of many tables has a folder of its own."""
    key = ("positions_by_folder", depth)
    if key not in survey.results:
        positions: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for position, picture in enumerate(survey.pictures):
            positions[picture.parts[:depth]].append(position)
        survey.results[key] = dict(positions)
    found: dict[tuple[str, ...], list[int]] = survey.results[key]
    return found


def _split_of_name(table: str) -> Split | None:
    part = split_in_name(table.rpartition("/")[2].rpartition(".")[0])
    return part[0] if part else None


def _in_part(matches: list[list[int]], split: Split | None, survey: Survey) -> list[list[int]]:
    """Of several pictures with one name, keep those in the part that the table's name says."""
    if split is None or all(len(indices) < 2 for indices in matches):
        return matches
    splits = splits_of_folders([survey.inner_path(picture) for picture in survey.pictures])
    return [
        [index for index in indices if splits[index] is split] or indices if len(indices) > 1 else indices
        for indices in matches
    ]


def _joined(groups: list[list[TableSource]]) -> list[list[TableSource]]:
    """Join groups that give the classes in columns of the same name, and name other pictures.

    Tables of one dataset may differ in further columns.
    """
    joined: list[tuple[list[TableSource], set[int]]] = []
    for group in groups:
        pictures = {indices[0] for source in group for indices in source.matches if len(indices) == 1}
        for others, named in joined:
            if _class_columns(others[0]) == _class_columns(group[0]) and named.isdisjoint(pictures):
                others += group
                named |= pictures
                break
        else:
            joined.append((list(group), pictures))
    return [group for group, _ in joined]


def _class_columns(source: TableSource) -> tuple[str, ...]:
    return tuple(name.casefold() for name in source.roles.flags or (source.roles.label,))


def _without_placeholders(group: list[TableSource]) -> list[TableSource]:
    """Leave out a “test.csv” with one and the same label for all, beside tables with several."""
    if not any(len(source.classes) > 1 for source in group):
        return group
    return [source for source in group if source.split is not Split.TEST or len(source.classes) != 1]


def _best(groups: Sequence[list[TableSource]]) -> list[TableSource]:
    """The tables with the most pictures, but those with a column that is called “label” before others."""
    counts = [sum(source.count for source in group) for group in groups]
    enough = [
        (group, count)
        for group, count in zip(groups, counts, strict=True)
        if count >= _NEARLY_AS_MANY * max(counts)
    ]

    def merit(pair: tuple[list[TableSource], int]) -> tuple[bool, int]:
        roles = pair[0][0].roles
        return bool(roles.flags) or is_exactly(roles.label, LABEL_NAMES), pair[1]

    return max(enough, key=merit)[0] if enough else []


def _names_few(source: TableSource, survey: Survey) -> DataError:
    missing = [
        name
        for name, indices in zip(source.table.column(source.roles.file), source.matches, strict=True)
        if not indices
    ]
    return DataError(
        N_(
            "{table} names only {count} of the {total} pictures that came with it. Its column “{column}” has “{cell}”; a picture is called “{picture}”."
        ),
        table=source.table.name,
        count=source.count,
        total=len(survey.pictures),
        column=source.roles.file,
        cell=missing[0] if missing else "",
        picture=survey.pictures[0].name if survey.pictures else "–",
    )
