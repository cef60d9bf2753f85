"""Model Context Protocol: tools for language models, over HTTP (``/api/mcp``) and standard input and output.

The server keeps no sessions: each message is answered by itself, by one JSON object. Source:
modelcontextprotocol.io, revisions 2024-11-05 to 2025-11-25. The official SDK would bring more than
twenty packages for these few messages; ``make test-exports`` holds its client against this module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from starlette.responses import Response

import core
from core.errors import ConfigError, DarkroomError
from core.http.access.guard import Caller
from core.http.access.tokens import Scope
from core.http.endpoint import Answer, Call, Endpoint, SentPicture
from core.http.inference.answers import PredictOptions
from core.http.inference.classifiers import LoadedClassifiers
from core.http.metrics import Metrics
from core.http.note import QUALIFIED_ID, Note
from core.http.openapi.schema import Schemas, required_fields
from core.http.receiving import parse_json, parse_record, picture_of_base64
from core.http.responses import json_response
from core.http.v1 import prediction, projects, runs
from core.http.v1.runs import NewRun
from core.http.v1.views import RunView
from core.records import JsonObject, Record

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
VERSION_HEADER = "MCP-Protocol-Version"
_NO_JSON, _INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMETERS = -32700, -32600, -32601, -32602


@dataclass(frozen=True, kw_only=True)
class ListArguments(Record):
    """Choice of a project."""

    project: Annotated[str | None, Note(text="List the runs of this project; without it, the projects.")] = (
        None
    )


@dataclass(frozen=True, kw_only=True)
class PredictArguments(Record):
    """A picture and the run that classifies it."""

    run: Annotated[str, Note(text=f"Id of a run that is ready. {QUALIFIED_ID}")]
    image: Annotated[str, Note(text="The picture file in Base64.")]
    top: Annotated[int, Note(text="Most probable classes to return.", minimum=1, maximum=1000)] = 5


@dataclass(frozen=True, kw_only=True)
class TrainArguments(Record):
    """A project and settings of its training."""

    project: str
    name: Annotated[str, Note(text="Name of the run.", most=80)] = ""
    settings: Annotated[
        Mapping[str, Any], Note(text="Such as backbone, recipe, epochs; all have good defaults.")
    ] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EvaluateArguments(Record):
    """A run."""

    run: Annotated[str, Note(text=f"Id of a run. {QUALIFIED_ID}")]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool: a row of the table."""

    name: str
    description: str
    arguments: type[Record]
    scope: Scope
    run: Callable[[Call, Any], Answer]


def _list(call: Call, arguments: ListArguments) -> Answer:
    if arguments.project is None:
        return projects.list_all(call)
    return runs.list_all(replace(call, path={"project": arguments.project}))


def _predict(call: Call, arguments: PredictArguments) -> Answer:
    picture: SentPicture = picture_of_base64("picture", arguments.image)
    options = PredictOptions(top=arguments.top)
    return prediction.predict(
        replace(call, path={"run": arguments.run}, query=options, body=None, pictures=(picture,))
    )


def _train(call: Call, arguments: TrainArguments) -> RunView:
    body = parse_record({"name": arguments.name, "settings": arguments.settings}, NewRun)
    return runs.train(replace(call, path={"project": arguments.project}, body=body))


def _evaluate(call: Call, arguments: EvaluateArguments) -> Answer:
    return runs.report(replace(call, path={"run": arguments.run}))


TOOLS = (
    Tool(
        name="list",
        description="List the projects with their classes, or the runs of a project with their accuracy.",
        arguments=ListArguments,
        scope=Scope.READ,
        run=_list,
    ),
    Tool(
        name="predict",
        description="Classify a picture with a finished run; answers calibrated probabilities.",
        arguments=PredictArguments,
        scope=Scope.PREDICT,
        run=_predict,
    ),
    Tool(
        name="train",
        description="Start a training run on a project's newest pictures. It goes on in the background; list its project to follow it.",
        arguments=TrainArguments,
        scope=Scope.TRAIN,
        run=_train,
    ),
    Tool(
        name="evaluate",
        description="Read a run's metrics on its test pictures, with 95% intervals.",
        arguments=EvaluateArguments,
        scope=Scope.READ,
        run=_evaluate,
    ),
)


