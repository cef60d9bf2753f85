"""One benchmark in a process of its own."""

from __future__ import annotations

import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from benchmarks.figures import Figure
from benchmarks.options import Options


def run_apart(name: str, options: Options) -> list[Figure]:
    """Run ``benchmarks/NAME.py`` in a fresh interpreter, which inherits no memory, threads or imports."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_run, name, options).result()


def _run(name: str, options: Options) -> list[Figure]:
    benchmark = importlib.import_module(f"benchmarks.{name}")
    figures: list[Figure] = benchmark.run(options)
    return figures
