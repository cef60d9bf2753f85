"""Answers of a delivered file, and the functions that give them, which are named as text.

Imported in processes that hold one runtime alone, so it imports nothing but NumPy.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Environment(StrEnum):
    """Place where a file answered."""

    PROCESS = "process"  # a process of its own, in Darkroom's environment
    FRESH_ENVIRONMENT = "fresh_environment"  # made for it, with its own requirements alone
    BROWSER = "browser"


class Answers(NamedTuple):
    """Answers to n pictures."""

    # float32 (n, classes)
    probabilities: np.ndarray
    # float32 (n,); None: the file gives none
    scores: np.ndarray | None
    environment: Environment = Environment.PROCESS


# Pictures, uint8 RGB (n, size, size, 3), to their answers.
Answerer = Callable[[np.ndarray], Answers]
# Opens a file in its runtime.
Opener = Callable[[Path], Answerer]
# Answers of a file that decodes pictures itself. The folder is for environments that several files share.
FileAnswerer = Callable[[Path, Sequence[Path], Path], Answers]


def named_function(name: str) -> Any:
    """Import a function that is named ``module:function``."""
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)
