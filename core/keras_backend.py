"""Keras backend of workers: TensorFlow, or the choice of ``DARKROOM_BACKEND``.

The web process always runs Keras on NumPy. This module imports no backend.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from core.errors import ConfigError
from core.messages import N_, Message

CHOICE_VARIABLE = "DARKROOM_BACKEND"
DEFAULT = "tensorflow"
BACKENDS = (DEFAULT, "jax", "torch")


def chosen_backend() -> str:
    """Return Keras's name of the workers' backend.

    Raises:
        ConfigError: ``DARKROOM_BACKEND`` is unknown or not installed.
    """
    choice = os.environ.get(CHOICE_VARIABLE, "").strip().lower() or DEFAULT
    if choice not in BACKENDS:
        raise ConfigError(
            N_("{variable} asks for “{choice}”, which is not there. Choose from: {known}."),
            variable=CHOICE_VARIABLE,
            choice=choice,
            known=", ".join(BACKENDS),
        )
    if find_spec(choice) is None:
        raise ConfigError(
            N_("{variable} asks for “{choice}”, but {name} cannot be used: {reason}."),
            variable=CHOICE_VARIABLE,
            choice=choice,
            name=choice,
            reason=Message(
                N_("it is not installed; install it with: {command}"), {"command": _command(choice)}
            ),
        )
    return choice


def _command(backend: str) -> str:
    """Installation command of a backend; tested versions are in requirements files."""
    return {
        DEFAULT: "pip install -r requirements.txt",
        "jax": "pip install -r requirements-backends.txt",
    }.get(backend, f"pip install {backend}")
