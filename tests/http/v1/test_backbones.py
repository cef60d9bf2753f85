"""Weights come to a computer without a network as an uploaded file, which is checked as on the page."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from core.data.importing import import_dataset
from core.models.backbones import BACKBONES
from core.uploads.store import find_upload, uploads_folder
from tests.support.adapted import adapted_backbone
from tests.support.api_client import post
from tests.support.http_client import ask
from tests.support.pictures import class_folders, write_folder
from tests.support.uploads import send, source_of

ADDRESS = "/api/v1/backbones/weights"
CONTENT = b"pretrained numbers" * 1000


@pytest.fixture
def resnet(monkeypatch: pytest.MonkeyPatch) -> str:
    """ResNet50, as if CONTENT were its published file."""
    digest = hashlib.md5(CONTENT).hexdigest()
    record = replace(BACKBONES["resnet50"], weights_hash=f"md5:{digest}", download_bytes=len(CONTENT))
    monkeypatch.setitem(BACKBONES, "resnet50", record)
    return record.key


def test_an_uploaded_weights_file_makes_its_backbone_ready(resnet: str) -> None:
    reply = post(ADDRESS, {"upload": source_of(send("download(3).bin", CONTENT))})
    assert (reply.status, reply.json["key"], reply.json["is_ready"]) == (201, resnet, True)
    assert list(uploads_folder().iterdir()) == []


def test_an_unknown_file_is_refused_and_the_upload_stays(resnet: str) -> None:
    ticket = send("weights.h5", CONTENT[1:])
    reply = post(ADDRESS, {"upload": source_of(ticket)})
    assert reply.status == 400
    assert "weights.h5 is not a weight file that Darkroom knows" in reply.json["detail"]
    assert find_upload(ticket).content.exists()


def test_a_folder_is_no_weights_file(resnet: str) -> None:
    reply = post(ADDRESS, {"upload": source_of(send("weights/a.h5", CONTENT))})
    assert (reply.status, "one weights file" in reply.json["detail"]) == (400, True)


def test_adaptations_are_started_and_their_backbones_listed(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "s", class_folders({"a": 7, "b": 6}))
    project = import_dataset(source, "Few").project
    reply = post("/api/v1/projects/Few/adaptations", {})
    assert reply.status == 400
    assert "Only 9 pictures can adapt the backbone" in reply.json["detail"]
    key = adapted_backbone(project)
    (listed,) = ask("/api/v1/projects/Few/backbones").json["backbones"]
    assert (listed["key"], listed["is_ready"], listed["licence"]) == (key, True, "Apache-2.0")
