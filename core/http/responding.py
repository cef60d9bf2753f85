"""Answers to requests: the guard, the reading of the body, the handler in a thread, metrics and the audit log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from core.devices import cpu_cores
from core.errors import (
    DarkroomError,
    MediaTypeError,
    NotFoundError,
    ScopeError,
    TooManyRequestsError,
)
from core.http.access.audit import AuditEntry, Refusals, write_entry
from core.http.access.guard import Caller, Guard
from core.http.access.rate_limit import RateLimiter, requests_per_second
from core.http.access.tokens import Scope
from core.http.endpoint import QUALIFIED_PARAMETERS, Answer, Call, Endpoint, SentPicture
from core.http.inference.classifiers import LoadedClassifiers
from core.http.metrics import Metrics
from core.http.problems import CLIENT_CLOSED_REQUEST, problem_of
from core.http.receiving import (
    MAX_PICTURES_BYTES,
    MAX_RECORD_BYTES,
    parse_json,
    parse_query,
    parse_record,
    pictures_of_form,
    read_body,
)
from core.http.responses import json_response
from core.messages import N_
from core.records import Record
from core.workspace import project_of

# Requests that read and write files at once.
_FILE_THREADS = 4
# Predictions that wait for a core; beyond, the server says that it is busy.
MOST_WAITING = 64
# Part of a route's pattern that takes a name, and one that takes it behind its project. The dates in names of
# jobs tell them from what follows a name, such as “report”.
_NAME_IN_PATTERN = re.compile(rf"\(\?P<({'|'.join(QUALIFIED_PARAMETERS)})>\[\^/\]\+\)")
_QUALIFIED_NAME = r"(?P<\1>[^/]+/[A-Za-z0-9_-]*-[0-9][A-Za-z0-9_-]*|[^/]+)"
# Refused by the guard.
_FORBIDDEN = 403
_REFUSED = {401, _FORBIDDEN}


class _Demands:
    """Scopes that one request was found to need, by its endpoint or by its body."""

    def __init__(self) -> None:
        self.scopes: set[Scope] = set()
        self.is_refused = False

    def require(self, guard: Guard, caller: Caller, request: Request, scope: Scope | None) -> None:
        """Check that the caller has a scope, see ``Guard.require``."""
        if scope is not None:
            self.scopes.add(scope)
        try:
            guard.require(caller, request, scope)
        except ScopeError:
            self.is_refused = True
            raise


class Service:
    """State that all requests of one server share."""

    def __init__(self, *, is_local: bool, only_run: Path | None = None) -> None:
        """Make the state of a server.

        Args:
            is_local: it listens on this computer alone, so its programs need no token.
            only_run: folder of the one run that it serves; None for the whole workspace.
        """
        self.guard = Guard(is_local=is_local, limiter=RateLimiter(requests_per_second()))
        self.only_run = only_run
        self._refusals = Refusals()
        self.classifiers, self.metrics = LoadedClassifiers(), Metrics()
        # Decoding and networks keep a core busy each, and the pages need the event loop's attention.
        self._predicting = CapacityLimiter(cpu_cores())
        self._filing = CapacityLimiter(_FILE_THREADS)

    async def respond(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer one request; errors that the caller can fix become problems."""
        began, caller, demands = time.perf_counter(), None, _Demands()
        with self.metrics.in_progress.track_inprogress():
            try:
                caller = self.guard.identify(request)
                require = partial(demands.require, self.guard, caller, request)
                if endpoint.scope is not None or endpoint.needs_token:
                    require(endpoint.scope)
                self._require_served(request.path_params)
                response = await self._handled(endpoint, request, caller, require)
            except DarkroomError as error:
                response = problem_of(error)
            except ClientDisconnect:
                response = Response(status_code=CLIENT_CLOSED_REQUEST)
        seconds = time.perf_counter() - began
        self.metrics.count(request.method, endpoint.path, response.status_code, seconds)
        # A refusal is not always seen in the status: a protocol can wrap it into an answer.
        status = _FORBIDDEN if demands.is_refused else response.status_code
        if status in _REFUSED:
            await run_in_threadpool(self._refusals.write, _entry(request, caller, status))
        elif Scope.TRAIN in demands.scopes:
            await run_in_threadpool(write_entry, _entry(request, caller, status))
        return response

    async def _handled(
        self, endpoint: Endpoint, request: Request, caller: Caller, require: Callable[[Scope], None]
    ) -> Response:
        limiter = self._predicting if endpoint.predicts else self._filing
        if limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise TooManyRequestsError(N_("The server is busy. Try again in a moment."))
        query = parse_query(request.query_params, endpoint.query) if endpoint.query else None
        received = await _received(endpoint, request)
        call = Call(
            caller=caller,
            require_scope=require,
            path=request.path_params,
            query=query,
            body=received.record,
            pictures=received.pictures,
            raw=received.raw,
            headers=request.headers,
            classifiers=self.classifiers,
            metrics=self.metrics,
            only_run=self.only_run,
        )
        # The handler's answer is written there too: JSON of a large report takes a while.
        return await run_sync(_answered, endpoint, call, limiter=limiter)

    def _require_served(self, path: Mapping[str, str]) -> None:
        name, run = path.get("run"), self.only_run
        if run is not None and name not in {None, run.name, f"{project_of(run).name}/{run.name}"}:
            raise NotFoundError(N_("This server has one run alone: {name}."), name=run.name)


