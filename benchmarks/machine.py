"""The machine that figures were measured on: what it is, and how fast it can multiply."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from core.devices import cpu_cores

PACKAGES = ("numpy", "keras", "tensorflow", "tensorflow-cpu", "ai-edge-litert", "streamlit")
_MATRIX_SIDE = 2048


def describe_machine() -> dict[str, Any]:
    """Facts that figures depend on."""
    return {
        "processor": _processor(),
        "usable_cores": cpu_cores(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_at_start": round(psutil.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def matrix_product_rate(rounds: int, side: int = _MATRIX_SIDE) -> tuple[float, str]:
    """The machine's float32 matrix-product rate: GFLOP/s of the fastest round, and who reached it.

    Takes the better of NumPy and TensorFlow, so that the limit is none of one library.
    """
    import tensorflow as tf

    random = np.random.default_rng(0)
    left, right = (random.standard_normal((side, side), np.float32) for _ in range(2))
    left_tensor, right_tensor = tf.constant(left), tf.constant(right)
    rates = {
        "NumPy": _rate(lambda: left @ right, rounds, side),
        "TensorFlow": _rate(lambda: tf.linalg.matmul(left_tensor, right_tensor).numpy(), rounds, side),
    }
    fastest = max(rates, key=lambda name: rates[name])
    return rates[fastest], fastest


def _rate(multiply: Callable[[], Any], rounds: int, side: int) -> float:
    multiply()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        multiply()
        seconds.append(time.perf_counter() - began)
    return 2 * side**3 / min(seconds) / 1e9


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
