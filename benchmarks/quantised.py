"""Smaller LiteRT files: size, loss of accuracy with its interval, stranger score and speed against float32.

The classifiers of digits and of photographs have the default backbone with its published weights,
and a head and a stranger score as a run makes them. Every file answers the same test pictures, one
at a time. A loss of half a point takes thousands of pictures to see, so float32 and int8 are compared
in several splits; the interval is that of all their test pictures. Strangers of the digits are
photographs, and the other way round.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # converts the backbone
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np

from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.photographs import PARTS, SOURCES, TURNS, write_photographs
from benchmarks.picture_features import fitted_head
from core.data.images.picture import load_picture
from core.data.labels.task import Task
from core.data.sources.samples import write_digits
from core.delivery.formats.calibration_pictures import COUNT
from core.delivery.formats.litert.fixed_batch import with_batch_of_one
from core.delivery.formats.litert.float16 import with_half_weights
from core.delivery.formats.litert.quantising import Recipe, quantised
from core.delivery.formats.litert.signature import with_signature
from core.evaluation.comparison.differences import accuracy_interval
from core.evaluation.metrics.predictions import TestPredictions
from core.evaluation.strangers.detector import Knowns, fit_detector
from core.evaluation.strangers.measuring import Scored, separation
from core.models.backbones import DEFAULT_BACKBONE, get_backbone
from core.models.litert.conversion import convert_to_tflite, feature_engine
from core.models.litert.engine import Engine, FeatureExtractor
from core.training.heads.linear import FeatureSet

# In each split; of the second number, only the test pictures are made (a fifth).
PHOTOGRAPHS, MORE_PHOTOGRAPHS, QUICK_PICTURES = 1200, 3000, 240
# Each digit and each tile of a photograph judges once.
_SPLITS = {"digits": 2, "photographs": TURNS}
MOST_SIZE, MOST_LOSS = 0.30, 0.5  # share of float32's; points
_STRANGERS = 300
_ROUNDS, _QUICK_ROUNDS = 40, 3
_TRAIN, _VALIDATION, _TEST = range(3)
_DIGIT_SHARES = (0.4, 0.1)  # training and validation: half of the digits judge
CODES = FLOAT32, FLOAT16, INT8, DYNAMIC = "float32", "float16", "int8", "dynamic"


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Decoded pictures, their classes and their parts."""

    pixels: np.ndarray  # uint8 (n, S, S, 3)
    labels: np.ndarray  # int64 (n,)
    parts: np.ndarray  # int64 (n,)

    def part(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and labels of one part."""
        return self.pixels[self.parts == number], self.labels[self.parts == number]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers of one file to the test pictures of a split."""

    targets: np.ndarray  # bool (n, classes)
    predicted: np.ndarray  # bool (n, classes)
    probabilities: np.ndarray  # float32 (n, classes)
    scores: np.ndarray  # float32 (n,)

    @property
    def accuracy(self) -> float:
        """In percent."""
        return 100 * float((self.targets == self.predicted).all(axis=1).mean())


def run(options: Options) -> list[Figure]:
    figures = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["DARKROOM_HOME"] = str(folder / "home")
        size = get_backbone(DEFAULT_BACKBONE).input_size
        extractor = FeatureExtractor(feature_engine(get_backbone(DEFAULT_BACKBONE)))
        firsts = {name: make(folder / f"{name}-0", size, 0, options.quick) for name, make in _MAKERS.items()}
        for name, other in (("digits", "photographs"), ("photographs", "digits")):
            contents = files_of(firsts[name], extractor, name)
            answers = {code: [_answers(content, firsts[name])] for code, content in contents.items()}
            for split in range(1, 1 if options.quick else _SPLITS[name]):
                pictures = _MAKERS[name](folder / f"{name}-{split}", size, split, options.quick)
                for code, content in files_of(pictures, extractor, name, (FLOAT32, INT8)).items():
                    answers[code].append(_answers(content, pictures))
            figures += _loss_figures(name, answers)
            figures += _stranger_figures(name, contents, answers, firsts[other].part(_TEST)[0][:_STRANGERS])
            if name == "digits":
                figures += _size_figures(contents)
                figures += _speed_figures(contents, _QUICK_ROUNDS if options.quick else _ROUNDS)
    return figures


def files_of(
    pictures: Pictures, extractor: FeatureExtractor, name: str, codes: Sequence[str] = CODES
) -> dict[str, bytes]:
    """Make LiteRT files of a classifier of these pictures, each with a batch of 1."""
    _log(f"{name}: training and converting")
    content = with_batch_of_one(with_signature(_converted(pictures, extractor)))
    training = pictures.part(_TRAIN)[0]
    samples = training[np.random.default_rng(0).permutation(len(training))[:COUNT]]
    makers: dict[str, Callable[[], bytes]] = {
        FLOAT32: lambda: content,
        FLOAT16: lambda: with_half_weights(content),
        INT8: lambda: quantised(content, Recipe.STATIC, samples),
        DYNAMIC: lambda: quantised(content, Recipe.DYNAMIC, samples[:0]),
    }
    _log(f"{name}: {', '.join(codes)}")
    return {code: makers[code]() for code in codes}


def _converted(pictures: Pictures, extractor: FeatureExtractor) -> bytes:
    from core.evaluation.strangers.network_output import with_stranger_score
    from core.models.architectures.classifier import build_classifier, build_feature_extractor

    names = [str(label) for label in np.unique(pictures.labels)]
    train, validation = (
        FeatureSet.of_labels(extractor.run(pixels), labels, len(names))
        for pixels, labels in (pictures.part(_TRAIN), pictures.part(_VALIDATION))
    )
    head = fitted_head(train, validation)
    detector = fit_detector(
        Knowns(features=train.features, targets=train.targets > 0.5),
        validation.features,
        head.probabilities(validation.features),
        Task.MULTI_CLASS,
        is_grid=True,
    )
    network = build_feature_extractor(get_backbone(DEFAULT_BACKBONE))
    return convert_to_tflite(with_stranger_score(build_classifier(network, head, names), detector))


def _answers(content: bytes, pictures: Pictures) -> Answers:
    pixels, labels = pictures.part(_TEST)
    probabilities, scores = _outputs(content, pixels)
    classes = np.eye(probabilities.shape[1], dtype=bool)
    return Answers(
        targets=classes[labels],
        predicted=classes[probabilities.argmax(axis=1)],
        probabilities=probabilities,
        scores=scores,
    )


def _outputs(content: bytes, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, classes) and stranger scores (n,) of pictures."""
    engine = Engine(content)
    each = [engine.run_all(picture[np.newaxis]) for picture in pixels]
    return np.concatenate([one[0] for one in each]), np.concatenate([one[1][:, 0] for one in each])


def _loss_figures(name: str, answers: Mapping[str, Sequence[Answers]]) -> list[Figure]:
    figures = []
    for code, splits in answers.items():
        if code == FLOAT32:
            continue
        exact = answers[FLOAT32][: len(splits)]
        before, after = (_pooled(parts) for parts in (exact, splits))
        low, high = (-100 * bound for bound in reversed(accuracy_interval(before, after)))
        losses = [one.accuracy - own.accuracy for one, own in zip(exact, splits, strict=True)]
        same = (before.predicted == after.predicted).all(axis=1)
        figures.append(
            Figure(
                name=f"{code}, {name}: points of accuracy lost, 95% interval {low:.2f} to {high:.2f}",
                measured=100 * float(before.exact_matches.mean() - after.exact_matches.mean()),
                unit="points",
                target=Target(at_most=MOST_LOSS) if code == INT8 else None,
                details={
                    "pictures": len(same),
                    "accuracy": 100 * float(after.exact_matches.mean()),
                    "accuracy_float32": 100 * float(before.exact_matches.mean()),
                    "lost_in_each_split": losses,
                    "same_answers_percent": 100 * float(same.mean()),
                    "largest_change": float(np.abs(after.probabilities - before.probabilities).max()),
                },
            )
        )
    return figures


def _pooled(splits: Sequence[Answers]) -> TestPredictions:
    """Test pictures of several splits as one set; no picture is in two of them."""
    return TestPredictions(
        task=Task.MULTI_CLASS,
        targets=np.concatenate([one.targets for one in splits]),
        predicted=np.concatenate([one.predicted for one in splits]),
        probabilities=np.concatenate([one.probabilities for one in splits]),
        groups=np.arange(sum(len(one.targets) for one in splits)),
    )


def _stranger_figures(
    name: str, contents: Mapping[str, bytes], answers: Mapping[str, Sequence[Answers]], strangers: np.ndarray
) -> list[Figure]:
    """Separation of test pictures and strangers in the first split."""
    aurocs = {}
    for code, content in contents.items():
        known, strange = (
            Scored(scores=scores, groups=np.arange(len(scores)))
            for scores in (answers[code][0].scores, _outputs(content, strangers)[1])
        )
        found = separation(known, strange, resamples=1)
        assert found is not None, "both have pictures"
        aurocs[code] = found.auroc
    return [
        Figure(
            name=f"{code}, {name}: AUROC of the stranger score",
            measured=auroc,
            unit="",
            reference=Reference(name=FLOAT32, value=aurocs[FLOAT32]),
        )
        for code, auroc in aurocs.items()
        if code != FLOAT32
    ]


def _size_figures(contents: Mapping[str, bytes]) -> list[Figure]:
    return [
        Figure(
            name=f"{code}: size, share of float32's",
            measured=len(content) / len(contents[FLOAT32]),
            unit="×",
            target=Target(at_most=MOST_SIZE) if code == INT8 else None,
            details={"bytes": len(content), "bytes_float32": len(contents[FLOAT32])},
        )
        for code, content in contents.items()
        if code != FLOAT32
    ]


def _speed_figures(contents: Mapping[str, bytes], rounds: int) -> list[Figure]:
    """Least time of one picture, in turns, on all cores."""
    engines = {code: Engine(content) for code, content in contents.items()}
    picture = np.random.default_rng(0).integers(0, 256, (1, *_shape(engines[FLOAT32])), dtype=np.uint8)
    times: dict[str, list[float]] = {code: [] for code in engines}
    for _ in range(rounds):
        for code, engine in engines.items():
            began = time.perf_counter()
            engine.run(picture)
            times[code].append(1000 * (time.perf_counter() - began))
    return [
        Figure(
            name=f"{code}: least time of one picture",
            measured=min(taken),
            unit="ms",
            reference=Reference(name=FLOAT32, value=min(times[FLOAT32])),
            less_is_better=True,
        )
        for code, taken in times.items()
        if code != FLOAT32
    ]


def _shape(engine: Engine) -> tuple[int, int, int]:
    return engine.input_size, engine.input_size, 3


def _digits(folder: Path, size: int, split: int, quick: bool) -> Pictures:
    """All digits: one half learns, the other judges. The second split exchanges the halves."""
    write_digits(folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    order = np.random.default_rng(0).permutation(len(paths))[: QUICK_PICTURES if quick else None]
    paths = [paths[index] for index in np.roll(order, split * len(order) // 2)]
    ends = np.cumsum([round(share * len(paths)) for share in _DIGIT_SHARES])
    return Pictures(
        pixels=_decoded(paths, size),
        labels=np.array([int(path.parent.name) for path in paths]),
        parts=np.searchsorted(ends, np.arange(len(paths)), side="right"),
    )


def _photographs(folder: Path, size: int, split: int, quick: bool) -> Pictures:
    """Pieces of photographs. In each split other tiles judge, by more pictures than the usual share."""
    count = QUICK_PICTURES if quick else PHOTOGRAPHS
    _log(f"photographs: making split {split + 1}")
    write_photographs(folder, count, seed=split, turn=split)
    if not quick:
        write_photographs(
            folder / "more",
            MORE_PHOTOGRAPHS,
            seed=_SPLITS["photographs"] + split,
            parts=("test",),
            turn=split,
        )
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = list(SOURCES)
    return Pictures(
        pixels=_decoded(paths, size),
        labels=np.array([names.index(path.parent.name) for path in paths]),
        parts=np.array([PARTS.index(path.parent.parent.name) for path in paths]),
    )


def _decoded(paths: Sequence[Path], size: int) -> np.ndarray:
    return np.stack([load_picture(path.read_bytes(), size) for path in paths])


def _log(what: str) -> None:
    print(f"  {what} …", file=sys.stderr, flush=True)


_MAKERS = {"digits": _digits, "photographs": _photographs}
