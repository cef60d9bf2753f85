"""Classify pictures: python predict.py PICTURE [PICTURE ...]

Needs the three packages in requirements.txt, nothing else, and no network.
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from decoder.picture import PictureError, load_picture
from decoder.value_ranges import doubt_about

HERE = Path(__file__).resolve().parent


def read_labels():
    """Class names, sizes and limits: from labels.json where there is one, else from inside model.tflite."""
    if (HERE / "labels.json").exists():
        return json.loads((HERE / "labels.json").read_text(encoding="utf-8"))
    # Behind the network in that file stands a zip archive.
    with zipfile.ZipFile(HERE / "model.tflite") as files:
        return json.loads(files.read("darkroom.json"))


LABELS = read_labels()


def load_model(threads=1):
    """The network, ready to be given to ``predict``."""
    interpreter = Interpreter(model_path=str(HERE / "model.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter


def predict(interpreter, data):
    """Picture bytes in, {class name: probability} out, the most probable first."""
    return predict_with_score(interpreter, data)[0]


def predict_with_score(interpreter, data):
    """The same, and the stranger score: higher for pictures of none of the classes. None: the file gives none."""
    return predict_pixels(interpreter, read_picture(data))


def read_picture(data):
    """Picture bytes in, the network's input out: uint8 RGB, (size, size, 3)."""
    return load_picture(data, LABELS["input_size"], LABELS.get("pixel_range"), LABELS.get("channels"))


def predict_pixels(interpreter, pixels):
    """Answer and stranger score for pixels of the network's size, as ``read_picture`` gives them."""
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[np.newaxis])
    interpreter.invoke()
    outputs = [interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details()]
    probabilities = outputs[0]
    order = np.argsort(-probabilities)
    answer = {LABELS["class_names"][index]: float(probabilities[index]) for index in order}
    return answer, float(outputs[1][0]) if len(outputs) > 1 else None


def is_stranger(score):
    """True for a picture that looks like none of the classes."""
    limit = LABELS.get("stranger_limit")
    return limit is not None and score is not None and score > limit


def is_unsure(answer):
    """True for an answer that is less probable than ``least_confidence`` in labels.json."""
    least = LABELS.get("least_confidence")
    if least is None:
        return False
    chosen = labels(answer)
    if LABELS["task"] != "multi_label":
        return answer[chosen[0]] < least
    return float(np.prod([p if name in chosen else 1 - p for name, p in answer.items()])) < least


def labels(answer):
    """The classes that a picture shows: {class name: probability} in, names out.

    Where a picture may show several, those from their thresholds on. Where it shows one: of the
    classes that reach their threshold, the one that exceeds it by the greatest factor; if none
    does, the most probable class without a threshold.
    """
    thresholds = LABELS.get("thresholds") or [None] * len(LABELS["class_names"])
    least = dict(zip(LABELS["class_names"], thresholds, strict=True))
    if LABELS["task"] == "multi_label":
        return [name for name, probability in answer.items() if probability >= least[name]]
    factors = {name: answer[name] / max(least[name], 1e-9) for name in answer if least[name] is not None}
    reached = [name for name in factors if answer[name] >= least[name]]
    others = [name for name in answer if least[name] is None]
    if others and not reached:
        return others[:1]  # the most probable comes first
    return [max(reached or factors, key=factors.get)]


def doubt_of(data):
    """The reason why the answer for a picture means little, None without one: values of another instrument."""
    ranges = LABELS.get("pixel_range"), LABELS.get("measured_range")
    known = {"expects_depth": LABELS.get("expects_depth", False), "channels": LABELS.get("channels")}
    return doubt_about(data, *ranges, **known)


def main(files):
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    interpreter, failed = load_model(), False
    for file in files:
        try:
            data = Path(file).read_bytes()
            (answer, score), doubt = predict_with_score(interpreter, data), doubt_of(data)
        except (OSError, PictureError) as error:
            print(f"{file}: {error}", file=sys.stderr)
            failed = True
            continue
        line = {"picture": file, "classes": answer}
        if LABELS.get("thresholds"):
            line["labels"] = labels(answer)
        if is_stranger(score):
            line["stranger"] = "looks like none of the classes"
        if is_unsure(answer):
            line["unsure"] = "less probable than least_confidence"
        if doubt:
            line["doubt"] = doubt
        print(json.dumps(line, ensure_ascii=False))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
