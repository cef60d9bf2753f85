"""Check what was delivered: python verify.py

It compares the SHA-256 sums of all files, and the network's answers to 16 pictures with those recorded
by Darkroom. The pictures are made here, from a fixed recipe: test pictures are private. Needs NumPy and
the package that runs the network.

Exit code 0: all right; 1: something differs; 2: the answers could not be checked.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# One picture, uint8 RGB (1, size, size, 3), to all outputs.
Answerer = Callable[[np.ndarray], "list[Any]"]
SUMS, ANSWERS, CERTIFICATE = "SHA256SUMS", "answers.json", "certificate.json"
PICTURES = 16


def make_pictures(size: int) -> np.ndarray:
    """Pictures of coloured squares, the same everywhere: uint8 RGB (16, size, size, 3)."""
    pictures = []
    for number in range(PICTURES):
        cells = 2 + number % 7
        count = cells * cells * 3
        parts = (hashlib.sha256(f"{number} {part}".encode()).digest() for part in range(count // 32 + 1))
        colours = np.frombuffer(b"".join(parts)[:count], np.uint8).reshape(cells, cells, 3)
        index = np.arange(size) * cells // size
        pictures.append(colours[index][:, index])
    return np.stack(pictures)


def changed_files(folder: Path) -> list[str]:
    """Names of files that are missing, or whose sum differs from SHA256SUMS."""
    changed = []
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            changed.append(name)
    if (folder / CERTIFICATE).is_file():
        certificate = json.loads((folder / CERTIFICATE).read_text(encoding="utf-8"))
        if certificate["sha256"] != hashlib.sha256((folder / SUMS).read_bytes()).hexdigest():
            changed.append(SUMS)
    return changed


def largest_difference(probabilities: np.ndarray, recorded: list[list[float]]) -> float:
    """Largest difference of any probability: (pictures, classes) each."""
    return float(np.abs(np.asarray(probabilities, np.float64) - np.array(recorded)).max())


def open_litert(file: Path) -> Answerer:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(file))
    interpreter.allocate_tensors()
    picture_index = interpreter.get_input_details()[0]["index"]
    outputs = [output["index"] for output in interpreter.get_output_details()]

    def answer(picture: np.ndarray) -> list[Any]:
        interpreter.set_tensor(picture_index, picture)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    return answer


def open_onnx(file: Path) -> Answerer:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda picture: session.run(None, {session.get_inputs()[0].name: picture})


def open_openvino(file: Path) -> Answerer:
    import openvino

    model = openvino.Core().compile_model(str(file), "CPU")
    return lambda picture: list(model(picture).values())


def open_saved_model(file: Path) -> Answerer:
    import tensorflow as tf

    model = tf.saved_model.load(str(file.parent))
    function = model.signatures["serving_default"]
    (name,) = function.structured_input_signature[1]

    def answer(picture: np.ndarray) -> list[Any]:
        # ``model`` owns the variables.
        assert model is not None
        return [output.numpy() for output in function(**{name: tf.constant(picture)}).values()]

    return answer


def open_core_ml(file: Path) -> Answerer:
    import coremltools
    from PIL import Image

    model = coremltools.models.MLModel(str(file))
    description = model.get_spec().description

    def answer(picture: np.ndarray) -> list[Any]:
        return list(model.predict({description.input[0].name: Image.fromarray(picture[0])}).values())

    return answer


# Pattern of a network's file, the package that runs it, and the function that opens it.
RUNTIMES = (
    ("*.tflite", "ai-edge-litert", open_litert),
    ("*.onnx", "onnxruntime", open_onnx),
    ("saved_model.pb", "tensorflow", open_saved_model),
    ("*.mlpackage", "coremltools", open_core_ml),
    ("*.xml", "openvino", open_openvino),
)


def find_network(folder: Path) -> tuple[str, Callable[[Path], Answerer], Path] | None:
    """Package, function and file of the network in a folder; None without one."""
    for pattern, package, function in RUNTIMES:
        for file in sorted(folder.rglob(pattern)):
            return package, function, file
    return None


def answers_of(answer: Answerer, size: int, class_names: list[str]) -> np.ndarray:
    """Probabilities for the 16 pictures: (16, classes); NaN where no output has one for each class."""
    rows = np.full((PICTURES, len(class_names)), np.nan)
    for row, picture in zip(rows, make_pictures(size), strict=True):
        for output in answer(picture[np.newaxis]):
            # Core ML answers by name, and adds the best one as text.
            values = [output[name] for name in class_names] if isinstance(output, dict) else np.ravel(output)
            if len(values) == len(class_names):
                row[:] = values
                break
    return rows


def main() -> int:
    folder = Path(__file__).resolve().parent
    if changed := changed_files(folder):
        print("changed or missing:", ", ".join(changed))
        return 1
    print("sums: all right")
    recorded, network = json.loads((folder / ANSWERS).read_text(encoding="utf-8")), find_network(folder)
    if network is None:
        print("answers: not checked, there is no network that Python can run")
        return 2
    package, open_network, file = network
    try:
        answer = open_network(file)
    except ImportError as error:
        print(f"answers: not checked ({error}). Install it: pip install {package}")
        return 2
    probabilities = answers_of(answer, recorded["input_size"], recorded["class_names"])
    difference = largest_difference(probabilities, recorded["probabilities"])
    is_right = difference <= recorded["tolerance"]
    print(f"answers: {'all right' if is_right else 'DIFFERENT'}, by at most {difference:.1e}")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