def answer_message(message: Any, call: Call) -> JsonObject | None:
    """Answer one message; None for a notification, which wants no answer."""
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return _failed(None, _INVALID_REQUEST, "A message must be one JSON-RPC 2.0 object with a method.")
    if "id" not in message:
        return None
    key, parameters = message["id"], message.get("params")
    parameters = parameters if isinstance(parameters, dict) else {}
    match message["method"]:
        case "initialize":
            return _succeeded(key, _initialized(parameters))
        case "ping":
            return _succeeded(key, {})
        case "tools/list":
            return _succeeded(key, {"tools": [_described(tool) for tool in TOOLS]})
        case "tools/call":
            return _called(key, parameters, call)
        case method:
            return _failed(key, _NO_METHOD, f"There is no method {method[:80]}.")


def respond(call: Call) -> Response:
    """Answer a message over HTTP."""
    version = call.headers.get(VERSION_HEADER)
    if version is not None and version not in VERSIONS:
        sentence = f"{VERSION_HEADER} must be one of {', '.join(VERSIONS)}."
        return json_response(_failed(None, _INVALID_REQUEST, sentence), 400)
    answer = answer_message(parse_json(call.raw), call)
    return Response(status_code=202) if answer is None else json_response(answer)


def serve_lines(lines: Iterable[str], write: Callable[[str], object], call: Call) -> None:
    """Answer messages that stand one a line, as on standard input and output.

    Args:
        write: takes one answer with its line end.
    """
    for line in filter(str.strip, lines):
        try:
            answer = answer_message(parse_json(line.encode()), call)
        except ConfigError as error:
            answer = _failed(None, _NO_JSON, str(error))
        if answer is not None:
            write(json.dumps(answer) + "\n")


def local_call() -> Call:
    """Call of a program that this computer's user has started, so it may do everything."""
    return Call(
        caller=Caller(token=None, address="", is_here=True),
        require_scope=lambda scope: None,
        path={},
        query=None,
        body=None,
        pictures=(),
        raw=b"",
        headers={},
        classifiers=LoadedClassifiers(),
        metrics=Metrics(),
    )


def _initialized(parameters: JsonObject) -> JsonObject:
    asked = parameters.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "darkroom", "version": core.__version__},
    }


def _described(tool: Tool) -> JsonObject:
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": {
            "type": "object",
            "properties": Schemas().properties(tool.arguments),
            "required": required_fields(tool.arguments),
        },
    }


def _called(key: Any, parameters: JsonObject, call: Call) -> JsonObject:
    tool = next((tool for tool in TOOLS if tool.name == parameters.get("name")), None)
    if tool is None:
        known = ", ".join(tool.name for tool in TOOLS)
        return _failed(key, _INVALID_PARAMETERS, f"There is no such tool. Choose from: {known}.")
    try:
        call.require_scope(tool.scope)
        answer = tool.run(call, parse_record(parameters.get("arguments") or {}, tool.arguments))
    # The model reads the sentence and can try again.
    except DarkroomError as error:
        return _succeeded(key, {"content": [{"type": "text", "text": str(error)}], "isError": True})
    assert isinstance(answer, Record)
    values = answer.to_json()
    text = json.dumps(values, ensure_ascii=False)
    return _succeeded(
        key,
        {"content": [{"type": "text", "text": text}], "structuredContent": values, "isError": False},
    )


def _succeeded(key: Any, result: JsonObject) -> JsonObject:
    return {"jsonrpc": "2.0", "id": key, "result": result}


def _failed(key: Any, code: int, sentence: str) -> JsonObject:
    return {"jsonrpc": "2.0", "id": key, "error": {"code": code, "message": sentence}}


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/mcp",
        summary="Answer a message of the Model Context Protocol.",
        # Each tool has its own.
        scope=None,
        needs_token=True,
        handler=respond,
        takes_raw=True,
        predicts=True,
    ),
)
