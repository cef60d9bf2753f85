"""An exported server answers over HTTP as the classifier does."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.delivery.prediction import Classifier
from core.workspace import project_of
from tests.support.api_client import form
from tests.support.exported_server import Exported, ask
from tests.support.pictures import digit, encoded, photograph, small_photograph


@pytest.fixture(scope="module")
def classifier(exported: Exported) -> Classifier:
    return Classifier(exported.run)


@pytest.fixture(scope="module")
def pictures(exported: Exported) -> list[bytes]:
    """All test pictures, and a photograph."""
    dataset = open_dataset(project_of(exported.run))
    digits = [dataset.picture_bytes(int(row)) for row in dataset.rows(Split.TEST)]
    return [*digits, encoded(photograph("chelsea"), "JPEG")]


def expected(classifier: Classifier, name: str, data: bytes) -> dict[str, Any]:
    """Answer that the server should give to a picture, probabilities rounded by pytest."""
    prediction = classifier.prediction(data)
    doubt = classifier.doubt(data)
    return {
        "picture": name,
        "labels": classifier.chosen_labels(prediction.guesses),
        "classes": [
            {"name": guess.name, "probability": pytest.approx(guess.probability, abs=1e-5)}
            for guess in prediction.guesses
        ],
        "prediction_set": classifier.prediction_set(prediction),
        "is_unsure": classifier.is_unsure(prediction),
        "stranger": {
            "score": pytest.approx(prediction.stranger_score, abs=1e-3),
            "limit": classifier.labels.stranger_limit,
            "is_stranger": classifier.is_stranger(prediction),
        },
        "doubt": None if doubt is None else str(doubt),
    }


def test_answers_are_those_of_the_classifier_by_thresholds_and_limits(
    classifier: Classifier, port: int, pictures: list[bytes]
) -> None:
    """A class below another is answered by its threshold, and some are strange, some unsure."""
    answers = [ask(port, "/predict", data).answer for data in pictures]
    assert answers == [expected(classifier, "picture", data) for data in pictures]
    assert any(answer["labels"][0] != answer["classes"][0]["name"] for answer in answers)
    assert {answer["is_unsure"] for answer in answers} == {True, False}
    assert {answer["stranger"]["is_stranger"] for answer in answers} == {True, False}
    assert all(answer["prediction_set"] is not None for answer in answers)


def test_clients_that_ask_at_once_get_the_answers_to_their_own_pictures(
    classifier: Classifier, port: int, pictures: list[bytes]
) -> None:
    """Eight clients, each with a form of all pictures in an order of its own."""
    orders = [np.random.default_rng(seed).permutation(len(pictures)) for seed in range(8)]

    def answered(order: np.ndarray) -> Any:
        headers, body = form(*[pictures[index] for index in order])
        return ask(port, "/predict", body, headers).json

    with ThreadPoolExecutor(8) as clients:
        replies = list(clients.map(answered, orders))
    names = {index: classifier.chosen_labels(classifier.guesses(data)) for index, data in enumerate(pictures)}
    for order, reply in zip(orders, replies, strict=True):
        assert [answer["picture"] for answer in reply["predictions"]] == [
            f"{i}.png" for i in range(len(order))
        ]
        assert [answer["labels"] for answer in reply["predictions"]] == [names[index] for index in order]


def animation() -> bytes:
    first, second = (Image.fromarray(small_photograph(name)) for name in ("china", "chelsea"))
    return encoded(first, "GIF", save_all=True, append_images=[second])


@pytest.mark.parametrize(
    "data",
    [
        animation(),
        encoded(Image.fromarray(small_photograph()).convert("CMYK"), "JPEG"),
        encoded(np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16), "PNG"),
        encoded(Image.fromarray(small_photograph()).convert("RGBA"), "WEBP"),
        encoded(np.zeros((1, 1, 3), np.uint8), "PNG"),
    ],
    ids=["animated", "CMYK", "16 bits", "transparent", "1 × 1"],
)
def test_unusual_pictures_are_answered_as_by_the_classifier(
    classifier: Classifier, port: int, data: bytes
) -> None:
    assert ask(port, "/predict", data).answer == expected(classifier, "picture", data)


def test_so_many_classes_come_as_are_asked_for(port: int) -> None:
    assert len(ask(port, "/predict?top=1", digit(3)).answer["classes"]) == 1
    assert len(ask(port, "/predict?top=50", digit(3)).answer["classes"]) == 3


def test_the_protocol_describes_the_model_and_answers_files_and_pixels_alike(
    exported: Exported, classifier: Classifier, port: int
) -> None:
    model = f"/v2/models/{exported.run.name}"
    described = ask(port, model).json
    assert described["inputs"][0] == {"name": "picture", "datatype": "UINT8", "shape": [-1, 224, 224, 3]}
    assert ask(port, f"{model}/ready").json["ready"] is True
    assert ask(port, "/v2/health/live").json == {"live": True}
    assert ask(port, "/v2/health/ready").json == {"ready": True}
    files = [digit(3), digit(5)]
    pixels = [classifier.prepare(data).tolist() for data in files]
    in_base64 = [base64.b64encode(data).decode() for data in files]
    replies = [
        infer(exported, port, {"name": "file", "datatype": "BYTES", "shape": [2], "data": in_base64}),
        infer(
            exported,
            port,
            {"name": "picture", "datatype": "UINT8", "shape": [2, 224, 224, 3], "data": pixels},
        ),
    ]
    assert replies[0] == replies[1]
    outputs = {one["name"]: one for one in replies[0]["outputs"]}
    assert replies[0]["id"] == "7"
    assert outputs["probabilities"]["shape"] == [2, 3]
    assert outputs["probabilities"]["data"] == pytest.approx(
        np.concatenate([classifier.probabilities(data) for data in files]).tolist(), abs=1e-5
    )
    assert outputs["label"]["data"] == [
        classifier.chosen_labels(classifier.guesses(data))[0] for data in files
    ]
    assert outputs["stranger_score"]["shape"] == [2]


def infer(exported: Exported, port: int, tensor: dict[str, Any]) -> Any:
    body = json.dumps({"id": "7", "inputs": [tensor], "model_name": "a key of KServe's"}).encode()
    return ask(port, f"/v2/models/{exported.run.name}/infer", body).json


def test_metrics_count_requests_and_pictures(port: int) -> None:
    def count(name: str) -> float:
        lines = ask(port, "/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    pictures, requests = count("darkroom_pictures_total"), count('darkroom_requests_total{path="/predict"')
    headers, body = form(digit(3), digit(5))
    ask(port, "/predict", body, headers)
    assert count("darkroom_pictures_total") == pictures + 2
    assert count('darkroom_requests_total{path="/predict"') == requests + 1


def test_the_page_fetches_nothing_from_elsewhere(port: int) -> None:
    reply = ask(port, "/")
    assert reply.headers["content-type"].startswith("text/html")
    page = reply.body.decode()
    assert "connect-src &#39;self&#39;" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert ask(port, "/", method="HEAD").headers["content-length"] == str(len(reply.body))
