"""Language models list, predict, train and evaluate through the functions of the API."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from core.evaluation.report import read_report
from core.files import read_json_lines
from core.http.access.audit import AuditEntry, audit_file, refused_file
from core.http.access.tokens import Scope, create_token
from core.http.protocols.mcp import TOOLS, VERSIONS, ListArguments, Tool, local_call, serve_lines
from core.workspace import Project
from tests.support.api_client import post
from tests.support.http_client import ask
from tests.support.pictures import digit
from tests.support.tables import extend_table


def message(method: str, key: object = 1, **parameters: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": key, "method": method, "params": parameters}


def tool(name: str, **arguments: Any) -> Any:
    reply = post("/api/mcp", message("tools/call", name=name, arguments=arguments))
    assert reply.status == 200
    return reply.json["result"]


def test_a_handshake_agrees_on_a_version() -> None:
    for asked, given in (("2025-03-26", "2025-03-26"), ("1999-01-01", VERSIONS[0])):
        result = post("/api/mcp", message("initialize", protocolVersion=asked, capabilities={})).json[
            "result"
        ]
        assert result["protocolVersion"] == given
        assert result["capabilities"] == {"tools": {}}
    notified = post("/api/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (notified.status, notified.body) == (202, b"")
    assert post("/api/mcp", message("ping")).json["result"] == {}


def test_every_tool_says_what_it_takes() -> None:
    tools = post("/api/mcp", message("tools/list")).json["result"]["tools"]
    assert [one["name"] for one in tools] == ["list", "predict", "train", "evaluate"]
    assert tools[1]["inputSchema"]["required"] == ["run", "image"]
    assert "$ref" not in json.dumps(tools)


def test_a_new_tool_is_listed_and_called_by_its_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Tool(
        name="throwaway",
        description="Answers its own project.",
        arguments=ListArguments,
        scope=Scope.READ,
        run=lambda call, arguments: arguments,
    )
    extend_table(monkeypatch, TOOLS, row)
    listed = post("/api/mcp", message("tools/list")).json["result"]["tools"]
    assert listed[-1]["description"] == "Answers its own project."
    assert tool("throwaway", project="Pets")["structuredContent"] == {"project": "Pets"}


def test_the_tools_answer_as_the_api_does(finished_run: Path, digits_project: Project) -> None:
    assert tool("list")["structuredContent"] == ask("/api/v1/projects").json
    listed = tool("list", project=digits_project.name)["structuredContent"]
    assert [run["job"]["id"] for run in listed["runs"]] == [finished_run.name]
    image = base64.b64encode(digit(3)).decode()
    answer = tool("predict", run=finished_run.name, image=image, top=1)["structuredContent"]
    assert len(answer["predictions"][0]["classes"]) == 1
    evaluated = tool("evaluate", run=finished_run.name)
    assert evaluated["structuredContent"]["report"]["accuracy"] == read_report(finished_run).accuracy
    assert json.loads(evaluated["content"][0]["text"]) == evaluated["structuredContent"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("predict", {"run": "run-none", "image": ""}),
        ("predict", {"run": "run-none"}),
        ("predict", {"run": "run-none", "image": "", "colour": 1}),
        ("train", {"project": "none"}),
        ("train", {"project": "none", "settings": []}),
        ("evaluate", {"run": ".."}),
    ],
)
def test_what_goes_wrong_is_a_sentence_for_the_model(name: str, arguments: dict[str, Any]) -> None:
    result = tool(name, **arguments)
    assert result["isError"]
    assert result["content"][0]["text"].endswith(".")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([], -32600),
        (5, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        (message("server/discover"), -32601),
        (message("tools/call", name="none"), -32602),
    ],
)
def test_another_message_is_an_error_of_json_rpc(content: Any, code: int) -> None:
    assert post("/api/mcp", content).json["error"]["code"] == code


def test_a_tool_needs_the_scope_of_what_it_does() -> None:
    _, secret = create_token("model", [Scope.PREDICT])
    headers = {"Authorization": f"Bearer {secret}"}
    result = post("/api/mcp", message("tools/call", name="list"), headers=headers).json["result"]
    assert "this request needs “read”" in result["content"][0]["text"]
    from_elsewhere = {"Origin": "http://evil.example"}
    assert post("/api/mcp", message("tools/call", name="list"), headers=from_elsewhere).status == 403


def test_a_body_is_read_only_of_those_who_may_do_something() -> None:
    """It can be large, and parsing it takes a core."""

    def unread() -> bytes:
        raise AssertionError("the body was read")

    assert ask("/api/mcp", method="POST", body=(unread,), is_local=False).status == 401


def test_the_log_names_who_started_a_training_or_was_refused_one() -> None:
    (may, secret), (camera, other) = create_token("m", [Scope.TRAIN]), create_token("c", [Scope.PREDICT])
    for one in (secret, other):
        headers = {"Authorization": f"Bearer {one}"}
        start = message("tools/call", name="train", arguments={"project": "none"})
        assert post("/api/mcp", start, headers=headers).json["result"]["isError"]
    logs = [read_json_lines(file) for file in (audit_file(), refused_file())]
    entries = [[AuditEntry.from_json(line) for line in log] for log in logs]
    assert [[(one.token, one.status) for one in log] for log in entries] == [
        [(may.id, 200)],
        [(camera.id, 403)],
    ]


def test_another_version_and_another_method_are_refused() -> None:
    reply = post("/api/mcp", message("ping"), headers={"MCP-Protocol-Version": "1900-01-01"})
    assert reply.status == 400
    assert ask("/api/mcp").status == 405


def test_lines_are_answered_by_lines() -> None:
    """A client starts the command and speaks to its standard input."""
    written: list[str] = []
    lines = [
        json.dumps(message("ping", key="a")) + "\n",
        "\n",
        "no json\n",
        json.dumps(message("tools/list")) + "\n",
    ]
    serve_lines(lines, written.append, local_call())
    answers = [json.loads(line) for line in written]
    assert [answer["id"] for answer in answers] == ["a", None, 1]
    assert answers[1]["error"]["code"] == -32700
    assert all(line.count("\n") == 1 for line in written)