def _entry(request: Request, caller: Caller | None, status: int) -> AuditEntry:
    return AuditEntry(
        token=caller.token_id if caller else "",
        address=request.client.host if request.client else "",
        method=request.method,
        path=request.url.path[:500],
        status=status,
    )


def routes_of(endpoints: Sequence[Endpoint], service: Service) -> list[Route]:
    """Make the routes of endpoints: one for each path, so that a wrong method is told all right ones."""
    in_order = sorted(endpoints, key=lambda endpoint: ("{" in endpoint.path, endpoint.path))
    routes = []
    for path, rows in groupby(in_order, key=lambda endpoint: endpoint.path):
        by_method = {endpoint.method: endpoint for endpoint in rows}
        route = Route(path, partial(_answer, service, by_method), methods=list(by_method))
        routes.append(_with_projects(route))
    return routes


def _with_projects(route: Route) -> Route:
    """Let a route take ``PROJECT/NAME`` for a name: a project restored beside the original has jobs of the same names."""
    if "{project}" not in route.path:
        pattern = _NAME_IN_PATTERN.sub(_QUALIFIED_NAME, route.path_regex.pattern)
        route.path_regex = re.compile(pattern)
    return route


@dataclass(frozen=True, kw_only=True)
class _Received:
    """Body of a request."""

    record: Record | None = None
    pictures: tuple[SentPicture, ...] = ()
    raw: bytes = b""


async def _answer(service: Service, by_method: Mapping[str, Endpoint], request: Request) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    return await service.respond(by_method[method], request)


async def _received(endpoint: Endpoint, request: Request) -> _Received:
    if endpoint.takes_raw:
        return _Received(raw=await read_body(request, MAX_PICTURES_BYTES))
    if endpoint.body is None and not endpoint.takes_pictures:
        return _Received()
    body = await read_body(request, MAX_PICTURES_BYTES if endpoint.takes_pictures else MAX_RECORD_BYTES)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if endpoint.body is not None and (kind == "application/json" or kind.endswith("+json")):
        # Large pictures in Base64 take a while.
        return _Received(record=await run_in_threadpool(_record_in, body, endpoint.body))
    if endpoint.takes_pictures:
        return _Received(pictures=await pictures_of_form(body, request))
    raise MediaTypeError(N_("Send the body as application/json."))


def _record_in(body: bytes, kind: type[Record]) -> Record:
    return parse_record(parse_json(body), kind)


def _answered(endpoint: Endpoint, call: Call) -> Response:
    answer: Answer = endpoint.handler(call)
    if answer is None:
        return Response(status_code=204)
    return json_response(answer.to_json(), endpoint.status) if isinstance(answer, Record) else answer
