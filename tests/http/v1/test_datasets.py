"""Programs edit a dataset as the Data page does, and settle what its check found."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.doctor.findings import Finding, Remedy, suspects_of
from core.doctor.report import Report, write_report
from core.doctor.sentences import FindingKind
from core.workspace import Project
from tests.support.api_client import post
from tests.support.http_client import ask


@pytest.fixture
def address(digits_project: Project) -> str:
    return f"/api/v1/projects/{digits_project.name}"


def test_each_picture_gets_its_own_label_in_one_version(address: str, digits_project: Project) -> None:
    pictures = ask(f"{address}/pictures?label=3&limit=2").json["pictures"]
    labels = dict(zip([one["id"] for one in pictures], ["5", "8"], strict=True))
    version = open_dataset(digits_project).version
    answer = post(f"{address}/labels/each", {"labels": labels}).json
    assert (answer["version"], answer["classes"]) == (version + 1, {"3": 22, "5": 21, "8": 17})
    assert post(f"{address}/labels/each", {"labels": {"none": "5"}}).status == 404


def test_a_label_is_added_only_where_pictures_have_several(address: str, digits_project: Project) -> None:
    version = open_dataset(digits_project).version
    ids = [ask(f"{address}/pictures?limit=1").json["pictures"][0]["id"]]
    assert post(f"{address}/labels/change", {"ids": ids, "name": "5"}).status == 400
    assert open_dataset(digits_project).version == version


def test_classes_are_put_in_order_merged_and_restored(address: str, digits_project: Project) -> None:
    assert list(post(f"{address}/classes/order", {"names": ["8", "5", "3"]}).json["classes"]) == [
        "8",
        "5",
        "3",
    ]
    assert post(f"{address}/classes/order", {"names": ["8", "5"]}).status == 400
    merged = post(f"{address}/classes/merge", {"names": ["3", "5"], "into": "odd"}).json
    assert merged["classes"] == {"8": 16, "odd": 44}
    assert post(f"{address}/classes/rename", {"old": "none", "new": "x"}).status == 404
    assert post(f"{address}/versions/1/restore", None).json["classes"] == {"3": 24, "5": 20, "8": 16}
    assert open_dataset(digits_project).all_class_names == ("3", "5", "8")


def test_leaks_are_listed_and_excluded(address: str, digits_project: Project) -> None:
    """A sound split has none, so excluding them writes no version."""
    version = open_dataset(digits_project).version
    assert ask(f"{address}/split/leaks").json["leaking"] == []
    assert post(f"{address}/split/leaks/exclude", None).json["version"] == version


def test_a_picture_is_read_by_its_digest(address: str) -> None:
    picture = ask(f"{address}/pictures?limit=1").json["pictures"][0]
    reply = ask(f"{address}/pictures/{picture['sha256']}")
    Image.open(io.BytesIO(reply.body)).verify()
    assert reply.headers["content-type"] in {"image/png", "image/jpeg"}
    for name in ("0" * 64, "..", "x", picture["id"]):
        assert ask(f"{address}/pictures/{name}").status == 404, name


@pytest.fixture
def suspects(digits_project: Project) -> list[str]:
    """Two pictures that the check suspects of wrong labels."""
    dataset = open_dataset(digits_project)
    chosen = dataset.all_pictures.iloc[:2]
    finding = Finding(
        kind=FindingKind.WRONG_LABELS,
        values={"total": 60},
        suspects=suspects_of(chosen, [0.9, 0.8], suggested=["5", "8"]),
        remedy=Remedy.RELABEL,
    )
    report = Report(
        version=dataset.version, findings=(finding,), pictures=60, seconds=1.0, with_features=True
    )
    write_report(digits_project, report)
    return [str(identifier) for identifier in chosen["id"]]


def test_findings_name_what_is_still_open(address: str, suspects: list[str]) -> None:
    (finding,) = ask(f"{address}/check").json["findings"]
    assert [one["id"] for one in finding["suspects"]] == suspects
    assert [one["suggested"] for one in finding["suspects"]] == ["5", "8"]
    dismissed = post(f"{address}/check/dismissals", {"kind": "wrong-labels", "ids": suspects[:1]})
    (finding,) = dismissed.json["findings"]
    assert (finding["dismissed"], finding["done"]) == (suspects[:1], 1)
    assert [one["id"] for one in finding["suspects"]] == suspects[1:]
    assert finding["headline"].endswith("1 of 60")
    post(f"{address}/exclusions", {"ids": suspects[1:]})
    assert ask(f"{address}/check").json["findings"][0]["done"] == 2
    back = {"kind": "wrong-labels", "ids": suspects[:1], "dismissed": False}
    (finding,) = post(f"{address}/check/dismissals", back).json["findings"]
    assert [one["id"] for one in finding["suspects"]] == suspects[:1]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"kind": "none", "ids": []}, 400), ({"kind": "dark", "ids": ["none"]}, 404), ({"ids": []}, 400)],
)
def test_a_wrong_dismissal_is_refused(
    address: str, suspects: list[str], body: dict[str, object], status: int
) -> None:
    assert post(f"{address}/check/dismissals", body).status == status
