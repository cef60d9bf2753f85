"""Clients of the Open Inference Protocol get the classifier's answers, in JSON and in bytes."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.delivery.prediction import Classifier
from core.errors import ConfigError, RequestTooLargeError
from core.http.protocols.open_inference import _pictures
from core.http.protocols.tensors import Tensor, parse_request
from core.http.receiving import MAX_PICTURES
from tests.support.api_client import post
from tests.support.http_client import Reply, ask
from tests.support.pictures import digit

PICTURE = digit(3)
RECORDED = Path(__file__).with_name("recorded")
SIZE_OF_RECORDED_PICTURE = 130


def infer(run: Path, content: dict[str, Any], raw: bytes = b"") -> Reply:
    """Send a request in the binary form, as ``tritonclient`` does: without a content type."""
    head = json.dumps(content).encode()
    named = {"Inference-Header-Content-Length": str(len(head))}
    return ask(f"/v2/models/{run.name}/infer", method="POST", headers=named, body=(head + raw,))


def tensors(reply: Reply) -> dict[str, Any]:
    """Outputs of a binary answer: arrays, and lists of byte strings."""
    length = int(reply.headers["inference-header-content-length"])
    content, rest = json.loads(reply.body[:length]), reply.body[length:]
    found: dict[str, Any] = {}
    for output in content["outputs"]:
        size = output["parameters"]["binary_data_size"]
        raw, rest = rest[:size], rest[size:]
        if output["datatype"] == "BYTES":
            found[output["name"]] = raw[4 : 4 + struct.unpack("<I", raw[:4])[0]]
        else:
            found[output["name"]] = np.frombuffer(raw, np.float32).reshape(output["shape"])
    assert rest == b""
    return found


def test_bytes_are_answered_with_bytes(finished_run: Path) -> None:
    classifier = Classifier(finished_run)
    picture = classifier.prepare(PICTURE)[np.newaxis]
    described = {
        "name": "picture",
        "shape": list(picture.shape),
        "datatype": "UINT8",
        "parameters": {"binary_data_size": picture.nbytes},
    }
    reply = infer(
        finished_run,
        {"id": "7", "model_name": "any", "inputs": [described], "parameters": {"binary_data_output": True}},
        picture.tobytes(),
    )
    answers = tensors(reply)
    np.testing.assert_array_equal(answers["probabilities"], classifier.answers(picture)[0])
    assert answers["label"].decode() == classifier.guesses(PICTURE)[0].name


def test_json_is_answered_with_json_and_its_id(finished_run: Path) -> None:
    """A file is Base64 there; keys that other servers know are ignored."""
    reply = post(
        f"/v2/models/{finished_run.name}/infer",
        {
            "id": "8",
            "model_name": finished_run.name,
            "inputs": [
                {
                    "name": "file",
                    "shape": [1],
                    "datatype": "BYTES",
                    "data": [base64.b64encode(PICTURE).decode()],
                }
            ],
            "outputs": [{"name": "probabilities"}],
        },
    )
    assert reply.json["id"] == "8"
    (output,) = reply.json["outputs"]
    assert output["data"] == pytest.approx(Classifier(finished_run).probabilities(PICTURE).tolist())


@pytest.mark.parametrize("client", ["triton", "kserve"])
def test_what_the_clients_send_is_answered(finished_run: Path, client: str) -> None:
    """Requests of tritonclient 2.73.0 and kserve 0.21.0 with default options, as they went over the wire."""
    head, _, body = (RECORDED / f"{client}.http").read_bytes().partition(b"\r\n\r\n")
    lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
    reply = ask(
        f"/v2/models/{finished_run.name}/infer",
        method="POST",
        headers={name: value for name, _, value in lines if name.lower() != "host"},
        body=(body,),
    )
    assert reply.status == 200
    picture = body[-SIZE_OF_RECORDED_PICTURE:]
    expected = Classifier(finished_run).probabilities(picture)
    if client == "triton":
        np.testing.assert_array_equal(tensors(reply)["probabilities"], [expected])
    else:
        assert reply.json["id"] == "7"
        assert reply.json["outputs"][0]["data"] == pytest.approx(expected.tolist())


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_describes_itself_with_and_without_a_slash(path: str) -> None:
    """Clients ask for ``/v2``, where the pages' own address would answer."""
    reply = ask(path)
    assert reply.status == 200
    assert json.loads(reply.body)["name"] == "darkroom"
    refused = ask(path, host="elsewhere.example")
    assert (refused.status, refused.headers["content-type"]) == (400, "application/problem+json")


