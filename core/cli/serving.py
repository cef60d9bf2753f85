"""Commands of the HTTP API: tokens, and a server for one run."""

from __future__ import annotations

import argparse
import sys

from core.cli.command import Command
from core.cli.terminal import Answer
from core.delivery.export import require_offered
from core.delivery.formats.litert.tflite_format import TFLITE
from core.errors import ConfigError
from core.http.access.tokens import ApiToken, Scope, create_token, list_tokens, revoke_token
from core.http.access.uses import last_use
from core.http.server import is_loopback, require_free, serve_run
from core.messages import N_
from core.workspace import find_run

DEFAULT_PORT = 8600
_ACTIONS = ("create", "list", "revoke")


def _token(options: argparse.Namespace) -> Answer:
    if options.action == "list":
        return {"tokens": [_token_answer(token) for token in list_tokens()]}
    if not options.name:
        raise ConfigError(
            N_("Say which token: a name to create one, the id from “token list” to revoke one.")
        )
    if options.action == "revoke":
        return {"revoked": _token_answer(revoke_token(options.name))}
    token, secret = create_token(options.name, [Scope(scope) for scope in options.scopes])
    print("This is the only time that the token is shown.", file=sys.stderr)
    return {**_token_answer(token), "token": secret}


def _token_answer(token: ApiToken) -> Answer:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": [scope.value for scope in token.scopes],
        "created": token.created,
        "last_used": last_use(token.id),
    }


def _serve(options: argparse.Namespace) -> Answer:
    _, run = find_run(options.run)
    require_offered(run, TFLITE)
    if not is_loopback(options.host) and not list_tokens():
        raise ConfigError(
            N_(
                "A server that other computers reach needs a token. Make one first: python -m core token create NAME --scopes predict"
            )
        )
    require_free(options.host, options.port)
    print(f"{run.name} is served at http://{options.host}:{options.port}/api/docs", file=sys.stderr)
    serve_run(run, host=options.host, port=options.port, allowed_hosts=options.allowed_host)
    return {"run": run.name, "host": options.host, "port": options.port}


def _mcp(options: argparse.Namespace) -> Answer:
    from core.http.protocols.mcp import local_call, serve_lines

    def write(line: str) -> None:
        print(line, end="", flush=True)

    serve_lines(sys.stdin, write, local_call())
    return {}


def _add_token_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument("name", nargs="?", default="", help="of a new token, or the id of one to revoke")
    parser.add_argument(
        "--scopes",
        nargs="+",
        choices=[scope.value for scope in Scope],
        default=[Scope.PREDICT.value],
        help="read: look at everything; predict; train: change everything (predict)",
    )


def _add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (this computer alone)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"({DEFAULT_PORT})")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="name of the server that requests may use; can be repeated (any)",
    )


COMMANDS = (
    Command(
        name="token",
        summary="create, list or revoke tokens of the HTTP API",
        run=_token,
        add_arguments=_add_token_arguments,
    ),
    Command(
        name="serve",
        summary="serve the HTTP API of one run, without pages",
        run=_serve,
        add_arguments=_add_serve_arguments,
    ),
    Command(
        name="mcp",
        summary="tools for language models (MCP) on standard input and output",
        run=_mcp,
        add_arguments=lambda parser: None,
    ),
)
