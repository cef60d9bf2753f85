"""Endpoint of the API: one row of its table, from which routes and documentation are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from starlette.responses import Response

from core.evaluation.evaluated_run import EvaluatedRun
from core.http.access.guard import Caller
from core.http.access.tokens import Scope
from core.http.inference.classifiers import LoadedClassifiers, LoadedRun
from core.http.metrics import Metrics
from core.http.names import run_named
from core.records import Record
from core.workspace import Project, get_project

AnyRecord = TypeVar("AnyRecord", bound=Record)
# Parameters in a path that also take ``PROJECT/NAME``, unless the path names the project.
QUALIFIED_PARAMETERS = ("run", "search", "job", "batch")
# A record becomes JSON; None is an answer without a body.
Answer: TypeAlias = "Record | Response | None"


@dataclass(frozen=True, kw_only=True)
class SentPicture:
    """A picture file in a request."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to an endpoint, read and checked."""

    caller: Caller
    # Raises for a scope that the caller lacks, where an endpoint's parts need different ones.
    require_scope: Callable[[Scope], None]
    # Parameters in the path, such as "run".
    path: Mapping[str, str]
    query: Record | None
    body: Record | None
    pictures: tuple[SentPicture, ...]
    # Bytes and headers of an endpoint that reads the body itself.
    raw: bytes
    headers: Mapping[str, str]
    classifiers: LoadedClassifiers
    metrics: Metrics
    # The one run of a server that has no other; None: the path names a run of the workspace.
    only_run: Path | None = None

    @property
    def project(self) -> Project:
        """The project that the path names.

        Raises:
            NotFoundError: there is no such project.
        """
        return get_project(self.path["project"])

    @property
    def run(self) -> Path:
        """Folder of the run that the path names.

        Raises:
            NotFoundError: there is no such run.
            AmbiguousNameError: several projects have one of this name.
        """
        return self.only_run or run_named(self.path["run"])[1]

    @property
    def loaded(self) -> LoadedRun:
        """Classifier of the run that the path names.

        Raises:
            NotFoundError: there is no such run, or it has no finished classifier.
            AmbiguousNameError: several projects have one of this name.
            DeliveryError: its LiteRT file is withheld.
        """
        return self.classifiers.get(self.path["run"], self.only_run)

    @property
    def evaluated(self) -> EvaluatedRun:
        """The run that the path names, with its evaluation.

        Raises:
            NotFoundError: there is no such run, or it was not evaluated.
        """
        return EvaluatedRun.open(self.run)

    def query_as(self, kind: type[AnyRecord]) -> AnyRecord:
        """The query parameters of an endpoint whose ``query`` is this record."""
        assert isinstance(self.query, kind)
        return self.query

    def body_as(self, kind: type[AnyRecord]) -> AnyRecord:
        """The JSON body of an endpoint whose ``body`` is this record."""
        assert isinstance(self.body, kind)
        return self.body


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of one path below ``/api``."""

    method: str
    path: str
    # One line, an imperative.
    summary: str
    # None: all may call it, or with ``needs_token`` everybody who may do anything.
    scope: Scope | None
    # Called in a thread.
    handler: Callable[[Call], Answer]
    # The handler asks for the scope of what a body wants.
    needs_token: bool = False
    query: type[Record] | None = None
    # Record of the JSON body.
    body: type[Record] | None = None
    # The body may also be a form with picture files.
    takes_pictures: bool = False
    # The handler reads the bytes of the body itself.
    takes_raw: bool = False
    # Record of the answer. None: there is no body, or one of ``media_type``.
    answer: type[Record] | None = None
    media_type: str = ""
    status: int = 200
    # Part of a server that serves one run alone.
    serves_run: bool = False
    # Answers from the classifier, so it waits for a core.
    predicts: bool = False

    @property
    def tag(self) -> str:
        """Heading under which the documentation lists it: the module of its handler."""
        return self.handler.__module__.rpartition(".")[2].replace("_", " ").capitalize()