def test_metadata_names_what_infer_takes(finished_run: Path) -> None:
    about = ask(f"/v2/models/{finished_run.name}").json
    assert about["inputs"][0] == {"name": "picture", "datatype": "UINT8", "shape": [-1, 224, 224, 3]}
    assert about["outputs"][0] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}
    assert ask("/v2/health/live").json == {"live": True}
    assert ask("/v2/health/ready").json == {"ready": True}
    assert ask(f"/v2/models/{finished_run.name}/versions/1/ready").json["ready"]
    assert ask(f"/v2/models/{finished_run.name}/versions/2/ready").status == 404
    assert ask("/v2/models/none/ready").status == 404


def _file(**changes: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "file", "shape": [1], "datatype": "BYTES", "data": ["YQ=="], **changes}]}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ([], 400),
        ({}, 400),
        ({"inputs": 5}, 400),
        ({"inputs": [5]}, 400),
        (_file(), 422),
        (_file(shape=[2]), 400),
        (_file(shape=[-1]), 400),
        (_file(shape="x"), 400),
        (_file(data=5), 400),
        (_file(data=["?"]), 400),
        (_file(datatype="FP32"), 400),
        (_file(name="other"), 400),
        (_file(parameters={"binary_data_size": 99}), 400),
        (_file(parameters={"binary_data_size": "x"}), 400),
        ({"inputs": [{"name": "picture", "shape": [1], "datatype": "UINT8", "data": [256]}]}, 400),
        ({"inputs": [{"name": "picture", "shape": [3], "datatype": "UINT8", "data": [1, [2, 3]]}]}, 400),
        (
            {"inputs": [{"name": "picture", "shape": [1, 2, 2, 3], "datatype": "UINT8", "data": [0] * 12}]},
            400,
        ),
    ],
)
def test_another_request_is_refused_in_a_sentence(finished_run: Path, content: Any, status: int) -> None:
    """``error`` is the key that clients of the protocol show."""
    reply = post(f"/v2/models/{finished_run.name}/infer", content)
    assert reply.status == status
    assert reply.json["error"] == reply.json["detail"]


def test_a_file_that_is_no_picture_is_named(finished_run: Path) -> None:
    files = [base64.b64encode(data).decode() for data in (PICTURE, b"a")]
    reply = post(f"/v2/models/{finished_run.name}/infer", _file(shape=[2], data=files))
    assert reply.status == 422
    assert reply.json["detail"].startswith("file[1] cannot be classified: it is not a picture")


@pytest.mark.parametrize("length", ["", "x", "-1", "99999999", "1" * 40])
def test_a_wrong_length_of_the_header_is_refused(finished_run: Path, length: str) -> None:
    reply = ask(
        f"/v2/models/{finished_run.name}/infer",
        method="POST",
        headers={"Inference-Header-Content-Length": length},
        body=(b"{}",),
    )
    assert reply.status == 400


@pytest.mark.parametrize("raw", [b"\x05", b"\x05\x00\x00\x00ab", b"\xff\xff\xff\xff"])
def test_byte_strings_that_are_cut_off_are_refused(finished_run: Path, raw: bytes) -> None:
    described = {
        "name": "file",
        "shape": [1],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(raw)},
    }
    assert infer(finished_run, {"inputs": [described]}, raw).status == 400


def test_an_unknown_output_is_refused(finished_run: Path) -> None:
    content = _file(data=[base64.b64encode(PICTURE).decode()]) | {"outputs": [{"name": "colour"}]}
    reply = post(f"/v2/models/{finished_run.name}/infer", content)
    assert reply.status == 400
    assert "colour" in reply.json["error"]


def test_a_request_holds_no_more_files_than_fit_into_memory() -> None:
    """A GIF of 43 bytes is decoded to 150 kB: a body of 64 MB would become 200 GB."""
    decoded: list[bytes] = []

    def prepare(data: bytes) -> np.ndarray:
        decoded.append(data)
        return np.zeros((8, 8, 3), np.uint8)

    classifier: Any = SimpleNamespace(labels=SimpleNamespace(input_size=8), prepare=prepare)
    files = np.array([b"GIF"] * (MAX_PICTURES + 1), object)
    with pytest.raises(RequestTooLargeError, match="64 picture files"):
        _pictures(classifier, {"file": Tensor(name="file", datatype="BYTES", values=files)})
    assert decoded == []
    fitting = Tensor(name="file", datatype="BYTES", values=files[1:])
    assert len(_pictures(classifier, {"file": fitting})) == MAX_PICTURES


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [1] * 100},
        {"shape": [0, 2**70], "data": []},
        {"data": json.loads("[" * 900 + '"YQ=="' + "]" * 900)},
    ],
)
def test_a_tensor_of_an_impossible_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        parse_request(json.dumps(_file(**changes)).encode(), None)
