"""Workers run Keras on what the operator chose, and say plainly when they cannot."""

from __future__ import annotations

import pytest

from core import keras_backend
from core.errors import ConfigError
from core.keras_backend import chosen_backend


@pytest.mark.parametrize(
    ("choice", "expected"), [(None, "tensorflow"), ("", "tensorflow"), (" JAX ", "jax"), ("torch", "torch")]
)
def test_the_variable_chooses(choice: str | None, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_backend, "find_spec", lambda name: name)
    monkeypatch.delenv("DARKROOM_BACKEND", raising=False)
    if choice is not None:
        monkeypatch.setenv("DARKROOM_BACKEND", choice)
    assert chosen_backend() == expected


def test_what_keras_cannot_train_with_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_BACKEND", "numpy")
    with pytest.raises(ConfigError, match="DARKROOM_BACKEND asks for “numpy”") as refusal:
        chosen_backend()
    assert "Choose from: tensorflow, jax, torch" in str(refusal.value)


@pytest.mark.parametrize(
    ("choice", "command"),
    [("jax", "pip install -r requirements-backends.txt"), ("torch", "pip install torch")],
)
def test_what_is_not_installed_is_refused_with_the_command(
    choice: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_backend, "find_spec", lambda name: None)
    monkeypatch.setenv("DARKROOM_BACKEND", choice)
    with pytest.raises(ConfigError, match=f"install it with: {command}"):
        chosen_backend()
