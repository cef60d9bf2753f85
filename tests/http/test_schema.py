"""The documentation describes each record once, and each endpoint asks for the right it needs."""

from __future__ import annotations

from core.evaluation.foreign.facts import Sample as ForeignSample
from core.http.access.tokens import Scope
from core.http.application import ENDPOINTS
from core.http.openapi.schema import Schemas
from core.training.bakeoff.results import Sample as BakeOffSample

# They answer a question and change nothing; the body is too long for an address.
QUESTIONS = {
    "/v1/comparisons",
    "/v1/projects/{project}/runs/cost",
    "/v1/projects/{project}/ensembles/gain",
    "/v1/runs/{run}/similar",
}
PREDICTIONS = {"/v1/runs/{run}/predict", "/v1/runs/{run}/explain"}


def test_two_records_of_one_name_have_schemas_of_their_own() -> None:
    schemas = Schemas()
    first, second = (schemas.reference(kind)["$ref"] for kind in (BakeOffSample, ForeignSample))
    assert first != second
    assert "digest" in schemas.components[first.rpartition("/")[2]]["properties"]
    assert "picture" in schemas.components[second.rpartition("/")[2]]["properties"]
    assert schemas.reference(BakeOffSample)["$ref"] == first


def test_who_changes_something_needs_the_right_to_train() -> None:
    for endpoint in ENDPOINTS:
        changes = endpoint.method != "GET" and endpoint.path not in QUESTIONS | PREDICTIONS
        assert (endpoint.scope is Scope.TRAIN) is changes, endpoint.path
        if endpoint.path in PREDICTIONS:
            assert endpoint.scope is Scope.PREDICT
