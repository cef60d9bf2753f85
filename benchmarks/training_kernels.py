"""Training of whole networks on the processor: oneDNN's kernels against TensorFlow's own.

Two processes build the same network, for TensorFlow reads the choice when it is imported.
They take steps in turn, so that whatever else the machine does slows both; the fastest
step counts. Random pictures and weights: neither changes how much there is to compute.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

from benchmarks.commands import log
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from core.training.kernels.choice import VARIABLE

# Backbones, and how many times as fast they should train.
CASES = {"efficientnet_lite0": 3.0, "efficientnet_b0": 2.0, "mobilenet_v3_large": 2.0, "resnet50": 2.0}
_BATCH, _CLASSES, _ROUNDS, _QUICK_ROUNDS = 32, 10, 5, 1


def run(options: Options) -> list[Figure]:
    rounds = _QUICK_ROUNDS if options.quick else _ROUNDS
    keys = list(CASES)[:1] if options.quick else list(CASES)
    return [_figure(key, *_least_seconds(key, rounds)) for key in keys]


def _figure(key: str, own: float, onednn: float) -> Figure:
    return Figure(
        name=f"{key}: training of all blocks",
        measured=_BATCH / onednn,
        unit="pictures/s",
        reference=Reference(name="TensorFlow's own kernels", value=_BATCH / own),
        target=Target(of="ratio", at_least=CASES[key]),
    )


def _least_seconds(key: str, rounds: int) -> tuple[float, float]:
    """Return the least seconds of a step with TensorFlow's own kernels and with oneDNN."""
    log(f"training {key}")
    with ExitStack() as pools:
        workers = [pools.enter_context(_worker(key, setting)) for setting in ("0", "1")]
        turns = [[worker.submit(_timed_step).result() for worker in workers] for _ in range(1 + rounds)]
    # The first turn traced the step.
    own, onednn = (min(seconds) for seconds in zip(*turns[1:], strict=True))
    return own, onednn


def _worker(key: str, setting: str) -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_prepare, initargs=(key, setting))


_step: Callable[[], float]


def _prepare(key: str, setting: str) -> None:
    """Build the network of this process."""
    global _step
    os.environ |= {VARIABLE: setting, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    _step = _training_step(key)


def _timed_step() -> float:
    return _step()


def _training_step(key: str) -> Callable[[], float]:
    """Return a function that trains all blocks of a backbone on one batch and tells the seconds."""
    import time

    import keras
    import numpy as np

    from core.data.labels.task import Task
    from core.models.architectures.classifier import build_feature_extractor
    from core.models.architectures.networks import BACKBONE_LAYER
    from core.models.architectures.surgery import make_trainable, trainable_blocks_of
    from core.models.backbones import get_backbone
    from core.training.backends import current_backend
    from core.training.config import TrainingConfig
    from core.training.networks.compiling import compile_for_training

    backbone = get_backbone(key)
    extractor = build_feature_extractor(backbone, pretrained=False, trainable=True)
    network = extractor.get_layer(BACKBONE_LAYER)
    make_trainable(network, trainable_blocks_of(network, None), with_batch_norm=False)
    model = keras.Model(extractor.input, keras.layers.Dense(_CLASSES)(extractor.output))
    settings = TrainingConfig(dataset_version=1)
    compile_for_training(model, settings, Task.MULTI_CLASS, average=False, micro_batches=1)
    generator = np.random.default_rng(0)
    size = backbone.input_size
    pictures = generator.integers(0, 256, (_BATCH, size, size, 3), dtype=np.uint8)
    targets = np.eye(_CLASSES, dtype=np.float32)[np.arange(_BATCH) % _CLASSES]
    step = current_backend().training_step(model)

    def timed() -> float:
        began = time.perf_counter()
        step(pictures, targets, np.ones(_BATCH, np.float32))
        model.get_metrics_result()  # waits for the end
        return time.perf_counter() - began

    return timed
