"""Tests of Keras's other backends: ``make test-backends`` runs them, ``make test`` does not.

JAX is in no environment that the other tests run in: those also show that
Darkroom does without it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.data.importing import import_dataset
from core.workspace import Project
from tests.support.pictures import class_folders, write_folder

# tests/conftest.py has set the variable where nobody else did.
collect_ignore_glob = ["test_*.py"] if os.environ["KERAS_BACKEND"] == "tensorflow" else []


@pytest.fixture
def few_digits(tmp_path: Path, workspace: Path) -> Project:
    """Thirty digits in two classes."""
    source = write_folder(tmp_path / "source", class_folders({"a": 16, "b": 14}))
    return import_dataset(source, "few").project
