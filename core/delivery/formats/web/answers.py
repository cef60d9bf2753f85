"""Answers of exported pages, from picture file to numbers, in a headless Chromium."""

from __future__ import annotations

import http.server
import math
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from core.delivery.answering import Answers, Environment
from core.delivery.formats.web.browser import open_browser

# Pictures that are handed to the page at a time, as files; their bytes stay with the browser.
_BATCH = 64
_TIMEOUT_MS = 600_000
_CLASSIFY = """
async input => {
  const classifier = await globalThis.classifier
  const answers = []
  for (const file of input.files) {
    answers.push(await classifier.outputs(file).then(
      ({ probabilities, score }) => ({ probabilities: Array.from(probabilities), score }),
      error => ({ error: String(error) })
    ))
  }
  return { classes: classifier.labels.class_names.length, answers }
}
"""


def answer_with_page(file: Path, pictures: Sequence[Path], _environments: Path) -> Answers:
    """Answers of a single-file page, opened as a file; the browser has no network."""
    return _answers_at(file.resolve().as_uri(), pictures, is_offline=True)


def answer_with_folder(file: Path, pictures: Sequence[Path], _environments: Path) -> Answers:
    """Answers of a web folder, unpacked behind a plain server on this computer."""
    with TemporaryDirectory(prefix="darkroom-web-") as folder:
        with zipfile.ZipFile(file) as packed:
            packed.extractall(folder)
        with _serving(Path(folder)) as address:
            return _answers_at(address, pictures, is_offline=False)


def _answers_at(address: str, pictures: Sequence[Path], *, is_offline: bool) -> Answers:
    with open_browser() as browser:
        page = browser.new_context(offline=is_offline).new_page()
        page.set_default_timeout(_TIMEOUT_MS)
        page.goto(address)
        page.evaluate("() => globalThis.classifier")
        chooser = page.evaluate_handle(
            "() => document.body.appendChild(Object.assign(document.createElement('input'), {type: 'file', multiple: true}))"
        ).as_element()
        assert chooser is not None, "the script returns an element"
        rows: list[Any] = []
        classes = 0
        for start in range(0, len(pictures), _BATCH):
            chooser.set_input_files(list(pictures[start : start + _BATCH]))
            given = chooser.evaluate(_CLASSIFY)
            classes = given["classes"]
            rows += given["answers"]
    return _as_arrays(rows, classes)


def _as_arrays(rows: Sequence[Any], classes: int) -> Answers:
    """Collect answers; numbers of a picture that the browser cannot read are NaN."""
    unreadable = [math.nan] * classes
    probabilities = np.array([row.get("probabilities", unreadable) for row in rows], np.float32)
    scores = [row.get("score", math.nan) for row in rows]
    has_scores = None not in scores
    return Answers(probabilities, np.array(scores, np.float32) if has_scores else None, Environment.BROWSER)


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this computer; its address."""
    handler = partial(_QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Write nothing: a worker's output is its log."""
