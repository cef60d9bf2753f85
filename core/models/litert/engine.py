"""LiteRT engine: converted networks on the CPU, without TensorFlow or Keras.

Measured on 2 cores (EfficientNet-Lite0, pictures/s): one interpreter with 2
threads 149, 164, 147 for batches of 1, 4, 32; two interpreters of one thread
156, 153, 142. Small batches stay in the processor's cache, so batches are small.
Every input size runs through XNNPACK, also after a batch's size has changed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from core.devices import cpu_cores
from core.progress import ignore_counts, never_stop

# A batch of 4 takes 0.8 s on the slowest backbone (VGG16, 5 pictures/s on 2 cores), so
# that a Stop request, read between batches, is answered in time.
BATCH_SIZE = 4
# Above so many bytes of weights times pixels of a picture, as EfficientNetB6 and
# ConvNeXtLarge have them, one picture takes as long as 4 of VGG16.
_SLOW_BYTES_TIMES_PIXELS = 3e13
# Beyond 4 threads one interpreter gains little on layers as small as these, so
# more cores get more interpreters.
_THREADS_PER_ENGINE = 4


class Engine:
    """One converted network, ready to run. Safe to share between threads."""

    def __init__(self, model: Path | bytes, threads: int | None = None) -> None:
        """Load a LiteRT file or its content; ``threads`` None means all cores."""
        # The first page imports this module, and waits for no network.
        from ai_edge_litert.interpreter import Interpreter

        source = {"model_path": str(model)} if isinstance(model, Path) else {"model_content": model}
        self._interpreter: Any = Interpreter(**source, num_threads=threads or cpu_cores())
        self._lock = threading.Lock()
        self._batch = 0  # the size that tensors are laid out for; 0: not yet
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = self._interpreter.get_output_details()

    @property
    def input_size(self) -> int:
        """Height and width of a picture, in pixels."""
        return int(self._input["shape"][1])

    @property
    def has_fixed_batch(self) -> bool:
        """True for a network that takes one picture at a time."""
        return bool(self._input["shape_signature"][0] == 1)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Output shape for a picture: (K,) for features and probabilities, (h, w, c) for a stem."""
        return self.output_shapes[0]

    @property
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of each output for a picture."""
        shapes = (output["shape"][1:] for output in self._outputs)
        return tuple(tuple(int(length) for length in shape) for shape in shapes)

    def run(self, batch: np.ndarray) -> np.ndarray:
        """First outputs, float32 (B, *output_shape), for pictures uint8 RGB (B, S, S, 3); B may be 0."""
        return self.run_all(batch)[0]

    def run_all(self, batch: np.ndarray) -> list[np.ndarray]:
        """All outputs, float32 (B, …) each, for pictures uint8 RGB (B, S, S, 3); B may be 0."""
        size = self.input_size
        if batch.dtype != np.uint8 or batch.shape[1:] != (size, size, 3):
            raise ValueError(f"expected uint8 (B, {size}, {size}, 3), got {batch.dtype} {batch.shape}")
        if not len(batch):
            return [np.empty((0, *output["shape"][1:]), np.float32) for output in self._outputs]
        with self._lock:
            self._lay_out(len(batch))
            self._interpreter.set_tensor(self._input["index"], batch)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]  # copies

    def _lay_out(self, batch: int) -> None:
        if batch != self._batch:
            shape = (batch, self.input_size, self.input_size, 3)
            self._interpreter.resize_tensor_input(self._input["index"], shape, strict=True)
            self._interpreter.allocate_tensors()
            self._batch = batch


class FeatureExtractor:
    """Features of many pictures, using every core."""

    def __init__(self, model: Path | bytes, threads: int | None = None) -> None:
        """Load a LiteRT file or its content; ``threads`` None means all cores."""
        threads = threads or cpu_cores()
        count = -(-threads // _THREADS_PER_ENGINE)
        self._engines = [Engine(model, -(-(threads - index) // count)) for index in range(count)]
        size_bytes = model.stat().st_size if isinstance(model, Path) else len(model)
        slow = size_bytes * self.input_size**2 > _SLOW_BYTES_TIMES_PIXELS
        self.batch_size = 1 if slow else BATCH_SIZE

    @property
    def input_size(self) -> int:
        return self._engines[0].input_size

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self._engines[0].output_shape

    @property
    def output_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shape of each output for a picture."""
        return self._engines[0].output_shapes

    @property
    def engines(self) -> int:
        """Number of batches that run at once."""
        return len(self._engines)

    @property
    def output_size(self) -> int:
        """Length of the output for a picture, where it is a vector."""
        (size,) = self.output_shape
        return size

    def run(
        self,
        pictures: np.ndarray,
        batch_size: int | None = None,
        on_batch: Callable[[int], None] = ignore_counts,
        should_stop: Callable[[], bool] = never_stop,
    ) -> np.ndarray:
        """First outputs of pictures, as ``run_all`` returns them."""
        return self.run_all(pictures, batch_size, on_batch, should_stop)[0]

    def run_all(
        self,
        pictures: np.ndarray,
        batch_size: int | None = None,
        on_batch: Callable[[int], None] = ignore_counts,
        should_stop: Callable[[], bool] = never_stop,
    ) -> list[np.ndarray]:
        """All outputs, float32 (N, …) each, of pictures uint8 RGB (N, S, S, 3), a memory map for all that matters.

        Args:
            batch_size: pictures at a time; None for what suits the network.
            on_batch: is told how many pictures are done, after each batch.
            should_stop: asked before each batch. Once it says True, the outputs of
                the first n < N pictures come back, those that are done.
        """
        batch_size = batch_size or self.batch_size
        outputs = [np.empty((len(pictures), *shape), np.float32) for shape in self._engines[0].output_shapes]
        waiting = deque(range(0, len(pictures), batch_size))
        running: deque[tuple[int, Future[list[np.ndarray]]]] = deque()
        done = 0
        with ThreadPoolExecutor(len(self._engines)) as pool:
            while True:
                if should_stop():
                    waiting.clear()
                while waiting and len(running) < len(self._engines):
                    start = waiting.popleft()
                    # Results are taken in order, so the engine whose turn it is has nothing to do.
                    engine = self._engines[start // batch_size % len(self._engines)]
                    running.append((start, pool.submit(engine.run_all, pictures[start : start + batch_size])))
                if not running:
                    return [output[:done] for output in outputs]
                start, future = running.popleft()
                done = min(start + batch_size, len(pictures))
                for output, values in zip(outputs, future.result(), strict=True):
                    output[start:done] = values
                on_batch(done)
