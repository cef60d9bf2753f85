"""Range of pictures with more than 8 bits: its values, and a change of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.data.dataset import open_dataset
from core.data.editing.ranges import RangeChoice
from core.http.access.tokens import Scope
from core.http.endpoint import Call, Endpoint
from core.http.note import Note
from core.http.v1.views import JobView, job_view
from core.records import Record
from core.runs.start_project_jobs import start_range_change


@dataclass(frozen=True, kw_only=True)
class RangeView(Record):
    """Range of the newest version."""

    pixel_range: Annotated[
        tuple[float, float] | None,
        Note(text="Values that become black and white; null: no picture has more than 8 bits."),
    ]
    found_range: Annotated[tuple[float, float] | None, Note(text="The one that the import found.")]


def show(call: Call) -> RangeView:
    dataset = open_dataset(call.project)
    return RangeView(
        pixel_range=dataset.pixel_range, found_range=dataset.measured_range or dataset.pixel_range
    )


def change(call: Call) -> JobView:
    return job_view(start_range_change(call.project, call.body_as(RangeChoice)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/v1/projects/{project}/range",
        summary="Read the range of pictures with more than 8 bits.",
        scope=Scope.READ,
        handler=show,
        answer=RangeView,
    ),
    Endpoint(
        method="POST",
        path="/v1/projects/{project}/range",
        summary="Start a change of this range: two values, two percentiles (0 to 100), or neither for the one found.",
        scope=Scope.TRAIN,
        handler=change,
        body=RangeChoice,
        answer=JobView,
        status=202,
    ),
)
