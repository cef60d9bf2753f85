"""Messages: translatable sentences for people.

A message is an English template with values, so that a worker can write it to disk and a page can
show it in the language of the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.formatting import with_minus


def N_(template: str) -> str:  # noqa: N802 - the name gettext's tools look for
    """Mark an English template for translation and return it unchanged."""
    return template


def first_of(names: Sequence[str], most: int = 12) -> str:
    """List names for a sentence; of more than ``most``, the first ones and the number of all."""
    shown = ", ".join(names[:most])
    return f"{shown}, … ({len(names):,})" if len(names) > most else shown


@dataclass(frozen=True)
class Message:
    """English template with named fields, and their values.

    A value can be a message itself, such as a reason. ``code`` identifies messages that programs
    recognise, because templates can be reworded at any time.
    """

    template: str
    values: dict[str, Any] = field(default_factory=dict)
    code: str = ""

    def __str__(self) -> str:
        return self.render()

    def render(self, translate: Callable[[str], str] = str) -> str:
        """Translate the template and fill in the values."""
        values = {key: _shown(value, translate) for key, value in self.values.items()}
        return translate(self.template).format(**values)

    def to_json(self) -> dict[str, Any]:
        values = {
            key: value.to_json() if isinstance(value, Message) else value
            for key, value in self.values.items()
        }
        record = {"template": self.template, "values": values}
        return record | {"code": self.code} if self.code else record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Message:
        values = {
            key: cls.from_json(value) if isinstance(value, dict) else value
            for key, value in record["values"].items()
        }
        return cls(record["template"], values, record.get("code", ""))


@dataclass(frozen=True)
class _NegativeNumber:
    """Number below 0, which a template writes with a minus sign instead of a hyphen."""

    value: float

    def __format__(self, form: str) -> str:
        return with_minus(format(self.value, form))


def _shown(value: Any, translate: Callable[[str], str]) -> Any:
    if isinstance(value, Message):
        return value.render(translate)
    return _NegativeNumber(value) if isinstance(value, int | float) and value < 0 else value
