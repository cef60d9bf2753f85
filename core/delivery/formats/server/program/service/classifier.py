"""The classifier behind the server. Its rules are those of predict.py; this module adds turns for many clients."""

import json
import os
import queue
import threading
from contextlib import contextmanager

from decoder.picture import PictureError
from predict import (
    HERE,
    LABELS,
    doubt_of,
    is_stranger,
    is_unsure,
    labels,
    load_model,
    predict_pixels,
    read_picture,
)

from service.errors import RequestError

# Beyond 4 threads one network gains little, so more cores get more networks.
_THREADS_PER_NETWORK = 4


class Classifier:
    """The network in memory. As many pictures are decoded and classified at a time as there are cores."""

    def __init__(self, timeout):
        """Load the network; ``timeout``: seconds that a picture waits for its turn."""
        cores = _cores()
        self._timeout, self._turns, self._networks = timeout, threading.Semaphore(cores), queue.SimpleQueue()
        for _ in range(-(-cores // _THREADS_PER_NETWORK)):
            network = load_model(min(cores, _THREADS_PER_NETWORK))
            self._networks.put(network)
        self.has_score = len(network.get_output_details()) > 1
        self._sets = _prediction_set()

    def answer(self, name, data, top):
        """Answer to the bytes of one picture, for JSON, with the ``top`` most probable classes."""
        with self._turn():
            (probabilities, score), doubt = self._predict(_read(name, data)), doubt_of(data)
        return {
            "picture": name,
            "labels": labels(probabilities),
            "classes": [
                {"name": name, "probability": value} for name, value in list(probabilities.items())[:top]
            ],
            "prediction_set": self._set_of(probabilities),
            "is_unsure": None if LABELS.get("least_confidence") is None else is_unsure(probabilities),
            "stranger": None if score is None else _stranger(score),
            "doubt": doubt,
        }

    def outputs_of_file(self, name, data):
        """{class name: probability} and stranger score, or None, for the bytes of a picture."""
        with self._turn():
            return self._predict(_read(name, data))

    def outputs_of_pixels(self, pixels):
        """The same for a decoded picture: uint8 RGB (size, size, 3)."""
        with self._turn():
            return self._predict(pixels)

    @contextmanager
    def _turn(self):
        if not self._turns.acquire(timeout=self._timeout):
            raise RequestError(503, "The server is busy. Try again in a moment.", {"Retry-After": "1"})
        try:
            yield
        finally:
            self._turns.release()

    def _predict(self, pixels):
        network = self._networks.get()
        try:
            return predict_pixels(network, pixels)
        finally:
            self._networks.put(network)

    def _set_of(self, probabilities):
        """Classes that hold the true one as often as prediction_set.json promises; None without that file."""
        if self._sets is None:
            return None
        return [name for name, value in probabilities.items() if value >= self._sets[name]]


def _read(name, data):
    try:
        return read_picture(data)
    except PictureError as error:
        raise RequestError(422, f"{name} cannot be classified: {error}.") from error


def _stranger(score):
    return {"score": score, "limit": LABELS.get("stranger_limit"), "is_stranger": is_stranger(score)}


def _prediction_set():
    file = HERE / "prediction_set.json"
    if not file.exists():
        return None
    least = json.loads(file.read_text(encoding="utf-8"))["least_probabilities"]
    return dict(zip(LABELS["class_names"], least, strict=True))


def _cores():
    try:
        return len(os.sched_getaffinity(0))
    # Windows and macOS do not have it.
    except AttributeError:
        return os.cpu_count() or 1
