"""The exported web page in a headless browser: frames a second from the camera, its size, its agreement with LiteRT."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.commands import darkroom, log, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import open_photograph
from core.delivery.exporter import DeliveredModel
from core.delivery.files import tflite_file
from core.delivery.formats.web.answers import answer_with_page
from core.delivery.formats.web.browser import open_browser
from core.delivery.formats.web.page_format import make_web_page
from core.delivery.prediction import Classifier
from core.models.litert.engine import Engine

LEAST_FRAMES, MOST_MEGABYTES, LEAST_AGREEMENT = 12.0, 35.0, 99.9
_CLASSES = ("grass", "gravel", "flower", "coffee", "cat")
_TRAINING_PICTURES, _PICTURES, _QUICK_PICTURES = 40, 1000, 50
_CAMERA_SECONDS, _QUICK_SECONDS = 15, 3
_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_crops(folder / "pictures", _TRAINING_PICTURES)
        darkroom(folder / "home", "import", str(folder / "pictures"), "--project", "crops")
        answer = train(folder / "home", "crops").answer
        trained = folder / "home" / "projects" / "crops" / "runs" / str(answer["run"])
        page = folder / "classifier.html"
        make_web_page(DeliveredModel(trained), page)
        new = crops(_QUICK_PICTURES if options.quick else _PICTURES, seed=1)
        return [
            _frames_figure(page, trained, _QUICK_SECONDS if options.quick else _CAMERA_SECONDS),
            Figure(
                name="size of the page, EfficientNet-Lite0",
                measured=page.stat().st_size / 1e6,
                unit="MB",
                less_is_better=True,
                target=Target(at_most=MOST_MEGABYTES),
            ),
            _agreement_figure("PNG", page, trained, new, folder / "png"),
            _agreement_figure("JPEG", page, trained, new, folder / "jpeg", quality=85),
        ]


def crops(count: int, seed: int) -> list[tuple[str, Image.Image]]:
    """Random crops of photographs of 100 to 500 pixels a side, with their class."""
    random = np.random.default_rng(seed)
    photographs = {name: open_photograph(name).convert("RGB") for name in _CLASSES}
    drawn = []
    for number in range(count):
        name = _CLASSES[number % len(_CLASSES)]
        photograph = photographs[name]
        width, height = (int(random.integers(100, min(500, side))) for side in photograph.size)
        left = int(random.integers(0, photograph.width - width))
        top = int(random.integers(0, photograph.height - height))
        drawn.append((name, photograph.crop((left, top, left + width, top + height))))
    return drawn


def write_crops(folder: Path, pictures: int) -> None:
    """Write class folders with so many pictures of each class."""
    for number, (name, picture) in enumerate(crops(pictures * len(_CLASSES), seed=0)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        picture.save(folder / name / f"{number}.png")


def _frames_figure(page: Path, trained: Path, seconds: float) -> Figure:
    """Frames that the page answers, from Chromium's made camera of 640 × 480 pixels."""
    log("camera")
    with open_browser(*_CAMERA) as browser:
        opened = browser.new_context(offline=True).new_page()
        opened.goto(page.as_uri())
        opened.evaluate("() => globalThis.classifier")
        opened.locator("#start:enabled").click()
        opened.locator("#live-answer dd").first.wait_for()
        opened.wait_for_timeout(1000 * seconds)
        shown = opened.locator("#rate").inner_text()
    return Figure(
        name="pictures a second from the camera, in the page",
        measured=float(shown.split()[0]),
        unit="/s",
        reference=Reference(name="LiteRT in Python, one thread", value=_native_rate(trained)),
        target=Target(at_least=LEAST_FRAMES),
    )


def _native_rate(trained: Path) -> float:
    engine = Engine(tflite_file(trained), threads=1)
    picture = np.zeros((1, engine.input_size, engine.input_size, 3), np.uint8)
    engine.run(picture)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 3:
        engine.run(picture)
        count += 1
    return count / (time.perf_counter() - began)


def _agreement_figure(
    kind: str,
    page: Path,
    trained: Path,
    pictures: Sequence[tuple[str, Image.Image]],
    folder: Path,
    **options: int,
) -> Figure:
    """Percentage of new pictures to which the page and LiteRT in Python give the same class."""
    log(f"agreement on {kind}")
    folder.mkdir()
    files = []
    for number, (_name, picture) in enumerate(pictures):
        stream = io.BytesIO()
        picture.save(stream, kind, **options)
        files.append(folder / str(number))
        files[-1].write_bytes(stream.getvalue())
    classifier = Classifier(trained)
    expected = np.stack([classifier.probabilities(file.read_bytes()) for file in files])
    answers = answer_with_page(page, files, folder).probabilities
    return Figure(
        name=f"same answers as LiteRT in Python, {len(files):,} {kind} files",
        measured=100 * float((answers.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        unit="%",
        target=Target(at_least=LEAST_AGREEMENT),
        details={"largest_difference": float(np.abs(answers - expected).max())},
    )
