"""Routes of the Predict page: pictures of batches and of the queue, downloads of answers."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.importing import import_dataset
from core.files import sha256_bytes
from core.http.answers import answers_address, batch_picture_address, queued_picture_address
from core.prediction.doubts import Doubt
from core.prediction.queue.store import QueuedPicture, put
from core.prediction.viewing import THUMBNAIL_SIDE
from core.workspace import Project
from tests.support.batches import answered_batch, labels_of
from tests.support.http_client import Reply, ask
from tests.support.pictures import digit, encoded, photograph, write_folder, write_zip
from tests.support.trained import real_digits

CAT = encoded(photograph("chelsea"), "JPEG")
FILES = {"a b/ç #1.jpg": CAT, "two.png": digit(2)}


@pytest.fixture
def project(workspace: Path, tmp_path: Path) -> Project:
    return import_dataset(write_folder(tmp_path / "digits", real_digits()), "My digits").project


@pytest.fixture(params=["folder", "zip"])
def batch(request: pytest.FixtureRequest, project: Project, tmp_path: Path) -> str:
    write = {"folder": write_folder, "zip": write_zip}[request.param]
    source = write(tmp_path / f"new.{request.param}", FILES)
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    return answered_batch(project, [source], labels_of("cat", "=two"), probabilities).job.name


def picture(reply: Reply) -> Image.Image:
    assert reply.status == 200
    assert reply.headers["content-type"] == "image/jpeg"
    return Image.open(io.BytesIO(reply.body))


def test_pictures_of_a_batch_are_small_unless_asked_for_large(project: Project, batch: str) -> None:
    address = (project.name, batch, 0, "a b/ç #1.jpg", sha256_bytes(CAT))
    assert max(picture(ask("/" + batch_picture_address(*address))).size) == THUMBNAIL_SIDE
    assert picture(ask("/" + batch_picture_address(*address, large=True))).size == (451, 300)


@pytest.mark.parametrize(
    ("name", "source", "path", "sha256"),
    [
        ("batch-1", 0, "../../digits/3/0.png", "0" * 64),
        ("batch-1", 7, "two.png", sha256_bytes(digit(2))),
        ("batch-1", 0, "two.png", "0" * 64),
        ("..", 0, "two.png", sha256_bytes(digit(2))),
        ("batch-9", 0, "two.png", sha256_bytes(digit(2))),
    ],
    ids=["outside", "no such source", "changed", "no batch", "unknown batch"],
)
def test_no_other_file_is_handed_out(
    project: Project, batch: str, name: str, source: int, path: str, sha256: str
) -> None:
    assert ask("/" + batch_picture_address(project.name, name, source, path, sha256)).status == 404


def test_queued_pictures_are_shown(project: Project) -> None:
    sha256 = sha256_bytes(CAT)
    queued = QueuedPicture(
        sha256=sha256, name="cat.jpg", run="r", doubt=Doubt.STRANGE, answer="3", confidence=1.0
    )
    put(project, queued, CAT, None)
    assert max(picture(ask("/" + queued_picture_address(project.name, sha256))).size) == THUMBNAIL_SIDE
    for other in ("0" * 64, "..", sha256.upper()):
        assert ask("/" + queued_picture_address(project.name, other)).status == 404


def test_answers_are_downloaded_in_every_format(project: Project, batch: str) -> None:
    table = ask("/" + answers_address(project.name, batch, "csv"))
    assert table.headers["content-disposition"] == f'attachment; filename="{batch}.csv"'
    assert b"two.png" in table.body
    assert b",=two" not in table.body
    archive = ask("/" + answers_address(project.name, batch, "zip"))
    names = zipfile.ZipFile(io.BytesIO(archive.body)).namelist()
    assert sorted(name.rsplit("/", 1)[-1] for name in names) == ["answers.csv", "two.png", "ç _1.jpg"]
    assert ask("/" + answers_address(project.name, batch, "doc")).status == 404
