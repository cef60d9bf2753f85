"""Answer many pictures with a bundle: python answer_many.py LIST OUTPUT

Darkroom's check of bundles runs it in the bundle's folder and environment; it does not travel with it.
"""

import json
import sys
from pathlib import Path

import numpy as np
from predict import LABELS, load_model, predict_with_score


def main(listing, output):
    network, files = load_model(), json.loads(Path(listing).read_text(encoding="utf-8"))
    answers = [predict_with_score(network, Path(file).read_bytes()) for file in files]
    rows = [[probabilities[name] for name in LABELS["class_names"]] for probabilities, _ in answers]
    scores = [score for _, score in answers if score is not None]
    np.savez(output, probabilities=np.array(rows, np.float32), scores=np.array(scores, np.float32))


if __name__ == "__main__":
    main(*sys.argv[1:])
