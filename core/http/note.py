"""Notes on the fields of records: descriptions and limits, for the documentation and for the check of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from core.errors import ConfigError
from core.messages import N_
from core.records import Record

# About the id of a run, a search, a batch or another job.
QUALIFIED_ID = (
    "PROJECT/ID where several projects have one of this id, as those restored beside the original do."
)


@dataclass(frozen=True, kw_only=True)
class Note:
    """Description and limits of one field: ``top: Annotated[int, Note(text="…", minimum=1)] = 5``."""

    text: str = ""
    minimum: float | None = None
    maximum: float | None = None
    # characters of a text, or items of a list
    most: int | None = None
    # JSON Schema that replaces the one of the field's type
    schema: Mapping[str, Any] | None = None
    # the value may have any fields of this record; all are optional
    fields_of: type[Record] | None = None
    # but these
    without: tuple[str, ...] = ()


_NOTES: dict[type, Mapping[str, Note]] = {}


def notes_of(kind: type[Record]) -> Mapping[str, Note]:
    """Notes of a record's fields, by name; read once for each class."""
    if kind not in _NOTES:
        _NOTES[kind] = {
            name: note
            for name, hint in get_type_hints(kind, include_extras=True).items()
            if get_origin(hint) is Annotated
            for note in get_args(hint)[1:]
            if isinstance(note, Note)
        }
    return _NOTES[kind]


def require_limits(record: Record) -> None:
    """Check the values of a record against its notes.

    Raises:
        ConfigError: a value is beyond its limit.
    """
    for name, note in notes_of(type(record)).items():
        value = getattr(record, name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            _require_between(name, value, note)
        if isinstance(value, str | Sequence) and note.most is not None and len(value) > note.most:
            raise ConfigError(
                N_("{name} has a length of {length}; at most {limit} is possible."),
                name=name,
                length=len(value),
                limit=note.most,
            )


def _require_between(name: str, value: float, note: Note) -> None:
    low = float("-inf") if note.minimum is None else note.minimum
    high = float("inf") if note.maximum is None else note.maximum
    if not low <= value <= high:
        raise ConfigError(
            N_("{name} is {value}; it must lie between {low} and {high}."),
            name=name,
            value=value,
            low=low,
            high=high,
        )
