"""JSON Schema (2020-12, as OpenAPI 3.1 has it) of records, derived from their type hints."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from core.http.note import Note, notes_of
from core.messages import Message
from core.records import JsonObject, Record, to_json_value

_PLAIN: dict[Any, JsonObject] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Path: {"type": "string"},
    Any: {},
    object: {},
}
_MESSAGE: JsonObject = {
    "type": "object",
    "description": "A sentence: a template with values.",
    "required": ["template", "values"],
    "properties": {
        "template": {"type": "string"},
        "values": {"type": "object"},
        "code": {"type": "string"},
    },
}


class Schemas:
    """Schemas of the records of one document, each under the name of its class."""

    def __init__(self) -> None:
        self.components: dict[str, JsonObject] = {}
        self._names: dict[type[Record], str] = {}

    def reference(self, kind: type[Record]) -> JsonObject:
        """Refer to a record's schema, which is added to the document."""
        name = self._name_of(kind)
        if name not in self.components:
            self.components[name] = {}  # records may contain themselves
            self.components[name] = self._record(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def of(self, hint: Any) -> JsonObject:
        """Schema of a type hint."""
        if isinstance(hint, type) and issubclass(hint, Record):
            return self.reference(hint)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return {"type": "string", "enum": [member.value for member in hint]}
        if hint is Message:
            return _MESSAGE
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in {Union, types.UnionType}:
            return self._union(arguments)
        if origin is tuple:
            return self._tuple(arguments)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        # Settings that are no record, such as those of augmentation.
        if isinstance(hint, type) and hasattr(hint, "from_json"):
            return {"type": "object"}
        return dict(_PLAIN.get(hint, {}))

    def _name_of(self, kind: type[Record]) -> str:
        """Name a record by its class; of two classes with one name, the later one by its module, too."""
        if kind not in self._names:
            name = kind.__name__
            if name in self._names.values():
                name = kind.__module__.rpartition(".")[2].title().replace("_", "") + name
            self._names[kind] = name
        return self._names[kind]

    def properties(self, kind: type[Record]) -> dict[str, JsonObject]:
        """Schemas of a record's fields, with descriptions, limits and defaults."""
        hints, notes = get_type_hints(kind), notes_of(kind)
        return {
            field.name: self._noted(self.of(hints[field.name]), notes.get(field.name))
            | _default_of(field.default)
            for field in fields(kind)  # type: ignore[arg-type]  # every subclass is a dataclass
        }

    def _record(self, kind: type[Record]) -> JsonObject:
        schema: JsonObject = {
            "type": "object",
            "description": (kind.__doc__ or "").partition("\n")[0],
            "properties": self.properties(kind),
            "additionalProperties": False,
        }
        required = required_fields(kind)
        return schema | ({"required": required} if required else {})

    def _union(self, options: tuple[Any, ...]) -> JsonObject:
        others = [self.of(option) for option in options if option is not type(None)]
        if type(None) not in options:
            return {"anyOf": others}
        return {"anyOf": [*others, {"type": "null"}]}

    def _tuple(self, arguments: tuple[Any, ...]) -> JsonObject:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", "items": self.of(arguments[0])}
        items = [self.of(argument) for argument in arguments]
        is_uniform = all(item == items[0] for item in items)
        each: JsonObject = {"items": items[0]} if is_uniform else {"prefixItems": items}
        return {"type": "array", **each, "minItems": len(items), "maxItems": len(items)}

    def _noted(self, schema: JsonObject, note: Note | None) -> JsonObject:
        if note is None:
            return schema
        schema = dict(note.schema) if note.schema is not None else schema
        if note.fields_of is not None:
            properties = self.properties(note.fields_of)
            kept = {name: properties[name] for name in properties if name not in note.without}
            schema = {"type": "object", "properties": kept}
            schema["additionalProperties"] = False
        if note.text:
            schema["description"] = note.text
        limits: JsonObject = {"minimum": note.minimum, "maximum": note.maximum}
        if note.most is not None:
            limits["maxItems" if schema.get("type") == "array" else "maxLength"] = note.most
        target = schema["anyOf"][0] if "anyOf" in schema else schema
        target.update({name: limit for name, limit in limits.items() if limit is not None})
        return schema

    @cached_property
    def problem(self) -> JsonObject:
        """Refer to the schema of a problem (RFC 9457)."""
        self.components["Problem"] = {
            "type": "object",
            "description": "Reason why a request failed (RFC 9457).",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "One sentence: what happened, and what to do."},
                "error": {"type": "string", "description": "The same sentence."},
                "code": {"type": "string", "description": "The kind of error, for programs."},
            },
        }
        return {"$ref": "#/components/schemas/Problem"}


def required_fields(kind: type[Record]) -> list[str]:
    """Names of a record's fields without a default."""
    return [
        field.name
        for field in fields(kind)  # type: ignore[arg-type]  # every subclass is a dataclass
        if field.default is MISSING and field.default_factory is MISSING
    ]


def _default_of(value: Any) -> JsonObject:
    return {} if value is MISSING or value is None else {"default": to_json_value(value)}
