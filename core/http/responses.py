"""JSON answers of the API."""

from __future__ import annotations

import math

from starlette.responses import JSONResponse, Response

from core.records import JsonValue


def json_response(value: JsonValue, status: int = 200) -> Response:
    """Write JSON; numbers that are none become null."""
    try:
        return JSONResponse(value, status_code=status)
    except ValueError:
        return JSONResponse(_without_nan(value), status_code=status)


def _without_nan(value: JsonValue) -> JsonValue:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return {name: _without_nan(item) for name, item in value.items()} if isinstance(value, dict) else value
