"""Train the classifier of this archive again: python reproduce.py [--json]

Needs the four packages in requirements.txt, nothing else, and no network. The pictures go through
the delivered network; the head is fitted on its features, as the run fitted it: softmax or logistic
regression by L-BFGS, along a path of falling L2 penalties, the best epoch chosen on validation pictures;
of few pictures ridge regression, at the penalty that cross-validation chose.
Ends with 1 if a run whose every step is repeated reaches another accuracy than reported.
"""

import csv
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from scipy.optimize import minimize

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "reproduce"))
from decoder.picture import PictureError, load_picture  # noqa: E402 - from the archive

RECIPE = json.loads((HERE / "reproduce" / "recipe.json").read_text(encoding="utf-8"))
IS_MULTI_LABEL = RECIPE["task"] == "multi_label"
# Of a 2 x 2 pooled feature map.
CELLS = 4
L2_STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
# Strengths without a lower validation loss.
PATIENCE = 2
# Accuracies are reported with a tenth of a point.
ROUNDING = 0.0005


class OutOfEpochsError(Exception):
    """Leaves L-BFGS once all epochs are done."""


class Network:
    """A LiteRT file, which takes one picture at a time."""

    def __init__(self, path):
        self._interpreter = Interpreter(model_path=str(path), num_threads=os.cpu_count())
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, pixels):
        """All outputs for uint8 RGB (size, size, 3)."""
        self._interpreter.set_tensor(self._input, pixels[np.newaxis])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def read_pictures():
    """Files, parts of the split, and targets float32 (n, classes)."""
    with (HERE / "reproduce" / "pictures.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    targets = np.zeros((len(rows), len(RECIPE["class_names"])), np.float32)
    for target, row in zip(targets, rows, strict=True):
        target[[int(index) for index in row["classes"].split()]] = 1
    return [HERE / row["file"] for row in rows], np.array([row["split"] for row in rows]), targets


def decode(file):
    """uint8 RGB (size, size, 3) of a picture file."""
    return load_picture(file.read_bytes(), RECIPE["input_size"], RECIPE["pixel_range"], RECIPE["channels"])


def features_of(files):
    """Features float32 (n, F): pooled over the whole map, where no head takes its cells."""
    network, features = Network(HERE / "reproduce" / "network.tflite"), None
    is_pooled = RECIPE["heads"] == ["global_pooling"]
    for number, file in enumerate(files):
        row = network.run(decode(file))[-1].reshape(1, -1)
        row = pooled(row) if is_pooled else row
        if features is None:
            features = np.empty((len(files), row.shape[1]), np.float32)
        features[number] = row[0]
        if number % 100 == 99:
            print(f"{number + 1} of {len(files)} pictures", file=sys.stderr)
    return features


def delivered_answers(files):
    """Probabilities float32 (n, classes) of the delivered classifier itself."""
    network = Network(HERE / "project" / "runs" / RECIPE["run"] / "model.tflite")
    return np.stack([network.run(decode(file))[0] for file in files])


def pooled(features):
    """Average the 2 x 2 cells."""
    return features.reshape(len(features), CELLS, -1).mean(axis=1, dtype=np.float32)


def standardisation(features):
    """Mean and scale float32 (F,); a constant under the root, as in batch normalisation."""
    mean = features.mean(axis=0, dtype=np.float64)
    variance = features.var(axis=0, dtype=np.float64)
    varies = variance > 1e-12
    floor = 0.09 * np.median(variance[varies]) if varies.any() else 0.0
    return mean.astype(np.float32), np.where(varies, np.sqrt(variance + floor), 1.0).astype(np.float32)


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def losses_of(logits, targets):
    """Cross-entropy of each picture in nats; of several labels their mean."""
    if IS_MULTI_LABEL:
        return (np.logaddexp(0.0, logits) - logits * targets).mean(axis=1)
    return -(targets * log_softmax(logits)).sum(axis=1)


def answers_of(logits):
    """The classes that are answered before thresholds are chosen: bool (n, classes)."""
    return logits > 0 if IS_MULTI_LABEL else np.eye(logits.shape[1], dtype=bool)[logits.argmax(axis=1)]


def monitored(logits, targets):
    """The metric that chooses the best epoch, lower being better."""
    truth, answers = targets > 0.5, answers_of(logits)
    if RECIPE["monitor"] == "validation_loss":
        return float(losses_of(logits, targets).mean(dtype=np.float64))
    if RECIPE["monitor"] == "validation_accuracy":
        return -float((answers == truth).all(axis=1).mean())
    both, either = (answers & truth).sum(axis=0), answers.sum(axis=0) + truth.sum(axis=0)
    f1, appears = 2 * both / np.maximum(either, 1), truth.any(axis=0)
    return -float(f1[appears].mean())


def balancing_weights(targets):
    """Weights float32 (n,), mean 1, that give every class the same total weight."""
    weights = (targets / np.maximum(targets.sum(axis=0), 1.0)).max(axis=1)
    empty = targets.sum(axis=1) == 0
    weights[empty] = 1.0 / max(1, int(empty.sum()))
    return (weights / weights.mean()).astype(np.float32)


class Objective:
    """Penalised cross-entropy of ``standardised features @ kernel + bias``, and its gradient."""

    def __init__(self, features, targets):
        self.mean, self.scale = standardisation(features)
        self._features = self.standardised(features)
        self._weights = (
            balancing_weights(targets) if RECIPE["is_balanced"] else np.ones(len(targets), np.float32)
        )
        self._total = float(self._weights.sum(dtype=np.float64))
        share, ways = RECIPE["label_smoothing"], 2 if IS_MULTI_LABEL else targets.shape[1]
        self._targets = (targets * (1 - share) + share / ways).astype(np.float32)
        self.shape = features.shape[1], targets.shape[1]

    def standardised(self, features):
        return (features - self.mean) * (np.float32(1) / self.scale)

    def unpack(self, parameters):
        single, split = parameters.astype(np.float32), self.shape[0] * self.shape[1]
        return single[:split].reshape(self.shape), single[split:]

    def logits(self, features, parameters):
        kernel, bias = self.unpack(parameters)
        return self.standardised(features) @ kernel + bias

    def __call__(self, parameters, strength):
        kernel, bias = self.unpack(parameters)
        loss, residual = self._loss_and_residual(self._features @ kernel + bias)
        slopes = (
            (self._features.T @ residual).ravel().astype(np.float64),
            residual.sum(axis=0, dtype=np.float64),
        )
        gradient = np.concatenate(slopes) / self._total
        gradient[: kernel.size] += strength * kernel.ravel()
        penalty = 0.5 * strength * float(np.square(kernel, dtype=np.float64).sum())
        return float(loss.sum(dtype=np.float64)) / self._total + penalty, gradient

    def _loss_and_residual(self, logits):
        """Weighted cross-entropy and its derivative by the logits, both (n, classes)."""
        if IS_MULTI_LABEL:
            softplus = np.logaddexp(np.float32(0), logits)
            loss, residual = softplus - self._targets * logits, np.exp(logits - softplus) - self._targets
        else:
            logarithms = log_softmax(logits)
            loss, residual = -self._targets * logarithms, np.exp(logarithms) - self._targets
        return loss * self._weights[:, None], residual * self._weights[:, None]


def follow_path(objective, validation, targets, epochs, on_epoch):
    """Minimise from strong to weak regularisation; each strength starts where the one before ended."""
    parameters = np.zeros((objective.shape[0] + 1) * objective.shape[1])
    strengths = (RECIPE["l2"],) if RECIPE["l2"] else L2_STRENGTHS
    best, without_gain, spent, lowest = np.inf, 0, 0, np.inf

    def after_iteration(current):
        nonlocal spent, lowest
        spent += 1
        logits = objective.logits(validation, current)
        lowest = min(lowest, float(losses_of(logits, targets).mean(dtype=np.float64)))
        on_epoch(current.copy(), logits)
        if spent >= epochs:
            raise OutOfEpochsError

    for index, strength in enumerate(strengths):
        lowest, steps = np.inf, max(1, (epochs - spent) // (len(strengths) - index))
        try:
            parameters = minimised(objective, parameters, strength, steps, after_iteration)
        except OutOfEpochsError:
            return
        if not spent:
            on_epoch(parameters, objective.logits(validation, parameters))
            return
        without_gain = 0 if lowest < best else without_gain + 1
        best = min(best, lowest)
        if without_gain >= PATIENCE:
            return


def minimised(objective, parameters, strength, steps, after_iteration):
    """Parameters after at most so many steps of L-BFGS."""
    memory = max(3, min(10, (256 << 20) // (16 * parameters.size)))
    options = {"maxiter": steps, "maxcor": memory, "ftol": 1e-6, "gtol": 1e-5}
    start = {"x0": parameters, "args": (strength,), "jac": True, "callback": after_iteration}
    return minimize(objective, **start, method="L-BFGS-B", options=options).x


def is_clearly_lower(losses, than):
    """True if losses are lower by more than one standard error of the paired difference."""
    gains = than.astype(np.float64) - losses
    return len(gains) > 1 and gains.mean() > gains.std(ddof=1) / math.sqrt(len(gains))


class BestHead:
    """The best epoch on validation pictures, a simpler head preferred by the one-standard-error rule."""

    def __init__(self, targets):
        self._targets, self._value, self._simpler, self._lowest = targets, np.inf, None, None
        self.parameters = self.objective = self.is_global = None

    def begin(self):
        """Start the next, richer head."""
        if self._lowest is not None and self._may_be_best(self._lowest):
            self._simpler = self._lowest
        self._lowest = None

    def add(self, parameters, logits, objective, is_global):
        """Compare an epoch with the best so far."""
        losses = losses_of(logits, self._targets)
        if self._lowest is None or losses.mean() < self._lowest.mean():
            self._lowest = losses
        value = monitored(logits, self._targets)
        if self._may_be_best(losses) and value < self._value:
            self._value, self.parameters = value, parameters
            self.objective, self.is_global = objective, is_global

    def logits(self, features):
        return self.objective.logits(pooled(features) if self.is_global else features, self.parameters)

    def _may_be_best(self, losses):
        return self._simpler is None or is_clearly_lower(losses, self._simpler)


def train_again(features, targets, validation, validation_targets):
    """Fit the heads of the run, and return the best."""
    if RECIPE["learns_from_validation"]:
        return RidgeHead(
            np.concatenate([features, validation]), np.concatenate([targets, validation_targets])
        )
    heads, best = RECIPE["heads"], BestHead(validation_targets)
    first = RECIPE["epochs"] // len(heads) or RECIPE["epochs"]
    for pooling, epochs in zip(heads, (first, RECIPE["epochs"] - first), strict=False):
        if not epochs:
            break
        is_global = pooling == "global_pooling" and len(heads) > 1
        own, own_validation = (pooled(features), pooled(validation)) if is_global else (features, validation)
        objective = Objective(own, targets)
        best.begin()

        def add(parameters, logits, objective=objective, is_global=is_global):
            best.add(parameters, logits, objective, is_global)

        follow_path(objective, own_validation, validation_targets, epochs, add)
    return best


class RidgeHead:
    """Least squares with the penalty that cross-validation chose, on training and validation pictures."""

    def __init__(self, features, targets):
        self._mean, self._scale = standardisation(features)
        weights = balancing_weights(targets) if RECIPE["is_balanced"] else np.ones(len(targets))
        shares = weights.astype(np.float64) / weights.sum(dtype=np.float64)
        rows = self._standardised(features)
        center, middle, roots = shares @ rows, shares @ targets, np.sqrt(shares)[:, None]
        rows = roots * (rows - center)
        products = rows @ rows.T
        strength = RECIPE["l2"] * np.trace(products) / len(rows)
        dual = np.linalg.solve(products + strength * np.eye(len(rows)), roots * (targets - middle))
        self._kernel = rows.T @ dual
        self._bias = middle - 0.5 - center @ self._kernel

    def logits(self, features):
        return self._standardised(features) @ self._kernel + self._bias

    def _standardised(self, features):
        return ((features - self._mean) / self._scale).astype(np.float64)


def accuracy(answers, targets):
    """Share of the pictures whose whole answer is right."""
    return float((answers == (targets > 0.5)).all(axis=1).mean())


def answered(logits):
    """Answers bool (n, classes) from logits, by the run's temperatures and thresholds."""
    if not IS_MULTI_LABEL:
        return answers_of(logits)
    scaled = logits / np.array(RECIPE["temperatures"] or 1.0)
    return 1 / (1 + np.exp(-scaled)) >= np.array(RECIPE["thresholds"])


def delivered_accuracy(files, targets):
    """Accuracy of the delivered classifier, from picture file to answer."""
    probabilities = delivered_answers(files)
    if IS_MULTI_LABEL:
        return accuracy(probabilities >= np.array(RECIPE["thresholds"]), targets)
    return accuracy(answers_of(probabilities), targets)


def reproduce():
    """Train again, and compare with the report."""
    files, splits, targets = read_pictures()
    train, validation, test = (np.flatnonzero(splits == part) for part in ("train", "validation", "test"))
    features = features_of(files)
    head = train_again(features[train], targets[train], features[validation], targets[validation])
    result = {
        "run": RECIPE["run"],
        "test_pictures": len(test),
        "reported": RECIPE["accuracy"],
        "interval": RECIPE["accuracy_interval"],
        "delivered": delivered_accuracy([files[row] for row in test], targets[test]),
        "trained_again": accuracy(answered(head.logits(features[test])), targets[test]),
        "differences": RECIPE["differences"],
    }
    return {**result, "is_same": abs(result["trained_again"] - result["reported"]) < ROUNDING}


def describe(result):
    """Print a result for people."""
    low, high = (f"{100 * value:.1f}" for value in result["interval"])
    print(f"Run {result['run']}, {result['test_pictures']} test pictures")
    print(f"reported by Darkroom   {100 * result['reported']:.1f}% right (95% interval: {low} to {high})")
    print(f"delivered classifier   {100 * result['delivered']:.1f}%")
    print(f"trained again          {100 * result['trained_again']:.1f}%")
    for difference in result["differences"]:
        print(f"Not repeated: {difference}.")
    points = 100 * (result["trained_again"] - result["reported"])
    print("The same accuracy." if result["is_same"] else f"Difference: {points:+.1f} points.")


def main(arguments):
    try:
        result = reproduce()
    except (OSError, PictureError) as error:
        print(f"reproduce.py: {error}", file=sys.stderr)
        return 2
    if "--json" in arguments:
        print(json.dumps(result))
    else:
        describe(result)
    return 0 if result["is_same"] or result["differences"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
