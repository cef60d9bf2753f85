"""OpenAPI 3.1 document of the API, made from its endpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus

import core
from core.http.access.tokens import Scope
from core.http.endpoint import QUALIFIED_PARAMETERS, Endpoint
from core.http.note import QUALIFIED_ID
from core.http.openapi.schema import Schemas, required_fields
from core.http.problems import MEDIA_TYPE
from core.records import JsonObject, Record

_PARAMETER = re.compile(r"{(\w+)}")
_DESCRIPTION = (
    "Everything that Darkroom's pages do. A server that listens on one computer alone answers that computer's "
    "programs without a token; all others send “Authorization: Bearer TOKEN”."
)
_PICTURES_FORM: JsonObject = {
    "type": "object",
    "required": ["picture"],
    "properties": {
        "picture": {
            "type": "array",
            "minItems": 1,
            "description": "Picture files.",
            "items": {"type": "string", "format": "binary"},
        }
    },
}


def openapi_document(endpoints: Sequence[Endpoint]) -> JsonObject:
    """Describe endpoints, with the schemas of every record that they take and return."""
    schemas, paths = Schemas(), dict[str, JsonObject]()
    problem = {"description": "The request failed.", "content": {MEDIA_TYPE: {"schema": schemas.problem}}}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Darkroom", "version": core.__version__, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": {"Problem": problem},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def operation_id(endpoint: Endpoint) -> str:
    """Name an operation by its module and its handler: ``runs_train``."""
    return f"{endpoint.handler.__module__.rpartition('.')[2]}_{endpoint.handler.__name__}"


def _operation(endpoint: Endpoint, schemas: Schemas) -> JsonObject:
    operation: JsonObject = {
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint, schemas),
        "responses": {
            str(endpoint.status): _success(endpoint, schemas),
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
        "security": _security(endpoint.scope),
    }
    if endpoint.scope is not None:
        operation["x-scope"] = endpoint.scope.value
    body = _body(endpoint, schemas)
    return operation | ({"requestBody": {"required": True, "content": body}} if body else {})


def _security(scope: Scope | None) -> list[JsonObject]:
    # A local server needs no token.
    return [] if scope is None else [{}, {"token": []}]


def _parameters(endpoint: Endpoint, schemas: Schemas) -> list[JsonObject]:
    names = _PARAMETER.findall(endpoint.path)
    in_path = [_path_parameter(name, is_qualified="project" not in names) for name in names]
    return in_path + (_query(endpoint.query, schemas) if endpoint.query else [])


def _path_parameter(name: str, *, is_qualified: bool) -> JsonObject:
    parameter: JsonObject = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if is_qualified and name in QUALIFIED_PARAMETERS:
        parameter["description"] = QUALIFIED_ID
    return parameter


def _query(kind: type[Record], schemas: Schemas) -> list[JsonObject]:
    required = required_fields(kind)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema.pop("description", ""),
            # A parameter that is left out is null.
            "schema": schema["anyOf"][0] if "anyOf" in schema else schema,
        }
        for name, schema in schemas.properties(kind).items()
    ]


def _body(endpoint: Endpoint, schemas: Schemas) -> JsonObject:
    content: JsonObject = {}
    if endpoint.body is not None:
        content["application/json"] = {"schema": schemas.reference(endpoint.body)}
    if endpoint.takes_pictures:
        content["multipart/form-data"] = {"schema": _PICTURES_FORM}
    return content


def _success(endpoint: Endpoint, schemas: Schemas) -> JsonObject:
    response: JsonObject = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.answer is not None:
        response["content"] = {"application/json": {"schema": schemas.reference(endpoint.answer)}}
    elif endpoint.media_type:
        response["content"] = {endpoint.media_type: {}}
    return response
